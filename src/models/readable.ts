import { isObject, parseJson } from './arguments.ts'

const maxChars = 1500
const maxRows = 20
const maxColumns = 6

/** A tool's result as a person likes to read it: lists and tables instead of JSON, cut where it grows long. `more` says that it was. */
export function makeReadable(text: string, more: string): string {
  const words = text.replace(forModels, '').trim()
  const value = parseJson(words)
  const shown = typeof value === 'object' && value !== null ? fromJson(value, more) : words
  if (shown.length <= maxChars) return shown
  const cut = shown.slice(0, maxChars).replace(/[\uD800-\uDBFF]$/, '')
  const fence = (cut.match(/^```/gm) ?? []).length % 2 === 1 ? '\n```' : ''
  return `${cut.slice(0, lastBreak(cut))}${fence}\n…\n${more}`
}

/** What the house tells models of the pictures beside: people see those that are there. */
const forModels = /^\[\w+ [^\s\]]+, [^\]\n]*(?:, shown to the person as file \d+|: it was made for you)\]\n*/gm

/** True for what a server says when it found nothing. */
export function isEmptyResult(text: string): boolean {
  const plain = text.trim().replace(/[.。!]$/, '')
  return /^(?:|\[\]|\{\}|null|none|""|\(?(?:empty|nothing|no (?:rows|results?|matches|hits|data|tables?)(?: (?:found|returned))?)\)?)$/i.test(
    plain,
  )
}

function fromJson(value: object, more: string): string {
  if (!Array.isArray(value)) return inner(value, more) ?? facts(value) ?? fenced(value)
  const rows = value.slice(0, maxRows)
  const rest = value.length > maxRows ? `\n\n${more} (${maxRows} / ${value.length})` : ''
  if (rows.every(isFlat)) return bullets(rows.map(String)) + rest
  const columns = [...new Set(rows.flatMap(row => (isObject(row) ? Object.keys(row) : [])))]
  if (!rows.every(row => isObject(row) && Object.values(row).every(isFlat)) || columns.length > maxColumns) return fenced(value)
  const cells = rows.map(row => columns.map(column => (isObject(row) ? String(row[column] ?? '') : '')))
  if (columns.length === 1) return bullets(cells.map(([cell = '']) => cell)) + rest
  return table(columns, cells) + rest
}

/** An object around a single list, such as `{ "tables": […] }`, is shown as the list. */
function inner(value: object, more: string): string | undefined {
  const entries = Object.values(value)
  const [only] = entries
  return entries.length === 1 && Array.isArray(only) && only.length > 0 ? fromJson(only, more) : undefined
}

/** An object of plain values is a list of facts. */
function facts(value: object): string | undefined {
  const entries = Object.entries(value)
  return entries.length > 0 && entries.every(([, one]) => isFlat(one))
    ? bullets(entries.map(([key, one]) => `${key}: ${one}`))
    : undefined
}

const isFlat = (value: unknown) => typeof value !== 'object' || value === null
const bullets = (lines: string[]) => lines.map(line => `- ${line.replace(/\s+/g, ' ')}`).join('\n')
const fenced = (value: unknown) => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``

function table(columns: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell => cell.replace(/\s+/g, ' ').replaceAll('|', '\\|')).join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Not in the middle of a word, if there is an end of a line or a space nearby. */
function lastBreak(text: string): number {
  const at = Math.max(text.lastIndexOf('\n'), text.lastIndexOf(' '))
  return at > text.length - 200 ? at : text.length
}
