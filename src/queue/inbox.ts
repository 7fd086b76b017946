import type { Change, Conversation, Message } from '../message.ts'
import type { Entry } from '../model.ts'
import { keysOf, unfinishedKeys } from '../redis/keys.ts'
import type { Redis } from '../redis/redis.ts'
import { type Lease, LeaseLost } from './lease.ts'

/** What people said and what is not answered yet: the truth, beside which a job is only a doorbell. */
export interface Inbox {
  /** Keeps a message. False if it was here before. */
  add(message: Message): Promise<boolean>
  /** True the first time that an id is heard, for what is not a message to be answered. */
  isNew(conversation: Conversation, id: string): Promise<boolean>
  /**
   * Gives a message that is not answered yet another text, or takes it back. A turn that runs for it is to be told; an answer that is
   * being delivered is not changed any more.
   */
  change(change: Change): Promise<'waiting' | 'running' | 'too late'>
  /** The oldest message that is not answered. */
  first(conversation: Conversation): Promise<Message | undefined>
  /**
   * Ends a turn: remembers its entries, forgets the message and its journal, all or nothing. Harmless when done twice.
   * Throws LeaseLost, and changes nothing, once another worker has the conversation.
   */
  finish(message: Message, entries: Entry[], lease: Lease): Promise<void>
  /** Conversations with a message older than this that is not answered. */
  unfinished(olderThanMs: number): Promise<Conversation[]>
}

/** Longer than any platform goes on redelivering: Telegram keeps updates for 24 hours. */
const seenSeconds = 48 * 3600
const keepEntries = 400
const keepSeconds = 7 * 86_400

const addScript = `
if not redis.call('SET', KEYS[1], 1, 'NX', 'EX', ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[3], 'NX', ARGV[2], ARGV[3])
redis.call('RPUSH', KEYS[2], ARGV[4])
return 1`

/** A message that is taken back while its turn runs stays until that turn has ended in words. */
const changeScript = `
local at = redis.call('LPOS', KEYS[1], ARGV[1])
if not at then return 'too late' end
local running = at == 0 and redis.call('EXISTS', KEYS[2]) == 1
if running and redis.call('HEXISTS', KEYS[2], 'final') == 1 then return 'too late' end
if ARGV[2] ~= '' then redis.call('LSET', KEYS[1], at, ARGV[2])
elseif not running then
  redis.call('LREM', KEYS[1], 1, ARGV[1])
  if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[3], ARGV[3]) end
end
return running and 'running' or 'waiting'`

/** Only the head of the inbox can be finished, so that a late second worker changes nothing. */
const finishScript = `
local holder = redis.call('GET', KEYS[6]) or redis.call('GET', KEYS[7])
if holder ~= ARGV[5] then return false end
local head = redis.call('LINDEX', KEYS[1], 0)
if head ~= ARGV[1] then return 0 end
redis.call('LPOP', KEYS[1])
redis.call('DEL', KEYS[2], KEYS[5])
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[4], ARGV[2]) end
if #ARGV > 5 then
  redis.call('RPUSH', KEYS[3], unpack(ARGV, 6))
  redis.call('LTRIM', KEYS[3], -ARGV[3], -1)
  redis.call('EXPIRE', KEYS[3], ARGV[4])
end
return 1`

export function createInbox(redis: Redis): Inbox {
  return {
    async add(message) {
      const { conversation } = message
      const { seen, inbox, unfinished } = keysOf(conversation)
      const keys = [seen(message.id), inbox, unfinished]
      const isNew = await redis.eval(
        addScript,
        keys.length,
        ...keys,
        seenSeconds,
        Date.now(),
        conversation,
        JSON.stringify(message),
      )
      return isNew === 1
    },
    async isNew(conversation, id) {
      return (await redis.set(keysOf(conversation).seen(id), 1, 'EX', seenSeconds, 'NX')) === 'OK'
    },
    async change({ id, conversation, text }) {
      const { inbox, journal, unfinished } = keysOf(conversation)
      const raw = (await redis.lrange(inbox, 0, -1)).find(json => (JSON.parse(json) as Message).id === id)
      if (raw === undefined) return 'too late'
      const changed = text === undefined ? '' : JSON.stringify({ ...(JSON.parse(raw) as Message), text: text.toWellFormed() })
      if (changed === raw) return 'too late' // only its looks were edited
      return (await redis.eval(changeScript, 3, inbox, journal, unfinished, raw, changed, conversation)) as Awaited<
        ReturnType<Inbox['change']>
      >
    },
    async first(conversation) {
      const json = await redis.lindex(keysOf(conversation).inbox, 0)
      return json === null ? undefined : (JSON.parse(json) as Message)
    },
    async finish(message, entries, { token }) {
      const { inbox, journal, history, unfinished, steps, lease, lastHolder } = keysOf(message.conversation)
      const keys = [inbox, journal, history, unfinished, steps, lease, lastHolder]
      const facts = [JSON.stringify(message), message.conversation, keepEntries, keepSeconds, token]
      const done = await redis.eval(finishScript, keys.length, ...keys, ...facts, ...entries.map(entry => JSON.stringify(entry)))
      if (done === null) throw new LeaseLost(`another worker goes on with ${message.id}`)
    },
    async unfinished(olderThanMs) {
      const lists = await Promise.all(unfinishedKeys.map(key => redis.zrangebyscore(key, 0, Date.now() - olderThanMs)))
      return lists.flat()
    },
  }
}
