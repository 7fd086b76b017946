import { type ContentBlock, isSpecType } from '@modelcontextprotocol/client'

type Loose = Record<string, unknown>

/** The block as it is, or as it was meant, or words in its place: the SDK throws away a whole result for one that is not valid. */
export function mendBlock(block: unknown, report: (complaint: string) => void): ContentBlock | Loose {
  if (isSpecType.ContentBlock(block)) return block
  if (typeof block === 'string') return { type: 'text', text: block }
  const loose: Loose = typeof block === 'object' && block !== null ? { ...block } : {}
  const bare = strip(loose)
  if (isSpecType.ContentBlock(bare)) return bare
  const type = typeof loose['type'] === 'string' ? loose['type'].slice(0, 40) : 'unknown'
  report(`left out a block of content: it is no valid ${type}`)
  if (typeof loose['text'] === 'string') return { type: 'text', text: loose['text'] }
  return { type: 'text', text: `[${type} content that cannot be shown]` }
}

/** Without what is only said about it, and with its data as plain base64: some send a data URL, or the alphabet of URLs. */
function strip({ annotations: _annotations, _meta, icons: _icons, ...block }: Loose): Loose {
  const kept = Object.fromEntries(Object.entries(block).filter(([, value]) => value !== null))
  const { data, resource } = kept
  if (typeof data === 'string') return { ...kept, data: plainBase64(data) }
  if (typeof resource !== 'object' || resource === null) return kept
  const { _meta: _about, ...inner } = Object.fromEntries(Object.entries(resource).filter(([, value]) => value !== null))
  return { ...kept, resource: typeof inner['blob'] === 'string' ? { ...inner, blob: plainBase64(inner['blob']) } : inner }
}

function plainBase64(data: string): string {
  return data
    .replace(/^data:[^,]*,/, '')
    .replace(/\s/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
}
