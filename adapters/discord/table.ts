// Discord shows no tables: a narrow one becomes a block of aligned columns, a wide one a list that phones can wrap.
import stringWidth from 'string-width'

/** More cells than this wrap even on a wide screen, and a wrapped column is no column. */
const widestBlock = 72

/** Whether these two lines begin a table: a header, and under it a rule with as many columns. */
export function beginsTable(header: string, rule: string | undefined): boolean {
  if (rule === undefined || !header.includes('|') || !/^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(rule)) return false
  return rule.includes('|') && cellsOf(header).length === cellsOf(rule).length
}

/** The lines that take the place of a table's lines; the second of those is its rule. */
export function renderTable([header = '', rule = '', ...lines]: string[]): string[] {
  const heads = cellsOf(header)
  const rows = lines.map(line => cellsOf(line).slice(0, heads.length))
  const plain = [heads, ...rows].map(row => heads.map((_, column) => plainCell(row[column] ?? '')))
  const widths = heads.map((_, column) => Math.max(3, ...plain.map(row => stringWidth(row[column] ?? ''))))
  if (widths.reduce((sum, width) => sum + width + 2, -2) > widestBlock) return renderList(heads, rows)
  const sides = cellsOf(rule).map(cell => ({ left: cell.startsWith(':'), right: cell.endsWith(':') }))
  const format = (row: string[]) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, sides[column]))
      .join('  ')
      .trimEnd()
  const [first = [], ...others] = plain
  return ['```', format(first), widths.map(width => '-'.repeat(width)).join('  '), ...others.map(format), '```']
}

function renderList(heads: string[], rows: string[][]): string[] {
  return rows.map(row => {
    const parts = row.flatMap((cell, column) =>
      cell === '' ? [] : [heads[column] ? `**${stripStars(heads[column])}:** ${cell}` : cell],
    )
    return `- ${parts.join(' · ')}`
  })
}

/** A pipe behind a backslash belongs to the cell. */
function cellsOf(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
  return inner.split(/(?<!\\)\|/).map(cell =>
    cell
      .trim()
      .replaceAll('\\|', '|')
      .replace(/<br\s*\/?>/gi, ' '),
  )
}

/** In a code block nothing is rendered, so that stars, backticks and brackets would only be seen. */
function plainCell(cell: string): string {
  return stripStars(cell.replace(/!?\[([^\]]*)\]\(([^)\s]*)\)/g, '$1 ($2)').replaceAll('`', ''))
}

const stripStars = (text: string) => text.replace(/(\*\*|__|~~)(?=\S)(.*?\S)\1/g, '$2')

function pad(text: string, width: number, side: { left: boolean; right: boolean } | undefined): string {
  const free = Math.max(0, width - stringWidth(text))
  const before = side?.right ? (side.left ? Math.floor(free / 2) : free) : 0
  return ' '.repeat(before) + text + ' '.repeat(free - before)
}
