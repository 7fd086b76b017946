import { type Fence, fencesOf, openFence } from './fence.ts'
import { rowsOf, seamsOf, type Table, tablesOf } from './seam.ts'
import { type Span, spansOf } from './span.ts'

/** What is not yet in a part. */
export interface Rest {
  text: string
  /** How much of it repeats what a cut left open. */
  opened: number
}

/** A place at which a text falls into a part and a rest. */
export interface Cut {
  /** The text up to there. */
  head: string
  /** The same as a message of its own. */
  part: string
  fence: Fence | undefined
  /** The head of the table that goes on, with its line end. */
  table: string
  /** What the lines of a quote or of small print begin with. */
  prefix: string
  /** Marks of emphasis, code or a spoiler, to be opened again. */
  marks: string
  /** Where the content of the line begins that is cut. */
  column: number
}

/** What stands where in a text, as far as cuts must know. */
export interface Layout {
  spans: Span[]
  rows: Span[]
  seams: Span[]
  tables: Table[]
  fences: Fence[]
}

export function layoutOf(text: string): Layout {
  return { spans: spansOf(text), rows: rowsOf(text), seams: seamsOf(text), tables: tablesOf(text), fences: fencesOf(text) }
}

/** From the best place to cut to the worst; each matches what stays in the part. */
const paragraphEnd = /\n\s*\n/g
/** Even better, if they are near: before a heading, before what does not belong to an item of a list. */
const sections = [/\n\s*\n(?=#{1,6}[ \t])/g, /\n\s*\n(?=\S)/g]
const places = [paragraphEnd, /\n/g, /[.!?…]["')\]*_]*(?=\s)|[。！？；][”’」』）]*/g, /\s+/g]

/** What leaves less than a third of the room empty. */
const nearEnough = 0.7

/** The best place in the second half of the `longest` that fits; a paragraph's end counts from further up than a space's. */
export function bestPlace({ text, opened }: Rest, longest: number, { spans, rows, seams, fences }: Layout): number {
  const least = Math.max(opened + 1, Math.floor(longest / 2))
  const lastOf = (place: RegExp, taken: Span[]) =>
    [...text.slice(least, longest).matchAll(place)]
      .map(match => least + match.index + match[0].length)
      .findLast(at => !taken.some(({ from, to }) => at > from && at < to))
  const atoms = [...rows, ...spans.filter(({ marks }) => !marks || /[`$]/.test(marks.open))]
  const calm = [...seams, ...rows, ...spans]
  const outside = [...calm, ...fences]
  const near = sections.map(section => lastOf(section, outside)).find(at => at !== undefined && at >= longest * nearEnough)
  const between = near ?? lastOf(paragraphEnd, outside)
  if (between !== undefined) return between
  for (const taken of [calm, atoms]) {
    for (const place of places) {
      const at = lastOf(place, taken)
      if (at !== undefined) return at
    }
  }
  const torn = atoms.filter(({ from, to }) => longest > from && longest < to).map(({ from }) => from)
  const before = Math.min(longest, ...torn)
  return before > opened && before < longest ? before : graphemeCut(text, longest, opened + 1)
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** The last boundary between what a reader sees as characters, at `longest` or shortly before it. */
function graphemeCut(text: string, longest: number, least: number): number {
  // In a row of flags only the first tells which letters belong together.
  const start = text.slice(0, Math.max(0, longest - 64)).search(/[\0-~][^\0-~]*$/) + 1
  const ends = [...graphemes.segment(text.slice(start, longest + 64))].map(({ index }) => start + index)
  return ends.findLast(at => at <= longest && at >= least) ?? longest
}

/** A longer head of a table is not repeated. */
const longestTableHead = 400

export function cutAt(text: string, at: number, { spans, tables }: Layout): Cut {
  const head = text.slice(0, at)
  const fence = openFence(head)
  const torn = fence
    ? []
    : spans.flatMap(({ from, to, marks }) => (marks && isInside(at, from, to, marks) ? [{ from, ...marks }] : []))
  const inner = torn.toSorted((a, b) => b.from - a.from)
  const table = tables.find(({ rows, to }) => at >= rows && at < to && head.endsWith('\n'))
  const tableHead = table ? text.slice(table.from, table.rows) : ''
  const line = head.slice(head.lastIndexOf('\n') + 1)
  return {
    head,
    part: head.trimEnd() + (fence ? `\n${fence.close}` : inner.map(({ close }) => close).join('')),
    fence,
    table: tableHead.length > longestTableHead ? '' : tableHead,
    prefix: /^[ \t]*(?:>[ \t]?)+|^-#[ \t]/.exec(line)?.[0] ?? '',
    marks: inner
      .map(({ open }) => open)
      .reverse()
      .join(''),
    column: /^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?/.exec(line)?.[0].length ?? 0,
  }
}

const isInside = (at: number, from: number, to: number, { open, close }: { open: string; close: string }) =>
  at > from + open.length && at < to - close.length

/** How the text goes on after a cut of it, as a text of its own: what was open is opened again, and lists begin at the edge. */
export function restAfter(text: string, { head, fence, table, prefix, marks, column }: Cut): Rest {
  const tail = text.slice(head.length)
  if (fence) {
    const code = head.endsWith('\n') ? tail : tail.replace(/^[ \t]*\n/, '')
    return opened(`${fence.open}\n`, dedent(code, fence.indent, fence))
  }
  const blank = /^\s*/.exec(tail)?.[0] ?? ''
  if (!head.endsWith('\n') && !blank.includes('\n')) return opened(prefix + marks, dedent(tail.trimStart(), column))
  const indent = blank.length - blank.lastIndexOf('\n') - 1
  const goesOn = table !== '' && tail.slice(blank.length).split('\n', 1)[0]?.includes('|')
  return opened(goesOn ? table.replace(/^[ \t]+/gm, '') : marks, dedent(tail.trimStart(), indent))
}

const opened = (opening: string, text: string): Rest => ({ text: opening + text, opened: opening.length })

/** Takes so many blanks from the beginning of each line, or as many as there are since; up to the end of the fence and of the list. */
function dedent(text: string, columns: number, fence?: Fence): string {
  const lines = text.split('\n')
  let left = columns
  let inCode = fence !== undefined
  for (const [index, line] of lines.entries()) {
    const indent = /^[ \t]*/.exec(line)?.[0].length ?? 0
    if (!inCode && index > 0 && line.trim() !== '') left = Math.min(left, indent)
    if (left === 0) break
    if (fence && line.trim().startsWith(fence.mark)) inCode = false
    lines[index] = line.slice(Math.min(left, indent))
  }
  return lines.join('\n')
}
