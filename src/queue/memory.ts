import type { Memory } from '../adapter.ts'
import type { Redis } from '../redis/redis.ts'

const hash = 'bellhop:memory'

/** The few words that adapters keep across restarts. */
export function createMemory(redis: Redis): Memory {
  return {
    get: async key => (await redis.hget(hash, key)) ?? undefined,
    async set(key, value) {
      await redis.hset(hash, key, value)
    },
  }
}
