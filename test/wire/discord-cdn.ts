// Where Discord keeps what people and bots attach: links that are signed and expire.
import type { Route, WireAnswer } from './discord-messages.ts'
import { snowflake, type WireAttachment, type World } from './discord-world.ts'

export interface WireFile {
  name: string
  type: string
  data: Uint8Array
}

export interface CdnOptions {
  /** Where the wire is reached. */
  cdnUrl(): string
  /** What one file may have. */
  fileBytes: number
}

/** The link to a file, good until a time (milliseconds since 1970). */
function linkTo(channelId: string, id: string, name: string, until: number, { cdnUrl }: Pick<CdnOptions, 'cdnUrl'>): string {
  const seconds = Math.floor(until / 1000).toString(16)
  return `${cdnUrl()}/attachments/${channelId}/${id}/${name}?ex=${seconds}&is=1&hm=${seconds}`
}

const dayMs = 24 * 60 * 60_000

export function keepFiles(
  world: World,
  channelId: string,
  files: WireFile[],
  options: CdnOptions,
  until = Date.now() + dayMs,
): WireAttachment[] {
  return files.map(({ name, type, data }) => {
    const id = snowflake()
    world.files.set(id, data)
    return { id, filename: name, size: data.length, content_type: type, url: linkTo(channelId, id, name, until, options) }
  })
}

const gone: WireAnswer = { status: 404, body: 'This content is no longer available.' }

export function cdnRoutes(world: World, options: CdnOptions): Route[] {
  return [
    {
      method: 'GET',
      open: true,
      pattern: /^\/attachments\/\d+\/(\d+)\/[^/]+$/,
      answer([id = ''], { query }) {
        const data = world.files.get(id)
        const isSigned = query.get('hm') === query.get('ex') && Number.parseInt(query.get('ex') ?? '', 16) * 1000 > Date.now()
        return data && isSigned ? { status: 200, body: data } : gone
      },
    },
    {
      method: 'POST',
      pattern: /^\/attachments\/refresh-urls$/,
      answer: (_, { body }) => ({
        status: 200,
        body: { refreshed_urls: (body['attachment_urls'] as string[]).flatMap(original => refreshed(original, world, options)) },
      }),
    },
  ]
}

function refreshed(original: string, world: World, options: CdnOptions): object[] {
  const [, channelId = '', id = '', name = ''] = /\/attachments\/(\d+)\/(\d+)\/([^/?]+)/.exec(original) ?? []
  return world.files.has(id) ? [{ original, refreshed: linkTo(channelId, id, name, Date.now() + dayMs, options) }] : []
}
