import type { Conversation, Message } from '../message.ts'
import type { Entry } from '../model.ts'
import { keysOf } from '../redis/keys.ts'
import type { Redis } from '../redis/redis.ts'

/** What a turn has done so far, kept so that another worker can go on with it. The inbox removes it when the turn is finished. */
export interface Journal {
  load(message: Message): Promise<TurnRecord>
  isRunning(conversation: Conversation): Promise<boolean>
  /** The native ids of the reply's messages, in order. */
  keepReplies(message: Message, ids: string[]): Promise<void>
  /** The answer, before it is delivered: from here on nothing is asked or called again. */
  keepFinal(message: Message, final: Final): Promise<void>
}

export interface TurnRecord {
  replies: string[]
  final?: Final
}

export interface Final {
  text: string
  entries: Entry[]
}

const keepSeconds = 7 * 86_400

export function createJournal(redis: Redis): Journal {
  async function keep(message: Message, field: string, value: unknown): Promise<void> {
    const key = keysOf(message.conversation).journal
    await redis
      .multi()
      .hset(key, { turn: message.id, [field]: JSON.stringify(value) })
      .expire(key, keepSeconds)
      .exec()
  }
  return {
    async load(message) {
      const { turn, replies, final } = await redis.hgetall(keysOf(message.conversation).journal)
      if (turn !== message.id) return { replies: [] }
      return { replies: replies ? (JSON.parse(replies) as string[]) : [], ...(final && { final: JSON.parse(final) as Final }) }
    },
    isRunning: async conversation => (await redis.exists(keysOf(conversation).journal)) === 1,
    keepReplies: (message, ids) => keep(message, 'replies', ids),
    keepFinal: (message, final) => keep(message, 'final', final),
  }
}
