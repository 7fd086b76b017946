import type { Bookmarks } from '../adapter.ts'
import type { Redis } from '../redis/redis.ts'

const keepConversations = 5000

/** One per platform. Older conversations beyond the newest 5,000 are forgotten. */
export function createBookmarks(redis: Redis, platform: string): Bookmarks {
  const times = `bellhop:{bookmarks}:${platform}:times`
  const messages = `bellhop:{bookmarks}:${platform}:messages`
  return {
    async set(conversation, messageId) {
      await redis.multi().zadd(times, Date.now(), conversation).hset(messages, conversation, messageId).exec()
      const old = await redis.zrange(times, '0', String(-keepConversations - 1))
      if (old.length > 0)
        await redis
          .multi()
          .zrem(times, ...old)
          .hdel(messages, ...old)
          .exec()
    },
    async recent(count) {
      const conversations = await redis.zrevrange(times, 0, count - 1)
      if (conversations.length === 0) return []
      const ids = await redis.hmget(messages, ...conversations)
      return conversations.flatMap((conversation, at) => {
        const messageId = ids[at]
        return messageId ? [{ conversation, messageId }] : []
      })
    },
  }
}
