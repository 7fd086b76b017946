import type { Message } from 'grammy/types'
import { type Answer, type Payload, refuse } from './telegram-chats.ts'

const megabyte = 1024 * 1024

/** A file that the bot uploaded. */
export interface Uploaded {
  kind: 'photo' | 'document'
  name: string
  data: Buffer
}

interface Given {
  data: Uint8Array
  path: string
  size: number
}

/** The fields and files of a `multipart/form-data` body as grammY writes it: names in quotes, names of files without. */
export function readForm(body: Buffer, contentType: string): Payload {
  const boundary = /boundary=(.+)$/.exec(contentType)?.[1] ?? ''
  const parts = body.toString('latin1').split(`--${boundary}`).slice(1, -1)
  const files = new Map<string, { name: string; data: Buffer }>()
  const payload: Payload = {}
  for (const part of parts) {
    const at = part.indexOf('\r\n\r\n')
    const head = Buffer.from(part.slice(0, at), 'latin1').toString()
    const data = Buffer.from(part.slice(at + 4, -2), 'latin1')
    const [, name = '', filename] = /name="([^"]*)"(?:;\s*filename=([^;\r\n]*))?/.exec(head) ?? []
    if (filename === undefined) payload[name] = readField(data.toString())
    else files.set(name, { name: filename, data })
  }
  const isAttached = (value: unknown): value is string => typeof value === 'string' && value.startsWith('attach://')
  const attached = (value: unknown) => (isAttached(value) ? files.get(value.slice('attach://'.length)) : value)
  return Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, attached(value)]))
}

function readField(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** What lies on Telegram's disks. */
export function createFiles(token: string) {
  const given = new Map<string, Given>()
  const hidden = new Set<string>()
  return {
    /** Returns the `file_id`. */
    give(data: Uint8Array, { path, size = data.length }: { path?: string; size?: number } = {}): string {
      const id = `file-${given.size + 1}`
      given.set(id, { data, size, path: path ?? `documents/file ${given.size + 1}.bin` })
      return id
    },
    get(payload: Payload): Answer {
      const id = String(payload['file_id'])
      const file = given.get(id)
      if (!file) return refuse(400, 'Bad Request: wrong file_id or the file is temporarily unavailable')
      if (file.size > 20 * megabyte && !file.path.startsWith('/')) return refuse(400, 'Bad Request: file is too big')
      return { ok: true, result: { file_id: id, file_unique_id: id, file_size: file.size, file_path: file.path } }
    },
    /** The file of this path cannot be downloaded any more. */
    hide: (path: string) => void hidden.add(path),
    /** What is to be downloaded at this address: undefined where no files are, and nothing where there is none of this name. */
    at(url: string): { data?: Uint8Array } | undefined {
      const folder = `/file/bot${token}/`
      if (!url.startsWith(folder)) return undefined
      const path = decodeURIComponent(url.slice(folder.length))
      const file = [...given.values()].find(one => one.path === path && !hidden.has(path))
      return file ? { data: file.data } : {}
    },
  }
}

/** What a message shows of a file, or what Telegram says against it. */
export function receiveFile(kind: Uploaded['kind'], payload: Payload): Uploaded | Answer {
  const file = payload[kind] as { name: string; data: Buffer } | undefined
  if (!file || file.data.length === 0) return refuse(400, 'Bad Request: file must be non-empty')
  if (file.data.length > 50 * megabyte) return refuse(413, 'Request Entity Too Large')
  if (kind === 'photo') {
    if (file.data.length > 10 * megabyte) return refuse(400, 'Bad Request: file is too big')
    const isPng = file.data.toString('latin1', 1, 4) === 'PNG'
    if (!isPng && file.data.toString('hex', 0, 3) !== 'ffd8ff') return refuse(400, 'Bad Request: IMAGE_PROCESS_FAILED')
    if (isPng && file.data.readUInt32BE(16) + file.data.readUInt32BE(20) > 10_000)
      return refuse(400, 'Bad Request: PHOTO_INVALID_DIMENSIONS')
  }
  return { kind, ...file }
}

export function contentOfFile({ kind, name, data }: Uploaded): Partial<Message> {
  const file = { file_id: `sent-${name}`, file_unique_id: name, file_size: data.length }
  return kind === 'photo' ? { photo: [{ ...file, width: 1, height: 1 }] } : { document: { ...file, file_name: name } }
}
