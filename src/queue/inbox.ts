import type { Change, Conversation, Message } from '../message.ts'
import type { Entry } from '../model.ts'
import { keysOf, unfinishedKeys } from '../redis/keys.ts'
import type { Redis } from '../redis/redis.ts'
import { runScript } from '../redis/script.ts'
import { type Lease, LeaseLost, readMessages } from './lease.ts'

/** What people said and what is not answered yet: the truth, beside which a job is only a doorbell. */
export interface Inbox {
  /** Keeps a message. How many wait before it; undefined if it was here before. */
  add(message: Message): Promise<number | undefined>
  /** The same, but `asked`, and nothing is kept, where its author was asked something here that it may answer. */
  addUnlessAsked(message: Message): Promise<number | undefined | 'asked'>
  /** Whether a message was kept, and is answered by now, or a worker is just posting a reply to it or a note. */
  isSeen(message: Message): Promise<boolean>
  /** True the first time that an id is heard, for what is not a message to be answered. */
  isNew(conversation: Conversation, id: string): Promise<boolean>
  /**
   * Gives a message that is not answered yet another text, or takes it back; an answer that is being delivered is not changed any more.
   */
  change(change: Change): Promise<Changed>
  /** The oldest messages that are not answered: the one whose turn it is, and those behind it. */
  waiting(conversation: Conversation): Promise<Message[]>
  /**
   * Ends the turn of these messages, the first that wait: remembers its entries, forgets them and their journal, all or nothing. Harmless
   * when done twice, or when one of them was changed meanwhile: then they are still there. Resolves with what waits now; when that is nothing,
   * the lease is let go. Throws LeaseLost, and changes nothing, once another worker has the conversation.
   */
  finish(messages: Message[], entries: Entry[], lease: Lease): Promise<Message[]>
  /** Conversations with a message older than this that is not answered. */
  unfinished(olderThanMs: number): Promise<Conversation[]>
}

/** What became of a change. `turn` is the id of the first message of the turn that runs for it, which is to be told. */
export type Changed = { was: 'too late' } | { was: 'waiting' } | { was: 'running'; turn: string; left: number }

/** Longer than any platform goes on redelivering: Telegram keeps updates for 24 hours. */
const seenSeconds = 48 * 3600
const keepEntries = 400
const keepSeconds = 7 * 86_400

/** When it was kept stands where it was seen. */
const addScript = `
if ARGV[5] and redis.call('HEXISTS', KEYS[4], ARGV[5]) == 1 then return 'asked' end
if not redis.call('SET', KEYS[1], ARGV[2], 'NX', 'EX', ARGV[1]) then return false end
redis.call('ZADD', KEYS[3], 'NX', ARGV[2], ARGV[3])
return redis.call('RPUSH', KEYS[2], ARGV[4]) - 1`

/** So many are told by a note behind the turn that runs, if nobody speaks twice. */
const toldBehind = 3

const isSeenScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local waiting = redis.call('LLEN', KEYS[2])
return (waiting == 0 or waiting <= 1 + ${toldBehind} and redis.call('EXISTS', KEYS[3]) == 1) and 1 or 0`

/** Before the id of a message whose note still stands although it was answered together with others. */
export const joined = 'joined '

/** How the JSON of a message ends that was taken back: nothing else of a message can end so. */
const withdrawnEnd = ',"withdrawn":true}'

/**
 * Of what runs, nothing leaves the list before the turn has ended: what is taken back is only marked. `left` counts what is not. The
 * JSON of messages is not decoded here: half a character in it would be an error. `false`: the head has changed since it was read.
 */
const changeScript = `
local raw, changed, conversation, how, head, id, heard = unpack(ARGV)
if redis.call('LINDEX', KEYS[1], 0) ~= head then return false end
if heard ~= '' and not redis.call('SET', KEYS[4], 1, 'NX', 'EX', heard) then return { 'too late' } end
local at = redis.call('LPOS', KEYS[1], raw)
if not at then return { 'too late' } end
local turn, asked = unpack(redis.call('HMGET', KEYS[2], 'turn', 'asked'))
if turn ~= id or at >= #cjson.decode(asked) then
  if how == 'keep' then redis.call('LSET', KEYS[1], at, changed)
  else
    redis.call('LREM', KEYS[1], 1, raw)
    if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[3], conversation) end
  end
  return { 'waiting' }
end
if redis.call('HEXISTS', KEYS[2], 'final') == 1 then return { 'too late' } end
redis.call('LSET', KEYS[1], at, changed)
local left = 0
for _, one in ipairs(redis.call('LRANGE', KEYS[1], 0, #cjson.decode(asked) - 1)) do
  if string.sub(one, -${withdrawnEnd.length}) ~= '${withdrawnEnd}' then left = left + 1 end
end
if left > 0 then redis.call('HSET', KEYS[2], 'changed', 1) end
return { 'running', left }`

/** Only the head of the inbox can be finished, so that a late second worker changes nothing; what was edited meanwhile is not, what was taken back is. */
const finishScript = `
local holder = redis.call('GET', KEYS[6]) or redis.call('GET', KEYS[7])
if holder ~= ARGV[4] then return false end
local function left()
  local lines = redis.call('LRANGE', KEYS[1], 0, ${readMessages - 1})
  if #lines == 0 and redis.call('GET', KEYS[6]) == ARGV[4] then redis.call('DEL', KEYS[6]) end
  return lines
end
local count = tonumber(ARGV[5])
local ids, messages = 5, 5 + count
local head = redis.call('LRANGE', KEYS[1], 0, count - 1)
for at = 1, count do
  local wanted = ARGV[messages + at]
  if head[at] ~= wanted and head[at] ~= string.sub(wanted, 1, -2) .. '${withdrawnEnd}' then return left() end
end
redis.call('LTRIM', KEYS[1], count, -1)
for at = 1, count do
  local note = redis.call('HGET', KEYS[8], ARGV[ids + at])
  if note then
    redis.call('HDEL', KEYS[8], ARGV[ids + at])
    redis.call('HSET', KEYS[8], '${joined}' .. ARGV[ids + at], note)
  end
end
redis.call('DEL', KEYS[2], KEYS[5])
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[4], ARGV[1]) end
if #ARGV > messages + count then
  redis.call('RPUSH', KEYS[3], unpack(ARGV, messages + count + 1))
  redis.call('LTRIM', KEYS[3], -ARGV[2], -1)
  redis.call('EXPIRE', KEYS[3], ARGV[3])
end
return left()`

export function createInbox(redis: Redis): Inbox {
  function add(message: Message, ...unlessAsked: string[]): Promise<unknown> {
    const { conversation } = message
    const { seen, inbox, unfinished, asked } = keysOf(conversation)
    const facts = [seenSeconds, Date.now(), conversation, JSON.stringify(message), ...unlessAsked]
    // With its text, so that it never has to be sent again: it would come behind the ring that follows it.
    return redis.eval(addScript, 4, seen(message.id), inbox, unfinished, asked, ...facts)
  }
  return {
    add: async message => ((await add(message)) as number | null) ?? undefined,
    addUnlessAsked: async message => ((await add(message, message.author.id)) as number | 'asked' | null) ?? undefined,
    async isSeen({ conversation, id }) {
      const { seen, inbox, lease } = keysOf(conversation)
      return (await runScript(redis, isSeenScript, [seen(id), inbox, lease])) === 1
    },
    async isNew(conversation, id) {
      return (await redis.set(keysOf(conversation).seen(id), 1, 'EX', seenSeconds, 'NX')) === 'OK'
    },
    async change(change) {
      for (;;) {
        const changed = await tryChange(redis, change)
        if (changed) return changed
      }
    },
    async waiting(conversation) {
      const lines = await redis.lrange(keysOf(conversation).inbox, 0, readMessages - 1)
      return lines.map(json => JSON.parse(json) as Message)
    },
    async finish(messages, entries, held) {
      const { conversation, token } = held
      const { inbox, journal, history, unfinished, steps, lease, lastHolder, notes } = keysOf(conversation)
      const keys = [inbox, journal, history, unfinished, steps, lease, lastHolder, notes]
      const facts = [conversation, keepEntries, keepSeconds, token, messages.length, ...messages.map(({ id }) => id)]
      const lines = [...messages, ...entries].map(one => JSON.stringify(one))
      let left: Message[] = []
      await held.whileLetGo(async () => {
        const found = (await runScript(redis, finishScript, keys, [...facts, ...lines])) as string[] | null
        if (found === null) throw new LeaseLost(`another worker goes on in ${conversation}`)
        left = found.map(json => JSON.parse(json) as Message)
        return left.length === 0
      })
      return left
    },
    async unfinished(olderThanMs) {
      const lists = await Promise.all(unfinishedKeys.map(key => redis.zrangebyscore(key, 0, Date.now() - olderThanMs)))
      return lists.flat()
    },
  }
}

/** Undefined when a turn has ended in between. */
async function tryChange(redis: Redis, { id, conversation, text, attachments, event }: Change): Promise<Changed | undefined> {
  const { inbox, journal, unfinished, seen } = keysOf(conversation)
  const lines = await redis.lrange(inbox, 0, -1)
  const messages = lines.map(line => JSON.parse(line) as Message)
  const at = messages.findIndex(message => message.id === id)
  const [head = '', raw] = [lines[0], lines[at]]
  const [first, before] = [messages[0], messages[at]]
  if (raw === undefined || !first || !before) return { was: 'too late' }
  const said = { text: text?.toWellFormed() ?? before.text, ...(attachments && { attachments }) }
  const after: Message = text === undefined ? { ...before, withdrawn: true } : { ...before, ...said }
  const changed = JSON.stringify(after)
  if (changed === raw || before.withdrawn) return { was: 'too late' } // only its looks were edited, or it is gone
  const facts = [
    raw,
    changed,
    conversation,
    after.withdrawn && !before.resumed ? 'remove' : 'keep', // a turn that comes back has a reply to end
    head,
    first.id,
    event === undefined ? '' : seenSeconds,
  ]
  const answer = (await runScript(redis, changeScript, [inbox, journal, unfinished, seen(event ?? '')], facts)) as
    | [Changed['was'], number]
    | null
  if (answer === null) return undefined
  const [was, left] = answer
  return was === 'running' ? { was, turn: first.id, left } : { was }
}
