import { createHash } from 'node:crypto'
import type { Conversation, Message } from '../message.ts'
import type { Entry, ToolEntry } from '../model.ts'
import { keysOf } from '../redis/keys.ts'
import type { Redis } from '../redis/redis.ts'
import { type Lease, LeaseLost } from './lease.ts'

/**
 * What a turn has done so far, kept before it is shown, so that another worker can go on with it. The inbox removes it when the turn
 * is finished. Every write throws LeaseLost, and changes nothing, once another worker has the conversation.
 */
export interface Journal {
  /** Begins the turn, or goes on with it. Of a message that was edited meanwhile only the reply goes on. */
  begin(lease: Lease, message: Message): Promise<TurnRecord>
  keepStep(lease: Lease, message: Message, step: Step): Promise<void>
  /** The native ids of the reply's messages, in order. */
  keepReplies(lease: Lease, message: Message, ids: string[]): Promise<void>
  /** The answer, before it is delivered: from here on nothing is asked or called again. */
  keepFinal(lease: Lease, message: Message, final: Final): Promise<void>
  /** This attempt ended in good order, to go on elsewhere: it does not count. */
  handOver(lease: Lease, message: Message): Promise<void>
  isRunning(conversation: Conversation): Promise<boolean>
}

export interface TurnRecord {
  /** How often the turn was begun, this time included; more than once means that a worker died of it, or with it. */
  attempts: number
  replies: string[]
  steps: Step[]
  final?: Final
}

export type Step =
  /** What the model said and called. */
  | { type: 'said'; entry: Extract<Entry, { role: 'assistant' }> }
  /** From here on nobody can know whether the call had an effect, until its result is here. */
  | { type: 'begun'; callId: string }
  | { type: 'result'; entry: ToolEntry; ms: number }

export interface Final {
  text: string
  entries: Entry[]
}

const keepSeconds = 7 * 86_400

const refuseOthers = `
local holder = redis.call('GET', KEYS[1]) or redis.call('GET', KEYS[4])
if holder ~= ARGV[1] then return false end`

const beginScript = `${refuseOthers}
if redis.call('HGET', KEYS[2], 'turn') ~= ARGV[2] then
  redis.call('DEL', KEYS[2], KEYS[3])
  redis.call('HSET', KEYS[2], 'turn', ARGV[2])
end
if redis.call('HGET', KEYS[2], 'asked') ~= ARGV[4] then
  redis.call('HDEL', KEYS[2], 'attempts', 'final')
  redis.call('DEL', KEYS[3])
  redis.call('HSET', KEYS[2], 'asked', ARGV[4])
end
redis.call('HINCRBY', KEYS[2], 'attempts', 1)
redis.call('EXPIRE', KEYS[2], ARGV[3])
return { redis.call('HMGET', KEYS[2], 'attempts', 'replies', 'final'), redis.call('LRANGE', KEYS[3], 0, -1) }`

const keepScript = `${refuseOthers}
if redis.call('HGET', KEYS[2], 'turn') ~= ARGV[2] then return false end
if ARGV[3] == 'step' then
  redis.call('RPUSH', KEYS[3], ARGV[4])
  redis.call('EXPIRE', KEYS[3], ARGV[5])
elseif ARGV[3] == 'attempts' then redis.call('HINCRBY', KEYS[2], 'attempts', ARGV[4])
else redis.call('HSET', KEYS[2], ARGV[3], ARGV[4]) end
return 1`

const digestOf = (message: Message) => createHash('sha256').update(JSON.stringify(message)).digest('base64url')

type BeginAnswer = [[attempts: string, replies: string | null, final: string | null], steps: string[]] | null

export function createJournal(redis: Redis): Journal {
  async function run(
    script: string,
    lease: Lease,
    { id, conversation }: Message,
    ...values: (string | number)[]
  ): Promise<unknown> {
    const keys = keysOf(conversation)
    const answer = await redis.eval(script, 4, keys.lease, keys.journal, keys.steps, keys.lastHolder, lease.token, id, ...values)
    if (answer === null) throw new LeaseLost(`another worker goes on with ${id}`)
    return answer
  }
  const keep = async (lease: Lease, message: Message, field: string, value: unknown) => {
    await run(keepScript, lease, message, field, JSON.stringify(value), keepSeconds)
  }
  return {
    async begin(lease, message) {
      const [[attempts, replies, final], steps] = (await run(
        beginScript,
        lease,
        message,
        keepSeconds,
        digestOf(message),
      )) as NonNullable<BeginAnswer>
      return {
        attempts: Number(attempts),
        replies: replies ? (JSON.parse(replies) as string[]) : [],
        steps: steps.map(step => JSON.parse(step) as Step),
        ...(final && { final: JSON.parse(final) as Final }),
      }
    },
    keepStep: (lease, message, step) => keep(lease, message, 'step', step),
    keepReplies: (lease, message, ids) => keep(lease, message, 'replies', ids),
    keepFinal: (lease, message, final) => keep(lease, message, 'final', final),
    handOver: (lease, message) => keep(lease, message, 'attempts', -1),
    isRunning: async conversation => (await redis.exists(keysOf(conversation).journal)) === 1,
  }
}
