import type { OutFile } from '../../src/adapter.ts'
import type { Conversation } from '../../src/message.ts'
import type { KeptFiles } from './kept-files.ts'
import { problem } from './problem.ts'
import { sessionShape } from './question.ts'
import type { SentFile } from './reply-line.ts'
import type { Route } from './route.ts'
import { conversationOf } from './talk.ts'

/** The store knows bytes alone, so that what they are stands in a line before them. */
export async function keepFile(files: KeptFiles, conversation: Conversation, { name, mime, data }: OutFile): Promise<SentFile> {
  const head = Buffer.from(`${JSON.stringify({ name, mime })}\n`)
  return { id: await files.keep(conversation, Buffer.concat([head, data])), name, mime, bytes: data.length }
}

/** What a browser may draw, and which can do nothing there; everything else is only handed out to be saved. */
const pictures = /^image\/(png|jpeg|gif|webp|avif)$/

export function fileRoutes(files?: KeptFiles): Route[] {
  return [
    {
      method: 'GET',
      path: '/chat/files/:session_id/:id',
      gives: 'file',
      about: 'a file of a card, for the key that began the session; it is kept for a day',
      async handle(c) {
        const { session_id: session = '', id = '' } = c.req.param()
        const kept = sessionShape.test(session) ? await files?.load(conversationOf(c, session), id) : undefined
        const file = kept instanceof Uint8Array ? unpack(kept) : undefined
        if (!file) throw problem(404, 'there is no such file in this session: files are kept for a day')
        return c.body(file.data, 200, {
          'Content-Type': pictures.test(file.mime) ? file.mime : 'application/octet-stream',
          'Content-Disposition': `attachment; filename*=UTF-8''${spelled(file.name)}`,
          'Content-Security-Policy': "default-src 'none'; sandbox",
        })
      },
    },
  ]
}

/** As RFC 8187 has it. */
const spelled = (name: string) =>
  encodeURIComponent(name.toWellFormed()).replace(/['()*]/g, mark => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)

/** Undefined where it is none of this door's. */
function unpack(kept: Uint8Array): { name: string; mime: string; data: Uint8Array<ArrayBuffer> } | undefined {
  const end = kept.indexOf(10)
  if (end < 0) return undefined
  const head = headIn(Buffer.from(kept.subarray(0, end)).toString())
  return head && { ...head, data: new Uint8Array(kept.subarray(end + 1)) }
}

function headIn(line: string): { name: string; mime: string } | undefined {
  try {
    const head: unknown = JSON.parse(line)
    if (typeof head !== 'object' || head === null || !('name' in head && 'mime' in head)) return undefined
    return { name: String(head.name), mime: String(head.mime) }
  } catch {
    return undefined // another door's
  }
}
