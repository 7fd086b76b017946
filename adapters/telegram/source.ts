import { addresses, renderTag, tags } from '../../src/markup.ts'
import { codeFormula, formulaAt } from './formula.ts'

const fence = /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*(`{3,}(?=[^`]*$)|~{3,})/

/** Markdown that a parser of CommonMark takes for what a model meant by it: formulas are code that begins with `sign`, addresses end, tags are marks. */
export function meantBy(source: string, sign = ''): string {
  const inline = (line: string): string => meantInline(line, sign)
  const lines = source.split('\n')
  const out: string[] = []
  let open: string | undefined
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const formula = open ? undefined : formulaAt(lines, at, inline, sign)
    if (open) {
      if (closesFence(line, open)) open = undefined
      out.push(line)
    } else if (formula) {
      out.push(...formula.lines)
      at = formula.end - 1
    } else {
      open = fence.exec(line)?.[1]
      if (open) out.push(line)
      else if (!foldLine.test(line)) out.push(inline(line.replace(callout, attention)))
    }
  }
  return out.join('\n')
}

function closesFence(line: string, open: string): boolean {
  const marks = line.replace(/^[ \t>]*/, '').trimEnd()
  return marks.startsWith(open) && /^(.)\1*$/.test(marks)
}

/** Tags that set apart what stands between them, or hide it until somebody asks for it. */
const foldLine = /^[ \t>]*<\/?(?:details|p|center)(?:\s[^<>]*)?>\s*$/i

/** As GitHub has them, at the beginning of a quote. */
const callout = /^((?:[ \t]*>)+[ \t]*)\[!([A-Z])([A-Z]+)\][ \t]*$/
const attention = (_: string, quote: string, letter: string, others: string) => `${quote}**${letter}${others.toLowerCase()}**  `

/** In this order: code, where a link leads and what is escaped are left alone; an address; a formula; a product of numbers; tags. */
const pattern = new RegExp(
  [
    String.raw`(?<kept>(?<ticks>(?<!\`)\`+)(?!\`)[^\n]*?(?<!\`)\k<ticks>(?!\`)|\]\(\s*<?https?:[^\s)]*|<https?:[^\s<>]*>|\\\\|\\\$|\\\*)`,
    String.raw`${addresses}(?:(?<isMarked>(?=\*))|)`,
    String.raw`\$\$(?<display>.+?)\$\$|\\\((?<round>.+?)\\\)|\\\[(?<square>.+?)\\\]`,
    String.raw`(?<![\w$])\$(?=[^\s$])(?<short>[^$\n\`]*[^\s$\\\`])\$(?![\w$])`,
    String.raw`(?<times>(?<=\d)\*(?=\d))`,
    tags,
  ].join('|'),
  'gi',
)

function meantInline(line: string, sign: string): string {
  return line.replace(pattern, (whole, ...found) => {
    const parts = found.at(-1) as Record<string, string | undefined>
    const { kept, address, isEnded, isMarked, times, display, round, square, short } = parts
    if (kept !== undefined) return whole
    // Marks behind it would be swallowed as well.
    if (address !== undefined) return isEnded === undefined && isMarked === undefined ? address : `<${address}>`
    if (times !== undefined) return '\\*'
    return renderTag(parts, text => meantInline(text, sign)) ?? codeFormula(whole, display ?? round ?? square, short, sign)
  })
}
