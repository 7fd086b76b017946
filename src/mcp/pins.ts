import type { Tool } from '@modelcontextprotocol/client'
import { type Log, reason } from '../log.ts'
import type { Redis } from '../redis/redis.ts'
import { digest } from './digest.ts'
import { askBriefly } from './patience.ts'

/**
 * Remembers how tools were defined when they were first seen. A server may describe a tool harmlessly until it is trusted, and otherwise
 * afterwards ("rug pull"): nobody reads a definition twice.
 */
export interface Pins {
  /** Names of the tools of which one of an earlier call, or of an earlier process on the same Redis, had another definition. */
  check(server: string, tools: Tool[]): Promise<string[]>
  /** Of a server that is taken out: what comes under its name later is another one. */
  forget(server: string): Promise<void>
}

export function createPins(redis: Redis | undefined, log: Log): Pins {
  const seen = new Map<string, Map<string, string>>()
  const keyOf = (server: string) => `bellhop:definitions:${server}`

  async function load(server: string): Promise<Map<string, string>> {
    const kept = redis && (await askBriefly(redis, () => redis.hgetall(keyOf(server)), complain))
    return new Map(Object.entries(kept ?? {}))
  }
  const complain = (error: unknown) => log.debug({ reason: reason(error) }, 'definitions of tools were not kept')

  return {
    async check(server, tools) {
      const before = seen.get(server) ?? (await load(server))
      const known = new Map(before)
      const fresh = tools.map(tool => [tool.name, digestOf(tool)] as const).filter(([name, hash]) => known.get(name) !== hash)
      for (const [name, hash] of fresh) known.set(name, hash)
      seen.set(server, known)
      if (redis && fresh.length > 0) await askBriefly(redis, () => redis.hset(keyOf(server), Object.fromEntries(fresh)), complain)
      return fresh.map(([name]) => name).filter(name => before.has(name))
    },
    async forget(server) {
      seen.delete(server)
      if (redis) await askBriefly(redis, () => redis.del(keyOf(server)), complain)
    },
  }
}

/** All that a model or a rule goes by. */
function digestOf({ title, description, inputSchema, annotations }: Tool): string {
  return digest({ title, description, inputSchema, annotations })
}
