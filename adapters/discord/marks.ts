import { setTimeout as sleep } from 'node:timers/promises'
import type { Bookmarks } from '../../src/adapter.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Conversation } from '../../src/message.ts'

export interface Mark {
  conversation: Conversation
  /** The newest message there that was heard. */
  messageId: string
}

/** The bookmarks as one gateway moves them: only forward, and one after the other in the order of the calls. */
export interface Marks {
  move(mark: Mark): void
  /**
   * The newest ones, as they were written before this call, and those that are still held. Holds them all. When `stopping` comes first,
   * none is read.
   */
  read(count: number, stopping: AbortSignal): Promise<Mark[]>
  /** What follows this mark is still to be read: no bookmark is written there until it is released, lest it pass that. */
  hold(mark: Mark): void
  release(conversation: Conversation): void
  /** The newest message that this gateway knows to have been heard there. */
  newest(conversation: Conversation): string | undefined
  /** Resolves when the last one is written. */
  settled(): Promise<unknown>
}

/** As many as the map in Redis holds. */
const rememberedPlaces = 5000
const pauseMs = { first: 500, most: 15_000 }

export function createMarks(bookmarks: Bookmarks, log: Log): Marks {
  const newest = new Map<Conversation, string>()
  let held = new Map<Conversation, string>()
  let last: Promise<unknown> = Promise.resolve()

  function inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work)
    last = done
    return done
  }

  function remember({ conversation, messageId }: Mark): boolean {
    const known = newest.get(conversation)
    if (known !== undefined && !isLater(messageId, known)) return false
    newest.delete(conversation)
    newest.set(conversation, messageId)
    const [oldest] = newest.keys()
    if (newest.size > rememberedPlaces && oldest !== undefined) newest.delete(oldest)
    return true
  }

  async function write(conversation: Conversation): Promise<void> {
    const messageId = newest.get(conversation)
    if (messageId === undefined || held.has(conversation)) return
    await bookmarks.set(conversation, messageId).catch((error: unknown) => {
      log.warn({ conversation, reason: reason(error) }, 'a bookmark of Discord could not be written')
    })
  }

  return {
    move(mark) {
      if (remember(mark)) void inOrder(() => write(mark.conversation))
    },
    read: (count, stopping) =>
      inOrder(async () => {
        const found = await readPatiently(bookmarks, count, log, stopping)
        found.forEach(remember)
        held = new Map([...found.map(({ conversation, messageId }): [string, string] => [conversation, messageId]), ...held])
        return [...held].map(([conversation, messageId]) => ({ conversation, messageId }))
      }),
    hold: ({ conversation, messageId }) => void held.set(conversation, messageId),
    release(conversation) {
      held.delete(conversation)
      void inOrder(() => write(conversation))
    },
    newest: conversation => newest.get(conversation),
    settled: () => last,
  }
}

async function readPatiently(bookmarks: Bookmarks, count: number, log: Log, stopping: AbortSignal): Promise<Mark[]> {
  for (let waitMs = pauseMs.first; !stopping.aborted; waitMs = Math.min(waitMs * 2, pauseMs.most)) {
    try {
      return await bookmarks.recent(count)
    } catch (error) {
      if (waitMs === pauseMs.first) log.warn({ reason: reason(error) }, 'the bookmarks of Discord could not be read; trying on')
      await sleep(waitMs, undefined, { signal: stopping }).catch(() => {})
    }
  }
  return []
}

/** By the time that ids hold. */
export const isLater = (id: string, other: string): boolean => BigInt(id) > BigInt(other)
