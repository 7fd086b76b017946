import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client'
import { inUnits } from '../i18n/size.ts'
import type { ToolFile, ToolResult } from '../toolbox.ts'

const maxChars = 100_000

/** What a model reads of a result: words, never base64. Pictures, audio and binary resources are its files. */
export function showResult({ content, structuredContent, isError }: CallToolResult): ToolResult {
  const parts = content.map(showBlock).filter(part => part.trim() !== '')
  // Structured content repeats the text for machines; it speaks only where there is none.
  const hasText = content.some(block => block.type === 'text' && block.text.trim() !== '')
  if (!hasText && structuredContent !== undefined) parts.unshift(JSON.stringify(structuredContent, hideBase64, 2))
  const files = content.flatMap(fileIn)
  const text = cut(parts.join('\n\n'))
  if (files.length > 0) return { ok: isError !== true, text, files }
  return { ok: isError !== true, text: text || '(the tool returned nothing)' }
}

function fileIn(block: ContentBlock): ToolFile[] {
  if (block.type === 'image' || block.type === 'audio') return [{ data: Buffer.from(block.data, 'base64') }]
  if (block.type !== 'resource' || !('blob' in block.resource)) return []
  return [{ name: block.resource.uri.replace(/[?#].*$/s, ''), data: Buffer.from(block.resource.blob, 'base64') }]
}

function showBlock(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text
    case 'image':
    case 'audio':
      return ''
    case 'resource_link':
      return `${block.title ?? block.name} <${block.uri}>`
    case 'resource':
      return 'text' in block.resource ? block.resource.text : `<${block.resource.uri}>`
  }
}

/** Some servers repeat their pictures in the structured content. */
function hideBase64(_key: string, value: unknown): unknown {
  const isBase64 = typeof value === 'string' && value.length > 1000 && /^(data:[^,]{1,100},)?[A-Za-z0-9+/_-]+=*$/.test(value)
  return isBase64 ? `[data in base64, ${inUnits(Math.floor((value.length * 3) / 4))}]` : value
}

function cut(text: string): string {
  if (text.length <= maxChars) return text
  return `${text.slice(0, maxChars)}\n\n(cut here: the result has ${text.length} characters, of which these are the first ${maxChars})`
}
