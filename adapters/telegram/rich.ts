import type { InputRichBlock, RichBlockTableCell, RichText } from 'grammy/types'
import type { Image, ImageReference, Link, LinkReference, ListItem, Nodes, Paragraph, Table } from 'mdast'
import { checkUrl, isSpelledOut, linesOf, type Parsed, parse, piecesOf, showDefinition } from './markdown.ts'
import { withoutMentions } from './mentions.ts'
import { wordsOfRich } from './rich-text.ts'

/** core.telegram.org/bots/api#rich-message-limits; `depth` counts blocks and marks within each other. */
const most = { chars: 32_768, blocks: 500, depth: 16, columns: 20 }

/** No letter: what begins with it is a formula. */
const sign = '\ue000'

/**
 * Markdown as the blocks of a rich message (Bot API 10.2). Undefined where that gains nothing, unless it is `always` wanted, and where
 * Telegram would refuse it. Never Telegram's own Markdown or HTML: in these a text of the model's, or of whoever the model has read, could
 * have buttons, pictures that tell a server who reads it, and links that ping.
 */
export function toRich(markdown: string, always: boolean): InputRichBlock[] | undefined {
  if (markdown.length > most.chars || !(always || mayGain.test(markdown))) return undefined
  try {
    const parsed = parse(markdown.toWellFormed(), sign)
    if (!parsed || !(always || parsed.nodes.some(gains))) return undefined
    const blocks = blocksOf(parsed.nodes, { linked: false, ...parsed })
    const fits =
      blocks.length > 0 && countOf(blocks) <= most.blocks && depthOf(blocks) <= most.depth && columnsIn(blocks) <= most.columns
    return fits ? blocks : undefined
  } catch {
    return undefined // thousands of nested marks exhaust the stack, and some texts the parser itself
  }
}

/** What all tables, headings and formulas have; most texts have none of it, and need not be parsed twice. */
const mayGain = /\||^[ \t>*+\-\d.)]*(?:#{1,6}[ \t]|=+[ \t]*$|-+[ \t]*$)|\$|\\[([]/m

/** What text with entities has not, and only imitates. */
function gains(node: Nodes): boolean {
  if (node.type === 'heading' || node.type === 'table') return true
  if (node.type === 'inlineCode') return node.value.startsWith(sign)
  if (node.type === 'code') return isFormula(node.lang)
  return 'children' in node && node.children.some(gains)
}

const isFormula = (language: string | null | undefined) => language?.startsWith(sign) === true

interface Place extends Omit<Parsed, 'nodes'> {
  linked: boolean
}

/** Telegram refuses the whole message for one block without content (RICH_MESSAGE_CONTENT_REQUIRED). */
const blocksOf = (nodes: Nodes[], place: Place) => nodes.flatMap(node => blockOf(node, place)).filter(isFilled)

function isFilled(block: InputRichBlock): boolean {
  return block.type === 'divider' || wordsOfRich(block).trim() !== ''
}

function blockOf(node: Nodes, place: Place): InputRichBlock[] {
  switch (node.type) {
    case 'paragraph':
      return paragraph(node, place)
    case 'heading':
      return [{ type: 'heading', size: node.depth, text: textOf(node.children, place) }]
    case 'code':
      if (isFormula(node.lang)) return [{ type: 'mathematical_expression', expression: node.value }]
      return [{ type: 'pre', text: node.value, ...(node.lang && { language: node.lang }) }]
    case 'list':
      return [
        {
          type: 'list',
          items: node.children.map((child, i) => item(child, node.ordered ? (node.start ?? 1) + i : undefined, place)),
        },
      ]
    case 'blockquote':
      return [{ type: 'blockquote', blocks: blocksOf(node.children, place) }]
    case 'table':
      return [{ type: 'table', cells: table(node, place), is_bordered: true }]
    case 'thematicBreak':
      return [{ type: 'divider' }]
    case 'footnoteDefinition':
      return [{ type: 'paragraph', text: `[${node.identifier}]` }, ...blocksOf(node.children, place)]
    case 'definition':
      return [{ type: 'paragraph', text: showDefinition(node, place) }]
    default:
      return [{ type: 'paragraph', text: textOf([node], place) }]
  }
}

function paragraph({ children }: Paragraph, place: Place): InputRichBlock[] {
  const [only] = children
  if (children.length === 1 && only?.type === 'inlineCode' && only.value.startsWith(sign))
    return [{ type: 'mathematical_expression', expression: only.value.slice(sign.length) }]
  return linesOf(children).map(({ small, nodes }) => ({ type: small ? 'footer' : 'paragraph', text: textOf(nodes, place) }))
}

function item({ children, checked }: ListItem, value: number | undefined, place: Place) {
  const blocks = blocksOf(children, place)
  return {
    blocks: blocks.length > 0 ? blocks : [{ type: 'paragraph' as const, text: '–' }],
    ...(typeof checked === 'boolean' && { has_checkbox: true as const }),
    ...(checked && { is_checked: true as const }),
    ...(value !== undefined && { value, type: '1' as const }),
  }
}

/** As many cells in each row as the head has: what is too many is part of the last. An empty cell has no text. */
function table({ children, align }: Table, place: Place): RichBlockTableCell[][] {
  const columns = children[0]?.children.length ?? 0
  return children.map((row, at) => {
    const texts = row.children.map(cell => textOf(cell.children, place))
    const last = texts.slice(columns - 1).flatMap((text, i) => (i === 0 ? [text] : [' | ', text]))
    return Array.from({ length: columns }, (_, column) => {
      const text = column === columns - 1 ? simplified(last) : (texts[column] ?? '')
      const looks = { align: align?.[column] ?? ('left' as const), valign: 'middle' as const }
      return { ...looks, ...(wordsOfRich(text).trim() !== '' && { text }), ...(at === 0 && { is_header: true as const }) }
    })
  })
}

function textOf(nodes: Nodes[], place: Place): RichText {
  return simplified(
    withSpoilers(nodes.flatMap(node => (node.type === 'text' ? piecesOf(nobody(node.value)) : [inline(node, place)]))),
  )
}

function simplified(pieces: RichText[]): RichText {
  const shown = pieces.filter(piece => piece !== '')
  return shown.length > 1 ? shown : (shown[0] ?? '')
}

const nobody = (text: string) => withoutMentions({ text, entities: [] }).text

/** As in text with entities: the two `||` of a spoiler cling to the words within. */
function withSpoilers(pieces: RichText[]): RichText[] {
  const wordsAt = (at: number) => wordsOfRich(pieces[at])
  const from = pieces.findIndex((piece, at) => piece === '||' && /^[^\s|]/.test(wordsAt(at + 1)))
  if (from < 0) return pieces
  const to = pieces.findIndex((piece, at) => at > from + 1 && piece === '||' && /\S$/.test(wordsAt(at - 1)))
  if (to < 0) return pieces
  const hidden: RichText = { type: 'spoiler', text: simplified(pieces.slice(from + 1, to)) }
  return [...pieces.slice(0, from), hidden, ...withSpoilers(pieces.slice(to + 1))]
}

function inline(node: Nodes, place: Place): RichText {
  switch (node.type) {
    case 'strong':
      return marked('bold', node.children, place)
    case 'emphasis':
      return marked('italic', node.children, place)
    case 'delete':
      return marked('strikethrough', node.children, place)
    case 'inlineCode':
      if (node.value.startsWith(sign)) return { type: 'mathematical_expression', expression: node.value.slice(sign.length) }
      return { type: 'code', text: node.value }
    case 'break':
      return '\n'
    case 'html':
      return /^<br\s*\/?>$/i.test(node.value) ? '\n' : node.value
    case 'footnoteReference':
      return `[${node.identifier}]`
    case 'link':
    case 'linkReference':
    case 'image':
    case 'imageReference':
      return link(node, place)
    default:
      return 'children' in node ? textOf(node.children, place) : 'value' in node ? node.value : ''
  }
}

function marked(type: 'bold' | 'italic' | 'strikethrough', nodes: Nodes[], place: Place): RichText {
  const text = textOf(nodes, place)
  return text === '' ? '' : { type, text }
}

/** A picture is a link to it: as a picture, Telegram would fetch it from wherever the text says. */
function link(node: Link | LinkReference | Image | ImageReference, place: Place): RichText {
  const url = 'url' in node ? node.url : (place.definitions.get(node.identifier) ?? '')
  const content = 'children' in node ? textOf(node.children, { ...place, linked: true }) : (node.alt ?? '')
  const label = wordsOfRich(content).trim() === '' ? url : content
  const words = wordsOfRich(label)
  if (place.linked || isSpelledOut(words, url)) return label
  const address = checkUrl(url)
  if (address) return { type: 'url', text: label, url: address }
  return url && words !== url ? [label, ` (${url.replace(/^mailto:/, '')})`] : label
}

/** "Including nested blocks, list items, ordered list items, table rows, quotation blocks, and details blocks". */
function countOf(blocks: InputRichBlock[]): number {
  return blocks.reduce((sum, block) => {
    if (block.type === 'list') return sum + 1 + block.items.reduce((all, item) => all + 1 + countOf(item.blocks), 0)
    if (block.type === 'table') return sum + 1 + block.cells.length
    return sum + 1 + (block.type === 'blockquote' ? countOf(block.blocks) : 0)
  }, 0)
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return (Array.isArray(value) ? 0 : 1) + Math.max(0, ...Object.values(value).map(depthOf))
}

function columnsIn(blocks: InputRichBlock[]): number {
  const columns = blocks.map(block => {
    if (block.type === 'list') return Math.max(0, ...block.items.map(item => columnsIn(item.blocks)))
    if (block.type === 'blockquote') return columnsIn(block.blocks)
    return block.type === 'table' ? (block.cells[0]?.length ?? 0) : 0
  })
  return Math.max(0, ...columns)
}
