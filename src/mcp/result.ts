import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client'
import type { ToolResult } from '../toolbox.ts'

const maxChars = 100_000

/** What a model reads of a result: words, never base64. */
export function showResult({ content, structuredContent, isError }: CallToolResult): ToolResult {
  const parts = content.map(showBlock).filter(part => part.trim() !== '')
  // Structured content repeats the text for machines; it speaks only where there is none.
  const hasText = content.some(block => block.type === 'text' && block.text.trim() !== '')
  if (!hasText && structuredContent !== undefined) parts.unshift(JSON.stringify(structuredContent, hideBase64, 2))
  return { ok: isError !== true, text: cut(parts.join('\n\n')) || '(the tool returned nothing)' }
}

function showBlock(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text
    case 'image':
    case 'audio':
      return placeholder(block.type, block.mimeType, block.data)
    case 'resource_link':
      return `${block.title ?? block.name} <${block.uri}>`
    case 'resource':
      if ('text' in block.resource) return block.resource.text
      return `${placeholder('file', block.resource.mimeType ?? 'of unknown type', block.resource.blob)} <${block.resource.uri}>`
  }
}

function placeholder(kind: string, mime: string, base64: string): string {
  return `[${kind} ${mime}, ${inUnits(Math.floor((base64.length * 3) / 4))}]`
}

function inUnits(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

/** Some servers repeat their pictures in the structured content. */
function hideBase64(_key: string, value: unknown): unknown {
  const isBase64 = typeof value === 'string' && value.length > 1000 && /^(data:[^,]{1,100},)?[A-Za-z0-9+/_-]+=*$/.test(value)
  return isBase64 ? placeholder('data', 'in base64', value) : value
}

function cut(text: string): string {
  if (text.length <= maxChars) return text
  return `${text.slice(0, maxChars)}\n\n(cut here: the result has ${text.length} characters, of which these are the first ${maxChars})`
}
