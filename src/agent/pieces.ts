import { readJson } from '../mcp/count.ts'
import { isRecord } from '../mcp/mend.ts'

/** A long text in pieces that may stand alone. */
export interface Pieces {
  /** `items` of a list in JSON, to be joined by commas; or pieces of `text`, which joined are the text again. */
  kind: 'items' | 'text'
  /** What stood around the items. */
  head?: string
  pieces: string[]
}

/** A page of pieces; `from` is the number of its first, counted from 1. */
export interface Page {
  from: number
  pieces: string[]
}

/**
 * The items of the longest list in a JSON text; of any other text, and of items of which one is too long, the lines and paragraphs. None
 * is of more than `most` tokens, and none ends within a character.
 */
export function toPieces(text: string, most: number, tokens: Tokens): Pieces {
  const json = readJson(text)
  const list = json && longestList(json.value, [])
  if (!list || list.items.length < 2) return { kind: 'text', pieces: paragraphs(text, most, tokens) }
  const items = list.items.map(item => JSON.stringify(item))
  if (items.some(item => tokens(item) > most))
    return { kind: 'text', pieces: items.flatMap(item => halve(`${item}\n`, most, tokens)) }
  const head = list.path.length > 0 && halve(around(json.value, list.path, items.length), most, tokens)[0]
  return { kind: 'items', ...(head && { head }), pieces: items }
}

type Tokens = (text: string) => number
type List = { items: unknown[]; path: string[] }
const deepestList = 3

function longestList(value: unknown, path: string[]): List | undefined {
  if (Array.isArray(value)) return { items: value, path }
  if (!isRecord(value) || path.length > deepestList) return undefined
  const lists = Object.entries(value).flatMap(([key, part]) => longestList(part, [...path, key]) ?? [])
  return lists.toSorted((a, b) => b.items.length - a.items.length)[0]
}

/** The thing with a word in place of its list. */
function around(value: unknown, path: string[], count: number): string {
  const replace = (part: unknown, [key, ...rest]: string[]): unknown =>
    key === undefined ? `(${count} items)` : { ...(part as object), [key]: replace((part as Record<string, unknown>)[key], rest) }
  return JSON.stringify(replace(value, path))
}

function paragraphs(text: string, most: number, tokens: Tokens): string[] {
  return split(text, /\n{2,}/g)
    .flatMap(paragraph => (tokens(paragraph) > most ? split(paragraph, /\n/g) : [paragraph]))
    .flatMap(line => halve(line, most, tokens))
}

/** At the ends of what matches, so that the parts joined are the text. */
function split(text: string, at: RegExp): string[] {
  const parts: string[] = []
  let from = 0
  for (const match of text.matchAll(at)) {
    const to = match.index + match[0].length
    parts.push(text.slice(from, to))
    from = to
  }
  if (from < text.length) parts.push(text.slice(from))
  return parts
}

const spaceWithin = 200

/** Halves of halves, between words where there are some. */
function halve(text: string, most: number, tokens: Tokens): string[] {
  if (text.length < 2 || tokens(text) <= most) return [text]
  const middle = Math.ceil(text.length / 2)
  const space = text.lastIndexOf(' ', middle)
  const wanted = space > middle - spaceWithin && space > 0 ? space + 1 : middle
  const isTorn = /[\uDC00-\uDFFF]/.test(text.charAt(wanted)) && /[\uD800-\uDBFF]/.test(text.charAt(wanted - 1))
  const at = isTorn && wanted + 1 < text.length ? wanted + 1 : isTorn ? wanted - 1 : wanted
  if (at <= 0) return [text]
  return [...halve(text.slice(0, at), most, tokens), ...halve(text.slice(at), most, tokens)]
}

/** As many pieces to a page as `most` tokens hold, at least one. */
export function toPages(pieces: string[], most: number, tokens: Tokens): Page[] {
  const pages: Page[] = []
  let size = Infinity
  for (const [at, piece] of pieces.entries()) {
    const more = tokens(piece)
    if (size + more > most) {
      pages.push({ from: at + 1, pieces: [] })
      size = 0
    }
    pages.at(-1)?.pieces.push(piece)
    size += more
  }
  return pages
}
