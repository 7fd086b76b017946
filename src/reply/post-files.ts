import type { Adapter } from '../adapter.ts'
import { Refused } from '../errors.ts'
import { errorId, type Log, reason } from '../log.ts'
import type { FileStore } from '../media/store.ts'
import type { Message } from '../message.ts'
import type { KeptFile } from '../model.ts'
import { deliver, mayCall } from './deliver.ts'
import { openLane, type Pacer } from './pacer.ts'

export interface PostingFiles {
  adapter: Adapter
  message: Message
  /** As in `SheetOptions`. */
  turn: string
  files: FileStore
  pacer: Pacer
  /** Asked before each call: rejects when another worker speaks here now. */
  mayAct(): Promise<void>
  /** Ends all waiting for the platform. */
  closing: AbortSignal
  log: Log
}

/**
 * Posts the files that follow an answer, in their order, and lets go those that do not. Each is marked in the store as soon as it stands: a
 * turn that goes on after a crash posts only the others; the one that was under way may double where a post has no key (Telegram). Returns
 * those that the platform does not take. A chat that is gone ends it quietly. Throws what aborted `closing`.
 */
export async function postFiles(files: KeptFile[], posting: PostingFiles): Promise<KeptFile[]> {
  const refused: KeptFile[] = []
  for (const [at, file] of files.entries()) {
    const became = await postFile(file, at, posting)
    if (became === 'gone') break
    if (became === 'refused') refused.push(file)
  }
  return refused
}

async function postFile(file: KeptFile, at: number, posting: PostingFiles): Promise<'posted' | 'refused' | 'gone'> {
  const { adapter, message, turn, files, pacer, mayAct, closing, log } = posting
  const { conversation, replyTo } = message
  if (file.number === undefined || !adapter.postFile) {
    await files.markPosted(conversation, file.id) // it was for the model's eye
    return 'posted'
  }
  const data = await files.load(conversation, file.id)
  if (data === 'posted') return data
  if (data === undefined) return 'refused' // it has faded
  const lane = openLane(adapter, message, pacer)
  let became: 'posted' | 'gone' | undefined
  const bring = async () => {
    if (became === undefined) {
      await mayCall(lane, closing)
      await mayAct()
      await adapter.postFile?.(conversation, { name: file.name, mime: file.mime, data }, replyTo, `${turn}.f${at}`)
      became = 'posted'
    }
    if (became === 'posted') await files.markPosted(conversation, file.id)
    return false
  }
  try {
    await deliver(bring, { forget: () => (became = 'gone'), hush: lane.hush, signal: closing, log })
    return became ?? 'posted'
  } catch (error) {
    closing.throwIfAborted()
    // The answer stands, and a file that is never taken must not hold up what comes after it.
    const facts = { error: errorId(), conversation, message: message.id, reason: reason(error) }
    log[error instanceof Refused ? 'warn' : 'error'](facts, 'a file could not be posted')
    return 'refused'
  }
}
