import type { Adapter, Pace } from '../adapter.ts'
import type { Message } from '../message.ts'
import type { Redis } from '../redis/redis.ts'
import { runScript } from '../redis/script.ts'

const urgencies = ['idle', 'growth', 'step', 'note', 'post', 'final'] as const

/** What a call is for, by what a person misses most when it is late; `idle` is only made when nothing else has been said for a while. */
export type Urgency = (typeof urgencies)[number]

export const moreUrgent = (one: Urgency, other: Urgency) => urgencies.indexOf(one) > urgencies.indexOf(other)

/**
 * How fast calls follow each other in one chat, whichever worker makes them: a bucket of calls in Redis that fills up again. The more
 * urgent a call, the more of the bucket it may use, so that the last words never wait for the growth of others.
 */
export interface Pacer {
  lane(pace: Pace): Lane
}

/** The calls that share what a platform allows. */
export interface Lane {
  /** 0: a call may be made now, and is counted; else the milliseconds after which to ask again. */
  ask(urgency: Urgency): Promise<number>
  /**
   * The platform wants silence for so long. When it has refused a call, and that was not only `foretold`, the bucket fills at half the speed
   * for a while after that.
   */
  hush(ms: number, foretold?: boolean): Promise<void>
}

/**
 * How many calls each urgency leaves in the bucket for those above it. Growth leaves what the last words may need at once: the end of a
 * message, a further message, and its text. What is idle takes from no bucket: it may use what has run over the brim of a full one, which
 * holds one call, so that nothing that anybody says is later for it.
 */
const reserve: Record<Urgency, number> = { idle: -1, growth: 3, step: 1, note: 1, post: 0, final: 0 }

/** Where nothing was said for one and a half refills, growth leaves less: the reserve fills more slowly then, but no text stands still. */
const leastReserve = (urgency: Urgency) => (urgency === 'growth' ? reserve.step : reserve[urgency])

/** Edits of the same message, which would flicker at a shorter distance than the platform's. */
const keepsDistance = (urgency: Urgency) => urgency === 'idle' || urgency === 'growth' || urgency === 'step'

/** After a refusal the platform allows less than was thought: milliseconds of caution, and of distance beside what it asked for. */
const cautiousMs = 60_000
const distanceMs = 250

/** A lane that nobody used for so long is full again at any pace. */
const forgetMs = 600_000

/**
 * A call takes from its own bucket and from that of all chats, or from none. With `queue` it is counted at once, however long the line of
 * all chats is: told are the milliseconds until it comes, and 1 if it has a place there.
 */
const askScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function look(key, from)
  local burst, refill, gap = tonumber(ARGV[from]), tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2])
  local was = redis.call('HMGET', key, 'left', 'at', 'last', 'hushed', 'cautious')
  local hushed = tonumber(was[4] or 0)
  if now < hushed then return { wait = hushed - now } end
  if now < tonumber(was[5] or 0) then refill = refill * 2 end
  local idle = tonumber(ARGV[from + 3]) < 0
  local brim = idle and burst + 1 or burst
  local left, at = tonumber(was[1] or burst + 1), tonumber(was[2] or now)
  left = math.min(brim, left + math.max(0, now - at) / refill)
  local function untilLeaves(reserve) return math.max(0, (idle and brim or math.min(burst, 1 + reserve)) - left) * refill end
  local wait = untilLeaves(ARGV[from + 3])
  if was[3] then
    local last = tonumber(was[3])
    wait = math.min(wait, math.max(untilLeaves(ARGV[from + 4]), last + refill * 1.5 - now))
    if gap > 0 then wait = math.max(wait, last + gap - now) end
  end
  return { wait = wait, left = left, key = key, idle = idle }
end
local function keep(bucket, takes)
  if not bucket.left then return end
  if takes and not bucket.idle then redis.call('HSET', bucket.key, 'last', now) end
  redis.call('HSET', bucket.key, 'left', tostring(takes and bucket.left - 1 or bucket.left), 'at', now)
  redis.call('PEXPIRE', bucket.key, ARGV[1])
end
local own = look(KEYS[1], 2)
if own.wait > 0 or not KEYS[2] then
  keep(own, own.wait <= 0)
  return { math.max(0, math.ceil(own.wait)), 0 }
end
local all = look(KEYS[2], 7)
local takes = all.wait <= 0 or ARGV[12] == 'queue'
keep(own, takes)
keep(all, takes)
return { math.max(0, math.ceil(all.wait)), takes and all.wait > 0 and 1 or 0 }`

const hushedScript = `
local time = redis.call('TIME')
return math.max(0, tonumber(redis.call('HGET', KEYS[1], 'hushed') or 0) - time[1] * 1000 - math.floor(time[2] / 1000))`

const hushScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local hushed = math.max(now + ARGV[1], tonumber(redis.call('HGET', KEYS[1], 'hushed') or 0))
redis.call('HSET', KEYS[1], 'hushed', hushed)
if tonumber(ARGV[2]) > 0 then redis.call('HSET', KEYS[1], 'cautious', hushed + ARGV[2]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1] + ARGV[2] + ARGV[3])`

export function createPacer(redis: Redis): Pacer {
  return {
    lane({ lane, overall, ...pace }) {
      // Both on one node of a cluster, since they are asked together.
      const keys = [`bellhop:{pace:${overall?.lane ?? lane}}:${lane}`, ...(overall ? [`bellhop:{pace:${overall.lane}}`] : [])]
      const own = keys.slice(0, 1)
      /** When the call comes for which a place in the line is kept. */
      let comesAt: number | undefined
      async function askForPlace(at: number): Promise<number> {
        const waitMs = Math.ceil(at - performance.now())
        if (waitMs > 0) return waitMs
        const hushedMs = (await runScript(redis, hushedScript, own)) as number
        if (hushedMs === 0) comesAt = undefined
        return hushedMs
      }
      return {
        async ask(urgency) {
          if (comesAt !== undefined) return askForPlace(comesAt)
          const gapMs = keepsDistance(urgency) ? pace.gapMs : 0
          const facts = [pace.burst, pace.refillMs, gapMs, reserve[urgency], leastReserve(urgency)]
          const left = Math.min(0, reserve[urgency])
          // What is urgent has its place in the line of all chats from when it asks; what is not comes when nobody stands there.
          const how = moreUrgent(urgency, 'growth') ? 'queue' : ''
          const more = overall ? [overall.burst, overall.refillMs, 0, left, left, how] : []
          const [waitMs, hasPlace] = (await runScript(redis, askScript, keys, [forgetMs, ...facts, ...more])) as [number, number]
          if (hasPlace === 1) comesAt = performance.now() + waitMs
          return waitMs
        },
        async hush(ms, foretold = false) {
          const caution = foretold ? 0 : cautiousMs
          await runScript(redis, hushScript, own, [Math.ceil(ms) + distanceMs, caution, forgetMs])
        },
      }
    },
  }
}

/** The lane of the calls by which this message is answered. */
export function openLane(
  { limits }: Adapter,
  { conversation, replyTo }: Pick<Message, 'conversation' | 'replyTo'>,
  pacer: Pacer,
): Lane {
  const pace = limits.pace?.(conversation, replyTo)
  return pace ? pacer.lane(pace) : createOwnLane(limits.editEveryMs)
}

/** A lane that is asked for its first call now: the answer is there by the time the call is wanted, if that is `urgency` as well. */
export function askEarly(lane: Lane, urgency: Urgency): Lane {
  let early: Promise<number> | undefined = lane.ask(urgency)
  early.catch(() => {}) // told to who wants the call
  return {
    ask(now) {
      const answer = now === urgency && early !== undefined ? early : lane.ask(now)
      early = undefined
      return answer
    },
    hush: lane.hush,
  }
}

/** A lane of one reply alone, for a platform that asks for no more than that edits keep a distance. */
function createOwnLane(gapMs: number): Lane {
  let last = Number.NEGATIVE_INFINITY
  let hushedUntil = 0
  return {
    async ask(urgency) {
      const now = performance.now()
      const from = keepsDistance(urgency) ? Math.max(hushedUntil, last + gapMs) : hushedUntil
      if (from > now) return Math.ceil(from - now)
      last = now
      return 0
    },
    async hush(ms) {
      hushedUntil = performance.now() + ms
    },
  }
}
