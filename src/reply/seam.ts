import { type Fence, fencesOf } from './fence.ts'
import type { Span } from './span.ts'

/** A table at its offsets: two lines of head, then rows up to a line without a pipe. */
export interface Table {
  from: number
  /** Where the rows begin. */
  rows: number
  to: number
}

interface Line {
  from: number
  to: number
  text: string
}

const rule = /^[\s>]*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/

export function tablesOf(text: string): Table[] {
  const lines = linesOf(text, fencesOf(text))
  const tables: Table[] = []
  for (let at = 0; at < lines.length - 1; at++) {
    const [head, under] = [lines[at], lines[at + 1]]
    if (!head?.text.includes('|') || !under?.text.includes('|') || !rule.test(under.text) || under.from !== head.to) continue
    let last = at + 1
    while (lines[last + 1]?.text.includes('|') && lines[last + 1]?.from === lines[last]?.to) last++
    tables.push({ from: head.from, rows: under.to, to: lines[last]?.to ?? text.length })
    at = last
  }
  return tables
}

/** The lines that stand outside fences, each with its line end. */
function linesOf(text: string, fences: Fence[]): Line[] {
  const lines: Line[] = []
  for (const { index, 0: line } of text.matchAll(/[^\n]*\n|[^\n]+$/g)) {
    if (!fences.some(({ from, to }) => index >= from && index < to)) {
      lines.push({ from: index, to: index + line.length, text: line.trimEnd() })
    }
  }
  return lines
}

/** Rows of tables: in none of them, nor between the head and the first, is a text cut. */
export function rowsOf(text: string): Span[] {
  return tablesOf(text).flatMap(({ from, rows, to }) => {
    const ends = [...text.slice(rows, to).matchAll(/\n|$/g)].map(match => rows + match.index + match[0].length)
    return ends
      .map((end, index) => ({ from: index === 0 ? from : (ends[index - 1] ?? from), to: end }))
      .filter(({ from, to }) => to > from)
  })
}

/** Where two lines belong together: a heading and what follows, small print and what it is about, the marks of a fence and its content. */
export function seamsOf(text: string): Span[] {
  const fences = fencesOf(text)
  const inCode = (at: number) => fences.some(({ from, to }) => at > from && at < to)
  const lines = [...text.matchAll(/^[ \t]*#{1,6}[ \t][^\n]*\n\s*|\S\s*\n\s*-#[ \t]/gm)]
  return [
    ...lines.filter(({ index }) => !inCode(index)).map(({ index, 0: { length } }) => ({ from: index, to: index + length + 1 })),
    ...fences.flatMap(({ from, inside, to, closed }) => {
      const last = text.lastIndexOf('\n', to - 2)
      return [{ from, to: inside + 1 }, ...(closed && last > inside ? [{ from: last - 1, to: last + 2 }] : [])]
    }),
  ]
}
