import { setTimeout as sleep } from 'node:timers/promises'
import { type Conversation, isPress } from '../../src/message.ts'
import { createLanes, type Offer } from './offer.ts'

/** Holds what is heard live until what was said before it in its conversation has been read. */
export interface Order {
  /**
   * Offers what comes live, in its order, as soon as the past of its conversation is read. Edits and deletions wait with their messages,
   * commands too, but a press waits for nothing: no past holds the reply that it is for.
   */
  behindPast(offer: Offer): Offer
  /** A session has begun: until `listed` any conversation may have a past. */
  begin(): void
  /** There is something to be read in this conversation. */
  expect(conversation: Conversation): void
  /** From now on only those wait that were named, or will be. */
  listed(): void
  /** The past of this conversation was handed over, or will not be. */
  passed(conversation: Conversation): void
  /** Whether something that is heard live waits there. */
  isAwaited(conversation: Conversation): boolean
}

/**
 * Discord shows "typing…" for ten seconds after a message came, so that until then waiting looks like work. After it a wrong order is
 * better than silence; a past that is not read by then is being refused for longer than a person waits.
 */
const longestHoldMs = 10_000

/** After `stopping`, nothing waits any longer: it is for `offer` to refuse it then. */
export function createOrder(stopping: AbortSignal): Order {
  const inTurn = createLanes()
  const unread = new Set<Conversation>()
  const waiting = new Map<Conversation, AbortController>()
  let isListed = true

  const mayPass = (conversation: Conversation) => isListed && !unread.has(conversation)

  async function wait(conversation: Conversation, heardAt: number): Promise<void> {
    if (mayPass(conversation)) return
    const passing = new AbortController()
    waiting.set(conversation, passing)
    const signal = AbortSignal.any([passing.signal, stopping])
    await sleep(heardAt + longestHoldMs - Date.now(), undefined, { signal }).catch(() => {})
    waiting.delete(conversation)
    unread.delete(conversation)
  }

  return {
    behindPast: offer => async what => {
      if (!what || isPress(what)) return offer(what)
      const heardAt = Date.now()
      return inTurn(what.conversation, async () => {
        await wait(what.conversation, heardAt)
        return offer(what)
      })
    },
    begin() {
      isListed = false
      unread.clear()
    },
    expect: conversation => void unread.add(conversation),
    listed() {
      isListed = true
      for (const [conversation, passing] of waiting) if (mayPass(conversation)) passing.abort()
    },
    passed(conversation) {
      unread.delete(conversation)
      if (isListed) waiting.get(conversation)?.abort()
    },
    isAwaited: conversation => waiting.has(conversation),
  }
}
