import { createHash } from 'node:crypto'
import type { TurnEnd } from '../adapter.ts'
import type { Ask } from '../ask.ts'
import type { Conversation, Message } from '../message.ts'
import type { Entry, KeptFile, ToolEntry } from '../model.ts'
import { keysOf } from '../redis/keys.ts'
import type { Redis } from '../redis/redis.ts'
import { runScript } from '../redis/script.ts'
import { groupOf } from './group.ts'
import { type Lease, LeaseLost } from './lease.ts'
import { tokenOf } from './token.ts'

/**
 * What a turn has done so far, kept before it is shown, so that another worker can go on with it. The inbox removes it when the turn
 * is finished. Every write throws LeaseLost, and changes nothing, once another worker has the conversation.
 */
export interface Journal {
  /**
   * Begins the turn of the first of these messages, or goes on with it. When one of its messages was edited or taken back since it was begun
   * last, only the reply goes on. Undefined, and nothing is begun, when they do not stand in the inbox any more as they were read.
   */
  begin(lease: Lease, waiting: Message[]): Promise<TurnRecord | undefined>
  /** `turn` is here and below the id of the first message of the turn. */
  /**
   * Takes messages that wait right behind those the turn has into the turn; they are a step of it. False when they do not stand there
   * any more as they were.
   */
  take(lease: Lease, taken: Message[], more: Message[]): Promise<boolean>
  /** The native id of the note below a message that waits, in which its reply will begin; undefined when it is none any more. */
  keepNote(lease: Lease, messageId: string, id: string | undefined): Promise<void>
  /** At least one, in this order, all or none. */
  keepSteps(lease: Lease, turn: string, steps: Step[]): Promise<void>
  /** The native ids of the reply's messages, in order. */
  keepReplies(lease: Lease, turn: string, ids: string[]): Promise<void>
  /**
   * The answer, before it is delivered: from here on nothing is asked or called again. False, and nothing is kept, when one of the
   * messages was changed since the turn began.
   */
  keepFinal(lease: Lease, turn: string, final: Final): Promise<boolean>
  /** This attempt ended in good order, to go on elsewhere: it does not count. */
  handOver(lease: Lease, turn: string): Promise<void>
  isRunning(conversation: Conversation): Promise<boolean>
}

export interface TurnRecord {
  /** What is answered together, as it was said; those that were taken back are among them. */
  messages: Message[]
  /** How often the turn was begun since it last came any further, this time included: so many workers died of it, or with it. */
  attempts: number
  /** It was begun before, so that something may have been posted that nobody knows of. */
  again: boolean
  replies: string[]
  /** The notes below messages that wait: native ids by message. */
  notes: Map<string, string>
  steps: Step[]
  /** What was done for words that were changed since. */
  earlier: Step[]
  final?: Final
  /** When the first message was kept, in milliseconds since 1970; absent where nobody noted it. */
  keptAt?: number
}

export type Step =
  /** What the model said and called. */
  | { type: 'said'; entry: Extract<Entry, { role: 'assistant' }> }
  /** From here on nobody can know whether the call had an effect, until its result is here. */
  | { type: 'begun'; callId: string }
  | { type: 'result'; entry: ToolEntry; ms: number }
  /** The call waits for a person, and can go on with `later` once he has answered: it is not under way. */
  | { type: 'asked'; callId: string; ask: Ask; later: unknown }
  /** What the asker said while it ran. */
  | { type: 'heard'; messages: Message[] }
  /** What is before it was done for words that were changed since: the turn began anew. */
  | { type: 'anew' }

export interface Final {
  text: string
  /** The messages in place of a text that is too long for a chat: the whole of it is the first of the files. */
  shown?: string[]
  /** It ended badly, and may be asked again. */
  retry?: true
  entries: Entry[]
  /** For a program, which is told it before the text is delivered. */
  end?: TurnEnd
  /** What is posted behind the text, in this order, and what is only to be let go. */
  files?: KeptFile[]
}

const keepSeconds = 7 * 86_400

const refuseOthers = `
local holder = redis.call('GET', KEYS[1]) or redis.call('GET', KEYS[4])
if holder ~= ARGV[1] then return false end`

/**
 * `guess`: what the turn asks was not looked up, and what a turn of it has asked before is told instead, if that is something else. The
 * lines of the inbox are compared by their digest: a message can be long, and half a character in it could not be decoded here.
 */
const beginScript = `${refuseOthers}
if ARGV[6] == 'guess' then
  for at = 2, 7, 5 do
    local turn, asked = unpack(redis.call('HMGET', KEYS[at], 'turn', 'asked'))
    if turn == ARGV[2] and asked and asked ~= ARGV[4] then return asked end
    if turn == ARGV[2] then break end
  end
end
local lines = redis.call('LRANGE', KEYS[6], 0, #cjson.decode(ARGV[4]) - 1)
if redis.sha1hex(table.concat(lines)) ~= ARGV[7] then return 0 end
if redis.call('HGET', KEYS[2], 'turn') ~= ARGV[2] then
  redis.call('DEL', KEYS[2], KEYS[3])
  if redis.call('EXISTS', KEYS[7]) == 1 then redis.call('RENAME', KEYS[7], KEYS[2]) end
  if redis.call('EXISTS', KEYS[8]) == 1 then redis.call('RENAME', KEYS[8], KEYS[3]) end
  redis.call('HSET', KEYS[2], 'turn', ARGV[2])
end
if redis.call('HGET', KEYS[2], 'asked') ~= ARGV[4] then
  redis.call('HDEL', KEYS[2], 'attempts', 'final')
  if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('RPUSH', KEYS[3], ARGV[5]) end
  redis.call('HSET', KEYS[2], 'asked', ARGV[4])
end
local note = redis.call('HGET', KEYS[5], ARGV[2])
if note then
  redis.call('HDEL', KEYS[5], ARGV[2])
  redis.call('HSETNX', KEYS[2], 'replies', cjson.encode({ note }))
end
redis.call('HDEL', KEYS[2], 'changed')
redis.call('HINCRBY', KEYS[2], 'attempts', 1)
redis.call('HINCRBY', KEYS[2], 'begun', 1)
redis.call('EXPIRE', KEYS[2], ARGV[3])
return { redis.call('HMGET', KEYS[2], 'attempts', 'replies', 'final', 'begun'), redis.call('LRANGE', KEYS[3], 0, -1), redis.call('HGETALL', KEYS[5]), redis.call('GET', KEYS[9]) }`

const takeScript = `${refuseOthers}
local asked = redis.call('HGET', KEYS[2], 'asked')
if not asked then return 0 end
local count = #cjson.decode(asked)
for at = 6, #ARGV do if redis.call('LINDEX', KEYS[6], count + at - 6) ~= ARGV[at] then return 0 end end
redis.call('HSET', KEYS[2], 'asked', ARGV[3])
redis.call('RPUSH', KEYS[3], ARGV[4])
redis.call('EXPIRE', KEYS[3], ARGV[5])
return 1`

const keepNoteScript = `${refuseOthers}
if ARGV[3] == '' then redis.call('HDEL', KEYS[5], ARGV[2]) else
  redis.call('HSET', KEYS[5], ARGV[2], ARGV[3])
  redis.call('EXPIRE', KEYS[5], ARGV[4])
end
return 1`

const keepScript = `${refuseOthers}
if redis.call('HGET', KEYS[2], 'turn') ~= ARGV[2] then return false end
if ARGV[3] == 'final' and redis.call('HEXISTS', KEYS[2], 'changed') == 1 then return 0 end
if ARGV[3] == 'steps' then
  redis.call('RPUSH', KEYS[3], unpack(ARGV, 6))
  redis.call('EXPIRE', KEYS[3], ARGV[5])
  if ARGV[4] == 'further' then redis.call('HSET', KEYS[2], 'attempts', 1) end
elseif ARGV[3] == 'attempts' then redis.call('HINCRBY', KEYS[2], 'attempts', ARGV[4])
else redis.call('HSET', KEYS[2], ARGV[3], ARGV[4]) end
return 1`

const anew: Step = { type: 'anew' }

function sinceAnew(all: Step[]): Pick<TurnRecord, 'steps' | 'earlier'> {
  const at = all.findLastIndex(({ type }) => type === 'anew')
  return { steps: all.slice(at + 1), earlier: all.slice(0, at + 1) }
}

/** By which a message that was changed is known; that its turn goes on is no change of it. */
function digestOf({ resumed, ...message }: Message): string {
  return createHash('sha256').update(JSON.stringify(message)).digest('base64url')
}

/** As many as the turn has taken, if they are the same still; else as many as a new turn would take. */
function messagesOf(waiting: Message[], known: string[]): Message[] {
  const taken = waiting.slice(0, known.length)
  return known.length > 0 && taken.map(digestOf).join() === known.join() ? taken : groupOf(waiting)
}

const digestsIn = (messages: Message[]) => JSON.stringify(messages.map(digestOf))

/** Of the lines that these messages were read from: what was parsed is written as it was. */
function linesDigest(messages: Message[]): string {
  const lines = messages.map(message => JSON.stringify(message))
  return createHash('sha1').update(lines.join('')).digest('hex')
}

/** 1 stands where nobody noted it: an older gateway, or a button. */
const whenKept = (at: string | null) => (Number(at) > 1 ? { keptAt: Number(at) } : {})

type Begun = [
  [attempts: string, replies: string | null, final: string | null, begun: string],
  steps: string[],
  notes: string[],
  keptAt: string | null,
]

/** 0 when the inbox is not as it was read. */
type BeginAnswer = Begun | 0

function recordOf(messages: Message[], [[attempts, replies, final, begun], steps, notes, keptAt]: Begun): TurnRecord {
  return {
    messages,
    attempts: Number(attempts),
    again: Number(begun) > 1,
    replies: replies ? (JSON.parse(replies) as string[]) : [],
    notes: new Map(notes.flatMap((name, at) => (at % 2 === 0 ? [[name, notes[at + 1] ?? '']] : []))),
    ...sinceAnew(steps.map(step => JSON.parse(step) as Step)),
    ...{ ...(final && { final: JSON.parse(final) as Final }), ...whenKept(keptAt) },
  }
}

/** As the scripts number them; `keepScript` needs the first four. */
function keysFor(conversation: Conversation, turn: string): string[] {
  const { lease, journal, steps, lastHolder, notes, inbox, seen, parked } = keysOf(conversation)
  const left = parked(tokenOf(turn))
  return [lease, journal, steps, lastHolder, notes, inbox, left.journal, left.steps, seen(turn)]
}

export function createJournal(redis: Redis): Journal {
  async function run(script: string, lease: Lease, turn: string, ...values: (string | number)[]): Promise<unknown> {
    const keys = keysFor(lease.conversation, turn)
    const needed = script === keepScript ? keys.slice(0, 4) : keys
    const answer = await runScript(redis, script, needed, [lease.token, turn, ...values])
    if (answer === null) throw new LeaseLost(`another worker goes on with ${turn}`)
    return answer
  }
  /** As for a new turn; when there was one of other messages, those are told, and it is begun with what is left of them. */
  async function beginWith(lease: Lease, turn: string, waiting: Message[]): Promise<[Message[], BeginAnswer]> {
    const begin = async (messages: Message[], how: string) => {
      const facts = [keepSeconds, digestsIn(messages), JSON.stringify(anew), how, linesDigest(messages)]
      return (await run(beginScript, lease, turn, ...facts)) as BeginAnswer | string
    }
    const group = groupOf(waiting)
    const answer = await begin(group, 'guess')
    if (typeof answer !== 'string') return [group, answer]
    const messages = messagesOf(waiting, JSON.parse(answer) as string[])
    return [messages, (await begin(messages, '')) as BeginAnswer]
  }
  const keep = async (lease: Lease, turn: string, field: string, value: unknown) => {
    return (await run(keepScript, lease, turn, field, JSON.stringify(value))) === 1
  }
  return {
    async begin(lease, waiting) {
      const [messages, answer] = await beginWith(lease, waiting[0]?.id ?? '', waiting)
      return answer === 0 ? undefined : recordOf(messages, answer)
    },
    async take(lease, taken, more) {
      const asked = digestsIn([...taken, ...more])
      const step: Step = { type: 'heard', messages: more }
      const lines = more.map(message => JSON.stringify(message))
      return (await run(takeScript, lease, taken[0]?.id ?? '', asked, JSON.stringify(step), keepSeconds, ...lines)) === 1
    },
    async keepNote(lease, messageId, id = '') {
      await run(keepNoteScript, lease, messageId, id, keepSeconds)
    },
    async keepSteps(lease, turn, steps) {
      const how = steps.every(({ type }) => type === 'begun') ? '' : 'further'
      await run(keepScript, lease, turn, 'steps', how, keepSeconds, ...steps.map(step => JSON.stringify(step)))
    },
    async keepReplies(lease, turn, ids) {
      await keep(lease, turn, 'replies', ids)
    },
    keepFinal: (lease, turn, final) => keep(lease, turn, 'final', final),
    async handOver(lease, turn) {
      await keep(lease, turn, 'attempts', -1)
    },
    isRunning: async conversation => (await redis.exists(keysOf(conversation).journal)) === 1,
  }
}
