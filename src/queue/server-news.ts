import type { RedisHouse } from '../redis/redis.ts'
import type { Owner } from '../toolbox.ts'
import { createWire, type Wire } from './wire.ts'

/**
 * Word to all workers about servers: `changed` of one that somebody has added, taken out, or signed in to or out of; `reload` that the
 * list of the house's is to be looked into.
 */
export type ServerNews = { what: 'changed'; owner: Owner; server: string } | { what: 'reload' }

export type NewsLine = Wire<ServerNews>

export const createNewsLine = (house: Pick<RedisHouse, 'redis' | 'open'>): NewsLine => createWire(house, 'bellhop:server-news')
