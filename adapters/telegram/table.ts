import stringWidth from 'string-width'

/** How a column is set; nothing said means left. */
export type Align = 'left' | 'right' | 'center' | null | undefined

/**
 * A table in characters of equal width, the first row being its head. Every row has as many cells as the head. Chinese characters are about
 * as wide as two others, but not quite: where there is room for it, they are made up for by blanks of their own width.
 */
export function drawTable(rows: string[][], align: Align[], widest = Number.POSITIVE_INFINITY): string {
  const head = rows[0] ?? []
  const columns = head.map((_, column) => rows.map(row => row[column] ?? ''))
  const exact = columns.map(cells => ({ full: most(cells.map(countFull)), half: most(cells.map(countHalf)) }))
  const isExact = sum(exact.map(({ full, half }) => 2 * full + half + 3)) - 3 <= widest
  const sizes = isExact ? exact : columns.map(cells => ({ full: 0, half: most([1, ...cells.map(cell => stringWidth(cell))]) }))
  const draw = (row: string[]) =>
    sizes
      .map((size, column) => pad(row[column] ?? '', size, align[column]))
      .join(' │ ')
      .trimEnd()
  const rule = sizes.map(({ full, half }) => '─'.repeat(Math.max(1, Math.round(full * fullInHalves) + half))).join('─┼─')
  return [draw(head), rule, ...rows.slice(1).map(draw)].join('\n')
}

/** An em of Chinese in characters of Menlo, Roboto Mono or DejaVu Sans Mono, which are 0.6 em wide. */
const fullInHalves = 5 / 3

const most = (counts: number[]) => Math.max(0, ...counts)
const sum = (counts: number[]) => counts.reduce((all, count) => all + count, 0)

/** Characters that have the width of U+3000 in the fonts that draw them. */
const fullWidth = /[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/gu
/** How many of its characters are as wide as Chinese ones. */
export const countFull = (text: string) => text.match(fullWidth)?.length ?? 0
const countHalf = (text: string) => stringWidth(text) - 2 * countFull(text)

interface Size {
  full: number
  half: number
}

function pad(text: string, { full, half }: Size, align: Align): string {
  const free =
    full === 0 ? { full: 0, half: half - stringWidth(text) } : { full: full - countFull(text), half: half - countHalf(text) }
  const share = align === 'right' ? 1 : align === 'center' ? 0.5 : 0
  const left = { full: Math.floor(free.full * share), half: Math.floor(free.half * share) }
  const blanks = (size: Size) => '\u3000'.repeat(size.full) + ' '.repeat(size.half)
  return blanks(left) + text + blanks({ full: free.full - left.full, half: free.half - left.half })
}
