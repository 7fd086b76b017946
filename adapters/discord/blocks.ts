import { renderInline } from './inline.ts'
import { columns } from './outline.ts'
import { beginsTable, renderTable } from './table.ts'

/** Lines that are rendered as one, without the marks of the quote that they stand in. */
export interface Block {
  /** The first line behind it. */
  end: number
  lines: string[]
}

/** The fence, formula, table or indented code that begins here. */
export function blockAt(lines: string[], start: number): Block | undefined {
  return fenceAt(lines, start) ?? formulaAt(lines, start) ?? tableAt(lines, start)
}

interface Fence {
  /** The number of the item that it begins with, if it does. */
  number: string
  indent: number
  mark: string
  info: string
}

/** A fence may stand in a list. */
function openingFence(line: string): Fence | undefined {
  const [, before = '', mark, info = ''] =
    /^((?:[ \t]|[-*+][ \t]|\d{1,9}[.)][ \t])*)(`{3,}(?=[^`]*$)|~{3,})(.*)$/.exec(line) ?? []
  const number = /\d+[.)]/.exec(before)?.[0] ?? ''
  return mark === undefined ? undefined : { number, indent: columns(before.replace(/\S/g, ' ')), mark, info }
}

function closesFence(line: string, { mark }: Fence): boolean {
  const found = /^\s*(`{3,}|~{3,})\s*$/.exec(line)?.[1]
  return found !== undefined && found[0] === mark[0] && found.length >= mark.length
}

/** A text that still grows may end within its fence. */
function fenceAt(lines: string[], start: number): Block | undefined {
  const fence = openingFence(lines[start] ?? '')
  if (!fence) return undefined
  const offset = lines.slice(start + 1).findIndex(line => closesFence(line, fence))
  const last = offset < 0 ? lines.length : start + 1 + offset
  // Discord knows no longer fences: the first three backticks end the code.
  const inside = lines.slice(start + 1, last).map(line => dedent(line, fence.indent).replaceAll('```', '`\u200b`\u200b`'))
  const shown = [`\`\`\`${languageOf(fence.info)}`, ...inside, ...(offset < 0 ? [] : ['```'])]
  return { end: Math.min(last + 1, lines.length), lines: [...(fence.number ? [fence.number] : []), ...shown] }
}

/** Discord takes a first line for the name of a language only when it is nothing but a word. */
const languageOf = (info: string) => /^[\s{.]*([\w+\-.#]+)/.exec(info)?.[1] ?? ''

/** As many blanks less, or as many as there are. */
function dedent(line: string, indent: number): string {
  let at = 0
  while (
    at < line.length &&
    columns(line.slice(0, at + 1)) > columns(line.slice(0, at)) &&
    columns(line.slice(0, at + 1)) <= indent
  )
    at++
  return line.slice(at)
}

const opening = /^(.*?)(?<!\\)(\$\$|\\\[)(.*)$/

/** In lines: what is not closed by then is no formula. */
const longestFormula = 60

/** A formula that has lines of its own; TeX has no blank lines in one. */
function formulaAt(lines: string[], start: number): Block | undefined {
  const [, before = '', mark, first = ''] = opening.exec(lines[start] ?? '') ?? []
  if (mark === undefined || before.includes('`') || (before.trim() !== '' && first.trim() !== '')) return undefined
  const closing = mark === '$$' ? '$$' : '\\]'
  const inside: string[] = []
  for (let at = start; at < Math.min(lines.length, start + longestFormula); at++) {
    const line = at === start ? first : (lines[at] ?? '')
    if (at > start && (line.trim() === '' || openingFence(line))) return undefined
    const end = line.indexOf(closing)
    inside.push((end < 0 ? line : line.slice(0, end)).trim())
    if (end < 0) continue
    const after = line.slice(end + 2).trim()
    const shown = inside.filter(part => part !== '')
    if (shown.length === 0 || (at === start && after !== '')) return undefined
    const around = [before, after].map(text => (text.trim() === '' ? [] : [renderInline(text.trimEnd())]))
    return { end: at + 1, lines: [...(around[0] ?? []), '```tex', ...shown, '```', ...(around[1] ?? [])] }
  }
  return undefined
}

function tableAt(lines: string[], start: number): Block | undefined {
  if (!beginsTable(lines[start] ?? '', lines[start + 1])) return undefined
  let end = start + 2
  while (lines[end]?.includes('|')) end++
  return { end, lines: renderTable(lines.slice(start, end), renderInline) }
}

/** Code that is indented by four blanks, below an empty line. */
export function indentedAt(lines: string[], start: number): Block | undefined {
  const isCode = (line = '') => columns(line) >= 4 && line.trim() !== ''
  if (!isCode(lines[start]) || (lines[start - 1] ?? '').trim() !== '') return undefined
  let end = start + 1
  for (let at = end; at < lines.length && (isCode(lines[at]) || lines[at]?.trim() === ''); at++)
    if (isCode(lines[at])) end = at + 1
  return { end, lines: ['```', ...lines.slice(start, end).map(line => dedent(line, 4)), '```'] }
}
