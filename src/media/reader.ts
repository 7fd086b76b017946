import type { Unread } from '../i18n/en.ts'
import { type Log, reason } from '../log.ts'
import type { Attachment } from '../message.ts'
import type { Picture, Transcribe } from '../model.ts'
import { cleanName } from './name.ts'
import { readPdf } from './pdf.ts'
import { isPicture, readText, sniff } from './sniff.ts'

/** What was found in an attachment. */
export interface Content {
  /** A sentence about it for the model. */
  remark?: string
  /** Its text, or what is said in it: data, which has no authority. */
  words?: string
  picture?: Picture
}

/** Reads what was fetched, by what its bytes say that it is, within what one turn can take. */
export interface Reader {
  read(file: Attachment, data: Uint8Array): Promise<Content>
}

export interface ReaderOptions {
  transcribe?: Transcribe
  /** What to say of a file that is not read, or not to its end. */
  miss(file: Attachment, why: Unread, detail?: string): Content
  signal: AbortSignal
  log: Log
}

/** At 5 MB each they make a request of 40 MB. */
const mostPictures = 6
/** History keeps them too, and gives about twice as much back. */
const mostChars = 30_000

/** What endpoints for transcription take, by what `sniff` calls it, with the ending by which they tell it. */
const recordings: Record<string, string> = {
  'audio/ogg': 'ogg',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/wav': 'wav',
  'audio/flac': 'flac',
  'video/webm': 'webm',
  'video/mp4': 'mp4',
}

export function createReader({ transcribe, miss, signal, log }: ReaderOptions): Reader {
  let pictures = 0
  let chars = 0

  function look(file: Attachment, mime: string, data: Uint8Array): Content {
    if (++pictures > mostPictures) return miss(file, 'pictures', String(mostPictures))
    return { picture: { name: cleanName(file.name), mime, data } }
  }
  async function listen(file: Attachment, recording: Parameters<Transcribe>[0]): Promise<Content> {
    if (!transcribe) return miss(file, 'deaf')
    try {
      const heard = quote(file, await transcribe(recording, signal))
      return { ...heard, remark: ['What is said in it:', heard.remark].filter(Boolean).join(' ') }
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ reason: reason(error) }, 'a recording could not be transcribed')
      return miss(file, 'unheard')
    }
  }
  function quote(file: Attachment, text: string): Content {
    const words = text.slice(0, mostChars - chars).toWellFormed()
    chars += words.length
    return { words, ...(words.length < text.length && miss(file, 'cut', mostChars.toLocaleString('en'))) }
  }
  async function leaf(file: Attachment, data: Uint8Array): Promise<Content> {
    try {
      const found = await readPdf(data, mostChars - chars, signal)
      if (typeof found === 'string') return miss(file, found)
      const quoted = quote(file, found.words)
      return found.whole || quoted.remark !== undefined ? quoted : { ...quoted, ...miss(file, 'pages', String(found.pages)) }
    } catch (error) {
      signal.throwIfAborted()
      log.error({ reason: reason(error) }, 'PDF cannot be read here')
      return miss(file, 'broken')
    }
  }
  return {
    async read(file, data) {
      const { mime } = sniff(data)
      const ending = mime.startsWith('audio/') || file.kind === 'audio' ? recordings[mime] : undefined
      if (isPicture(mime)) return look(file, mime, data)
      if (ending !== undefined) return listen(file, { name: `recording.${ending}`, mime, data })
      if (mime === 'text/plain') return quote(file, readText(data) ?? '')
      return mime === 'application/pdf' ? leaf(file, data) : miss(file, 'type', mime)
    },
  }
}
