const fence = /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*(`{3,}(?=[^`]*$)|~{3,})/
const margin = /^[ \t>]*/

/** Markdown in which TeX has become code, since Markdown would take its backslashes, stars and lines for its own; `sign` tells it from other code. */
export function codeFormulas(source: string, sign = ''): string {
  if (!/\$|\\[([]/.test(source)) return source
  const lines = source.split('\n')
  const out: string[] = []
  let open: string | undefined
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const end = open ? 0 : blockEnd(lines, at)
    if (open) {
      if (closesFence(line, open)) open = undefined
      out.push(line)
    } else if (end > at) {
      const before = margin.exec(line)?.[0] ?? ''
      out.push(`${before}\`\`\`${sign}tex`, ...lines.slice(at + 1, end), `${before}\`\`\``)
      at = end
    } else {
      open = fence.exec(line)?.[1]
      out.push(open ? line : line.replace(inline, (...found) => codeFormula(sign, ...found)))
    }
  }
  return out.join('\n')
}

function closesFence(line: string, open: string): boolean {
  const marks = line.replace(margin, '').trimEnd()
  return marks.startsWith(open) && /^(.)\1*$/.test(marks)
}

/** The line that closes the formula which begins here; 0 if none does. TeX has no blank lines in a formula. */
function blockEnd(lines: string[], start: number): number {
  const begun = lines[start]?.replace(margin, '').trimEnd()
  const closing = begun === '$$' ? '$$' : begun === '\\[' ? '\\]' : undefined
  if (!closing) return 0
  for (let at = start + 1; at < lines.length; at++) {
    const bare = lines[at]?.replace(margin, '').trimEnd() ?? ''
    if (bare === closing) return at > start + 1 ? at : 0
    if (bare === '' || fence.test(bare)) return 0
  }
  return 0
}

/** In this order: code, an address and what is escaped are left alone; a formula in one line. */
const inline = new RegExp(
  [
    String.raw`(?<kept>(?<!\`)(\`+)(?!\`)[^\n]*?(?<!\`)\2(?!\`)|https?:\/\/[^\s$]+|\\\\|\\\$)`,
    String.raw`\$\$(.+?)\$\$|\\\((.+?)\\\)|\\\[(.+?)\\\]`,
    String.raw`(?<![\w$])\$(?=[^\s$])(?<short>[^$\n\`]*[^\s$\\\`])\$(?![\w$])`,
  ].join('|'),
  'g',
)

function codeFormula(sign: string, whole: string, ...found: (string | undefined)[]): string {
  const [kept, , ...formulas] = found
  const [long, short] = [formulas.slice(0, 3).find(Boolean), formulas[3]]
  if (kept !== undefined || (short !== undefined && !isTex(short))) return whole
  const formula = (long ?? short ?? '').trim()
  return formula === '' || formula.includes('`') ? whole : `\`${sign}${formula}\``
}

/** Between single dollars may be the price of two things. */
function isTex(text: string): boolean {
  return /^\d/.test(text) ? /[\\^=]/.test(text) : /[\\^_=<>+]/.test(text) || /^[A-Za-z]\w?$/.test(text)
}
