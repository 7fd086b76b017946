import type { Guard } from '../guard.ts'

export interface Readable {
  url: string
  title: string
  text: string
  /** Whether there was more than is told. */
  cut: boolean
}

const mostBytes = 3_000_000
const timeoutMs = 20_000

/** What a person would read on a page, as plain text with the marks of Markdown for headings, items and links. */
export async function fetchPage(guard: Guard, address: string, mostChars: number, signal: AbortSignal): Promise<Readable> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const headers = {
    'user-agent': 'Mozilla/5.0 (compatible; workbench)',
    accept: 'text/html,text/plain,application/json;q=0.9,*/*;q=0.5',
  }
  const { url, status, body } = await guard.get(address, { headers, signal: within })
  try {
    const type = body.headers['content-type'] ?? 'text/html'
    if (status >= 400) throw new Error(`the page cannot be had (HTTP ${status})`)
    if (!/^text\/|json|xml|javascript/i.test(type)) throw new Error(`it is no page to read, but ${type.slice(0, 60)}`)
    const raw = decode(await readAll(body), type)
    const { title, text } = /html|xml/i.test(type) ? readHtml(raw, url) : { title: '', text: raw }
    return { url: url.href, title, text: text.slice(0, mostChars), cut: text.length > mostChars }
  } finally {
    body.destroy()
  }
}

async function readAll(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.length
    if (bytes > mostBytes) throw new Error(`the page is larger than ${mostBytes / 1_000_000} MB`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** In the charset that the header tells, else the page itself. */
function decode(bytes: Buffer, type: string): string {
  const beginning = bytes.subarray(0, 2000).toString('latin1')
  const charset = /charset=["']?([\w-]+)/i.exec(type)?.[1] ?? /<meta[^>]+charset=["']?([\w-]+)/i.exec(beginning)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}

/** Tags are read one after the other, so that no page can make it slow. */
export function readHtml(html: string, base: URL): { title: string; text: string } {
  let text = ''
  let title = ''
  let silent: string | undefined
  let link: string | undefined
  for (const { tag, closes, attributes, words } of pieces(html)) {
    if (tag === undefined) {
      if (silent === 'title') title += words
      else if (silent === undefined) text += unmask(words).replace(/\s+/g, ' ')
      continue
    }
    if (silent !== undefined) {
      if (closes && tag === silent) silent = undefined
      continue
    }
    if (!closes && unread.has(tag)) silent = tag
    else if (tag === 'a') {
      if (closes && link) text += `](${link})`
      link = closes ? undefined : target(attributes, base)
      if (link) text += '['
    } else text += marks(tag, closes)
  }
  return { title: tidy(unmask(title)).replace(/\s+/g, ' ').slice(0, 300), text: tidy(text) }
}

/** Runs of blanks first: what follows would be slow on them. */
function tidy(text: string): string {
  const even = text.replace(/[ \t]{2,}/g, ' ').replace(/ ?\n ?/g, '\n')
  return even
    .replace(/\n{3,}/g, '\n\n')
    .replace(/\[\s{0,3}\]\([^)\n]{0,2000}\)/g, '')
    .replace(/ {2,}/g, ' ')
    .trim()
}

const unread = new Set(['noscript', 'template', 'svg', 'nav', 'footer', 'form', 'iframe', 'title', 'select'])
const blocks = new Set([
  'p',
  'div',
  'section',
  'article',
  'main',
  'header',
  'ul',
  'ol',
  'table',
  'blockquote',
  'pre',
  'figure',
  'dl',
])

function marks(tag: string, closes: boolean): string {
  const level = /^h([1-6])$/.exec(tag)?.[1]
  if (level) return closes ? '\n\n' : `\n\n${'#'.repeat(Number(level))} `
  if (blocks.has(tag)) return '\n\n'
  if (tag === 'li') return closes ? '' : '\n- '
  if (tag === 'br' || tag === 'tr' || tag === 'dt' || tag === 'dd') return closes ? '' : '\n'
  if (tag === 'td' || tag === 'th') return closes ? ' | ' : ''
  return ''
}

interface Piece {
  /** Absent: words. */
  tag?: string
  closes: boolean
  attributes: string
  words: string
}

function* pieces(html: string): Generator<Piece> {
  const words = (from: number, to: number) => ({ closes: false, attributes: '', words: html.slice(from, to) })
  let at = 0
  while (at < html.length) {
    const open = html.indexOf('<', at)
    if (open < 0) break
    if (open > at) yield words(at, open)
    if (!/[a-zA-Z/!?]/.test(html[open + 1] ?? '')) {
      yield words(open, open + 1)
      at = open + 1
      continue
    }
    const comment = html.startsWith('<!--', open)
    const close = html.indexOf(comment ? '-->' : '>', open)
    if (close < 0) return
    at = close + (comment ? 3 : 1)
    const inner = html.slice(open + 1, close)
    const tag = comment ? undefined : /^\/?([a-zA-Z][\w-]*)/.exec(inner)?.[1]?.toLowerCase()
    if (tag === 'script' || tag === 'style') at = endOf(html, tag, at)
    else if (tag) yield { tag, closes: inner.startsWith('/'), attributes: inner.slice(0, 3000), words: '' }
  }
  if (at < html.length) yield words(at, html.length)
}

/** What is between these tags is no HTML. */
function endOf(html: string, tag: 'script' | 'style', from: number): number {
  const end = tag === 'script' ? /<\/script[^>]*>/gi : /<\/style[^>]*>/gi
  end.lastIndex = from
  return end.exec(html) ? end.lastIndex : html.length
}

function target(attributes: string, base: URL): string | undefined {
  const [, double, single, bare] = /\shref=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i.exec(attributes) ?? []
  const href = unmask(double ?? single ?? bare ?? '')
  if (href === '' || href.startsWith('#') || !URL.canParse(href, base.href)) return undefined
  const url = new URL(href, base)
  return /^https?:$/.test(url.protocol) ? url.href : undefined
}

const names: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  mdash: '—',
  ndash: '–',
  hellip: '…',
  copy: '©',
}

function unmask(text: string): string {
  return text.replace(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(\w{2,8}));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return names[name.toLowerCase()] ?? whole
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''
  })
}
