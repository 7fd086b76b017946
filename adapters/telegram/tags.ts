/** The mark of Markdown for what a tag of HTML means. */
const marks: Record<string, string> = {
  ...{ b: '**', strong: '**', i: '*', em: '*', u: '*', ins: '*', s: '~~', del: '~~', strike: '~~', code: '`', kbd: '`' },
  summary: '**',
}

const paired = Object.keys(marks).join('|')

/** A pattern, to be one of several: what stands between two tags of a kind, a link, and tags that only fold. */
export const tags = [
  String.raw`<(?<pair>${paired})>(?<inside>[^<>\n]+)<\/\k<pair>>`,
  String.raw`<a\s[^<>]*?href="(?<href>https?:[^"<>\s]+)"[^<>]*>(?<name>[^<>\n]+)<\/a>`,
  String.raw`<(?<level>su[bp])>(?<script>[^<>\n]{1,20})<\/\k<level>>`,
  String.raw`(?<fold><\/?details(?:\s+open)?>)`,
].join('|')

/** Undefined where none of the tags was found. */
export function renderTag(parts: Record<string, string | undefined>, inline: (words: string) => string): string | undefined {
  const { pair, inside = '', href, name = '', level, script = '', fold } = parts
  if (fold !== undefined) return ''
  if (href !== undefined) return inline(`[${name.trim()}](${href})`)
  if (level !== undefined) return renderScript(level.toLowerCase(), script)
  if (pair === undefined) return undefined
  const mark = marks[pair.toLowerCase()] ?? ''
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
