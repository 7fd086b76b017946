import { z } from 'zod'
import { Refused } from '../../src/errors.ts'
import type { Attachment, Conversation } from '../../src/message.ts'
import { check } from './check.ts'
import type { KeptFiles } from './kept-files.ts'
import { problem } from './problem.ts'

/** More than this are not read by anybody. */
const mostFiles = 10
/** What the house reads of a picture or a text. */
const mostBytes = 5_000_000

const file = z.looseObject({
  name: z.string({ error: 'must be a text' }).min(1, 'is empty').max(200, 'must have at most 200 characters'),
  url: z
    .string({ error: 'must be a text' })
    .regex(/^data:[\w.+-]+\/[\w.+-]+(;[\w.+=-]+){0,20};base64,/, 'must be a data: URL in base64: no address is fetched'),
})

/** `attachments` of a question: pictures, texts, PDF and recordings, each as a data URL. */
export const attachedFiles = z
  .array(file, { error: 'must be a list of {name, url}' })
  .max(mostFiles, `must hold at most ${mostFiles} files`)
const shape = z.looseObject({ attachments: attachedFiles.nullish() })

/** Throws 400, and 413 for a file that nobody would read. */
export function readAttached(body: Record<string, unknown>): Attachment[] {
  return (check(shape, body).attachments ?? []).map(({ name, url }, at) => {
    const mime = /^data:([^;]+)/.exec(url)?.[1] ?? ''
    const bytes = sizeOf(url)
    const param = `attachments[${at}]`
    if (bytes > mostBytes)
      throw problem(413, `"${param}" is too large: at most ${mostBytes / 1e6} MB are read of a file`, { param })
    return { kind: kindOf(mime), name, mime, bytes, ref: url }
  })
}

const kinds = new Map<string, Attachment['kind']>([
  ['image', 'image'],
  ['audio', 'audio'],
])
const kindOf = (mime: string) => kinds.get(mime.slice(0, mime.indexOf('/'))) ?? 'file'

const contentOf = (dataUrl: string) => dataUrl.slice(dataUrl.indexOf(',') + 1)
const sizeOf = (dataUrl: string) => Math.floor((contentOf(dataUrl).replace(/={1,2}$/, '').length * 3) / 4)

/** Lays the bytes where they fade after a day: what waits in line, and what may be asked once more for a week, stays small. */
export async function layAside(
  attachments: Attachment[],
  conversation: Conversation,
  files: KeptFiles | undefined,
): Promise<Attachment[]> {
  if (!files) return attachments
  const lay = async ({ ref, ...file }: Attachment) => {
    const id = await files.keep(conversation, Buffer.from(contentOf(ref), 'base64'))
    return { ...file, ref: `${conversation} ${id}` }
  }
  return Promise.all(attachments.map(lay))
}

/** What came with a question: laid aside, or as a data URL. Throws Refused. */
export async function fetchAttached(ref: string, most: number, files: KeptFiles | undefined): Promise<Uint8Array> {
  const [conversation = '', id = ''] = ref.split(' ')
  const data = ref.startsWith('data:') ? Buffer.from(contentOf(ref), 'base64') : await files?.load(conversation, id)
  if (!(data instanceof Uint8Array)) throw new Error('what was attached is no longer kept')
  if (data.length > most) throw new Refused(`a file of ${data.length} bytes, of which at most ${most} are taken`)
  return data
}
