import { addresses, renderTag, tags } from '../../src/markup.ts'
import { renderLink } from './link.ts'

const url = (name: string) => String.raw`\(\s*(?<${name}><[^>\n]*>|(?:[^()\s]|\([^()\s]*\))*)(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)`
const alt = (name: string) => String.raw`!\[(?<${name}>(?:[^\]\\]|\\.)*)\]`
const label = String.raw`\[(?<label>(?:[^[\]\\\n]|\\.|\[[^[\]\n]*\])*)\]`

/**
 * In this order: code, an address and what is escaped, which are left alone; an image that is a link; an image; a link; an address; a
 * formula; what looks like a ping; bars that hide nothing; a product of numbers; a footnote; tags.
 */
const inline = new RegExp(
  [
    String.raw`(?<kept>(?<ticks>\`+)(?!\`)[^\n]*?[^\`\n]\k<ticks>(?!\`)|<https?:[^\s<>]*>|\\\\|\\[$|@<\`*])`,
    String.raw`\[${alt('linkedAlt')}${url('linkedImage')}\]${url('link')}`,
    alt('imageAlt') + url('image'),
    label + url('target'),
    String.raw`(?<torn>\]\(\s*<?https?:[^\s)]*)`,
    addresses,
    String.raw`\$\$(?<display>.+?)\$\$|\\\((?<round>.+?)\\\)|\\\[(?<square>.+?)\\\]`,
    String.raw`(?<![\w$])\$(?=[^\s$])(?<short>[^$\n\`]*[^\s$\\\`])\$(?![\w$])`,
    String.raw`(?<ping>@(?=everyone|here)|<@(?=[!&]?\d+>))`,
    String.raw`(?<bars>(?<=\s)\|\|(?=\s))`,
    String.raw`(?<times>(?<=\d)\*(?=\d))`,
    String.raw`\[\^(?<note>\d{1,3})\]:?`,
    tags,
    String.raw`(?<br><br\s*\/?>)`,
  ].join('|'),
  'gi',
)

/** The words of one line, with what Discord leaves unrendered written as something that it renders. */
export function renderInline(line: string): string {
  return line.replace(inline, (whole, ...found) => {
    const parts = found.at(-1) as Record<string, string | undefined>
    const { kept, torn, link, image, target, address, ping, bars, times, note } = parts
    if (kept !== undefined || torn !== undefined) return whole
    if (link !== undefined) return `[${parts['linkedAlt'] || 'image'}](${link})`
    if (image !== undefined) return `[${parts['imageAlt'] || 'image'}](${image})`
    if (target !== undefined) return renderLink(whole, parts['label'] ?? '', target, renderInline)
    if (address !== undefined) return parts['isEnded'] === undefined ? address : `<${address}>`
    if (ping !== undefined) return `${ping}\u200b` // nobody is pinged anyway, but it would look like it
    if (bars !== undefined) return '\\|\\|'
    if (times !== undefined) return '\\*'
    if (note !== undefined) return `[${note}]`
    return (
      (parts['br'] === undefined ? renderTag(parts, renderInline, { u: '__', ins: '__' }) : '\n') ??
      renderFormula(whole, parts['display'] ?? parts['round'] ?? parts['square'], parts['short'])
    )
  })
}

function renderFormula(whole: string, long: string | undefined, short: string | undefined): string {
  if (short !== undefined && !isTex(short)) return whole
  const formula = (long ?? short ?? '').trim()
  return formula === '' || formula.includes('`') ? whole : `\`${formula}\``
}

/** Between single dollars may be the price of two things. */
function isTex(text: string): boolean {
  return /^\d/.test(text) ? /[\\^=]/.test(text) : /[\\^_=<>+]/.test(text) || /^[A-Za-z]\w?$/.test(text)
}
