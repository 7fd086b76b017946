import { escaped } from './telegram-html.ts'

/** Where the parser is. */
interface State {
  /** Nothing but blanks since the last line end: headings, quotes and lists begin here alone. */
  lineStart: boolean
  inQuote: boolean
  depth: number
}

interface Rule {
  mark: RegExp
  block?: boolean
  show(match: RegExpExecArray, state: State): string | undefined
}

/**
 * A message as Discord shows it: what its dialect does not know is seen as it is written.
 */
export function discordHtml(markdown: string): string {
  return parse(markdown, { lineStart: true, inQuote: false, depth: 0 })
}

function parse(text: string, state: State): string {
  let html = ''
  let rest = text
  while (rest !== '') {
    const found = firstRule(rest, state)
    const plain = /^(?:\n|[\s\S]+?(?=[^0-9A-Za-z\s\u00c0-\uffff]|\n|\w+:\S|$)\n?)/.exec(rest)?.[0] ?? rest
    if (!found) for (const char of plain) state.lineStart = char === '\n' || (state.lineStart && char === ' ')
    html += found?.html ?? escaped(plain)
    rest = rest.slice(found?.length ?? plain.length)
  }
  return html
}

function firstRule(text: string, state: State): { html: string; length: number } | undefined {
  for (const { mark, block, show } of rules) {
    const match = block && !state.lineStart ? null : mark.exec(text)
    const html = match ? show(match, state) : undefined
    if (!match || html === undefined) continue
    state.lineStart = block === true || (match[0].endsWith('\n') && mark !== escapedMark)
    return { html, length: match[0].length }
  }
  return undefined
}

const within = (tag: string) => (match: RegExpExecArray, state: State) =>
  `<${tag}>${parse(match[1] ?? match[2] ?? '', { ...state, lineStart: false })}</${tag}>`
const trimEnd = (text: string) => text.replace(/\n$/, '')
const escapedMark = /^\\([^0-9A-Za-z\s])/
const label = String.raw`((?:\[[^\]]*\]|[^[\]]|\](?=[^[]*\]))*)`

/** In the order in which they are tried. */
const rules: Rule[] = [
  { mark: escapedMark, show: ([, char = '']) => escaped(char) },
  {
    mark: /^( *>(?!>>) +[^\n]*(\n *>(?!>>) +[^\n]*)*\n?)/,
    block: true,
    show: ([whole], state) => {
      if (state.inQuote) return undefined
      const inner = { ...state, inQuote: true, lineStart: true }
      return `<blockquote>${parse(trimEnd(whole).replace(/^ *> ?/gm, ''), inner)}</blockquote>`
    },
  },
  { mark: /^ *-# (?!-#) *([^\n]+\n?)/, block: true, show: subtext },
  { mark: /^ *(#{1,3}) (?!#) *([^\n]+\n?)/, block: true, show: heading },
  { mark: /^( *)(?:[*-]|\d+\.) [\s\S]+?(?:\n(?! )(?!\1(?:[*-]|\d+\.) )|$)/, block: true, show: list },
  {
    mark: /^```(?:([a-z0-9_+\-.#]+?)\n)?\n*([^\n][\s\S]*?)\n*```\n?/i,
    show: ([, name = '', code = '']) => `<pre>${name && `<small>${escaped(name)}</small>`}${escaped(code)}</pre>`,
  },
  { mark: /^(`+)([\s\S]*?[^`])\1(?!`)/, show: ([, , code = '']) => `<code>${escaped(code)}</code>` },
  {
    mark: new RegExp(String.raw`^\[${label}\]\(\s*<?((?:\([^)]*\)|[^\s\\]|\\.)*?)>?(?:\s+['"]([\s\S]*?)['"])?\s*\)`),
    show: link,
  },
  { mark: /^<(https?:\/\/[^ >]+)>/, show: ([, url = '']) => `<a>${escaped(url)}</a>` },
  { mark: /^(https?:\/\/[^\s<]+[^<.,:;"'\]\s])/, show: ([url]) => `<a>${escaped(url)}</a>` },
  { mark: /^(@everyone|@here|<@[!&]?\d+>)/, show: ([ping]) => `<span class="ping">${escaped(ping)}</span>` },
  {
    mark: /^\b_((?:__|\\[\s\S]|[^\\_])+?)_\b|^\*(?=\S)((?:\*\*|\\[\s\S]|\s+(?:\\[\s\S]|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)/,
    show: within('i'),
  },
  { mark: /^\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/, show: within('b') },
  { mark: /^__((?:\\[\s\S]|[^\\])+?)__(?!_)/, show: within('u') },
  { mark: /^~~([\s\S]+?)~~(?!_)/, show: within('s') },
  { mark: /^\|\|([\s\S]+?)\|\|/, show: within('mark') },
]

function subtext([, small = '']: RegExpExecArray, state: State): string {
  return `<div class="subtext">${parse(trimEnd(small), state)}</div>`
}

function heading([, marks = '#', title = '']: RegExpExecArray, state: State): string {
  return `<h${marks.length}>${parse(trimEnd(title), { ...state, lineStart: false })}</h${marks.length}>`
}

/**
 * Up to an empty line; each line that is indented like the first item begins another. From the lines within an item as many blanks are taken
 * as the first one's mark is wide, and the first mark tells how all are numbered.
 */
function list([whole]: RegExpExecArray, state: State): string {
  const [head = '', indent = '', bullet = '-'] = /^( *)([*-]|\d+\.) +/.exec(whole) ?? []
  const begins = new RegExp(`\\n(?= {${indent.length},${indent.length + 1}}(?:[*-]|\\d+\\.) )`)
  const items = trimEnd(whole)
    .split(begins)
    .map(item => item.replace(/^ *(?:[*-]|\d+\.) +/, '').replace(new RegExp(`^ {1,${head.length}}`, 'gm'), ''))
  const signs = items.map((_, at) => (/\d/.test(bullet) ? `${Number.parseInt(bullet, 10) + at}.` : state.depth > 0 ? '◦' : '•'))
  const shown = items.map(item => parse(item, { ...state, lineStart: true, depth: state.depth + 1 }))
  return shown.map((item, at) => `<div class="item">${signs[at]} ${item}</div>`).join('')
}

/** Words that look like an address are never a link to another. */
function link([, words = '', url = '']: RegExpExecArray, state: State): string | undefined {
  if (!/^https?:/.test(url) || /https?:\/\/[^\s]*\.[^\s]|https?:\/\/\w/.test(words)) return undefined
  return `<a title="${escaped(url)}">${parse(words, state)}</a>`
}
