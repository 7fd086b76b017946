import { randomUUID } from 'node:crypto'
import type { Conversation } from '../message.ts'
import { keysOf } from '../redis/keys.ts'
import type { Redis } from '../redis/redis.ts'

/** The bytes of files that wait for the answer with which they are posted. They fade after a day. */
export interface FileStore {
  /** Resolves with the id by which it is found, once it would survive a crash. */
  keep(conversation: Conversation, data: Uint8Array): Promise<string>
  /** Undefined when it has faded; `posted` when it was marked so. */
  load(conversation: Conversation, id: string): Promise<Uint8Array | 'posted' | undefined>
  /** Lets its bytes go. */
  markPosted(conversation: Conversation, id: string): Promise<void>
}

const keepSeconds = 86_400
/** As long as the journal of a turn: a turn that goes on late does not post again what was posted. */
const rememberSeconds = 7 * 86_400

export function createFileStore(redis: Redis): FileStore {
  return {
    async keep(conversation, data) {
      const id = randomUUID()
      await redis.set(keysOf(conversation).file(id), Buffer.from(data), 'EX', keepSeconds)
      return id
    },
    async load(conversation, id) {
      const data = await redis.getBuffer(keysOf(conversation).file(id))
      if (data === null) return undefined
      return data.length === 0 ? 'posted' : data
    },
    async markPosted(conversation, id) {
      await redis.set(keysOf(conversation).file(id), '', 'EX', rememberSeconds)
    },
  }
}
