import type { OutFile } from '../src/adapter.ts'
import type { Attachment } from '../src/message.ts'
import type { FakeChat } from './fakes.ts'

/** The beginnings of files, and some bytes more. */
export const png = aFile('\x89PNG\r\n\x1a\n')
export const jpeg = aFile('\xff\xd8\xff\xe0')
export const voice = aFile('OggS')
export const pdf = aFile('%PDF-1.7')

export function aFile(beginning: string, bytes = 2000): Uint8Array {
  return Buffer.concat([Buffer.from(beginning, 'latin1'), Buffer.alloc(bytes - beginning.length)])
}

export const attach = (kind: Attachment['kind'], name: string, over: Partial<Attachment> = {}): Attachment => ({
  kind,
  name,
  ref: `ref-of-${name}`,
  ...over,
})

/** Lets a platform in memory carry files: `attached` holds what people sent, by name; an error there is thrown. */
export function withFiles(chat: FakeChat, attached: Record<string, Uint8Array | Error> = {}) {
  const posted: (OutFile & { replyTo: string | undefined; key: string | undefined })[] = []
  const fetched: string[] = []
  const failures: Error[] = []
  chat.adapter.fetchFile = async ref => {
    const name = ref.replace('ref-of-', '')
    fetched.push(name)
    const file = attached[name] ?? new Error('no such file')
    if (file instanceof Error) throw file
    return file
  }
  chat.adapter.postFile = async (_conversation, file, replyTo, key) => {
    const failure = failures.shift()
    if (failure) throw failure
    posted.push({ ...file, replyTo, key })
    return `file-${posted.length}`
  }
  return {
    posted,
    fetched,
    names: () => posted.map(({ name }) => name),
    failNext: (...errors: Error[]) => void failures.push(...errors),
  }
}
