/** What a block or a text of a rich message says, without its looks; whatever Telegram may add some day is looked through. */
export function wordsOfRich(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(wordsOfRich).join('')
  if (typeof value !== 'object' || value === null) return ''
  const { text, expression, alternative_text: emoji, cells, items, blocks, summary } = value as Record<string, unknown>
  const inner = [summary, text ?? expression ?? emoji].map(wordsOfRich)
  const lines = [...inner, rowsIn(cells), itemsIn(items), linesOfRich(blocks)]
  return lines.filter(line => line !== '').join('\n')
}

/** The blocks of a rich message, each on lines of its own. */
export function linesOfRich(blocks: unknown): string {
  if (!Array.isArray(blocks)) return ''
  return blocks
    .map(wordsOfRich)
    .filter(line => line !== '')
    .join('\n')
}

function rowsIn(cells: unknown): string {
  if (!Array.isArray(cells)) return ''
  return cells.map(row => (Array.isArray(row) ? row.map(wordsOfRich).join(' | ') : '')).join('\n')
}

function itemsIn(items: unknown): string {
  if (!Array.isArray(items)) return ''
  return items.map(item => `${labelOf(item)}${wordsOfRich(item).replace(/\n/g, '\n  ')}`).join('\n')
}

function labelOf(item: { value?: unknown; has_checkbox?: unknown; is_checked?: unknown }): string {
  const box = item.has_checkbox ? `[${item.is_checked ? 'x' : ' '}] ` : ''
  return (item.value === undefined ? '- ' : `${item.value}. `) + box
}
