import type { Bookmarks } from '../../src/adapter.ts'
import { Gone } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Message } from '../../src/message.ts'
import type { Call } from './calls.ts'
import { createMarks, type Mark } from './marks.ts'
import type { Offer } from './offer.ts'
import { createPast, type Past } from './past.ts'

/**
 * Discord tells a new session nothing of what was said before it. So each conversation has a bookmark, and what stands behind it is
 * read from the channel's past. A conversation that was never heard has none: what was first said there meanwhile stays unheard, as
 * does a slash command, which Discord keeps for three seconds.
 */
export interface CatchUp {
  /** This message is safe: the bookmark of its conversation moves to it, never back. */
  kept(message: Message): void
  /** A new session has begun. Ends the reading for an earlier one, whose bookmarks stay where they are. */
  begin(botId: string, offer: Offer): void
  /** Resolves when the last bookmark is written. */
  settled(): Promise<unknown>
}

export interface CatchUpOptions {
  bookmarks: Bookmarks
  call: Call
  log: Log
  stopping: AbortSignal
}

/** The conversations that were heard last; and how many of them are read at once, so that answers find their way between. */
const conversations = { most: 200, atOnce: 4 }

export function createCatchUp({ bookmarks, call, log, stopping }: CatchUpOptions): CatchUp {
  const marks = createMarks(bookmarks, log)
  let reading = new AbortController()

  /** A bookmark is released only behind the last message, lest it pass what is still to be read. */
  async function read(mark: Mark, past: Past, offer: Offer, signal: AbortSignal): Promise<void> {
    const { conversation } = mark
    try {
      for await (const message of past(mark)) if (!(await offer(message)) || signal.aborted) return
    } catch (error) {
      if (signal.aborted) return
      const closed = error instanceof Gone
      log[closed ? 'debug' : 'warn'](
        { conversation, reason: reason(error) },
        'what was said on Discord meanwhile could not be read',
      )
      if (!closed) return
    }
    if (!signal.aborted) marks.release(conversation)
  }

  async function readAll(botId: string, offer: Offer, signal: AbortSignal): Promise<void> {
    const past = createPast(botId, call, signal)
    const found = (await marks.read(conversations.most, stopping)).values()
    const readOn = async () => {
      for (const mark of found) if (!signal.aborted) await read(mark, past, offer, signal)
    }
    await Promise.all(Array.from({ length: conversations.atOnce }, readOn))
  }

  return {
    kept: ({ id, conversation }) => marks.move({ conversation, messageId: id.slice(id.indexOf(':') + 1) }),
    begin(botId, offer) {
      reading.abort()
      reading = new AbortController()
      void readAll(botId, offer, AbortSignal.any([reading.signal, stopping]))
    },
    settled: marks.settled,
  }
}
