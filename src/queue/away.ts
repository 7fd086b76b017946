import type { Message } from '../message.ts'
import { keysOf } from '../redis/keys.ts'
import type { Redis } from '../redis/redis.ts'
import type { Inbox } from './inbox.ts'

/** What was said while nobody listened, and is heard too late to be answered. */
export interface Away {
  /**
   * Keeps the message as one to be answered with a notice, unless an earlier notice in its conversation speaks of its time already:
   * then false, and there is nothing to be done.
   */
  add(message: Message): Promise<boolean>
}

/** Longer than any platform keeps what could not be delivered: Telegram does so for 24 hours. */
const rememberSeconds = 48 * 3600

/** What is remembered is written after the message was kept: a crash between the two gives a second notice, and never none. */
export function createAway(redis: Redis, inbox: Inbox): Away {
  return {
    async add(message) {
      const { conversation, sentAt, unansweredBefore = 0 } = message
      const key = keysOf(conversation).seen(`away:${conversation}`)
      const told = Number(await redis.get(key))
      if (sentAt < told || (await inbox.add({ ...message, alone: true })) === undefined) return false
      await redis.set(key, unansweredBefore, 'EX', rememberSeconds)
      return true
    },
  }
}
