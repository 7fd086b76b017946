import type { Limits } from '../../src/adapter.ts'
import { renderInline } from './inline.ts'
import { paceOf } from './pace.ts'
import { beginsTable, renderTable } from './table.ts'

export const limits: Limits = {
  /** Discord's "Create Message": up to 2000 characters of content. */
  chars: 2000,
  length: markdown => toDiscord(markdown).length,
  editEveryMs: 1100,
  pace: paceOf,
  keyedPosts: true,
}

const rule = '─'.repeat(20)

/**
 * Markdown as models write it → Markdown as Discord shows it: passed through, except what Discord leaves unrendered
 * (tables, deep headings, rules, images, task boxes, `~~~`, `+` bullets, formulas). Never empty, since Discord refuses that.
 */
export function toDiscord(markdown: string): string {
  const lines = markdown.split('\n')
  const out: string[] = []
  let index = 0
  while (index < lines.length) {
    const line = lines[index] ?? ''
    const end = blockEnd(lines, index)
    const block = lines.slice(index, end)
    if (end > index + 1 || openingFence(line)) out.push(...renderBlock(block))
    else if (isTitle(lines, index)) out.push(`# ${renderInline(line.trim())}`)
    else out.push(renderLine(line))
    index = isTitle(lines, index) ? index + 2 : end
  }
  const text = out.join('\n')
  return text.trim() === '' ? '…' : text
}

/** Where the fence, formula or table that begins here ends; a line of its own ends after itself. */
function blockEnd(lines: string[], start: number): number {
  const line = lines[start] ?? ''
  const fence = openingFence(line)
  if (fence) return closeAt(lines, start, closing => closesFence(closing, fence))
  const closing = /^\s*\$\$\s*$/.test(line) ? '$$' : /^\s*\\\[\s*$/.test(line) ? '\\]' : undefined
  if (closing) {
    const end = closeAt(lines, start, later => later.trim() === closing)
    const isWhole = lines[end - 1]?.trim() === closing && end > start + 2
    // TeX has no blank lines in a formula.
    const isTex = !lines.slice(start + 1, end - 1).some(inside => inside.trim() === '' || openingFence(inside))
    return isWhole && isTex ? end : start + 1
  }
  if (!beginsTable(line, lines[start + 1])) return start + 1
  let end = start + 2
  while (lines[end]?.includes('|')) end++
  return end
}

/** Past the line that closes, or past the last: a text that still grows may end within its block. */
function closeAt(lines: string[], start: number, closes: (line: string) => boolean): number {
  const offset = lines.slice(start + 1).findIndex(closes)
  return offset < 0 ? lines.length : start + offset + 2
}

interface Fence {
  before: string
  mark: string
  info: string
}

/** A fence may stand in a list or a quotation. */
function openingFence(line: string): Fence | undefined {
  const [, before, mark, info] = /^((?:[\s>]|[-*+]\s|\d+[.)]\s)*)(`{3,}(?=[^`]*$)|~{3,})(.*)$/.exec(line) ?? []
  return before === undefined || mark === undefined || info === undefined ? undefined : { before, mark, info }
}

function closesFence(line: string, { mark }: Fence): boolean {
  const found = /^[\s>]*(`{3,}|~{3,})\s*$/.exec(line)?.[1]
  return found !== undefined && found[0] === mark[0] && found.length >= mark.length
}

function renderBlock(block: string[]): string[] {
  const [first = ''] = block
  const last = block.at(-1) ?? ''
  const fence = openingFence(first)
  if (!fence) return /^\s*(\$\$|\\\[)/.test(first) ? ['```tex', ...block.slice(1, -1), '```'] : renderTable(block, renderInline)
  const closed = block.length > 1 && closesFence(last, fence)
  const inside = closed ? block.slice(1, -1) : block.slice(1)
  // Discord knows no longer fences: the first three backticks end the code.
  const shown = inside.map(line => line.replaceAll('```', '`\u200b`\u200b`'))
  return [`${fence.before}\`\`\`${fence.info}`, ...shown, ...(closed ? [last.replace(/[`~]+/, '```')] : [])]
}

/** The line is a title, underlined on the next. */
function isTitle(lines: string[], index: number): boolean {
  return /^ {0,3}[^\s#>|+*~`=-]/.test(lines[index] ?? '') && /^ {0,3}={2,}\s*$/.test(lines[index + 1] ?? '')
}

/** What stands before the words of a line: indentation and quotation marks. */
const prefix = String.raw`^([\s>]*)`
const deepHeading = new RegExp(String.raw`${prefix}#{4,6}\s+(.*?)(?:\s+#+)?\s*$`)
const ruler = new RegExp(String.raw`${prefix}([-*_])(?:\s*\2){2,}\s*$`)
const taskBox = new RegExp(String.raw`${prefix}(?:[-*+]|\d+[.)])\s+\[([ xX])\](?=\s)`)
const plusBullet = new RegExp(String.raw`${prefix}\+(?=\s)`)

function renderLine(source: string): string {
  const line = source.replace(/^[ \t]*>(?:[ \t]*>)*[ \t]?/, renderQuote)
  const [, before = '', title] = deepHeading.exec(line) ?? []
  if (title) return `${before}**${renderInline(title.replaceAll('**', ''))}**`
  if (ruler.test(line)) return line.replace(ruler, (_, quoted: string) => quoted + rule)
  const bullets = line
    .replace(taskBox, (_, quoted: string, mark: string) => `${quoted}- ${mark === ' ' ? '☐' : '☑'}`)
    .replace(plusBullet, '$1-')
  return renderInline(bullets)
}

/** Discord wants a blank behind the mark, knows no quotes within quotes, and takes `>>>` for a quote of all that follows. */
function renderQuote(marks: string): string {
  return `> ${'▎'.repeat(marks.replace(/[^>]/g, '').length - 1)}`
}
