// Discord shows no tables: a narrow one becomes a block of aligned columns, a wide one a list that phones can wrap.
import stringWidth from 'string-width'

/** So many cells fit on a phone; a small table may be as wide as a narrow window. More would wrap, and a wrapped column is no column. */
const phone = 40
const widest = 60
const mostColumns = 3
const mostRows = 10

/** A row in one line of a list has at most so many cells; else each column has a line of its own. */
const longestLine = 60

/** Whether these two lines begin a table: a header, and under it a rule with as many columns. */
export function beginsTable(header: string, rule: string | undefined): boolean {
  if (rule === undefined || !header.includes('|') || !/^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(rule)) return false
  return rule.includes('|') && cellsOf(header).length === cellsOf(rule).length
}

/** The lines that take the place of a table's lines; the second of those is its rule. `inline` renders the words of a list. */
export function renderTable([header = '', rule = '', ...lines]: string[], inline: (text: string) => string): string[] {
  const heads = cellsOf(header)
  const rows = lines.map(line => evened(cellsOf(line), heads.length))
  const plain = [heads, ...rows].map(row => heads.map((_, column) => plainCell(row[column] ?? '')))
  const columns = heads.map((_, column) => plain.map(row => row[column] ?? ''))
  const isSmall = heads.length <= mostColumns && rows.length <= mostRows
  const sizes = sizesOf(columns, isSmall ? widest : phone)
  if (!sizes) return renderList(heads, rows).map(line => inline(line))
  const sides = cellsOf(rule).map(cell => ({ left: cell.startsWith(':'), right: cell.endsWith(':') }))
  const format = (row: string[]) =>
    sizes
      .map((size, column) => pad(row[column] ?? '', size, sides[column]))
      .join('  ')
      .trimEnd()
  const [first = [], ...others] = plain
  const under = sizes.map(({ full, half }) => '-'.repeat(Math.round(full * fullInHalves) + half)).join('  ')
  return ['```', format(first), under, ...others.map(format), '```']
}

/** How many characters as wide as Chinese ones, and how many others, a column has room for. */
interface Size {
  full: number
  half: number
}

/** An em of Chinese in characters of Menlo, Roboto Mono or DejaVu Sans Mono, which are 0.6 em wide. */
const fullInHalves = 5 / 3

/**
 * Chinese characters are about as wide as two others, but not quite: where there is room for it, they are made up for by blanks of their own
 * width. Undefined where the columns are too wide for a table.
 */
function sizesOf(columns: string[][], most: number): Size[] | undefined {
  const exact = columns.map(cells => {
    const full = Math.max(...cells.map(countFull))
    return { full, half: Math.max(full > 0 ? 0 : 3, ...cells.map(countHalf)) }
  })
  const rough = columns.map(cells => ({ full: 0, half: Math.max(3, ...cells.map(cell => stringWidth(cell))) }))
  return [exact, rough].find(sizes => sizes.reduce((sum, { full, half }) => sum + 2 * full + half + 2, -2) <= most)
}

/** Characters that have the width of U+3000 in the fonts that draw them. */
const fullWidth = /[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/gu
const countFull = (text: string) => text.match(fullWidth)?.length ?? 0
const countHalf = (text: string) => stringWidth(text) - 2 * countFull(text)

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
      return cell ? [head ? `${stripStars(head)}${colonAfter(head)}${shown}` : shown] : []
    }),
  )
  const isShort = lists.every(cells => stringWidth(cells.map(labels).join(' · ')) <= longestLine)
  return lists.flatMap(cells =>
    isShort ? [`- ${cells.join(' · ')}`] : cells.map((cell, at) => `${at === 0 ? '' : '  '}- ${cell}`),
  )
}

const colonAfter = (head: string) => (countFull(head.slice(-1)) > 0 ? '：' : ': ')

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

/** What is seen of a cell that is rendered. */
const labels = (cell: string) => stripStars(cell.replace(/!?\[([^\]]*)\]\([^)\s]*\)/g, '$1'))

/** In a code block nothing is rendered, so that stars, backticks and brackets would only be seen. */
function plainCell(cell: string): string {
  return stripStars(cell.replace(/!?\[([^\]]*)\]\(([^)\s]*)\)/g, '$1 ($2)').replaceAll('`', ''))
}

const stripStars = (text: string) => text.replace(/(\*\*|__|~~)(?=\S)(.*?\S)\1/g, '$2')

function pad(text: string, { full, half }: Size, side: { left: boolean; right: boolean } | undefined): string {
  const free = full === 0 ? [0, half - stringWidth(text)] : [full - countFull(text), half - countHalf(text)]
  const share = side?.right ? (side.left ? 0.5 : 1) : 0
  const before = free.map(count => Math.floor(count * share))
  const blanks = ([wide = 0, narrow = 0]: number[]) => '\u3000'.repeat(wide) + ' '.repeat(narrow)
  return blanks(before) + text + blanks(free.map((count, at) => count - (before[at] ?? 0)))
}
