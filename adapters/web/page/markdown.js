// Reads a card: its steps, and Markdown → a tree of plain nodes: a string, or {tag, children, …}. No HTML is ever written, so none
// can be smuggled in. Lengths in the patterns are bounded, because text from a model or a web page may be made to be slow to read.

const deepest = 8
const states = { '⏳': 'running', '✅': 'ok', '⚠️': 'failed', '💭': 'thinking', '…': 'earlier' }

/**
 * A running card ends with a block of lines: `… and 3 more`, a line for each step, `💭 thinking…`. What was said before stands above
 * it. A final card, and one whose answer is being written, is all text.
 */
export function readCard({ text, final }) {
  const at = text.lastIndexOf('\n\n')
  const steps = text
    .slice(at < 0 ? 0 : at + 2)
    .split('\n')
    .map(readStep)
  const live = steps.every(Boolean) && steps.some(({ state }) => state === 'running' || state === 'thinking')
  return final || !live ? { said: text, steps: [] } : { said: text.slice(0, Math.max(at, 0)), steps }
}

/** `⏳ Label · 43 % · message`, in which the words of a server are escaped. */
function readStep(line) {
  const [, mark, words] = /^(⏳|✅|⚠️|💭|…) (.+)$/u.exec(line) ?? []
  if (!mark) return undefined
  const [label, ...facts] = words.split(' · ').map(fact => fact.replace(/\\([!-/:-@[-`{-~])/g, '$1'))
  const percent = /^(\d{1,3}) %$/.exec(facts[0] ?? '')?.[1]
  return { state: states[mark], mark, label, facts: facts.join(' · '), ...(percent && { percent: Number(percent) }) }
}

/** Blocks of a text that may still be growing: an open fence or a half table is no error. */
export function readMarkdown(text) {
  return readBlocks(text.replace(/\r\n?/g, '\n').split('\n'), 0)
}

function readBlocks(lines, depth) {
  const blocks = []
  let at = 0
  while (at < lines.length) {
    const read = depth < deepest ? readers.map(reader => reader(lines, at, depth)).find(Boolean) : undefined
    const [block, next] = read ?? readParagraph(lines, at, depth)
    if (block) blocks.push(block)
    at = next
  }
  return blocks
}

// Each reader looks at the line `at` and gives [block, next line], or undefined when the block is not of its kind.
const readers = [readBlank, readFence, readHeading, readRule, readSmall, readQuote, readTable, readList]

function readBlank(lines, at) {
  return lines[at].trim() ? undefined : [undefined, at + 1]
}

function readFence(lines, at) {
  const open = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)/.exec(lines[at])
  if (!open) return undefined
  const isClose = line => line.trim().startsWith(open[1]) && !line.trim().replaceAll(open[1][0], '')
  let end = at + 1
  while (end < lines.length && !isClose(lines[end])) end++
  return [{ tag: 'pre', language: open[2], children: [lines.slice(at + 1, end).join('\n')] }, end + 1]
}

function readHeading(lines, at, depth) {
  const found = /^ {0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*$/.exec(lines[at])
  // The page has an h1 and an h2 of its own.
  return found && [{ tag: `h${Math.min(found[1].length + 2, 6)}`, children: readInline(found[2], depth) }, at + 1]
}

function readRule(lines, at) {
  return /^ {0,3}([-*_])(?: *\1){2,} *$/.test(lines[at]) ? [{ tag: 'hr', children: [] }, at + 1] : undefined
}

/** `-# ` is Discord's mark for small text: the footer of an answer. */
function readSmall(lines, at, depth) {
  const length = runOf(lines, at, line => line.startsWith('-# '))
  if (!length) return undefined
  const text = lines.slice(at, at + length).map(line => line.slice(3))
  return [{ tag: 'p', kind: 'small', children: readInline(text.join('\n'), depth) }, at + length]
}

function readQuote(lines, at, depth) {
  const length = runOf(lines, at, line => /^ {0,3}>/.test(line))
  if (!length) return undefined
  const inner = lines.slice(at, at + length).map(line => line.replace(/^ {0,3}> ?/, ''))
  return [{ tag: 'blockquote', children: readBlocks(inner, depth + 1) }, at + length]
}

function readTable(lines, at, depth) {
  const rule = lines[at + 1] ?? ''
  if (!lines[at].includes('|') || !/^[\s|:-]+$/.test(rule) || !rule.includes('-')) return undefined
  const sides = cellsOf(rule).map(cell => (cell.endsWith(':') ? (cell.startsWith(':') ? 'center' : 'right') : undefined))
  const head = cellsOf(lines[at])
  if (head.length !== sides.length) return undefined
  const length = runOf(lines, at + 2, line => line.includes('|'))
  const row = (cells, tag) => ({
    tag: 'tr',
    children: head.map((_, column) => ({ tag, side: sides[column], children: readInline(cells[column] ?? '', depth + 1) })),
  })
  const rows = lines.slice(at + 2, at + 2 + length).map(line => row(cellsOf(line), 'td'))
  const parts = [
    { tag: 'thead', children: [row(head, 'th')] },
    { tag: 'tbody', children: rows },
  ]
  return [{ tag: 'table', children: parts }, at + 2 + length]
}

function cellsOf(line) {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
  return inner.split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll('\\|', '|'))
}

const itemShape = /^( {0,8})([-*+]|(\d{1,9})[.)])\s+(.*)$/

function readList(lines, at, depth) {
  const first = itemShape.exec(lines[at])
  if (!first) return undefined
  const ordered = first[3] !== undefined
  const items = []
  let next = at
  while (next < lines.length) {
    const item = itemShape.exec(lines[next])
    if (!item || item[1].length > first[1].length + 1 || (item[3] !== undefined) !== ordered) break
    const length = 1 + bodyLength(lines, next + 1, item[1].length)
    const body = lines
      .slice(next + 1, next + length)
      .map(line => line.slice(Math.min(indentOf(line), item[1].length + item[2].length + 1)))
    items.push(toItem([item[4], ...body], depth))
    next += length
  }
  return [{ tag: ordered ? 'ol' : 'ul', ...(ordered && { start: Number(first[3]) }), children: items }, next]
}

/** An item goes on with lines that stand further in than its mark, also after an empty line. */
function bodyLength(lines, at, indent) {
  let end = at
  for (let next = at; next < lines.length; next++) {
    if (!lines[next].trim()) continue
    if (indentOf(lines[next]) < indent + 2) break
    end = next + 1
  }
  return end - at
}

function toItem([first, ...rest], depth) {
  const task = /^\[([ xX])\]\s+(.*)$/.exec(first)
  const inner = readBlocks([task ? task[2] : first, ...rest], depth + 1)
  const [head, ...tail] = inner
  const children = head?.tag === 'p' && !head.kind ? [...head.children, ...tail] : inner
  return { tag: 'li', children: task ? [task[1] === ' ' ? '☐ ' : '☑ ', ...children] : children }
}

function readParagraph(lines, at, depth) {
  const starts = next => readers.some(reader => reader !== readBlank && reader(lines, next, deepest))
  let end = at + 1
  while (end < lines.length && lines[end].trim() && !starts(end)) end++
  const text = lines
    .slice(at, end)
    .map(line => line.trim())
    .join('\n')
  return [{ tag: 'p', children: readInline(text, depth) }, end]
}

function runOf(lines, at, fits) {
  let length = 0
  while (at + length < lines.length && fits(lines[at + length])) length++
  return length
}

const indentOf = line => line.length - line.trimStart().length

const link = (href, children) => ({ tag: 'a', href, children })
const marked = tag => (found, depth) => ({ tag, children: readInline(found.at(-1), depth + 1) })

// Tried in this order at each place; the last one always fits. Only http and https become links.
const inlines = [
  [/\\([!-/:-@[-`{-~])/y, found => found[1]],
  [/(`{1,4})(?!`)(.{1,4000}?)(?<!`)\1(?!`)/sy, found => ({ tag: 'code', children: [found[2].replace(/^ (.+) $/s, '$1')] })],
  [
    /!?\[([^\]\n]{0,500})\]\((https?:\/\/[^\s()<>]{1,2000}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,200}){0,5})(?:\s+"[^"\n]{0,200}")?\)/y,
    (found, depth) => link(found[2], found[1] ? readInline(found[1], Math.max(depth + 1, deepest - 2)) : [found[2]]),
  ],
  [/<(https?:\/\/[^\s<>]{1,2000})>/y, found => link(found[1], [found[1]])],
  [
    /https?:\/\/[^\s<>"'`|*\\\u3001\u3002\uff0c\uff1b\uff1a\uff01\uff1f\uff08\uff09\u3008-\u3011]{1,2000}/y,
    found => link(found[0], [found[0]]),
  ],
  [/\*\*\*(?=\S)(.{1,4000}?)(?<=\S)\*\*\*/sy, (found, depth) => ({ tag: 'strong', children: [marked('em')(found, depth)] })],
  [/\*\*(?=\S)(.{1,4000}?)(?<=\S)\*\*/sy, marked('strong')],
  [/(?<![\p{L}\p{N}_])__(?=\S)(.{1,4000}?)(?<=\S)__(?![\p{L}\p{N}_])/suy, marked('strong')],
  [/\*(?=[^\s*])(.{1,2000}?)(?<=[^\s*])\*(?!\*)/sy, marked('em')],
  [/(?<![\p{L}\p{N}_])_(?=[^\s_])(.{1,2000}?)(?<=[^\s_])_(?![\p{L}\p{N}_])/suy, marked('em')],
  [/~~(?=\S)(.{1,2000}?)(?<=\S)~~/sy, marked('del')],
  [/\n/y, () => ({ tag: 'br', children: [] })],
  [/h(?!ttps?:)|[^\\`*_[!~<h\n]+|./suy, found => found[0]],
]

function readInline(text, depth) {
  if (depth >= deepest) return [text]
  const nodes = []
  let at = 0
  while (at < text.length) {
    const [node, length] = readOne(text, at, depth)
    const last = nodes.length - 1
    if (typeof node === 'string' && typeof nodes[last] === 'string') nodes[last] += node
    else nodes.push(node)
    at += length
  }
  return nodes
}

function readOne(text, at, depth) {
  for (const [shape, toNode] of inlines) {
    shape.lastIndex = at
    const found = shape.exec(text)
    if (found?.[0].startsWith('http')) return readBareLink(found[0])
    if (found) return [toNode(found, depth), found[0].length]
  }
  return [text[at], 1]
}

/** The full stop after an address, and the bracket around it, belong to the sentence. */
function readBareLink(address) {
  const trimmed = address.replace(/[.,;:!?\]}]+$/, '')
  const bare = trimmed.endsWith(')') && !trimmed.includes('(') ? trimmed.slice(0, -1) : trimmed
  return [link(bare, [bare]), bare.length]
}
