import type { Adapter, Button } from './adapter.ts'
import { Refused } from './errors.ts'
import { wordsFor } from './i18n/i18n.ts'
import { errorId, type Log, reason } from './log.ts'
import type { FileStore } from './media/store.ts'
import type { Message } from './message.ts'
import type { Final } from './queue/journal.ts'
import type { Lease } from './queue/lease.ts'
import { tokenOf } from './queue/token.ts'
import type { Pacer } from './reply/pacer.ts'
import { postFiles } from './reply/post-files.ts'
import type { Reply } from './reply/reply.ts'

export interface DeliveryOptions {
  question: Message
  reply: Reply
  adapter: Adapter
  lease: Lease
  /** Aborted when even the last words must not wait any longer. */
  closing: AbortSignal
  files: FileStore
  pacer: Pacer
  locale: string
  log: Log
}

/** Brings the answer and then its files to the platform; what cannot be shown is told below the answer. Harmless when done again. */
export async function deliverFinal(final: Final, options: DeliveryOptions): Promise<void> {
  const { question, lease, closing, locale } = options
  const words = wordsFor(question.author.locale, locale)
  const buttons = final.retry ? [{ label: words.retry, action: 'retry', token: tokenOf(question.id) }] : []
  await deliverText(final.text, buttons, options)
  const sentences = await postFiles(final.files ?? [], {
    ...options,
    message: question,
    turn: tokenOf(question.id),
    mayAct: lease.check,
    closing: AbortSignal.any([closing, lease.lost]),
    words,
  })
  if (sentences.length > 0) await deliverText([final.text, ...sentences].join('\n\n'), buttons, options)
}

/** An answer that the platform will never take is replaced by one sentence, so that what comes after it is answered. */
async function deliverText(text: string, buttons: Button[], { question, reply, locale, log }: DeliveryOptions): Promise<void> {
  const { id, conversation, author } = question
  const refused = (error: unknown, event: string) => {
    if (!(error instanceof Refused)) throw error
    const identity = errorId()
    log.error({ error: identity, conversation, message: id, reason: reason(error) }, event)
    return identity
  }
  await reply.finish(text, buttons).catch(async (error: unknown) => {
    const identity = refused(error, 'the platform refused an answer')
    const sentence = wordsFor(author.locale, locale).failed(identity)
    await reply
      .finish(sentence, buttons)
      .catch((again: unknown) => refused(again, 'the platform refused even the sentence in its place'))
  })
}
