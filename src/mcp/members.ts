import type { Author } from '../message.ts'
import type { Redis } from '../redis/redis.ts'
import { runScript } from '../redis/script.ts'
import type { Owner } from '../toolbox.ts'
import type { Vault } from '../vault.ts'

/** The servers that people and places have of their own: remembered by Redis, what is secret of them sealed. */
export interface Members {
  /** False when the owner has one of that name, or as many as he may have. */
  add(owner: Owner, server: MemberServer): Promise<'added' | 'taken' | 'full'>
  remove(owner: Owner, name: string): Promise<boolean>
  /** By name. */
  of(owner: Owner): Promise<MemberServer[]>
}

export interface MemberServer {
  name: string
  url: string
  headers: Record<string, string>
  /** What is secret of it was sealed with another key, so that it cannot be used; there are no headers then. */
  locked?: true
  addedBy: Pick<Author, 'id' | 'name'>
}

/** Each is a connection of its own in every worker that answers its owner. */
export const mostServers = 10

interface Kept {
  url: string
  addedBy: MemberServer['addedBy']
  /** The headers, as JSON. */
  sealed: string
}

const addScript = `
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 'taken' end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 'full' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 'added'`

export function createMembers(redis: Redis, vault: Vault): Members {
  const keyOf = (owner: Owner) => `bellhop:servers:${owner}`
  function opened(sealed: string, context: string): Record<string, string> | undefined {
    try {
      return JSON.parse(vault.open(sealed, context)) as Record<string, string>
    } catch {
      return undefined // by whom it was sealed nobody can tell
    }
  }
  const contextOf = (owner: Owner, name: string, url: string) => `${owner} ${name} ${url} headers`
  return {
    async add(owner, { name, url, headers, addedBy }) {
      const sealed = vault.seal(JSON.stringify(headers), contextOf(owner, name, url))
      const kept: Kept = { url, addedBy, sealed }
      return (await runScript(redis, addScript, [keyOf(owner)], [name, JSON.stringify(kept), mostServers])) as
        | 'added'
        | 'taken'
        | 'full'
    },
    remove: async (owner, name) => (await redis.hdel(keyOf(owner), name)) === 1,
    async of(owner) {
      const all = Object.entries(await redis.hgetall(keyOf(owner))).toSorted(([a], [b]) => (a < b ? -1 : 1))
      return all.map(([name, json]) => {
        const { url, addedBy, sealed } = JSON.parse(json) as Kept
        const headers = opened(sealed, contextOf(owner, name, url))
        return { name, url, headers: headers ?? {}, addedBy, ...(!headers && { locked: true as const }) }
      })
    },
  }
}
