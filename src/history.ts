import type { Conversation } from './message.ts'
import type { Entry } from './model.ts'
import { keysOf } from './redis/keys.ts'
import type { Redis } from './redis/redis.ts'

/** What was said in a conversation. It grows when the inbox finishes a turn, and fades after a week of silence. */
export interface History {
  /** The newest entries that fit, beginning with a user's; a call and its result are never torn apart. */
  load(conversation: Conversation): Promise<Entry[]>
  clear(conversation: Conversation): Promise<void>
}

/** Read at most this many entries, however long the conversation, so that loading costs the same for ever. */
const readEntries = 60
const readChars = 60_000

export function createHistory(redis: Redis): History {
  return {
    async load(conversation) {
      const lines = await redis.lrange(keysOf(conversation).history, -readEntries, -1)
      return newestThatFit(
        lines.map(line => JSON.parse(line) as Entry),
        readChars,
      )
    },
    async clear(conversation) {
      await redis.del(keysOf(conversation).history)
    },
  }
}

/**
 * Whole turns from the end, as many as fit into `chars`; what precedes the first user entry is half a turn and left out. Of a last turn
 * that alone is too long, the question and the answer.
 */
function newestThatFit(entries: Entry[], chars: number): Entry[] {
  let from = entries.length
  let size = 0
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = entries[at] as Entry
    size += JSON.stringify(entry).length
    if (size > chars) break
    if (entry.role === 'user') from = at
  }
  if (from < entries.length) return entries.slice(from)
  const question = entries.findLast(({ role }) => role === 'user')
  const answer = entries.at(-1)
  return question && answer?.role === 'assistant' && answer.calls.length === 0 ? [question, answer] : []
}
