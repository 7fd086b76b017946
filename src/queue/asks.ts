import type { Answer, Ask, Values } from '../ask.ts'
import type { Author, Conversation, Message } from '../message.ts'
import { asksKeys, keysOf } from '../redis/keys.ts'
import type { Redis } from '../redis/redis.ts'
import { runScript } from '../redis/script.ts'
import { type Lease, LeaseLost } from './lease.ts'

/** What people were asked during their turns, and what they have answered: on any worker, before and after a restart. */
export interface Asks {
  /** Keeps the question, and returns it as it was kept the first time, with its answer if there is one. */
  open(question: Question): Promise<OpenQuestion>
  find(conversation: Conversation, token: string): Promise<OpenQuestion | undefined>
  /** The question that this person fills in here, or was asked last, if it is open. */
  last(conversation: Conversation, authorId: string): Promise<OpenQuestion | undefined>
  /** The question that the turn of this token waits for, if it does. */
  ofTurn(conversation: Conversation, turn: string): Promise<OpenQuestion | undefined>
  /** True for the one answer that counts; the turn, if it is parked, waits in the inbox again. */
  answer(question: Question, answer: Answer): Promise<boolean>
  /** Keeps what this person has filled in so far, who is asked field by field and from now on answers this question by what he types. */
  fill(question: Question, by: string, values: Values, at: number): Promise<void>
  /**
   * Sets the turn of these messages, the first that wait, aside until the question is answered: what waits behind it is next. False, and
   * nothing is done, when it is answered already or one of the messages was changed. Throws LeaseLost.
   */
  park(messages: Message[], token: string, lease: Lease): Promise<boolean>
  /** Questions whose time is over. */
  overdue(): Promise<OpenQuestion[]>
}

export interface Question {
  ask: Ask
  conversation: Conversation
  /** Who is asked: who asked the turn's question. */
  asker: Author
  /** `tokenOf` the turn's first message. */
  turn: string
}

export interface OpenQuestion extends Question {
  answer?: Answer
  /** What is filled in so far, and the index of the field that is asked for now; absent while nobody fills it in by typing. */
  filling?: { values: Values; at: number }
}

const keepSeconds = 7 * 86_400

const openScript = `
if redis.call('HEXISTS', KEYS[1], 'question') == 0 then
  redis.call('HSET', KEYS[1], 'question', ARGV[1])
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
  redis.call('EXPIRE', KEYS[1], ${keepSeconds})
end
if redis.call('HEXISTS', KEYS[1], 'answer') == 0 then
  redis.call('HSET', KEYS[3], ARGV[4], ARGV[5], 'turn ' .. ARGV[6], ARGV[5])
  redis.call('EXPIRE', KEYS[3], ${keepSeconds})
end`

/** How the JSON of a message ends that comes back: nothing else of a message can end so. */
const resumedEnd = ',"resumed":true}'

const answerScript = `
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], 'answer') == 1 then return 0 end
redis.call('HSET', KEYS[1], 'answer', ARGV[1])
redis.call('HDEL', KEYS[1], 'filling')
redis.call('ZREM', KEYS[2], ARGV[2])
for _, name in ipairs({ ARGV[3], 'turn ' .. ARGV[4] }) do
  if redis.call('HGET', KEYS[3], name) == ARGV[5] then redis.call('HDEL', KEYS[3], name) end
end
local waiting = redis.call('LRANGE', KEYS[4], 0, -1)
for _, line in ipairs(waiting) do
  if string.sub(line, -${resumedEnd.length}) ~= '${resumedEnd}' then line = string.sub(line, 1, -2) .. '${resumedEnd}' end
  redis.call('RPUSH', KEYS[5], line)
end
redis.call('DEL', KEYS[4])
if #waiting > 0 then redis.call('ZADD', KEYS[6], 'NX', ARGV[6], ARGV[7]) end
return 1`

const parkScript = `
local holder = redis.call('GET', KEYS[1]) or redis.call('GET', KEYS[2])
if holder ~= ARGV[1] then return false end
if redis.call('EXISTS', KEYS[3]) == 0 or redis.call('HEXISTS', KEYS[3], 'answer') == 1 then return 0 end
local count = #ARGV - 2
local head = redis.call('LRANGE', KEYS[4], 0, count - 1)
for at = 1, count do if head[at] ~= ARGV[at + 2] then return 0 end end
if redis.call('HEXISTS', KEYS[5], 'changed') == 1 or redis.call('EXISTS', KEYS[6]) == 0 then return 0 end
redis.call('HINCRBY', KEYS[5], 'attempts', -1)
redis.call('RENAME', KEYS[5], KEYS[7])
redis.call('RENAME', KEYS[6], KEYS[8])
redis.call('LTRIM', KEYS[4], count, -1)
redis.call('DEL', KEYS[9])
for at = 1, count do redis.call('RPUSH', KEYS[9], head[at]) end
for at = 7, 9 do redis.call('EXPIRE', KEYS[at], ${keepSeconds}) end
if redis.call('EXISTS', KEYS[4]) == 0 then redis.call('ZREM', KEYS[10], ARGV[2]) end
return 1`

export function createAsks(redis: Redis): Asks {
  async function find(conversation: Conversation, token: string | null): Promise<OpenQuestion | undefined> {
    if (token === null) return undefined
    const [question, answer, filling] = await redis.hmget(keysOf(conversation).ask(token), 'question', 'answer', 'filling')
    if (!question) return undefined
    return {
      ...(JSON.parse(question) as Question),
      ...(answer && { answer: JSON.parse(answer) as Answer }),
      ...(filling && { filling: JSON.parse(filling) as { values: Values; at: number } }),
    }
  }
  async function overdueAt(key: string): Promise<OpenQuestion[]> {
    const lines = await redis.zrangebyscore(key, 0, Date.now())
    const found = await Promise.all(lines.map(async line => ({ line, question: await find(...partsOf(line)) })))
    const forgotten = found.filter(({ question }) => question === undefined)
    if (forgotten.length > 0) await redis.zrem(key, ...forgotten.map(({ line }) => line))
    return found.flatMap(({ question }) => question ?? [])
  }
  return {
    find,
    async open(question) {
      const { ask, conversation, asker, turn } = question
      const { asks, asked, ask: keyOf } = keysOf(conversation)
      const keys = [keyOf(ask.token), asks, asked]
      const facts = [JSON.stringify(question), ask.expiresAt, lineOf(question), asker.id, ask.token, turn]
      await runScript(redis, openScript, keys, facts)
      return (await find(conversation, ask.token)) ?? question
    },
    last: async (conversation, authorId) => find(conversation, await redis.hget(keysOf(conversation).asked, authorId)),
    ofTurn: async (conversation, turn) => find(conversation, await redis.hget(keysOf(conversation).asked, `turn ${turn}`)),
    async answer({ ask, conversation, asker, turn }, answer) {
      const { asks, asked, ask: keyOf, parked, inbox, unfinished } = keysOf(conversation)
      const keys = [keyOf(ask.token), asks, asked, parked(turn).inbox, inbox, unfinished]
      const line = lineOf({ ask, conversation })
      const facts = [JSON.stringify(answer), line, asker.id, turn, ask.token, Date.now(), conversation]
      return (await runScript(redis, answerScript, keys, facts)) === 1
    },
    async fill({ ask, conversation }, by, values, at) {
      const { ask: keyOf, asked } = keysOf(conversation)
      await Promise.all([
        redis.hset(keyOf(ask.token), 'filling', JSON.stringify({ values, at })),
        redis.hset(asked, by, ask.token),
        redis.expire(asked, keepSeconds),
      ])
    },
    async park(messages, token, { conversation, token: holder }) {
      const { lease, lastHolder, ask, inbox, journal, steps, parked, unfinished } = keysOf(conversation)
      const question = await find(conversation, token)
      if (!question) return false
      const to = parked(question.turn)
      const keys = [lease, lastHolder, ask(token), inbox, journal, steps, to.journal, to.steps, to.inbox, unfinished]
      const lines = messages.map(message => JSON.stringify(message))
      const done = await runScript(redis, parkScript, keys, [holder, conversation, ...lines])
      if (done === null) throw new LeaseLost(`another worker goes on in ${conversation}`)
      return done === 1
    },
    overdue: async () => (await Promise.all(asksKeys.map(overdueAt))).flat(),
  }
}

const lineOf = ({ ask, conversation }: Pick<Question, 'ask' | 'conversation'>) => `${ask.token} ${conversation}`
const partsOf = (line: string): [Conversation, string] => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]
