import type { Rows } from './statement.ts'

/** A Markdown table and how many rows there were, in words. */
export function showRows({ columns, rows, more }: Rows): string {
  if (columns.length === 0) return 'The statement gives no rows.'
  if (rows.length === 0) return `No rows. (Columns: ${columns.join(', ')})`
  const count = more
    ? `The first ${plural(rows.length, 'row')} of more; add conditions, an aggregate or a LIMIT.`
    : plural(rows.length, 'row')
  return `${showTable(columns, rows)}\n\n${count}`
}

export function showTable(columns: string[], rows: string[][]): string {
  const lines = [columns, columns.map(() => '---'), ...rows]
  return lines.map(cells => `| ${cells.map(escapeCell).join(' | ')} |`).join('\n')
}

export function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\r?\n/g, ' ')
}
