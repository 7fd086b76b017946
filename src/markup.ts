// What models write between their Markdown: tags of HTML, and bare addresses.

const marks: Record<string, string> = {
  ...{ b: '**', strong: '**', i: '*', em: '*', s: '~~', del: '~~', strike: '~~', code: '`', kbd: '`', summary: '**' },
  ...{ u: '*', ins: '*' },
}

const paired = Object.keys(marks).join('|')

/** A pattern, to be one of several: what stands between two tags of a kind, a link, and tags that only fold. */
export const tags = [
  String.raw`<(?<pair>${paired})>(?<inside>[^<>\n]+)<\/\k<pair>>`,
  String.raw`<a\s[^<>]*?href="(?<href>https?:[^"<>\s]+)"[^<>]*>(?<name>[^<>\n]+)<\/a>`,
  String.raw`<(?<level>su[bp])>(?<script>[^<>\n]{1,20})<\/\k<level>>`,
  String.raw`(?<fold><\/?details(?:\s+open)?>)`,
].join('|')

/** Undefined where none of the tags was found. `own` are marks that a platform has for a tag and Markdown has not. */
export function renderTag(
  parts: Record<string, string | undefined>,
  inline: (words: string) => string,
  own: Record<string, string> = {},
): string | undefined {
  const { pair, inside = '', href, name = '', level, script = '', fold } = parts
  if (fold !== undefined) return ''
  if (href !== undefined) return inline(`[${name.trim()}](${href})`)
  if (level !== undefined) return renderScript(level.toLowerCase(), script)
  if (pair === undefined) return undefined
  const mark = { ...marks, ...own }[pair.toLowerCase()] ?? ''
  const [, before = '', words = '', after = ''] = /^(\s*)(.*?)(\s*)$/.exec(inside) ?? []
  if (words === '' || (mark === '`' && inside.includes('`'))) return inside
  return before + mark + (mark === '`' ? words : inline(words)) + mark + after
}

const scripts: Record<string, [from: string, to: string]> = {
  sup: ['0123456789+-=()in', '⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁱⁿ'],
  sub: ['0123456789+-=()aehijklmnoprstuvx', '₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ'],
}

/** In the small letters of Unicode; as in TeX where it lacks one of them. */
function renderScript(level: string, text: string): string {
  const [from = '', to = ''] = scripts[level] ?? []
  const small = [...text].map(char => [...to][from.indexOf(char)])
  if (from !== '' && [...text].every(char => from.includes(char))) return small.join('')
  return `${level === 'sup' ? '^' : '\\_'}${text.length === 1 ? text : `(${text})`}`
}

/** What ends an address in Chinese and Japanese, where no blank has to; a platform would take it for a part of it. */
const ending = String.raw`\u3000-\u303f\uff00-\uff20\uff3b-\uff40\uff5b-\uff65\u2018-\u201f\u2026`
const letters = String.raw`\u3040-\u9fff`

/** A pattern, to be one of several: an address within words, up to another script in the name of its host; `isEnded` where its end would not be found. */
export const addresses = [
  String.raw`(?<address>https?:\/\/(?:[\w.-]+\.[a-z]{2,}(?=[${letters}])|[^\s$<>*${ending}]+))`,
  `(?:(?<isEnded>(?=[${letters}${ending}]))|)`,
].join('')
