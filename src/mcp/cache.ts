import { randomUUID } from 'node:crypto'
import { type Log, reason } from '../log.ts'
import type { Redis } from '../redis/redis.ts'
import type { CallOptions, Owner, ToolResult } from '../toolbox.ts'
import { digest } from './digest.ts'
import { createFlights } from './flights.ts'
import { askBriefly } from './patience.ts'
import { createShelf } from './shelf.ts'

/**
 * Results of tools that only read, told again while they are fresh: from this process's memory, else from Redis, which all workers share.
 * Only what succeeded and is words alone is kept. Of several equal calls at the same time one is made.
 */
export interface ResultCache {
  through(what: Cacheable, options: CallOptions, run: (options: CallOptions) => Promise<ToolResult>): Promise<ToolResult>
  /** Something may have been written there: what was read before, and is being read now, is not told again. */
  forget(place: CachePlace): Promise<void>
  stats(): CacheStats
}

/** Results are never told beyond it: another owner's server of the same name, and one configured differently, is another place. */
export interface CachePlace {
  /** With whose credentials the server is asked. */
  owner: Owner
  /** The configuration of the server, all of it. */
  server: { name: string }
}

export interface Cacheable extends CachePlace {
  tool: string
  input: Record<string, unknown>
  ttlMs: number
}

export interface CacheStats {
  /** From memory and from Redis. */
  hits: number
  memoryHits: number
  redisHits: number
  /** Calls that waited for an equal one under way. */
  shared: number
  misses: number
  /** Of all, from 0 to 1; what was shared counts as a hit. */
  hitRate: number
  stored: number
  /** How often a write made what was kept of a server void. */
  voided: number
  evicted: number
  /** In the memory of this process. */
  entries: number
  bytes: number
}

export interface CacheDeps {
  redis: Redis | undefined
  log: Log
  now(): number
  /** Of memory. */
  maxBytes?: number
}

const defaultMaxBytes = 16_000_000
/** Longer results are kept in memory alone. */
const maxRedisChars = 256_000
/** Longer than anything is cached, so that nothing of an older edition is left when its number is forgotten. */
const rememberEditionSeconds = 2 * 86_400

export function createResultCache({ redis, log, now, maxBytes = defaultMaxBytes }: CacheDeps): ResultCache {
  const complain = (error: unknown) => log.debug({ reason: reason(error) }, 'the cache of tool results could not ask Redis')
  const layers = createLayers({ redis, now, maxBytes, complain })
  const flights = createFlights()
  const editions = createEditions(redis, complain)
  const count = { shared: 0, misses: 0, voided: 0 }

  async function fetch(call: string, place: string, ttlMs: number, run: () => Promise<ToolResult>): Promise<ToolResult> {
    const key = `bellhop:result:${digest([call, await editions.of(place)])}`
    const found = await layers.find(key)
    if (found) return found
    count.misses++
    const result = await run()
    await layers.keep(key, result, ttlMs)
    return result
  }

  return {
    async through({ owner, server, tool, input, ttlMs }, options, run) {
      const place = digest([owner, server])
      const call = `${place}:${digest([tool, input])}`
      const { joined, result } = flights.board(call, options, shared => fetch(call, place, ttlMs, () => run(shared)))
      if (joined) count.shared++
      return result
    },
    async forget({ owner, server }) {
      const place = digest([owner, server])
      count.voided++
      flights.closeDoors(key => key.startsWith(place))
      await editions.raise(place)
    },
    stats() {
      const kept = layers.stats()
      const hits = kept.memoryHits + kept.redisHits
      const asked = hits + count.shared + count.misses
      return { hits, ...kept, ...count, hitRate: asked === 0 ? 0 : (hits + count.shared) / asked }
    },
  }
}

interface LayersDeps {
  redis: Redis | undefined
  now(): number
  maxBytes: number
  complain(error: unknown): void
}

/** Memory first, then Redis. What one has and the other lacks is handed up. */
function createLayers({ redis, now, maxBytes, complain }: LayersDeps) {
  const shelf = createShelf<ToolResult>(maxBytes, now)
  const count = { memoryHits: 0, redisHits: 0, stored: 0 }
  return {
    async find(key: string): Promise<ToolResult | undefined> {
      const kept = shelf.get(key)
      if (kept) count.memoryHits++
      if (kept || !redis) return kept
      const json = await askBriefly(redis, () => redis.get(key), complain)
      if (typeof json !== 'string') return undefined
      const { expiresAt, ...told } = JSON.parse(json) as { text: string; count?: number; expiresAt: number }
      count.redisHits++
      shelf.set(key, { ok: true, ...told }, bytesOf(key, told.text), expiresAt)
      return { ok: true, ...told }
    },
    async keep(key: string, { ok, text, count: items, files }: ToolResult, ttlMs: number): Promise<void> {
      if (!ok || files) return
      const expiresAt = now() + ttlMs
      count.stored++
      const told = { text, ...(items !== undefined && { count: items }) }
      shelf.set(key, { ok, ...told }, bytesOf(key, text), expiresAt)
      if (!redis || text.length > maxRedisChars) return
      await askBriefly(redis, () => redis.set(key, JSON.stringify({ ...told, expiresAt }), 'PX', ttlMs), complain)
    },
    stats: () => ({ ...count, evicted: shelf.evicted, entries: shelf.entries, bytes: shelf.bytes }),
  }
}

const bytesOf = (key: string, text: string) => 2 * (key.length + text.length)

/** Which edition of a place's results is the valid one. All workers on one Redis agree on it; without it, one process with itself. */
function createEditions(redis: Redis | undefined, complain: (error: unknown) => void) {
  const known = new Map<string, string>()
  /** Raised while Redis was away: it has to hear of a new one first, since others may have written meanwhile too. */
  const unheard = new Set<string>()
  const keyOf = (place: string) => `bellhop:edition:${place}`

  async function raise(place: string): Promise<void> {
    const edition = randomUUID()
    known.set(place, edition)
    if (!redis) return
    unheard.add(place)
    const said = await askBriefly(redis, () => redis.set(keyOf(place), edition, 'EX', rememberEditionSeconds), complain)
    if (said === 'OK') unheard.delete(place)
  }
  return {
    raise,
    async of(place: string): Promise<string> {
      if (!redis) return known.get(place) ?? ''
      if (unheard.has(place)) await raise(place)
      if (unheard.has(place)) return known.get(place) ?? ''
      const told = await askBriefly(redis, () => redis.get(keyOf(place)), complain)
      if (told === undefined) return known.get(place) ?? ''
      known.set(place, told ?? '')
      return told ?? ''
    },
  }
}
