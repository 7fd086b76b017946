import type { MessageEntity } from 'grammy/types'
import stringWidth from 'string-width'
import { join, mark, plain, type Rendered } from './rendered.ts'
import { type Align, countFull, drawTable } from './table.ts'

/** More cells than this wrap on a phone, and a wrapped column is no column. */
const widest = 44

/** A table, its head first: drawn as code, since Telegram has none; a wide one as a list, in which links stay where they are. */
export function showTable(ragged: Rendered[][], align: Align[]): Rendered {
  const heads = ragged[0] ?? []
  const rows = ragged.map(row => evened(row, heads.length))
  const texts = rows.map(row => row.map(({ text }) => text.replace(/\s+/g, ' ').trim()))
  const widths = heads.map((_, column) => Math.max(...texts.map(row => stringWidth(row[column] ?? ''))))
  const links = rows.flat().flatMap(cell => cell.entities.filter(isLink).map(link => cutOut(cell, link)))
  const areAlike = new Set(links.map(({ text }) => text)).size < links.length // below the table nobody could tell them apart
  if (areAlike || widths.reduce((sum, width) => sum + width + 3, -3) > widest) return asList(rows)
  const below = links.flatMap((link, i) => [plain(i === 0 ? '\n' : ' · '), link]) // code holds no links
  return join([mark(plain(drawTable(texts, align, widest)), { type: 'pre' }), ...below])
}

/** As many cells as the head has: what is too many is part of the last, for a pipe that nobody escaped is still meant to be read. */
function evened(row: Rendered[], columns: number): Rendered[] {
  const missing = Array.from({ length: Math.max(0, columns - row.length) }, () => plain(''))
  if (row.length <= columns) return [...row, ...missing]
  const last = row.slice(columns - 1).flatMap((cell, i) => (i === 0 ? [cell] : [plain(' | '), cell]))
  return [...row.slice(0, columns - 1), join(last)]
}

/** A row in one line of a list has at most so many cells; else each column has a line of its own. */
const longestLine = 60

function asList([heads = [], ...rows]: Rendered[][]): Rendered {
  if (rows.length === 0) return between(' · ', heads)
  const empty = heads.map((_, column) => rows.every(row => isBlank(row[column])))
  const lists = rows.map(row =>
    row.flatMap((cell, column) => {
      if (isBlank(cell) && !empty[column]) return []
      const head = heads[column]?.text.trim()
      const shown = isBlank(cell) ? plain('–') : column === 0 ? mark(cell, { type: 'bold' }) : cell
      return [join([plain(head ? head + colonAfter(head) : ''), shown])]
    }),
  )
  const isShort = lists.every(cells => stringWidth(between(' · ', cells).text) <= longestLine)
  return between(
    '\n',
    lists.map(cells => join([plain('• '), between(isShort ? ' · ' : '\n  ◦ ', cells)])),
  )
}

const colonAfter = (head: string) => (countFull(head.slice(-1)) > 0 ? '：' : ': ')
const between = (gap: string, pieces: Rendered[]) => join(pieces.flatMap((piece, i) => (i === 0 ? [piece] : [plain(gap), piece])))
const isBlank = (cell: Rendered | undefined) => !cell || cell.text.trim() === ''
const isLink = (entity: MessageEntity) => entity.type === 'text_link'
const cutOut = ({ text }: Rendered, part: MessageEntity) =>
  mark(plain(text.substring(part.offset, part.offset + part.length)), part)
