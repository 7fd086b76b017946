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

/** What history keeps of a tool's result: enough to talk about, not enough to crowd out what was said. */
const rememberedResult = 8000

/** What history may keep of a turn: no call without its result, words alone, and an answer at the end. */
export function wholeEntries(said: Entry[], answer: string): Entry[] {
  const answered = new Set(said.flatMap(entry => (entry.role === 'tool' ? [entry.callId] : [])))
  const whole = said.filter(entry => entry.role !== 'assistant' || entry.calls.every(call => answered.has(call.id))).map(inWords)
  const last = whole.at(-1)
  return last?.role === 'assistant' && last.calls.length === 0 && last.text !== ''
    ? whole
    : [...whole, { role: 'assistant', text: answer, calls: [] }]
}

/** Neither pictures nor files: of those the text tells. */
function inWords(entry: Entry): Entry {
  if (entry.role === 'assistant') return entry
  if (entry.role === 'user') return { role: 'user', text: entry.text }
  const { pictures: _, files: __, ...result } = entry
  if (entry.text.length <= rememberedResult) return result
  return {
    ...result,
    text: `${entry.text.slice(0, rememberedResult)}\n(the rest, ${entry.text.length - rememberedResult} characters, is not remembered)`,
  }
}
