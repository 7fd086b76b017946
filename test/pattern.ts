// What a page says that comes, where `…` is anything and numbers are of the day.
import { expect } from 'vitest'

/** Stands for a `…` of its own, once JSON is read. */
const anything = '\uE000'

/** JSON in which `…` may stand within a text, for a value, for further members of a list, and for further fields, of which there may be more anyway. */
export function readPattern(text: string): unknown {
  const open: string[] = []
  const json = text.replace(/"(?:\\.|[^"\\])*"|[{}[\]]|(:\s*)?…/g, (piece, colon?: string) => {
    if (piece === '{' || piece === '[') open.push(piece)
    if (piece === '}' || piece === ']') open.pop()
    if (!piece.endsWith('…')) return piece
    if (colon !== undefined) return `${colon}"${anything}"`
    return open.at(-1) === '{' ? `"${anything}": 0` : `"${anything}"`
  })
  return JSON.parse(json)
}

/** Of what `readPattern` read: to be compared by `toEqual`. */
export function pattern(value: unknown): unknown {
  if (typeof value === 'number') return expect.any(Number)
  if (value === anything) return expect.anything()
  if (typeof value === 'string') return value.includes('…') ? expect.stringMatching(textPattern(value)) : value
  if (Array.isArray(value)) {
    const members = value.filter(member => member !== anything).map(pattern)
    if (members.length === value.length) return members
    return members.length > 0 ? expect.arrayContaining(members) : expect.any(Array) // of nothing, `arrayContaining` takes what is no list
  }
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([name]) => name !== anything)
  return expect.objectContaining(Object.fromEntries(fields.map(([name, inner]) => [name, pattern(inner)])))
}

/** Of a whole text. */
export const textPattern = (text: string) => new RegExp(`^${text.split('…').map(RegExp.escape).join('[^]*')}$`)

function matches(value: unknown, wanted: unknown): boolean {
  const list = [pattern(wanted)] // so that lists and bare values are compared by a matcher too
  return (expect.arrayContaining(list) as { asymmetricMatch(other: unknown): boolean }).asymmetricMatch([value])
}

/** What stood where the page has a text with `…` in it, by the name of the field. */
export function namedIn(wanted: unknown, got: unknown, name = ''): [name: string, value: string][] {
  if (typeof wanted === 'string') return wanted.includes('…') && typeof got === 'string' ? [[name, got]] : []
  if (Array.isArray(wanted) && Array.isArray(got)) {
    const members = wanted.filter(member => member !== anything)
    return members.flatMap(member => {
      const found = got.find(one => matches(one, member))
      return namedIn(member, found, name)
    })
  }
  if (!isObject(wanted) || !isObject(got)) return []
  return Object.entries(wanted).flatMap(([field, inner]) => namedIn(inner, got[field], field))
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

interface Found {
  /** As in `namedIn`. */
  named: [name: string, value: string][]
  /** The first line of the page that did not come; absent: all came. */
  missing?: string
  /** What came behind the last line that was found. */
  rest: string[]
}

/** Looks for each line of the page (`data: …`, or `: …` for a comment) in server-sent events, in this order. */
export function findInOrder(stream: string, lines: string[]): Found {
  const rest = stream.split('\n').filter(line => line.startsWith('data: ') || line.startsWith(': '))
  const named: [string, string][] = []
  for (const line of lines) {
    const wanted = line.startsWith('data: {') ? readPattern(line.slice(6)) : undefined
    const at = rest.findIndex(one => isLine(one, line, wanted))
    if (at < 0) return { named, missing: line, rest }
    if (wanted !== undefined) named.push(...namedIn(wanted, JSON.parse(rest[at]?.slice(6) ?? '')))
    rest.splice(0, at + 1)
  }
  return { named, rest }
}

function isLine(one: string, line: string, wanted: unknown): boolean {
  if (wanted === undefined) return textPattern(line).test(one)
  return one.startsWith('data: {') && matches(JSON.parse(one.slice(6)), wanted)
}

/** Each line of the page is found in the stream, in this order. */
export function expectInOrder(stream: string, lines: string[]): void {
  const { missing, rest } = findInOrder(stream, lines)
  expect(missing, `${missing}\nis not in\n${rest.join('\n')}`).toBeUndefined()
}
