import { createHash, randomBytes } from 'node:crypto'
import { type Log, reason } from './log.ts'
import type { Redis } from './redis/redis.ts'

/**
 * Of whoever holds a key of the web door: he is `web:<name>` to rules, ADMINS and the audit log, so that it can be neither `local` nor
 * `key-…`, which are those without a name.
 */
export const keyName = /^(?!local$|key-)[a-z][a-z0-9_-]{0,31}$/

/** A key as an operator writes it into the settings: bare, or with the name of its holder. */
export type ApiKey = string | { name: string; key: string }

/** A key that was made while the bot runs, without the key. */
export interface MadeKey {
  name: string
  /** SHA-256 of the key, as hex. */
  hash: string
  admin: boolean
}

/** What is known of a name; `made` and `revoked` are ISO 8601, `used` is a day (UTC). */
export interface KeyRecord {
  name: string
  made: string
  admin: boolean
  /** `settings`: it stands, or stood, in HTTP_API_KEYS. */
  state: 'valid' | 'revoked' | 'settings'
  revoked?: string
  used?: string
}

/** The keys of the web door that are made and revoked while the bot runs. */
export interface Keys {
  /**
   * Makes a key, which nobody can ask for again; undefined when somebody has, or had, the name. What belongs to a name (sessions, servers,
   * rules) goes to its next holder, so that it is given twice only if the operator says `again`: then an earlier key of it ends.
   */
  add(name: string, options: { admin: boolean; again: boolean }): Promise<string | undefined>
  /** By name. */
  list(): Promise<KeyRecord[]>
  /** False when no valid key has this name. */
  revoke(name: string): Promise<boolean>
  /** Hears the valid keys, at first at once and then within seconds of a change; while Redis is away they stay as they are. */
  listen(hear: (keys: MadeKey[]) => void): Promise<() => void>
  /** That a key of this name was used: written down once a day, and not while somebody waits. */
  used(name: string): void
}

/** Hash: what is known of each name that ever had a key. */
const keysKey = 'bellhop:keys'
/** Hash: the day on which each was used last. */
const usedKey = 'bellhop:keys:used'
/** What a leaked key is found by. */
const beginning = 'bhk_'

interface Kept {
  made: string
  admin: boolean
  /** Absent: nobody can come in with it. */
  hash?: string
  revoked?: string
}

export interface KeysOptions {
  log: Log
  /** Of the settings. */
  apiKeys?: readonly ApiKey[]
  lookEveryMs?: number
}

export function createKeys(redis: Redis, { log, apiKeys = [], lookEveryMs = 2000 }: KeysOptions): Keys {
  const read = async () =>
    Object.entries(await redis.hgetall(keysKey)).map(([name, json]) => [name, JSON.parse(json) as Kept] as const)
  const days = createDays(redis)
  const valid = async () =>
    (await read()).flatMap(([name, { hash, admin }]) => (hash === undefined ? [] : [{ name, hash, admin }]))
  const now = () => new Date().toISOString()

  /** A name of the settings is nobody else's, even when it stands there no longer. */
  async function claimNames(): Promise<void> {
    for (const one of apiKeys) {
      const kept: Kept = { made: now(), admin: false }
      if (typeof one !== 'string') await redis.hsetnx(keysKey, one.name, JSON.stringify(kept))
    }
  }
  return {
    async add(name, { admin, again }) {
      if (!keyName.test(name)) throw new Error(`${name} is no name of a key`)
      await claimNames()
      const key = `${beginning}${randomBytes(32).toString('base64url')}`
      const json = JSON.stringify({ made: now(), admin, hash: createHash('sha256').update(key).digest('hex') } satisfies Kept)
      if (again) await redis.hset(keysKey, name, json)
      else if ((await redis.hsetnx(keysKey, name, json)) === 0) return undefined
      return key
    },
    async list() {
      await claimNames()
      const [known, used] = [await read(), await redis.hgetall(usedKey)]
      return known.map(([name, kept]) => recordOf(name, kept, used[name])).sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    async revoke(name) {
      const kept = (await read()).find(([known]) => known === name)?.[1]
      if (kept?.hash === undefined) return false
      await redis.hset(keysKey, name, JSON.stringify({ made: kept.made, admin: false, revoked: now() } satisfies Kept))
      return true
    },
    async listen(hear) {
      const ends = new AbortController()
      await claimNames()
      hear(await valid())
      const look = async () => {
        const known = await valid()
        if (ends.signal.aborted) return
        hear(known)
        await days.write()
      }
      watch(look, lookEveryMs, ends.signal, log)
      return () => ends.abort()
    },
    used: days.note,
  }
}

/** One look at a time, however long a Redis that is away lets it wait. */
function watch(look: () => Promise<void>, everyMs: number, ends: AbortSignal, log: Log): void {
  let looking = false
  let told = false
  const tick = async () => {
    if (looking) return
    looking = true
    try {
      await look()
      told = false
    } catch (error) {
      if (!told && !ends.aborted)
        log.warn({ reason: reason(error) }, 'the keys could not be read again; those that are known go on')
      told = true
    } finally {
      looking = false
    }
  }
  const timer = setInterval(() => void tick(), everyMs)
  ends.addEventListener('abort', () => clearInterval(timer), { once: true })
}

function createDays(redis: Redis) {
  const noted = new Map<string, string>()
  const written = new Map<string, string>()
  return {
    note(name: string): void {
      noted.set(name, new Date().toISOString().slice(0, 10))
    },
    async write(): Promise<void> {
      for (const [name, day] of noted) {
        if (written.get(name) === day) continue
        await redis.hset(usedKey, name, day)
        written.set(name, day)
      }
    },
  }
}

function recordOf(name: string, { hash, revoked, made, admin }: Kept, used: string | undefined): KeyRecord {
  const state = hash !== undefined ? 'valid' : revoked !== undefined ? 'revoked' : 'settings'
  return { name, made, admin, state, ...(revoked !== undefined && { revoked }), ...(used !== undefined && { used }) }
}
