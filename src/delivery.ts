import type { Adapter, Button } from './adapter.ts'
import { Refused } from './errors.ts'
import type { Words } from './i18n/i18n.ts'
import { inUnits } from './i18n/size.ts'
import { errorId, type Log, reason } from './log.ts'
import type { FileStore } from './media/store.ts'
import type { Conversation, Message } from './message.ts'
import type { KeptFile } from './model.ts'
import type { Final } from './queue/journal.ts'
import type { Lease } from './queue/lease.ts'
import { tokenOf } from './queue/token.ts'
import type { Pacer } from './reply/pacer.ts'
import { postFiles } from './reply/post-files.ts'
import type { Answer, Reply } from './reply/reply.ts'

export interface DeliveryOptions {
  question: Message
  reply: Reply
  adapter: Adapter
  lease: Lease
  /** Aborted when even the last words must not wait any longer. */
  closing: AbortSignal
  files: FileStore
  pacer: Pacer
  words: Words
  log: Log
}

/** An answer with the files behind it, to be kept: one that is too long for a chat is the first of them, unless no file can be kept now. */
export async function withWhole(
  { text, short }: Answer,
  behind: KeptFile[],
  conversation: Conversation,
  { files, log }: Pick<DeliveryOptions, 'files' | 'log'>,
): Promise<Pick<Final, 'text' | 'shown' | 'files'>> {
  const plain = { text, ...(behind.length > 0 && { files: behind }) }
  if (!short) return plain
  const data = new TextEncoder().encode(short.file)
  try {
    const id = await files.keep(conversation, data)
    const whole: KeptFile = { id, name: 'answer.md', mime: 'text/markdown', bytes: data.length, number: 0 }
    return { text, shown: short.messages, files: [whole, ...behind] }
  } catch (error) {
    log.warn({ conversation, reason: reason(error) }, 'a long answer could not be kept as a file; all of it is shown')
    return plain
  }
}

/**
 * Brings the answer and then its files to the platform; what cannot be shown is told below the answer, and a long one that cannot be a file
 * is shown in full. Harmless when done again.
 */
export async function deliverFinal(final: Final, options: DeliveryOptions): Promise<void> {
  const { question, adapter, lease, closing, words } = options
  const buttons = final.retry ? [{ label: words.retry, action: 'retry', token: tokenOf(question.id) }] : []
  if (!adapter.filesFirst) await deliverText(final.shown ?? [final.text], buttons, options)
  const refused = await postFiles(final.files ?? [], {
    ...options,
    message: question,
    turn: tokenOf(question.id),
    mayAct: lease.check,
    closing,
  })
  if (refused.length === 0 && !adapter.filesFirst) return
  const others = refused.filter(({ number }) => number !== 0)
  const shown = others.length === refused.length ? (final.shown ?? [final.text]) : [final.text]
  const sentences = others.map(({ name, bytes }) => words.notSent(name, inUnits(bytes)))
  await deliverText([...shown.slice(0, -1), [...shown.slice(-1), ...sentences].join('\n\n')], buttons, options)
}

/** An answer that the platform will never take is replaced by one sentence, so that what comes after it is answered. */
async function deliverText(texts: string[], buttons: Button[], { question, reply, words, log }: DeliveryOptions): Promise<void> {
  const { id, conversation } = question
  const refused = (error: unknown, event: string) => {
    if (!(error instanceof Refused)) throw error
    const identity = errorId()
    log.error({ error: identity, conversation, message: id, reason: reason(error) }, event)
    return identity
  }
  await reply.finish(texts, buttons).catch(async (error: unknown) => {
    const sentence = words.failed(refused(error, 'the platform refused an answer'))
    await reply
      .finish(sentence, buttons)
      .catch((again: unknown) => refused(again, 'the platform refused even the sentence in its place'))
  })
}
