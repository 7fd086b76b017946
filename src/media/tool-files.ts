import { inUnits } from '../i18n/size.ts'
import { type Log, reason } from '../log.ts'
import type { Conversation } from '../message.ts'
import type { Entry, KeptFile, Picture } from '../model.ts'
import type { Toolbox, ToolFile, ToolResult } from '../toolbox.ts'
import { fileName } from './name.ts'
import { isPicture, sniff } from './sniff.ts'
import type { FileStore } from './store.ts'

/** What the tools of one turn return beside words. */
export interface ToolFiles {
  /** The same tools; the files in a result are kept before anybody hears of it, and told in its text. */
  toolbox: Toolbox
  /** The transcript with the pictures that the tools have just returned. */
  illustrate(transcript: Entry[]): Promise<Entry[]>
}

export interface ToolFilesOptions {
  toolbox: Toolbox
  files: FileStore
  conversation: Conversation
  /** Whether files can be posted where the answer goes. */
  canPost: boolean
  /** What an earlier attempt at the turn kept. */
  kept: KeptFile[]
  log: Log
}

/** Discord takes 10 MiB of a bot, Telegram more. */
const mostBytes = 10_000_000
const mostPosted = 4
/** At one step of the model: what its eye is for, and what one request carries. */
const mostSeen = 4
const mostSeenBytes = 5_000_000

export function openToolFiles({ toolbox, files: store, conversation, canPost, kept, log }: ToolFilesOptions): ToolFiles {
  let posted = Math.max(0, ...kept.map(({ number = 0 }) => number))
  let named = kept.length

  /** One line for the model, and the file if it was kept: for the person, or at least for the model's eye. */
  async function keep(file: ToolFile): Promise<{ line: string; kept?: KeptFile }> {
    const { data } = file
    const bytes = data.length
    const sort = sniff(data)
    const what = `${familyOf(sort.mime)} ${sort.mime}, ${inUnits(bytes)}`
    if (bytes === 0) return { line: `[${what}]` }
    if (bytes > mostBytes) return { line: `[${what}, not shown to the person: it is larger than ${inUnits(mostBytes)}]` }
    const number = canPost && !file.unposted && posted < mostPosted ? ++posted : undefined
    const why = file.unposted
      ? 'it was made for you'
      : canPost
        ? `no more than ${mostPosted} files go with one answer`
        : 'files cannot be shown where they are'
    const line = `[${what}, ${number === undefined ? `not shown to the person: ${why}` : `shown to the person as file ${number}`}]`
    if (number === undefined && !isSeen(sort.mime, bytes)) return { line }
    const name = fileName(file.name, sort, number ?? ++named)
    const id = await store.keep(conversation, data)
    return { line, kept: { id, name, mime: sort.mime, bytes, ...(number !== undefined && { number }) } }
  }
  async function keepAll({ files = [], ...result }: ToolResult): Promise<ToolResult> {
    const told = await Promise.all(files.map(keep))
    const text = [result.text, ...told.map(({ line }) => line)].filter(part => part !== '').join('\n\n')
    const ours = told.flatMap(({ kept }) => kept ?? [])
    return { ...result, text, ...(ours.length > 0 && { kept: ours }) }
  }
  async function pictureOf({ id, name, mime }: KeptFile): Promise<Picture[]> {
    const data = await store.load(conversation, id)
    return data === undefined || data === 'posted' ? [] : [{ name, mime, data }]
  }
  return {
    toolbox: {
      ...toolbox,
      async call(name, input, options) {
        const result = await toolbox.call(name, input, options)
        return keepAll(result).catch((error: unknown) => {
          log.error({ reason: reason(error) }, 'the files of a tool could not be kept')
          const { ok, text } = result
          return { ok, text: `${text}\n\n[the files that it returned were lost and are not shown to the person]`.trim() }
        })
      },
    },
    async illustrate(transcript) {
      const from = transcript.findLastIndex(({ role }) => role === 'assistant') + 1
      let left = mostSeen
      const now = transcript.slice(from).map(async entry => {
        const files = entry.role === 'tool' ? (entry.files ?? []).filter(({ mime, bytes }) => isSeen(mime, bytes)) : []
        const seen = files.slice(0, left)
        left -= seen.length
        return seen.length === 0 ? entry : { ...entry, pictures: (await Promise.all(seen.map(pictureOf))).flat() }
      })
      return [...transcript.slice(0, from), ...(await Promise.all(now))]
    },
  }
}

const isSeen = (mime: string, bytes: number) => isPicture(mime) && bytes <= mostSeenBytes

function familyOf(mime: string): string {
  const family = mime.split('/')[0] ?? ''
  return ['image', 'audio', 'video'].includes(family) ? family : 'file'
}
