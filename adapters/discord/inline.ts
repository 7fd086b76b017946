const url = String.raw`\(\s*(<[^>\n]*>|(?:[^()\s]|\([^()\s]*\))*)(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)`
const alt = String.raw`!\[((?:[^\]\\]|\\.)*)\]`

/**
 * In this order: code, where a link leads, an address and what is escaped, which are left alone; an image that is a link; an image; a
 * formula; what looks like a ping; bars that hide nothing; a line break.
 */
const inline = new RegExp(
  [
    String.raw`(?<kept>(\`+)(?!\`)[^\n]*?[^\`\n]\2(?!\`)|\]\(\s*<?https?:[^\s)]*|https?:\/\/[^\s$]+|\\\\|\\[$|@<\`])`,
    String.raw`\[${alt}${url}\]${url}`,
    `${alt}${url}`,
    String.raw`\$\$(.+?)\$\$|\\\((.+?)\\\)|\\\[(.+?)\\\]`,
    String.raw`(?<![\w$])\$(?=[^\s$])([^$\n\`]*[^\s$\\\`])\$(?![\w$])`,
    String.raw`(?<ping>@(?=everyone|here)|<@(?=[!&]?\d+>))`,
    String.raw`(?<=\s)\|\|(?=\s)`,
    String.raw`(?<br><br\s*\/?>)`,
  ].join('|'),
  'gi',
)

/** The words of one line, with what Discord leaves unrendered written as something that it renders. */
export function renderInline(line: string): string {
  return line.replace(inline, (whole, ...found) => {
    const { kept, ping, br } = found.at(-1) as Record<string, string | undefined>
    const [, , linkedAlt, , link, imageAlt, image, ...formulas] = found as (string | undefined)[]
    if (kept !== undefined) return whole
    if (link !== undefined) return `[${linkedAlt || 'image'}](${link})`
    if (image !== undefined) return `[${imageAlt || 'image'}](${image})`
    if (ping !== undefined) return `${ping}\u200b` // nobody is pinged anyway, but it would look like it
    if (br !== undefined) return '\n'
    if (whole === '||') return '\\|\\|'
    return renderFormula(whole, formulas.slice(0, 3).find(Boolean), formulas[3])
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
