import type { Change, Conversation, Message } from '../message.ts'
import type { Entry } from '../model.ts'
import { keysOf, unfinishedKeys } from '../redis/keys.ts'
import type { Redis } from '../redis/redis.ts'
import { type Lease, LeaseLost } from './lease.ts'

/** What people said and what is not answered yet: the truth, beside which a job is only a doorbell. */
export interface Inbox {
  /** Keeps a message. How many wait before it; undefined if it was here before. */
  add(message: Message): Promise<number | undefined>
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
   * when done twice, or when one of them was changed meanwhile: then they are still there.
   * Throws LeaseLost, and changes nothing, once another worker has the conversation.
   */
  finish(messages: Message[], entries: Entry[], lease: Lease): Promise<void>
  /** Conversations with a message older than this that is not answered. */
  unfinished(olderThanMs: number): Promise<Conversation[]>
}

/** What became of a change. `turn` is the id of the first message of the turn that runs for it, which is to be told. */
export type Changed = { was: 'too late' } | { was: 'waiting' } | { was: 'running'; turn: string; left: number }

/** Longer than any platform goes on redelivering: Telegram keeps updates for 24 hours. */
const seenSeconds = 48 * 3600
const keepEntries = 400
/** More than a person waits behind; each is read again at every turn. */
const readMessages = 50
const keepSeconds = 7 * 86_400

const addScript = `
if not redis.call('SET', KEYS[1], 1, 'NX', 'EX', ARGV[1]) then return false end
redis.call('ZADD', KEYS[3], 'NX', ARGV[2], ARGV[3])
return redis.call('RPUSH', KEYS[2], ARGV[4]) - 1`

/** Of what runs, nothing leaves the list before the turn has ended: what is taken back is only marked. `left` counts what is not. */
const changeScript = `
local at = redis.call('LPOS', KEYS[1], ARGV[1])
if not at then return false end
local turn, asked = unpack(redis.call('HMGET', KEYS[2], 'turn', 'asked'))
local isOurs = turn and turn == cjson.decode(redis.call('LINDEX', KEYS[1], 0)).id
if not isOurs or at >= #cjson.decode(asked) then
  if ARGV[4] == 'keep' then redis.call('LSET', KEYS[1], at, ARGV[2])
  else
    redis.call('LREM', KEYS[1], 1, ARGV[1])
    if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[3], ARGV[3]) end
  end
  return {}
end
if redis.call('HEXISTS', KEYS[2], 'final') == 1 then return false end
redis.call('LSET', KEYS[1], at, ARGV[2])
local left = 0
for _, raw in ipairs(redis.call('LRANGE', KEYS[1], 0, #cjson.decode(asked) - 1)) do
  if not cjson.decode(raw).withdrawn then left = left + 1 end
end
return { turn, left }`

/** Only the head of the inbox can be finished, so that a late second worker changes nothing; what was edited meanwhile is not, what was taken back is. */
const finishScript = `
local holder = redis.call('GET', KEYS[6]) or redis.call('GET', KEYS[7])
if holder ~= ARGV[4] then return false end
local count = tonumber(ARGV[5])
local head = redis.call('LRANGE', KEYS[1], 0, count - 1)
for at = 1, count do
  local wanted = ARGV[5 + at]
  if head[at] ~= wanted then
    local there = head[at] and cjson.decode(head[at])
    if not there or not there.withdrawn or there.id ~= cjson.decode(wanted).id then return 0 end
  end
end
redis.call('LTRIM', KEYS[1], count, -1)
redis.call('DEL', KEYS[2], KEYS[5])
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[4], ARGV[1]) end
if #ARGV > 5 + count then
  redis.call('RPUSH', KEYS[3], unpack(ARGV, 6 + count))
  redis.call('LTRIM', KEYS[3], -ARGV[2], -1)
  redis.call('EXPIRE', KEYS[3], ARGV[3])
end
return 1`

export function createInbox(redis: Redis): Inbox {
  return {
    async add(message) {
      const { conversation } = message
      const { seen, inbox, unfinished } = keysOf(conversation)
      const keys = [seen(message.id), inbox, unfinished]
      const ahead = (await redis.eval(
        addScript,
        keys.length,
        ...keys,
        seenSeconds,
        Date.now(),
        conversation,
        JSON.stringify(message),
      )) as number | null
      return ahead ?? undefined
    },
    async isNew(conversation, id) {
      return (await redis.set(keysOf(conversation).seen(id), 1, 'EX', seenSeconds, 'NX')) === 'OK'
    },
    async change({ id, conversation, text }) {
      const { inbox, journal, unfinished } = keysOf(conversation)
      const raw = (await redis.lrange(inbox, 0, -1)).find(json => (JSON.parse(json) as Message).id === id)
      if (raw === undefined) return { was: 'too late' }
      const before = JSON.parse(raw) as Message
      const after: Message = text === undefined ? { ...before, withdrawn: true } : { ...before, text: text.toWellFormed() }
      const changed = JSON.stringify(after)
      if (changed === raw) return { was: 'too late' } // only its looks were edited
      const facts = [raw, changed, conversation, after.withdrawn ? 'remove' : 'keep']
      const answer = (await redis.eval(changeScript, 3, inbox, journal, unfinished, ...facts)) as [string, number] | [] | null
      if (answer === null) return { was: 'too late' }
      return answer.length === 0 ? { was: 'waiting' } : { was: 'running', turn: answer[0], left: answer[1] }
    },
    async waiting(conversation) {
      const lines = await redis.lrange(keysOf(conversation).inbox, 0, readMessages - 1)
      return lines.map(json => JSON.parse(json) as Message)
    },
    async finish(messages, entries, { conversation, token }) {
      const { inbox, journal, history, unfinished, steps, lease, lastHolder } = keysOf(conversation)
      const keys = [inbox, journal, history, unfinished, steps, lease, lastHolder]
      const facts = [conversation, keepEntries, keepSeconds, token, messages.length]
      const lines = [...messages, ...entries].map(one => JSON.stringify(one))
      const done = await redis.eval(finishScript, keys.length, ...keys, ...facts, ...lines)
      if (done === null) throw new LeaseLost(`another worker goes on in ${conversation}`)
    },
    async unfinished(olderThanMs) {
      const lists = await Promise.all(unfinishedKeys.map(key => redis.zrangebyscore(key, 0, Date.now() - olderThanMs)))
      return lists.flat()
    },
  }
}
