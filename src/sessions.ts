import { historySeconds } from './history.ts'
import type { Redis } from './redis/redis.ts'

/** How many sessions each key of the web door has. */
export interface Sessions {
  /** That a session is used. False when it would be a new one, and the key has as many as it may; nothing is counted then. */
  enter(person: string, session: string): Promise<boolean>
}

/** KEYS: sorted set of a key's sessions by last use. ARGV: now, as much as a history lives, the most, the session. */
const enterScript = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2] * 1000)
if not redis.call('ZSCORE', KEYS[1], ARGV[4]) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1`

/** A session counts until what was said in it is forgotten. */
export function createSessions(redis: Redis, most: number, now: () => number = Date.now): Sessions {
  return {
    async enter(person, session) {
      return (await redis.eval(enterScript, 1, `bellhop:sessions:${person}`, now(), historySeconds, most, session)) === 1
    },
  }
}
