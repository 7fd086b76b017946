import { fence } from './fence.ts'
import type { Conversation } from './message.ts'
import type { Entry } from './model.ts'
import { keysOf } from './redis/keys.ts'
import type { Redis } from './redis/redis.ts'
import { runScript } from './redis/script.ts'

/** What was said in a conversation. It grows when the inbox finishes a turn, and fades after a week of silence. */
export interface History {
  /**
   * The newest entries that fit, beginning with a user's; a call and its result are never torn apart. What was said before them is summed up
   * in the first, once somebody has summed it up.
   */
  load(conversation: Conversation): Promise<Entry[]>
  /** The same for a turn; `summedUp` once after something was. */
  open(conversation: Conversation): Promise<{ past: Entry[]; summedUp: boolean }>
  /** What is old enough to be summed up, with what was summed up before it. Undefined when there is nothing. */
  older(conversation: Conversation): Promise<Older | undefined>
  /** Puts the sum in the place of what it sums up; false, and nothing is done, when that is there no more. */
  sumUp(conversation: Conversation, older: Older, sum: string): Promise<boolean>
  clear(conversation: Conversation): Promise<void>
}

export interface Older {
  sum: string | undefined
  entries: Entry[]
}

/** Read at most this many entries, however long the conversation, so that loading costs the same for ever. */
const readEntries = 60
const readChars = 60_000
/** What stays as it was said when the rest is summed up. */
const keptEntries = 20
const keptChars = 20_000
/** How long what was said is remembered, after the last of it. */
export const historySeconds = 7 * 86_400

/** The first and the last of the lines stand for all: what waits behind them may have grown, and nothing else changes them. */
const sumUpScript = `
local count = tonumber(ARGV[1])
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[2] or redis.call('LINDEX', KEYS[1], count - 1) ~= ARGV[3] then return 0 end
redis.call('LTRIM', KEYS[1], count, -1)
redis.call('SET', KEYS[2], ARGV[4], 'EX', ${historySeconds})
redis.call('SET', KEYS[3], 1, 'EX', ${historySeconds})
return 1`

/** What was summed up fades no sooner than what it stands before. */
const openScript = `
local news = ARGV[1] ~= '' and redis.call('DEL', KEYS[3]) or 0
return { redis.call('LRANGE', KEYS[1], ${-readEntries}, -1), news, redis.call('GETEX', KEYS[2], 'EX', ${historySeconds}) }`

export function createHistory(redis: Redis): History {
  async function open(conversation: Conversation, how = '') {
    const { history, sum, sumNews } = keysOf(conversation)
    const answer = await runScript(redis, openScript, [history, sum, sumNews], [how])
    const [lines, news, text] = answer as [string[], number, string | null]
    return { past: behindSum(text, newestThatFit(lines.map(toEntry), readChars)), summedUp: news === 1 }
  }
  return {
    load: async conversation => (await open(conversation)).past,
    open: conversation => open(conversation, 'and the news'),
    async older(conversation) {
      const { history, sum } = keysOf(conversation)
      const [lines, text] = await Promise.all([redis.lrange(history, 0, -1), redis.get(sum)])
      const entries = lines.map(toEntry)
      const old = entries.slice(0, keptFrom(entries))
      return old.length > 0 ? { sum: text ?? undefined, entries: old } : undefined
    },
    async sumUp(conversation, { entries }, text) {
      const { history, sum, sumNews } = keysOf(conversation)
      const ends = [entries[0], entries.at(-1)].map(entry => JSON.stringify(entry))
      return (await runScript(redis, sumUpScript, [history, sum, sumNews], [entries.length, ...ends, text])) === 1
    },
    async clear(conversation) {
      const { history, sum, sumNews } = keysOf(conversation)
      await redis.del(history, sum, sumNews)
    },
  }
}

const toEntry = (line: string) => JSON.parse(line) as Entry

/** In the first entry, and not an entry of its own: there are endpoints that want the two sides to take turns. */
function behindSum(sum: string | null, entries: Entry[]): Entry[] {
  const [first, ...rest] = entries
  if (!sum || first?.role !== 'user') return entries
  return [{ ...first, text: `[what was said here before, summed up]\n${fence(sum)}\n\n${first.text}` }, ...rest]
}

/** Whether it is time to sum up what is older: a good while before the oldest of it is read no more. */
export function isLong(entries: Entry[]): boolean {
  return entries.length > readEntries * 0.7 || JSON.stringify(entries).length > readChars * 0.7
}

/** Where what is not summed up begins: with the last turn, however long, or with one before it. */
function keptFrom(entries: Entry[]): number {
  const from = startOfNewest(entries, keptChars, keptEntries)
  return from < entries.length ? from : Math.max(0, entries.findLastIndex(isQuestion))
}

const isQuestion = ({ role }: Entry) => role === 'user'

/**
 * Whole turns from the end, as many as fit into `chars`; what precedes the first user entry is half a turn and left out. Of a last turn
 * that alone is too long, the question and the answer.
 */
function newestThatFit(entries: Entry[], chars: number): Entry[] {
  const from = startOfNewest(entries, chars)
  if (from < entries.length) return entries.slice(from)
  const question = entries.findLast(isQuestion)
  const answer = entries.at(-1)
  return question && answer?.role === 'assistant' && answer.calls.length === 0 ? [question, answer] : []
}

/** Where the newest whole turns begin that together are no more than this; the length when there are none. */
function startOfNewest(entries: Entry[], chars: number, count = Number.POSITIVE_INFINITY): number {
  let from = entries.length
  let size = 0
  for (let at = entries.length - 1; at >= 0 && entries.length - at <= count; at--) {
    const entry = entries[at] as Entry
    size += JSON.stringify(entry).length
    if (size > chars) break
    if (isQuestion(entry)) from = at
  }
  return from
}

/** What history keeps of a tool's result: enough to talk about, not enough to crowd out what was said. */
const rememberedResult = 8000

/** What history may keep of a turn: no call without its result and no result without its call, words alone, and an answer at the end. */
export function wholeEntries(said: Entry[], answer: string): Entry[] {
  const answered = new Set(said.flatMap(entry => (entry.role === 'tool' ? [entry.callId] : [])))
  const whole = said.flatMap(entry => {
    if (entry.role !== 'assistant' || entry.calls.length === 0) return [inWords(entry)]
    const calls = entry.calls.filter(call => answered.has(call.id))
    return calls.length > 0 ? [{ ...entry, calls }] : []
  })
  const last = whole.at(-1)
  return last?.role === 'assistant' && last.calls.length === 0 && last.text !== ''
    ? whole
    : [...whole, { role: 'assistant', text: answer, calls: [] }]
}

/** Neither pictures nor files nor data: of those the text tells. */
function inWords(entry: Entry): Entry {
  if (entry.role === 'assistant') return entry
  if (entry.role === 'user') return { role: 'user', text: entry.text }
  const { pictures: _, files: __, structured: ___, ...result } = entry
  if (entry.text.length <= rememberedResult) return result
  return {
    ...result,
    text: `${entry.text.slice(0, rememberedResult)}\n(the rest, ${entry.text.length - rememberedResult} characters, is not remembered)`,
  }
}
