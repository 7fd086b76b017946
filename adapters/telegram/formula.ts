const margin = /^[ \t>]*/
const opening = /^(.*?)(?<!\\)(\$\$|\\\[)(.*)$/

/** In lines: what is not closed by then is none. */
const longestFormula = 60

/** Lines that are one formula, and those that take their place. */
export interface Formula {
  /** The first line behind it. */
  end: number
  lines: string[]
}

/** A formula that has lines of its own, as code; TeX has no blank lines in one. `inline` is for the words around it, `sign` tells it from other code. */
export function formulaAt(lines: string[], start: number, inline: (text: string) => string, sign: string): Formula | undefined {
  const [, before = '', mark, first = ''] = opening.exec(lines[start] ?? '') ?? []
  const space = margin.exec(before)?.[0] ?? ''
  if (mark === undefined || before.includes('`') || (before !== space && first.trim() !== '')) return undefined
  const closing = mark === '$$' ? '$$' : '\\]'
  const inside: string[] = []
  for (let at = start; at < Math.min(lines.length, start + longestFormula); at++) {
    const line = at === start ? first : (lines[at] ?? '').replace(margin, '')
    if (at > start && (line.trim() === '' || /^(`{3}|~{3})/.test(line))) return undefined
    const end = line.indexOf(closing)
    inside.push(end < 0 ? line : line.slice(0, end).trim())
    if (end < 0) continue
    const after = line.slice(end + 2).trim()
    const shown = inside.map(part => part.trim()).filter(part => part !== '')
    if (shown.length === 0 || (at === start && after !== '')) return undefined
    const code = [`\`\`\`${sign}tex`, ...shown, '```'].map(part => space + part)
    const head = before === space ? [] : [inline(before.trimEnd())]
    return { end: at + 1, lines: [...head, ...code, ...(after ? [space + inline(after)] : [])] }
  }
  return undefined
}

/** A formula within a line, as code; `short` is what stands between single dollars. */
export function codeFormula(whole: string, long: string | undefined, short: string | undefined, sign: string): string {
  if (short !== undefined && !isTex(short)) return whole
  const formula = (long ?? short ?? '').trim()
  return formula === '' || formula.includes('`') ? whole : `\`${sign}${formula}\``
}

/** Between single dollars may be the price of two things. */
function isTex(text: string): boolean {
  return /^\d/.test(text) ? /[\\^=]/.test(text) : /[\\^_=<>+]/.test(text) || /^[A-Za-z]\w?$/.test(text)
}
