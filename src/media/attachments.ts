import type { Adapter } from '../adapter.ts'
import { Refused } from '../errors.ts'
import type { Unread } from '../i18n/en.ts'
import { wordsFor } from '../i18n/i18n.ts'
import { inUnits } from '../i18n/size.ts'
import { type Log, reason } from '../log.ts'
import type { Attachment, Message } from '../message.ts'
import type { Transcribe } from '../model.ts'
import { cleanName } from './name.ts'
import { type Content, createReader } from './reader.ts'

/** An attachment that was not read, or not to its end. */
export interface Missed {
  why: Unread
  name: string
  /** The limit that it exceeds, or what it is; empty where `why` says all. */
  detail: string
}

export interface Attachments {
  /** What was found so far, by the `ref` of the attachment. */
  readonly contents: ReadonlyMap<string, Content>
  /** Fetches what is attached to these messages and to those that they quote. Throws only what aborted the signal. */
  read(messages: Message[]): Promise<void>
}

export interface AttachmentsOptions {
  adapter: Pick<Adapter, 'fetchFile'>
  /** Absent: nothing can be heard. */
  transcribe?: Transcribe
  /** The person is to know of it. */
  onMissed(missed: Missed): void
  signal: AbortSignal
  log: Log
}

type FetchFile = NonNullable<Adapter['fetchFile']>

const mostFiles = 10
/** Nothing here can make a picture smaller. Telegram hands out 20 MB at most; OpenAI takes recordings of 25 MB. */
const mostBytes = { image: 5_000_000, audio: 20_000_000, file: 5_000_000 }
const fetchingMayTakeMs = 60_000

/** What is attached to the messages of one turn, within the limits of a turn; after a crash it is simply fetched again. */
export function openAttachments(options: AttachmentsOptions): Attachments {
  const { adapter, transcribe, onMissed, signal, log } = options
  const contents = new Map<string, Content>()
  const reader = createReader({ ...options, miss })
  let left = mostFiles

  function miss(file: Attachment, why: Unread, detail = ''): Content {
    const name = cleanName(file.name)
    onMissed({ why, name, detail })
    return { remark: wordsFor('en', 'en').unread[why](name, detail) }
  }
  async function readOne(file: Attachment): Promise<Content> {
    if (file.kind === 'video' || !adapter.fetchFile) return {} // the tools' business, or nobody's: it is named
    if (file.kind === 'audio' && !transcribe) return miss(file, 'deaf')
    if (left-- <= 0) return miss(file, 'many', String(mostFiles))
    const most = mostBytes[file.kind]
    const data = (file.bytes ?? 0) > most ? 'large' : await fetchOne(adapter.fetchFile, file.ref, most)
    if (data === 'away') return miss(file, data)
    return data === 'large' || data.length > most ? miss(file, 'large', inUnits(most)) : reader.read(file, data)
  }
  async function fetchOne(fetch: FetchFile, ref: string, most: number): Promise<Uint8Array | 'large' | 'away'> {
    try {
      return await fetch(ref, most, AbortSignal.any([signal, AbortSignal.timeout(fetchingMayTakeMs)]))
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof Refused) return 'large'
      log.warn({ reason: reason(error) }, 'an attachment could not be fetched')
      return 'away'
    }
  }
  return {
    contents,
    async read(messages) {
      // One after the other: the bytes of one recording or text are let go before the next ones come.
      for (const file of attachedTo(messages)) if (!contents.has(file.ref)) contents.set(file.ref, await readOne(file))
    },
  }
}

function attachedTo(messages: Message[]): Attachment[] {
  const asked = messages.filter(({ withdrawn }) => !withdrawn)
  return asked.flatMap(({ attachments, quoted }) => [...attachments, ...(quoted?.attachments ?? [])])
}
