import { type Fence, fencesOf, isFormula } from './fence.ts'

/** A stretch of a text, at its offsets, in which it is better not cut. */
export interface Span {
  from: number
  to: number
  /** What ends it before a cut, and begins it again after that. Absent where a cut would destroy it. */
  marks?: { open: string; close: string }
}

/** Where links, code, formulas, addresses, emphasis and spoilers stand in the lines of a text. */
export function spansOf(text: string): Span[] {
  const fences = fencesOf(text)
  const spans: Span[] = []
  let masked = ''
  for (const [from, to] of outside(text, fences)) {
    const whole = text.slice(from, to)
    const found = [...whole.matchAll(atom)].map(match => atomAt(match, from))
    spans.push(...found)
    masked = maskOf(whole, found, from)
    spans.push(...pairsOf(masked, from))
  }
  return [...spans, ...fences.filter(isFormula).map(({ from, to }) => ({ from, to }))]
}

/** The stretches between fences. */
function outside(text: string, fences: Fence[]): [number, number][] {
  const starts = [0, ...fences.map(({ to }) => to)]
  return starts.map((from, index) => [from, fences[index]?.from ?? text.length])
}

/** No more than a paragraph or an item of a list: no marks reach beyond it. */
const inner = String.raw`(?:(?!\n[ \t>]*(?:\n|(?:[-*+|]|\d{1,9}[.)]|#{1,6})[ \t]))[\s\S]){1,4000}?`
const label = String.raw`\[(?:[^[\]\\\n]|\\.|\[[^[\]\n]*\])*\]`
const target = String.raw`\((?:<[^>\n]*>|[^()\n]|\([^()\n]*\))*\)`
/**
 * In this order: an escaped mark, code, a link or an image (which may be a link itself), a formula, an address, which Chinese
 * punctuation ends. */
const atom = new RegExp(
  [
    String.raw`\\[*_~|\`$[!<]`,
    String.raw`(?<code>(?<!\`)\`+)(?!\`)${inner}(?<!\`)\k<code>(?!\`)`,
    String.raw`!?\[!${label}${target}\]${target}`,
    String.raw`!?${label}(?:${target}|\[[^[\]\n]*\])`,
    String.raw`(?<formula>\$\$)${inner}\$\$`,
    String.raw`\\\(${inner}\\\)|\\\[${inner}\\\]`,
    String.raw`<?https?:\/\/(?:(?!~~|\|\|)[^\s<>*\u3000-\u303f\uff00-\uff65\u2018-\u201f])+>?`,
  ].join('|'),
  'g',
)

function atomAt(match: RegExpExecArray, offset: number): Span {
  const [from, to] = [offset + match.index, offset + match.index + match[0].length]
  const mark = match.groups?.['code'] ?? match.groups?.['formula']
  return mark ? { from, to, marks: { open: mark, close: mark } } : { from, to }
}

/** The same length, but no marks and no blanks in what is one thing. */
function maskOf(text: string, atoms: Span[], offset: number): string {
  let masked = ''
  for (const { from, to } of atoms) masked += text.slice(masked.length, from - offset) + 'x'.repeat(to - from)
  return masked + text.slice(masked.length)
}

const pairs = ['||', '~~', '**', '__', '*', '_'].map(mark => ({ mark, found: pair(mark) }))

function pair(mark: string): RegExp {
  const [escaped, one] = [mark, mark.slice(0, 1)].map(part => part.replace(/[*|]/g, '\\$&'))
  const word = one === '_' ? String.raw`\p{L}\p{N}_` : one
  return new RegExp(`(?<![${word}])${escaped}(?![\\s${one}])${inner}(?<!\\s)${escaped}(?![${word}])`, 'gu')
}

function pairsOf(masked: string, offset: number): Span[] {
  return pairs.flatMap(({ mark, found }) =>
    [...masked.matchAll(found)].map(match => ({
      from: offset + match.index,
      to: offset + match.index + match[0].length,
      marks: { open: mark, close: mark },
    })),
  )
}
