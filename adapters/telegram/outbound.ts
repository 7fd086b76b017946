import type { MessageEntity } from 'grammy/types'
import type {
  Blockquote,
  Code,
  Definition,
  Image,
  ImageReference,
  Link,
  LinkReference,
  List,
  ListItem,
  Nodes,
  Paragraph,
  Table,
} from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { cjkFriendlyExtension } from 'micromark-extension-cjk-friendly'
import { gfm } from 'micromark-extension-gfm'
import type { Limits } from '../../src/adapter.ts'
import { paceOf } from './pace.ts'
import { drawTable } from './table.ts'
import { tidy } from './tidy.ts'

/** A text and what of it is bold, a link, code…: offsets and lengths in UTF-16 units, which are those of JavaScript strings. */
export interface Rendered {
  text: string
  entities: MessageEntity[]
}

/**
 * 4096: `text` of sendMessage "1-4096 characters after entities parsing" (core.telegram.org/bots/api#sendmessage).
 * 1100 ms: "avoid sending more than one message per second" in one chat (core.telegram.org/bots/faq), and edits count like
 * messages (tdlib/td#3034); a tenth on top for clocks that disagree.
 */
export const limits: Limits = {
  chars: 4096,
  length: markdown => toTelegram(markdown).text.length,
  editEveryMs: 1100,
  pace: paceOf,
  keyedPosts: false,
}

/** Markdown as models write it, for any input at all; never empty, since Telegram refuses an empty message. */
export function toTelegram(markdown: string): Rendered {
  const source = markdown.toWellFormed()
  const rendered = tidy(render(source))
  return rendered.text ? rendered : { text: '…', entities: [] }
}

const syntax = {
  extensions: [gfm(), cjkFriendlyExtension()],
  mdastExtensions: [gfmFromMarkdown()],
}

/** Nobody means forty quotes within quotes, or bold in italics a hundred times over: it would only exhaust the parser and the stack. */
const tooDeep = /^(?:[ \t]*(?:>|[*+-][ \t]|\d+[.)][ \t])){40}|[*_~]{200}[^\s*_~]/m

function render(source: string): Rendered {
  if (tooDeep.test(source)) return plain(source)
  try {
    const root = fromMarkdown(source, syntax)
    const definitions = new Map(root.children.filter(isDefinition).map(node => [node.identifier, node.url]))
    return blocks(root.children, { indent: '', quoted: false, linked: false, definitions }, '\n\n')
  } catch {
    return plain(source) // thousands of nested marks exhaust the stack, and some texts the parser itself: shown as they were written
  }
}

const isDefinition = (node: Nodes): node is Definition => node.type === 'definition'

/** Where a node stands. */
interface Place {
  /** What every line but the first begins with. */
  indent: string
  quoted: boolean
  linked: boolean
  definitions: Map<string, string>
}

function blocks(nodes: Nodes[], place: Place, gap: string): Rendered {
  const shown = nodes.map(node => ({ node, piece: block(node, place) })).filter(({ piece }) => piece.text !== '')
  const pieces = shown.flatMap(({ node, piece }, i) =>
    i === 0 ? [piece] : [plain(gap + (isBox(node) ? '' : place.indent)), piece],
  )
  return join(pieces)
}

/** Boxes are drawn at the edge: an indentation would shift their first line alone. */
const isBox = (node: Nodes | undefined) => node?.type === 'code' || node?.type === 'table' || node?.type === 'blockquote'

function block(node: Nodes, place: Place): Rendered {
  switch (node.type) {
    case 'paragraph':
      return paragraph(node, place)
    case 'heading':
      return mark(inlines(node.children, place), { type: 'bold' })
    case 'code':
      return code(node)
    case 'list':
      return list(node, place)
    case 'blockquote':
      return quote(node, place)
    case 'table':
      return table(node, place)
    case 'thematicBreak':
      return plain('──────────')
    case 'footnoteDefinition':
      return join([plain(`[${node.identifier}] `), blocks(node.children, place, '\n')])
    case 'definition':
      return plain('')
    default:
      return inline(node, place)
  }
}

/** `-# ` before a paragraph is small print, as on Discord; the nearest that Telegram has is italics. */
function paragraph({ children: [first, ...others] }: Paragraph, place: Place): Rendered {
  if (first?.type !== 'text' || !first.value.startsWith('-# ')) return inlines(first ? [first, ...others] : [], place)
  return mark(inlines([{ ...first, value: first.value.slice(3) }, ...others], place), { type: 'italic' })
}

function code(node: Code): Rendered {
  const language = node.lang ? { language: node.lang } : {}
  return mark(plain(node.value), { type: 'pre', ...language })
}

function list(node: List, place: Place): Rendered {
  const gap = plain(`\n${place.indent}`)
  const first = node.start ?? 1
  return join(
    node.children.flatMap((child, i) => [...(i === 0 ? [] : [gap]), item(child, node.ordered ? `${first + i}. ` : '', place)]),
  )
}

function item(node: ListItem, number: string, place: Place): Rendered {
  const box = typeof node.checked === 'boolean' ? (node.checked ? '☑ ' : '☐ ') : ''
  const marker = number + box || '• '
  const content = blocks(node.children, { ...place, indent: place.indent + ' '.repeat(marker.length) }, '\n')
  return join([plain(isBox(node.children[0]) ? `${marker.trimEnd()}\n` : marker), content])
}

/** Telegram has no quotes within quotes. */
function quote(node: Blockquote, place: Place): Rendered {
  const content = blocks(node.children, { ...place, indent: '', quoted: true }, '\n\n')
  return place.quoted ? content : mark(content, { type: 'blockquote' })
}

/** Drawn as code, since Telegram has no tables; code holds no links, so these follow below it. */
function table(node: Table, place: Place): Rendered {
  const rows = node.children.map(row => row.children.map(cell => inlines(cell.children, { ...place, indent: '' })))
  const drawn = drawTable(
    rows.map(row => row.map(cell => cell.text.replace(/\s+/g, ' ').trim())),
    node.align ?? [],
  )
  const links = rows.flat().flatMap(cell => cell.entities.filter(isLink).map(link => cutOut(cell, link)))
  return join([mark(plain(drawn), { type: 'pre' }), ...links.flatMap((link, i) => [plain(i === 0 ? '\n' : ' · '), link])])
}

const isLink = (entity: MessageEntity) => entity.type === 'text_link'
const cutOut = ({ text }: Rendered, part: MessageEntity) =>
  mark(plain(text.substring(part.offset, part.offset + part.length)), part)

function inlines(nodes: Nodes[], place: Place): Rendered {
  return join(nodes.map(node => inline(node, place)))
}

function inline(node: Nodes, place: Place): Rendered {
  switch (node.type) {
    case 'text':
      return plain(node.value.replaceAll('\n', `\n${place.indent}`))
    case 'strong':
      return mark(inlines(node.children, place), { type: 'bold' })
    case 'emphasis':
      return mark(inlines(node.children, place), { type: 'italic' })
    case 'delete':
      return mark(inlines(node.children, place), { type: 'strikethrough' })
    case 'inlineCode':
      // Telegram keeps only one of a link and the code in it.
      return place.linked ? plain(node.value) : mark(plain(node.value), { type: 'code' })
    case 'break':
      return plain(`\n${place.indent}`)
    case 'html':
      return plain(/^<br\s*\/?>$/i.test(node.value) ? `\n${place.indent}` : node.value)
    case 'footnoteReference':
      return plain(`[${node.identifier}]`)
    case 'link':
    case 'linkReference':
    case 'image':
    case 'imageReference':
      return link(node, place)
    default:
      return 'children' in node ? inlines(node.children, place) : plain('value' in node ? node.value : '')
  }
}

function link(node: Link | LinkReference | Image | ImageReference, place: Place): Rendered {
  const url = 'url' in node ? node.url : (place.definitions.get(node.identifier) ?? '')
  const content = 'children' in node ? inlines(node.children, { ...place, linked: true }) : plain(node.alt ?? '')
  const label = content.text.trim() ? content : plain(url)
  if (place.linked || isSpelledOut(label.text, url)) return label
  const address = checkUrl(url)
  if (address) return mark(label, { type: 'text_link', url: address })
  return url && label.text !== url ? join([label, plain(` (${url.replace(/^mailto:/, '')})`)]) : label
}

/** Telegram itself makes these links. */
const isSpelledOut = (label: string, url: string) => [label, `http://${label}`, `mailto:${label}`].includes(url)

/**
 * Telegram refuses the whole message for one address that it dislikes ("entity URL … is invalid: Wrong HTTP URL"): one without
 * a dot in its host, or of another scheme. It takes `tg://user?id=`, but that would ping the person.
 */
function checkUrl(url: string): string | undefined {
  const parsed = URL.parse(url)
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) return undefined
  return /[^.]\.[^.]/.test(parsed.hostname) ? parsed.href : undefined
}

const plain = (text: string): Rendered => ({ text, entities: [] })

type Mark = MessageEntity extends infer One ? (One extends MessageEntity ? Omit<One, 'offset' | 'length'> : never) : never

function mark({ text, entities }: Rendered, what: Mark): Rendered {
  return { text, entities: [{ ...what, offset: 0, length: text.length } as MessageEntity, ...entities] }
}

function join(pieces: Rendered[]): Rendered {
  let text = ''
  const entities: MessageEntity[] = []
  for (const piece of pieces) {
    const start = text.length
    entities.push(...piece.entities.map(entity => ({ ...entity, offset: entity.offset + start })))
    text += piece.text
  }
  return { text, entities }
}
