import type { RedisHouse } from '../redis/redis.ts'
import type { Owner } from '../toolbox.ts'

/**
 * Word to all workers about servers: `changed` of one that somebody has added, taken out, or signed in to or out of; `reload` that the
 * list of the house's is to be looked into.
 */
export type ServerNews = { what: 'changed'; owner: Owner; server: string } | { what: 'reload' }

export interface NewsLine {
  send(news: ServerNews): Promise<void>
  listen(hear: (news: ServerNews) => void): Promise<void>
}

const channel = 'bellhop:server-news'

export function createNewsLine(house: Pick<RedisHouse, 'redis' | 'open'>): NewsLine {
  return {
    async send(news) {
      await house.redis.publish(channel, JSON.stringify(news))
    },
    async listen(hear) {
      const subscriber = house.open()
      subscriber.on('message', (_channel: string, json: string) => hear(JSON.parse(json) as ServerNews))
      await subscriber.subscribe(channel)
    },
  }
}
