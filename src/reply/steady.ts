import { fencesOf } from './fence.ts'
import { closeMarks } from './marks.ts'
import { tablesOf } from './seam.ts'

/**
 * A text that still grows as it may be shown now: its beginning, and what closes the marks that are open there. Half a link, the head of
 * a table without its rule, a mark alone are held back, so that nothing is seen that looks different a moment later.
 */
export function steady(markdown: string): string {
  const fence = fencesOf(markdown).at(-1)
  const lineFrom = markdown.lastIndexOf('\n') + 1
  const line = markdown.slice(lineFrom)
  if (fence && !fence.closed) {
    if (fence.inside > lineFrom || markdown.slice(fence.inside).trim() === '') return markdown.slice(0, fence.from)
    const mayClose = line.trim() !== '' && fence.close.trim().startsWith(line.trim())
    return mayClose ? markdown.slice(0, lineFrom - 1) : markdown
  }
  const from = tableHeldFrom(markdown, lineFrom) ?? (isMarkAlone(line) ? lineFrom : undefined)
  if (from !== undefined) return markdown.slice(0, from)
  const start = Math.max(fence?.to ?? 0, blockStart(markdown))
  return markdown.slice(0, start) + closeMarks(markdown.slice(start))
}

/** A line that has only begun, and of which nobody knows yet what it will be. */
function isMarkAlone(line: string): boolean {
  const marks = line.replace(/^[ \t>]+/, '').trimEnd()
  return line !== '' && /^(?:#{1,6}|[-*_=+~`|:$\\ ]+|\d{1,9}[.)]?|[-*+] \[[ xX]?\]?)?$/.test(marks)
}

/** A table is drawn anew with every row, so that only whole ones count; what may be the head of one waits for its rule. */
function tableHeldFrom(text: string, lineFrom: number): number | undefined {
  const table = tablesOf(text).at(-1)
  if (table && table.to > lineFrom) return table.rows > lineFrom ? table.from : lineFrom
  if (table?.to === lineFrom) return undefined
  const aboveFrom = text.lastIndexOf('\n', lineFrom - 2) + 1
  const isRow = (from: number) => from < text.length && /^[ \t>]*\|/.test(text.slice(from))
  const isRule = /^[ \t>|:-]*$/.test(text.slice(lineFrom))
  if (lineFrom > 0 && isRow(aboveFrom)) return isRule ? aboveFrom : undefined
  return isRow(lineFrom) ? lineFrom : undefined
}

/** Where the last paragraph, item or heading begins: marks of emphasis reach no further. */
function blockStart(text: string): number {
  const starts = [...text.matchAll(/^[ \t>]*(?:(?:#{1,6}|[-*+]|\d{1,9}[.)])[ \t]+|$)/gm)]
  const last = starts.at(-1)
  return last ? last.index + last[0].length : 0
}
