/** How a column is set; nothing said means left. */
export type Align = 'left' | 'right' | 'center' | null | undefined

/** A table in characters of equal width, the first row being its head. Every row has as many cells as the head. */
export function drawTable(rows: string[][], align: Align[]): string {
  const head = rows[0] ?? []
  const widths = head.map((_, column) => Math.max(1, ...rows.map(row => cellsOf(row[column] ?? ''))))
  const draw = (row: string[]) =>
    widths
      .map((width, column) => pad(row[column] ?? '', width, align[column]))
      .join(' │ ')
      .trimEnd()
  const rule = widths.map(width => '─'.repeat(width)).join('─┼─')
  return [draw(head), rule, ...rows.slice(1).map(draw)].join('\n')
}

function pad(text: string, width: number, align: Align): string {
  const space = width - cellsOf(text)
  const left = align === 'right' ? space : align === 'center' ? Math.floor(space / 2) : 0
  return ' '.repeat(left) + text + ' '.repeat(space - left)
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const invisible = /^[\p{Mark}\p{Default_Ignorable_Code_Point}\p{Control}]+$/u
const emoji = /\p{Emoji_Presentation}|\uFE0F/u
/** East Asian Width W and F: Hangul Jamo, CJK with kana and its punctuation, Hangul, compatibility and full-width forms, and beyond. */
const wide =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]/u

/** The cells that a text takes on a terminal: two for Chinese, Japanese, Korean and emoji. */
export function cellsOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  let cells = 0
  for (const { segment } of graphemes.segment(text)) {
    if (!invisible.test(segment)) cells += wide.test(segment) || emoji.test(segment) ? 2 : 1
  }
  return cells
}
