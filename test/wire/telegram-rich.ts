import type { Payload } from './telegram-chats.ts'

/** core.telegram.org/bots/api#rich-message-limits */
const most = { chars: 32_768, blocks: 500, depth: 16, columns: 20 }

/** What a bot may send in a block (core.telegram.org/bots/api#inputrichblock), as far as the fields of each are known here. */
const blockFields: Record<string, { needed: string[]; allowed: string[] }> = {
  paragraph: { needed: ['text'], allowed: [] },
  heading: { needed: ['text', 'size'], allowed: [] },
  pre: { needed: ['text'], allowed: ['language'] },
  footer: { needed: ['text'], allowed: [] },
  divider: { needed: [], allowed: [] },
  mathematical_expression: { needed: ['expression'], allowed: [] },
  list: { needed: ['items'], allowed: [] },
  blockquote: { needed: ['blocks'], allowed: ['credit'] },
  table: { needed: ['cells'], allowed: ['is_bordered', 'is_striped', 'is_compact', 'caption'] },
}
const textFields: Record<string, string[]> = {
  bold: ['text'],
  italic: ['text'],
  strikethrough: ['text'],
  spoiler: ['text'],
  code: ['text'],
  url: ['text', 'url'],
  mathematical_expression: ['expression'],
}

interface Size {
  chars: number
  blocks: number
}

/**
 * What Telegram says against a rich message, undefined when it takes it. The names of the errors are those that others have met; the
 * fields and limits are those of the documentation. A block or a field that is not listed here is refused, so that a test notices it.
 */
export function richComplaint(rich: Payload): string | undefined {
  const ways = ['blocks', 'html', 'markdown'].filter(way => rich[way] !== undefined)
  if (ways.length !== 1) return 'exactly one of html, markdown and blocks must be used'
  if (ways[0] !== 'blocks') return `rich messages in ${ways[0]} are not known to this wire`
  const size: Size = { chars: 0, blocks: 0 }
  try {
    checkBlocks(rich['blocks'], size, 1)
    if (size.chars > most.chars) return 'RICH_MESSAGE_TEXT_TOO_LONG'
    return size.blocks > most.blocks ? 'RICH_MESSAGE_BLOCKS_TOO_MANY' : undefined
  } catch (error) {
    if (error instanceof Wrong) return error.message
    throw error
  }
}

class Wrong extends Error {}

type Part = Record<string, unknown>

function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Wrong(otherwise)
}

function checkBlocks(blocks: unknown, size: Size, depth: number): void {
  check(depth <= most.depth, 'RICH_MESSAGE_DEPTH_INVALID')
  check(Array.isArray(blocks) && blocks.length > 0, 'RICH_MESSAGE_CONTENT_REQUIRED')
  for (const block of blocks) checkBlock(block, size, depth)
}

function checkBlock(block: Part, size: Size, depth: number): void {
  const { type, ...fields } = block
  const { needed, allowed } = blockFields[String(type)] ?? {}
  check(needed !== undefined && allowed !== undefined, `can't parse InputRichBlock: unknown type ${type}`)
  for (const field of needed) check(fields[field] !== undefined, `can't parse InputRichBlock: ${type} without ${field}`)
  for (const field of Object.keys(fields)) check([...needed, ...allowed].includes(field), `${type} has no field ${field}`)
  size.blocks++
  if (type === 'heading') check([1, 2, 3, 4, 5, 6].includes(Number(fields['size'])), 'heading of no size')
  if (type === 'list') checkItems(fields['items'], size, depth)
  else if (type === 'table') checkTable(fields['cells'], size, depth)
  else if (type === 'blockquote') checkBlocks(fields['blocks'], size, depth + 1)
  else if (type !== 'divider') {
    const words = checkText(fields['text'] ?? fields['expression'], size, depth)
    check(words.trim() !== '', 'RICH_MESSAGE_CONTENT_REQUIRED')
  }
}

function checkItems(items: unknown, size: Size, depth: number): void {
  check(Array.isArray(items) && items.length > 0, 'RICH_MESSAGE_CONTENT_REQUIRED')
  for (const { blocks, has_checkbox, is_checked, value, type, ...unknown } of items as Part[]) {
    check(Object.keys(unknown).length === 0, `an item has no field ${Object.keys(unknown)}`)
    check(is_checked === undefined || has_checkbox === true, 'an item is checked without a box')
    check((type === undefined) === (value === undefined), 'a number of an item is half said')
    check(value === undefined || Number.isInteger(value), 'an item is numbered with no number')
    size.blocks++
    checkBlocks(blocks, size, depth + 1)
  }
}

function checkTable(rows: unknown, size: Size, depth: number): void {
  check(Array.isArray(rows) && rows.length > 0, 'RICH_MESSAGE_CONTENT_REQUIRED')
  let said = ''
  for (const row of rows) {
    check(Array.isArray(row) && row.length > 0 && row.length <= most.columns, 'RICH_MESSAGE_TABLE_INVALID')
    size.blocks++
    for (const { text, align, valign, is_header, ...unknown } of row as Part[]) {
      check(Object.keys(unknown).length === 0, `a cell has no field ${Object.keys(unknown)}`)
      check(['left', 'center', 'right'].includes(String(align)) && valign === 'middle', 'a cell without alignment')
      check(is_header === undefined || is_header === true, 'a cell is no header')
      if (text !== undefined) said += checkText(text, size, depth + 1)
    }
  }
  check(said.trim() !== '', 'RICH_MESSAGE_CONTENT_REQUIRED')
}

/** Returns the words. */
function checkText(text: unknown, size: Size, depth: number): string {
  check(depth <= most.depth, 'RICH_MESSAGE_DEPTH_INVALID')
  if (typeof text === 'string') {
    size.chars += text.length
    return text
  }
  if (Array.isArray(text)) return text.map(part => checkText(part, size, depth)).join('')
  const { type, ...fields } = text as Part
  const known = textFields[String(type)]
  check(known !== undefined, `can't parse RichText: unknown type ${type}`)
  check(Object.keys(fields).sort().join() === [...known].sort().join(), `${type} has other fields: ${Object.keys(fields)}`)
  if (type === 'url') check(isWebAddress(String(fields['url'])), 'RICH_MESSAGE_URL_INVALID')
  const words = checkText(fields['text'] ?? fields['expression'], size, depth + 1)
  check(words !== '', 'RICH_MESSAGE_CONTENT_REQUIRED')
  return words
}

/** As TDLib's LinkManager::get_checked_link. */
function isWebAddress(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && ['http:', 'https:'].includes(parsed.protocol) && parsed.hostname.includes('.')
}
