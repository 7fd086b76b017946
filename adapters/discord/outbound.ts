import type { Limits } from '../../src/adapter.ts'
import { blockAt, indentedAt } from './blocks.ts'
import { renderInline } from './inline.ts'
import { columns, createOutline } from './outline.ts'
import { paceOf } from './pace.ts'
import { resolveReferences } from './references.ts'

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
 * (tables, deep headings, rules, images, task boxes, `~~~`, `+` bullets, formulas, …) or shows differently (lists, addresses as labels).
 * Never empty, since Discord refuses that.
 */
export function toDiscord(markdown: string): string {
  const text = renderLines(resolveReferences(markdown.split('\n')), 0).join('\n')
  return text.trim() === '' ? '…' : text
}

/** Nobody means more quotes within quotes. */
const deepestQuote = 8

/** The lines at one depth of quotation, without its marks. */
function renderLines(lines: string[], depth: number): string[] {
  const outline = createOutline()
  const out: string[] = []
  for (let index = 0; index < lines.length; ) {
    const line = lines[index] ?? ''
    const quoted = depth < deepestQuote ? quoteAt(lines, index) : []
    const block =
      quoted.length > 0 ? undefined : (blockAt(lines, index) ?? (outline.inList ? undefined : indentedAt(lines, index)))
    const title = block ? undefined : titleAt(lines, index)
    if (quoted.length > 0 || block || title) out.push(...outline.leave(columns(line) > 0))
    const inner = quoted.length > 0 ? renderLines(quoted, depth + 1) : []
    if (quoted.length > 0) out.push(...inner.map(text => (depth === 0 ? '> ' : '▎') + text))
    else if (block) out.push(...block.lines)
    else if (title) out.push(`${title} ${renderInline(line.trim())}`)
    else if (!foldLine.test(line)) out.push(...outline.place(line).map(renderLine))
    index = block?.end ?? index + (quoted.length || (title ? 2 : 1))
  }
  return [...out, ...outline.leave(false)]
}

/** Tags that set apart what stands between them, or hide it until somebody asks for it. */
const foldLine = /^\s*<\/?(?:details|p|center)(?:\s[^<>]*)?>\s*$/i

/** The lines of the quote that begins here, each without its mark. */
function quoteAt(lines: string[], start: number): string[] {
  const mark = /^[ \t]*>[ \t]?/
  const length = lines.slice(start).findIndex(line => !mark.test(line))
  return lines.slice(start, length < 0 ? undefined : start + length).map(line => line.replace(mark, ''))
}

/** A line that is underlined on the next; what is a whole sentence has a rule below it. */
function titleAt(lines: string[], index: number): '#' | '##' | undefined {
  const [above = '', line = '', under = ''] = [lines[index - 1], lines[index], lines[index + 1]]
  if (!/^ {0,3}(?:=+|-{2,})\s*$/.test(under) || !/^ {0,3}(?![#>|+~=]|[-*] |\d+[.)] )\S/.test(line)) return undefined
  if (under.includes('=')) return '#'
  return above.trim() === '' && !/[.!?:;,。！？：；，…]$/.test(line.trim()) ? '##' : undefined
}

/** What stands before the words of a line: indentation, and the mark of an item. */
const prefix = String.raw`^(\s*(?:(?:[-*+]|\d+[.)])\s+)?)`
const deepHeading = new RegExp(String.raw`${prefix}#{4,6}\s+(.*?)(?:\s+#+)?\s*$`)
const itemHeading = /^(\s*(?:[-*+]|\d+[.)])\s+)#{1,3}\s+(.*?)(?:\s+#+)?\s*$/
const ruler = /^(\s*)([-*_])(?:\s*\2){2,}\s*$/
const taskBox = /^(\s*)(?:[-*+]|\d+[.)])\s+\[([ xX])\](?=\s)/
/** As GitHub has them, at the beginning of a quote. */
const callout = /^\[!([A-Z])([A-Z]+)\]$/
const plusBullet = /^(\s*)\+(?=\s)/

function renderLine(line: string): string {
  const [, before = '', title] = deepHeading.exec(line) ?? itemHeading.exec(line) ?? []
  if (title) return `${before.replace('+', '-')}**${renderInline(title.replaceAll('**', ''))}**`
  if (ruler.test(line)) return line.replace(ruler, (_, indent: string) => indent + rule)
  const bullets = line
    .replace(taskBox, (_, indent: string, mark: string) => `${indent}- ${mark === ' ' ? '☐' : '☑'}`)
    .replace(plusBullet, '$1-')
    .replace(callout, (_, letter: string, others: string) => `**${letter}${others.toLowerCase()}**`)
  return renderInline(bullets)
}
