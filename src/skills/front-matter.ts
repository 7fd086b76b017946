import { ConfigError } from '../errors.ts'

export type Field = string | string[] | Record<string, string>

export interface FrontMatter {
  fields: Record<string, Field>
  /** What follows the second `---`. */
  body: string
}

/**
 * Reads the part of YAML that front matter is written in: texts (plain, quoted, `|`, `>`), lists, and maps of texts; every value is a text.
 * Throws ConfigError with one sentence that names the line.
 */
export function readFrontMatter(text: string): FrontMatter {
  const whole = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const [, head, body = ''] = /^---[ \t]*\n([\s\S]*?\n)??---[ \t]*(?:\n([\s\S]*))?$/.exec(whole) ?? []
  if (head === undefined)
    throw new ConfigError('it must begin with front matter: a line "---", then name and description, then a line "---"')
  const lines = head.trimEnd().split('\n')
  const fields: Record<string, Field> = Object.create(null)
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? ''
    const end = endOf(lines, at)
    if (!isSilent(line)) {
      const [, key, rest] = /^([A-Za-z][\w-]*):(?:\s+(.*))?$/.exec(line) ?? []
      if (key === undefined) throw wrong(at, `is no "key: value"`, line)
      if (key in fields) throw wrong(at, `says "${key}" for the second time`)
      fields[key] = readField(rest?.trim() ?? '', lines.slice(at + 1, end), at)
    }
    at = end
  }
  return { fields: { ...fields }, body: body.trim() }
}

/** Front matter begins on line 2 of its file. */
const wrong = (at: number, what: string, found?: string) =>
  new ConfigError(`line ${at + 2} ${what}${found === undefined ? '' : `: ${JSON.stringify(found.slice(0, 60))}`}`)

const isSilent = (line: string) => /^\s*(?:#.*)?$/.test(line)

/** Where the next key begins: what is indented, and the items of a list, belong to the one before. */
function endOf(lines: string[], at: number): number {
  const next = lines.findIndex((line, index) => index > at && !/^(?:\s|-\s|-$|#|$)/.test(line))
  return next === -1 ? lines.length : next
}

function readField(rest: string, below: string[], at: number): Field {
  if (/^[|>][+-]?$/.test(rest)) return readBlock(rest, below)
  const more = below.map((line, index) => ({ line, at: at + 1 + index })).filter(({ line }) => !isSilent(line))
  for (const one of more) if (/^ *\t/.test(one.line)) throw wrong(one.at, 'is indented with a tab: use spaces')
  const plain = withoutRemark(rest)
  if (plain === '' && more.length > 0) return readNested(more)
  if (plain.startsWith('[')) return readInlineList([plain, ...more.map(({ line }) => withoutRemark(line.trim()))].join(' '), at)
  return readText([plain, ...more.map(({ line }) => withoutRemark(line.trim()))].join(' '), at)
}

interface Line {
  line: string
  at: number
}

function readNested(lines: Line[]): Field {
  if (lines.every(({ line }) => /^\s*-(?:\s|$)/.test(line))) {
    return lines.map(({ line, at }) => readText(withoutRemark(line.replace(/^\s*-\s*/, '').trim()), at))
  }
  const pairs = lines.map(({ line, at }) => {
    const [, key, value = ''] = /^\s+([\w.-]+):(?:\s+(.*))?$/.exec(line) ?? []
    if (key === undefined) throw wrong(at, 'is neither an item "- text" nor a pair "key: text"', line)
    return [key, readText(withoutRemark(value.trim()), at)]
  })
  return Object.fromEntries(pairs)
}

/** `|` keeps the ends of lines, `>` makes one line of each paragraph. */
function readBlock(mark: string, below: string[]): string {
  const indent = Math.min(...below.filter(line => line.trim() !== '').map(line => line.search(/\S/)))
  const text = below.map(line => line.slice(Number.isFinite(indent) ? indent : 0)).join('\n')
  return (mark.startsWith('>') ? text.replace(/(?<!\n)\n(?!\n)/g, ' ') : text).trim()
}

function readInlineList(text: string, at: number): string[] {
  const inner = /^\[(.*)\]$/.exec(text)?.[1]
  if (inner === undefined) throw wrong(at, 'opens a list with "[" and does not close it')
  const items = inner.match(/\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,]+)\s*/g) ?? []
  return items.map(item => item.trim()).flatMap(item => (item === '' ? [] : readText(item, at)))
}

function readText(text: string, at: number): string {
  if (text.startsWith('"')) {
    try {
      return String(JSON.parse(text))
    } catch {
      throw wrong(at, 'has a text in double quotes that does not end, or with something behind it')
    }
  }
  if (text.startsWith("'")) {
    const inner = /^'((?:[^']|'')*)'$/.exec(text)?.[1]
    if (inner === undefined) throw wrong(at, 'has a text in single quotes that does not end, or with something behind it')
    return inner.replaceAll("''", "'")
  }
  if (/^[&*!{@`%]/.test(text))
    throw wrong(at, 'begins with a sign that means something else in YAML: put the text in quotes', text)
  return text
}

/** A remark begins with a `#` behind a blank, outside of quotes. */
function withoutRemark(text: string): string {
  return (/^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|(?!\s+#)[\s\S])*/.exec(text)?.[0] ?? text).replace(/^#.*/, '').trim()
}
