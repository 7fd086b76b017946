import type {
  Blockquote,
  Code,
  Heading,
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
import type { Limits } from '../../src/adapter.ts'
import { checkUrl, isSpelledOut, linesOf, type Parsed, parse, piecesOf, showDefinition } from './markdown.ts'
import { withoutMentions } from './mentions.ts'
import { paceOf } from './pace.ts'
import { join, mark, plain, type Rendered, withSpoilers } from './rendered.ts'
import { showTable } from './rows.ts'
import { chooseEntities, mostEntities, tidy } from './tidy.ts'

/**
 * 4096: `text` of sendMessage "1-4096 characters after entities parsing" (core.telegram.org/bots/api#sendmessage).
 * 1100 ms: "avoid sending more than one message per second" in one chat (core.telegram.org/bots/faq), and edits count like
 * messages (tdlib/td#3034); a tenth on top for clocks that disagree.
 */
export const limits: Limits = {
  chars: 4096,
  length: lengthOf,
  editEveryMs: 1100,
  pace: paceOf,
  keyedPosts: false,
}

/** Markdown as models write it, for any input at all; never empty, since Telegram refuses an empty message. */
export function toTelegram(markdown: string): Rendered {
  const { text, entities } = renderedOnce(markdown)
  return { text, entities: chooseEntities(entities) }
}

/** That of the text, until there are more entities than a message may have: then it is as if they filled it. */
function lengthOf(markdown: string): number {
  const { text, entities } = renderedOnce(markdown)
  return Math.max(text.length, entities.length > mostEntities ? Math.ceil((entities.length / mostEntities) * 4096) : 0)
}

/** What was rendered last: a reply is measured before it is sent, and rendering is the dear part of both. */
const lately = new Map<string, Rendered>()
const remembered = 32

function renderedOnce(markdown: string): Rendered {
  const known = lately.get(markdown)
  if (known) return known
  const rendered = withoutMentions(tidy(render(markdown.toWellFormed())))
  const shown = rendered.text ? rendered : plain('…')
  lately.set(markdown, shown)
  const [oldest] = lately.keys()
  if (lately.size > remembered && oldest !== undefined) lately.delete(oldest)
  return shown
}

function render(source: string): Rendered {
  try {
    const parsed = parse(source)
    if (!parsed) return plain(source)
    return blocks(parsed.nodes, { indent: '', quoted: false, linked: false, ...parsed }, '\n\n')
  } catch {
    return plain(source) // thousands of nested marks exhaust the stack, and some texts the parser itself: shown as they were written
  }
}

/** Where a node stands. */
interface Place extends Omit<Parsed, 'nodes'> {
  /** What every line but the first begins with. */
  indent: string
  quoted: boolean
  linked: boolean
}

function blocks(nodes: Nodes[], place: Place, gap: string): Rendered {
  const shown = nodes.map(node => ({ node, piece: block(node, place) })).filter(({ piece }) => piece.text !== '')
  const pieces = shown.flatMap(({ node, piece }, i) => {
    if (i === 0) return [piece]
    const lines = isNextLine(shown[i - 1]?.node, node) ? '\n' : gap
    return [plain(lines + (isBox(node, place) ? '' : place.indent)), piece]
  })
  return join(pieces)
}

/** Written without a blank line between them, such as a heading and its text: shown so too. */
const isNextLine = (above: Nodes | undefined, node: Nodes) =>
  above !== undefined && node.position?.start.line === lastLine(above) + 1

/** Of its words: a list in a quote reaches over the empty lines behind it. */
function lastLine(node: Nodes): number {
  const last = node.type === 'list' || node.type === 'listItem' ? node.children.at(-1) : undefined
  return last ? lastLine(last) : (node.position?.end.line ?? 0)
}

/** Boxes are drawn at the edge: an indentation would shift their first line alone. */
function isBox(node: Nodes | undefined, { quoted }: Place): boolean {
  return node?.type === 'code' || node?.type === 'table' || (node?.type === 'blockquote' && !quoted)
}

function block(node: Nodes, place: Place): Rendered {
  switch (node.type) {
    case 'paragraph':
      return paragraph(node, place)
    case 'heading':
      return heading(node, place)
    case 'code':
      return code(node)
    case 'list':
      return list(node, place)
    case 'blockquote':
      return quote(node, place)
    case 'table':
      return table(node, place)
    case 'thematicBreak':
      return plain(rule)
    case 'footnoteDefinition':
      return join([plain(`[${node.identifier}] `), blocks(node.children, place, '\n')])
    case 'definition':
      return plain(showDefinition(node, place))
    default:
      return inline(node, place)
  }
}

/** What is underlined by hyphens and is a whole sentence has a rule below it. */
function heading({ children, depth, position }: Heading, place: Place): Rendered {
  const words = inlines(children, place)
  const isUnderlined = depth === 2 && position !== undefined && position.end.line > position.start.line
  const isSentence = /[.!?:;,。！？：；，…]$|\n/.test(words.text)
  if (isUnderlined && isSentence) return join([words, plain(`\n${place.indent}${rule}`)])
  return mark(words, { type: 'bold' })
}

const rule = '─'.repeat(10)

/** The nearest that there is to small print is italics. */
function paragraph({ children }: Paragraph, place: Place): Rendered {
  const lines = linesOf(children).map(({ small, nodes }) => {
    const line = inlines(nodes, place)
    return small ? mark(line, { type: 'italic' }) : line
  })
  return join(lines.flatMap((line, i) => (i === 0 ? [line] : [plain(`\n${place.indent}`), line])))
}

function code(node: Code): Rendered {
  const language = /[\w+\-.#]*\w[\w+\-.#]*/.exec(node.lang ?? '')?.[0].replace(/^\./, '')
  return mark(plain(node.value), { type: 'pre', ...(language && { language }) })
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
  const marker = number + box || (place.indent.trim() === place.indent ? '• ' : '◦ ')
  const content = blocks(node.children, { ...place, indent: place.indent + ' '.repeat(marker.length) }, '\n')
  return join([plain(isBox(node.children[0], place) ? `${marker.trimEnd()}\n` : marker), content])
}

/** Telegram has no quotes within quotes: an inner one is drawn. */
function quote(node: Blockquote, place: Place): Rendered {
  if (!place.quoted) return mark(blocks(node.children, { ...place, indent: '', quoted: true }, '\n\n'), { type: 'blockquote' })
  return join([plain(bar), blocks(node.children, { ...place, indent: place.indent + bar }, '\n')])
}

const bar = '▎'

function table(node: Table, place: Place): Rendered {
  const rows = node.children.map(row => row.children.map(cell => inlines(cell.children, { ...place, indent: '' })))
  return showTable(rows, node.align ?? [])
}

function inlines(nodes: Nodes[], place: Place): Rendered {
  return withSpoilers(nodes.flatMap(node => (node.type === 'text' ? texts(node.value, place) : [inline(node, place)])))
}

function texts(value: string, place: Place): Rendered[] {
  const words = value.replace(/\[\^(\d{1,3})\]/g, '[$1]') // a footnote whose text is in another part
  return piecesOf(words).map(piece => plain(piece.replaceAll('\n', `\n${place.indent}`)))
}

function inline(node: Nodes, place: Place): Rendered {
  switch (node.type) {
    case 'text':
      return join(texts(node.value, place))
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
  if (place.linked || (isSpelledOut(label.text, url) && !isBracketed(node))) return label
  const address = checkUrl(url)
  if (address) return mark(label, { type: 'text_link', url: address })
  return url && label.text !== url ? join([label, plain(` (${url.replace(/^mailto:/, '')})`)]) : label
}

/** An address in angle brackets ends there, whatever follows. */
const isBracketed = ({ position, ...node }: Link | LinkReference | Image | ImageReference) =>
  'url' in node && position?.end.offset === (position?.start.offset ?? 0) + node.url.length + 2
