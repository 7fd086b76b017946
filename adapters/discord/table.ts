// Discord shows no tables: a narrow one becomes a block of aligned columns, a wide one a list that phones can wrap.
import stringWidth from 'string-width'

/** So many cells fit on a phone; a small table may be as wide as a narrow window. More would wrap, and a wrapped column is no column. */
const phone = 40
const widest = 60
const mostColumns = 3
const mostRows = 10

/** A row in one line of a list has at most so many cells; else each column has a line of its own. */
const longestLine = 60

const quoted = /^[\s>]*/

/** Whether these two lines begin a table: a header, and under it a rule with as many columns. Both may be quoted. */
export function beginsTable(header: string, rule: string | undefined): boolean {
  if (rule === undefined || !header.includes('|') || !/^[\s>]*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(rule)) return false
  return rule.includes('|') && cellsOf(header).length === cellsOf(rule).length
}

/** The lines that take the place of a table's lines; the second of those is its rule. `inline` renders the words of a list. */
export function renderTable([header = '', rule = '', ...lines]: string[], inline: (text: string) => string): string[] {
  const heads = cellsOf(header)
  const rows = lines.map(line => evened(cellsOf(line), heads.length))
  const plain = [heads, ...rows].map(row => heads.map((_, column) => plainCell(row[column] ?? '')))
  const widths = heads.map((_, column) => Math.max(3, ...plain.map(row => stringWidth(row[column] ?? ''))))
  const before = header.includes('>') ? (quoted.exec(header)?.[0] ?? '') : ''
  const isSmall = heads.length <= mostColumns && rows.length <= mostRows
  if (widths.reduce((sum, width) => sum + width + 2, -2) > (isSmall ? widest : phone)) {
    return renderList(heads, rows).map(line => before + inline(line))
  }
  const sides = cellsOf(rule).map(cell => ({ left: cell.startsWith(':'), right: cell.endsWith(':') }))
  const format = (row: string[]) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, sides[column]))
      .join('  ')
      .trimEnd()
  const [first = [], ...others] = plain
  const drawn = ['```', format(first), widths.map(width => '-'.repeat(width)).join('  '), ...others.map(format), '```']
  return drawn.map(line => before + line)
}

/** What is too many belongs to the last cell: a pipe that nobody escaped is still meant to be read. */
function evened(cells: string[], columns: number): string[] {
  return cells.length > columns ? [...cells.slice(0, columns - 1), cells.slice(columns - 1).join(' | ')] : cells
}

function renderList(heads: string[], rows: string[][]): string[] {
  if (rows.length === 0) return [heads.map(head => `**${stripStars(head)}**`).join(' · ')]
  const empty = heads.map((_, column) => rows.every(row => !row[column]))
  const lists = rows.map(row =>
    heads.flatMap((head, column) => {
      const cell = row[column] || (empty[column] && head ? '–' : '')
      const shown = column === 0 && cell ? `**${stripStars(cell)}**` : cell
      return cell ? [head ? `${stripStars(head)}: ${shown}` : shown] : []
    }),
  )
  const isShort = lists.every(cells => stringWidth(cells.map(labels).join(' · ')) <= longestLine)
  return lists.flatMap(cells =>
    isShort ? [`- ${cells.join(' · ')}`] : cells.map((cell, at) => `${at === 0 ? '' : '  '}- ${cell}`),
  )
}

/** A pipe behind a backslash belongs to the cell. */
function cellsOf(line: string): string[] {
  const inner = line
    .replace(quoted, '')
    .trimEnd()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
  return inner.split(/(?<!\\)\|/).map(cell =>
    cell
      .trim()
      .replaceAll('\\|', '|')
      .replace(/<br\s*\/?>/gi, ' '),
  )
}

/** What is seen of a cell that is rendered. */
const labels = (cell: string) => stripStars(cell.replace(/!?\[([^\]]*)\]\([^)\s]*\)/g, '$1'))

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
