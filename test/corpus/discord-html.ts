import { escaped } from './telegram-html.ts'

/** A message as Discord shows it, roughly: what its dialect does not know is seen as it is written. */
export function discordHtml(markdown: string): string {
  const pieces = markdown.split(/(```(?:[\w+#-]*\n)?[\s\S]*?```\n?|(?<=^|\n)(?:> [^\n]*(?:\n|$))+)/)
  return pieces
    .map((piece, at) => (at % 2 === 0 ? blocks(piece) : piece.startsWith('>') ? quote(piece) : codeBlock(piece)))
    .join('')
}

const quote = (piece: string) => `<blockquote>${discordHtml(piece.replace(/^> /gm, '').replace(/\n$/, ''))}</blockquote>`

function codeBlock(piece: string): string {
  const [, language = '', code = ''] = /^```(?:([\w+#-]*)\n)?([\s\S]*?)```\n?$/.exec(piece) ?? []
  return `<pre>${language && `<small>${escaped(language)}</small>`}${escaped(code.replace(/\n$/, ''))}</pre>`
}

function blocks(text: string): string {
  const lines = text.split('\n')
  return lines.map((line, at) => block(line) + (at === lines.length - 1 || isBlock(line) ? '' : '\n')).join('')
}

const isBlock = (line: string) => /^(#{1,3} |-# |\s*([-*]|\d+\.) )/.test(line)

function block(line: string): string {
  const [, marks, title] = /^(#{1,3}|-#) (.*)$/.exec(line) ?? []
  if (marks === '-#') return `<div class="subtext">${inline(title ?? '')}</div>`
  if (marks) return `<h${marks.length}>${inline(title ?? '')}</h${marks.length}>`
  const [, indent, bullet, item] = /^(\s*)([-*]|\d+\.) (.*)$/.exec(line) ?? []
  if (item === undefined) return inline(line)
  const sign = /\d/.test(bullet ?? '') ? bullet : indent ? '◦' : '•'
  return `<div class="item" style="margin-left:${Math.ceil((indent?.length ?? 0) / 2) * 1.2}em">${sign} ${inline(item)}</div>`
}

/** In the order in which they are looked for. */
const marks: [RegExp, (inner: string, more: string) => string][] = [
  [/^\\([^A-Za-z0-9\s])/, inner => escaped(inner)],
  [/^(?:``(.+?)``|`([^`]+)`)/, (inner, more) => `<code>${escaped(inner ?? more)}</code>`],
  [
    /^\[((?:\[[^\]]*\]|[^[\]])+)\]\(\s*<?(https?:(?:[^\s()]|\([^\s()]*\))+?)>?\s*(?:"[^"]*")?\)/,
    (inner, url) => `<a title="${escaped(url)}">${inline(inner)}</a>`,
  ],
  [/^(<https?:\/\/[^\s<>]+>|https?:\/\/[^\s<>]+)/, inner => `<a>${escaped(inner.replace(/^<|>$/g, ''))}</a>`],
  [/^(@everyone|@here|<@[!&]?\d+>)/, inner => `<span class="ping">${escaped(inner)}</span>`],
  [/^\*\*\*([\s\S]+?)\*\*\*/, inner => `<b><i>${inline(inner)}</i></b>`],
  [/^\*\*([\s\S]+?)\*\*(?!\*)/, inner => `<b>${inline(inner)}</b>`],
  [/^__([\s\S]+?)__(?!_)/, inner => `<u>${inline(inner)}</u>`],
  [/^~~([\s\S]+?)~~/, inner => `<s>${inline(inner)}</s>`],
  [/^\|\|([\s\S]+?)\|\|/, inner => `<mark>${inline(inner)}</mark>`],
  [/^\*(?=\S)((?:\*\*|[^*])+?)(?<!\s)\*(?!\*)/, inner => `<i>${inline(inner)}</i>`],
  [/^_((?:__|[^_])+?)_(?!\w)/, inner => `<i>${inline(inner)}</i>`],
]

function inline(text: string): string {
  let html = ''
  let rest = text
  while (rest !== '') {
    const found = marks.map(([mark, show]) => ({ match: mark.exec(rest), show })).find(({ match }) => match)
    if (found?.match) html += found.show(found.match[1] as string, found.match[2] as string)
    const plain = /^(?:\w+|[\s\S])/u.exec(rest)?.[0] ?? rest
    if (!found?.match) html += escaped(plain)
    rest = rest.slice(found?.match?.[0].length ?? plain.length)
  }
  return html
}
