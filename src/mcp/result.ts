import { isDeepStrictEqual } from 'node:util'
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client'
import type { ServerConfig } from '../config/servers.ts'
import { inUnits } from '../i18n/size.ts'
import type { ToolFile, ToolResult } from '../toolbox.ts'
import { clean, hideBase64 } from './clean.ts'
import { countInText, countItems } from './count.ts'
import { isRecord } from './mend.ts'
import { toMarkdown, toPlain } from './render.ts'

/** More than that nobody can read on in; what the model reads at once is cut behind it. */
const maxChars = 8_000_000
/** What the house has to say about a result, for the model. */
export const remarkKey = 'bellhop/remark'

/** What a model reads of a result: words, never base64. Pictures, audio and binary resources are its files. */
export function showResult(
  { content, structuredContent, isError, _meta }: CallToolResult,
  format: ServerConfig['result'] = 'markdown',
): ToolResult {
  const texts = content.filter(block => block.type === 'text').map(({ text }) => text)
  const isTold = texts.some(text => text.trim() !== '')
  const speaksItself = structuredContent !== undefined && (!isTold || format === 'json' || repeats(texts, structuredContent))
  const blocks = speaksItself ? content.filter(block => block.type !== 'text') : content
  const parts = [...(speaksItself ? [inFormat(structuredContent, format)] : []), ...blocks.map(showBlock)]
  const files = content.flatMap(fileIn)
  const remark = _meta?.[remarkKey]
  const words = clean(cut(hideBase64(parts.filter(part => part.trim() !== '').join('\n\n'))))
  const text = typeof remark === 'string' ? `${words}\n\n(${remark})`.trim() : words
  const count = isError === true || files.length > 0 ? undefined : countOf(texts, structuredContent)
  const isKept = typeof remark !== 'string' && isRecord(structuredContent)
  const told = {
    ok: isError !== true,
    ...(count !== undefined && { count }),
    ...(isKept && { structured: structuredContent }),
  }
  if (files.length > 0) return { ...told, text, files }
  return { ...told, text: text || '(the tool returned nothing)' }
}

function countOf(texts: string[], structured: unknown): number | undefined {
  if (structured !== undefined) return countItems(structured)
  return texts.length === 1 ? countInText(texts[0] ?? '') : undefined
}

/**
 * Whether the text is nothing but the structured content once more, as the specification asks of servers. Where it has numbers that lose
 * their last digits when they are read as numbers, such as long ids, only the text still has them.
 */
function repeats(texts: string[], structured: unknown): boolean {
  if (texts.length !== 1 || !isExact(structured)) return false
  try {
    return isDeepStrictEqual(JSON.parse(texts[0] ?? ''), structured)
  } catch {
    return false // it is no JSON, and says something of its own
  }
}

function isExact(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value)
  return typeof value !== 'object' || value === null || Object.values(value).every(isExact)
}

function inFormat(structured: unknown, format: ServerConfig['result']): string {
  const shown: unknown = JSON.parse(JSON.stringify(structured, hideIn) ?? 'null')
  if (format === 'json') return JSON.stringify(shown, null, 2)
  return format === 'plain' ? toPlain(shown) : toMarkdown(shown)
}

function fileIn(block: ContentBlock): ToolFile[] {
  const audience = block.annotations?.audience ?? []
  const unposted = audience.length > 0 && !audience.includes('user') && { unposted: true }
  if (block.type === 'image' || block.type === 'audio') return [{ data: Buffer.from(block.data, 'base64'), ...unposted }]
  if (block.type !== 'resource' || !('blob' in block.resource)) return []
  const name = block.resource.uri.replace(/[?#].*$/s, '')
  return [{ name, data: Buffer.from(block.resource.blob, 'base64'), ...unposted }]
}

function showBlock(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text
    case 'image':
    case 'audio':
      return ''
    case 'resource_link':
      return showLink(block)
    case 'resource':
      return 'text' in block.resource ? block.resource.text : `<${addressOf(block.resource.uri)}>`
  }
}

function showLink({ title, name, uri, description, mimeType, size }: Extract<ContentBlock, { type: 'resource_link' }>): string {
  const facts = [mimeType, size === undefined ? undefined : inUnits(size)].filter(fact => fact !== undefined).join(', ')
  return `${title ?? name} <${addressOf(uri)}>${facts && ` (${facts})`}${description ? `: ${description}` : ''}`
}

/** A `data:` address is the thing itself. */
const addressOf = (uri: string) => (/^data:/i.test(uri) ? `${uri.slice(0, uri.indexOf(',') + 1)}…` : uri)

/** Some servers repeat their pictures in the structured content. Before it becomes JSON, whose escapes would break up the data. */
function hideIn(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? hideBase64(value) : value
}

function cut(text: string): string {
  if (text.length <= maxChars) return text
  return `${text.slice(0, maxChars).replace(/[\uD800-\uDBFF]$/, '')}\n\n(cut here: the result has ${text.length} characters, of which these are the first ${maxChars})`
}
