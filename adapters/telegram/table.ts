import stringWidth from 'string-width'

/** How a column is set; nothing said means left. */
export type Align = 'left' | 'right' | 'center' | null | undefined

/** A table in characters of equal width, the first row being its head. Every row has as many cells as the head. */
export function drawTable(rows: string[][], align: Align[]): string {
  const head = rows[0] ?? []
  const widths = head.map((_, column) => Math.max(1, ...rows.map(row => stringWidth(row[column] ?? ''))))
  const draw = (row: string[]) =>
    widths
      .map((width, column) => pad(row[column] ?? '', width, align[column]))
      .join(' │ ')
      .trimEnd()
  const rule = widths.map(width => '─'.repeat(width)).join('─┼─')
  return [draw(head), rule, ...rows.slice(1).map(draw)].join('\n')
}

function pad(text: string, width: number, align: Align): string {
  const space = width - stringWidth(text)
  const left = align === 'right' ? space : align === 'center' ? Math.floor(space / 2) : 0
  return ' '.repeat(left) + text + ' '.repeat(space - left)
}
