import { isRecord } from './mend.ts'

/** Structured content as a person would write it down: tables for lists of alike flat things, lists for the rest. Nothing is left out. */
export function toMarkdown(value: unknown): string {
  return lines(unwrap(value), 0).join('\n')
}

/** The same without marks: one line a value, `path: value`. */
export function toPlain(value: unknown): string {
  return leaves(unwrap(value), '')
    .map(([path, text]) => (path === '' ? text : `${path}: ${text}`))
    .join('\n')
}

/** Python's SDK puts whatever is no object into one. */
function unwrap(value: unknown): unknown {
  return isRecord(value) && Object.keys(value).length === 1 && 'result' in value ? value['result'] : value
}

const mostColumns = 12
const mostCellChars = 200

function lines(value: unknown, depth: number): string[] {
  const indent = '  '.repeat(depth)
  if (Array.isArray(value)) {
    if (value.length === 0) return [`${indent}(none)`]
    const table = depth === 0 && tableOf(value)
    return table || value.flatMap(item => bullet(indent, '', item, depth))
  }
  if (!isRecord(value)) return [indent + oneLine(value)]
  const entries = Object.entries(value)
  if (entries.length === 0) return [`${indent}(none)`]
  return entries.flatMap(([key, part], at) => {
    const table = depth === 0 && Array.isArray(part) && tableOf(part)
    if (!table) return bullet(indent, `${key}: `, part, depth)
    return [...(at > 0 ? [''] : []), `**${key}**`, '', ...table, ...(at < entries.length - 1 ? [''] : [])]
  })
}

function bullet(indent: string, key: string, part: unknown, depth: number): string[] {
  if (isFlat(part)) return [`${indent}- ${key}${oneLine(part)}`]
  if (isRecord(part) && key === '' && Object.values(part).every(isFlat)) {
    return [
      `${indent}- ${
        Object.entries(part)
          .map(([name, value]) => `${name}: ${oneLine(value)}`)
          .join(', ') || '(none)'
      }`,
    ]
  }
  if (Array.isArray(part) && part.length > 0 && part.every(isShort)) return [`${indent}- ${key}${part.map(oneLine).join(', ')}`]
  return [`${indent}- ${key}`.trimEnd(), ...lines(part, depth + 1)]
}

/** Undefined when it would be no good as one: one row, long texts, things within things. */
function tableOf(rows: unknown[]): string[] | undefined {
  if (rows.length < 2 || !rows.every(isRecord)) return undefined
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))]
  const fits = (value: unknown) => isFlat(value) && cell(value).length <= mostCellChars
  if (columns.length === 0 || columns.length > mostColumns || !rows.every(row => Object.values(row).every(fits))) return undefined
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [
    row(columns.map(cell)),
    row(columns.map(() => '---')),
    ...rows.map(values => row(columns.map(column => (column in values ? cell(values[column]) : '')))),
  ]
}

const isFlat = (value: unknown) => typeof value !== 'object' || value === null
const isShort = (value: unknown) => isFlat(value) && oneLine(value).length <= 40

function cell(value: unknown): string {
  return oneLine(value).replaceAll('|', '\\|')
}

function oneLine(value: unknown): string {
  return value === null ? '—' : String(value).replace(/\s*\n\s*/g, ' ')
}

function leaves(value: unknown, path: string): [string, string][] {
  if (isFlat(value)) return [[path, value === null ? '' : String(value)]]
  const entries = Object.entries(value as object)
  if (entries.length === 0) return [[path, '(none)']]
  return entries.flatMap(([key, part]) => {
    const step = Array.isArray(value) ? String(Number(key) + 1) : key
    return leaves(part, path === '' ? step : `${path}.${step}`)
  })
}
