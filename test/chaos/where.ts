import { Redis } from 'ioredis'
import { keysOf } from '../../src/redis/keys.ts'
import type { Question } from './people.ts'

/** Where a question got stuck, as Redis knows it: the rest of a sentence. */
export async function whereIs({ place, id }: Question, redisUrl: string): Promise<string> {
  const redis = new Redis(redisUrl)
  const { inbox, seen, steps, journal } = keysOf(place.conversation)
  const waiting = await redis.lrange(inbox, 0, -1)
  const at = waiting.findIndex(json => (JSON.parse(json) as { id: string }).id === id)
  const heard = await redis.exists(seen(id))
  const [attempts, done] = [await redis.hget(journal, 'attempts'), await redis.llen(steps)]
  const job = await redis.get(`{bellhop}:mail:de:${place.conversation}`)
  redis.disconnect()
  if (at < 0) return heard ? ', heard, and no longer in the inbox' : ', never heard'
  return `, still in the inbox at ${at}; job ${job ?? 'none'}, attempts ${attempts ?? 0}, steps ${done}`
}
