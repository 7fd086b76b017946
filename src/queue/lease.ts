import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Conversation, Message } from '../message.ts'
import { keysOf } from '../redis/keys.ts'
import type { Redis } from '../redis/redis.ts'
import { runScript } from '../redis/script.ts'

/** The right to answer in one conversation, or to listen with one token. Who was paused and wakes has lost it, and must not act any more. */
export interface Lease {
  readonly conversation: Conversation
  /** What the queue's scripts compare with the holder: writes of who has lost the lease are refused. */
  readonly token: string
  /** Aborted with LeaseLost once somebody else holds it. */
  readonly lost: AbortSignal
  /** What waited in the conversation's inbox when it was taken. */
  readonly mail: Message[]
  /** Before anything that is seen outside: asks Redis when the lease may have run out meanwhile. Throws LeaseLost. */
  check(): Promise<void>
  /** Makes no claim on it while this runs, which is to resolve with whether it has let the lease go. */
  whileLetGo(work: () => Promise<boolean>): Promise<void>
  release(): Promise<void>
}

/** More than a person waits behind; each is read again at every turn. */
export const readMessages = 50

/** Another worker has the conversation: say nothing, call nothing, keep nothing. */
export class LeaseLost extends Error {
  override name = 'LeaseLost'
}

export interface Leases {
  /** Waits until the conversation is free. */
  take(conversation: Conversation, signal: AbortSignal): Promise<Lease>
  /** Undefined if somebody else has it. */
  tryTake(conversation: Conversation): Promise<Lease | undefined>
}

export interface LeasePace {
  /** A holder that is silent for so long has lost it. */
  lifeMs: number
  /** How often a holder says that it lives. */
  renewMs: number
}

/** Together with the queue's look for dead workers this keeps a takeover below 15 seconds. */
const usualPace: LeasePace = { lifeMs: 6000, renewMs: 1500 }
const tryAgainMs = 250

/** Who took a lease last is known for so long after it has ended. */
const rememberSeconds = 3600

const takeScript = `
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ${rememberSeconds})
return redis.call('LRANGE', KEYS[3], 0, ${readMessages - 1})`

/** A lease that ran out unnoticed still belongs to who had it, as long as nobody else has had it since. */
const renewScript = `
local holder = redis.call('GET', KEYS[1]) or redis.call('GET', KEYS[2])
if holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('EXPIRE', KEYS[2], ${rememberSeconds})
return 1`

/** As above, of who claims it no more. */
const askScript = `return (redis.call('GET', KEYS[1]) or redis.call('GET', KEYS[2])) == ARGV[1] and 1 or 0`

const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`

export function createLeases(redis: Redis, pace: LeasePace = usualPace): Leases {
  async function tryTake(conversation: Conversation): Promise<Lease | undefined> {
    const token = randomUUID()
    const asked = performance.now()
    const { lease, lastHolder, inbox } = keysOf(conversation)
    const lines = (await runScript(redis, takeScript, [lease, lastHolder, inbox], [token, pace.lifeMs])) as string[] | null
    if (!lines) return undefined
    const mail = lines.map(json => JSON.parse(json) as Message)
    return { ...hold(redis, conversation, token, asked, pace), mail }
  }
  return {
    tryTake,
    async take(conversation, signal) {
      while (true) {
        signal.throwIfAborted()
        const lease = await tryTake(conversation)
        if (lease) return lease
        await sleep(tryAgainMs, undefined, { signal })
      }
    },
  }
}

type Held = Omit<Lease, 'mail'>

function hold(redis: Redis, conversation: Conversation, token: string, taken: number, { lifeMs, renewMs }: LeasePace): Held {
  const { lease: key, lastHolder } = keysOf(conversation)
  const losing = new AbortController()
  let heldUntil = taken + lifeMs
  async function renew(): Promise<void> {
    const asked = performance.now()
    // With its text, so that it never has to be sent again: a claim that comes late would outlive the lease.
    if ((await redis.eval(renewScript, 2, key, lastHolder, token, lifeMs)) === 1) heldUntil = asked + lifeMs
    else lose()
  }
  const lose = () => losing.abort(new LeaseLost(`another worker has taken ${conversation}`))
  const beat = () => setInterval(() => void renew().catch(() => {}), renewMs) // Redis is away: `check` will wait for it
  let heartbeat = beat()
  let claims = true
  losing.signal.addEventListener('abort', () => clearInterval(heartbeat))
  return {
    conversation,
    token,
    lost: losing.signal,
    async check() {
      if (!claims) {
        if ((await runScript(redis, askScript, [key, lastHolder], [token])) === 0) lose()
      } else if (performance.now() > heldUntil - renewMs) await renew()
      losing.signal.throwIfAborted()
    },
    async whileLetGo(work) {
      clearInterval(heartbeat) // a claim that comes after would stand until it runs out
      claims = false
      let isGone = false
      try {
        isGone = await work()
      } finally {
        claims = !isGone
        if (claims && !losing.signal.aborted) heartbeat = beat()
      }
    },
    async release() {
      clearInterval(heartbeat)
      if (!claims) return
      await runScript(redis, releaseScript, [key], [token])
    },
  }
}
