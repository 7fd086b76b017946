import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from '../redis/redis.ts'
import { runScript } from '../redis/script.ts'
import type { Owner } from '../toolbox.ts'
import type { Vault } from '../vault.ts'
import type { SignInStore } from './oauth.ts'

/** What is kept of all sign-ins: in Redis, sealed, for every process. */
export interface SignIns {
  of(place: SignInPlace): SignInStore
  /** Whose sign-in the link with this state began; undefined when it is over. */
  find(state: string): Promise<SignInPlace | undefined>
  /** Forgets all of it: the person is signed out. */
  forget(place: SignInPlace): Promise<void>
}

export interface SignInPlace {
  owner: Owner
  server: string
}

/** A person who has not come back from the browser by then begins anew. */
const wayBackSeconds = 900
/** Longer than an authorization server takes to answer; who holds the lock and dies keeps it no longer. */
const lockMs = 20_000
const lookEveryMs = 50

/** What matters only until the browser comes back, and shortly after. */
const onTheWay = new Set(['state', 'verifier', 'discovery', 'asked', 'wanted', 'signed'])

const unlockScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`

export function createSignIns(redis: Redis, vault: Vault): SignIns {
  const stateKey = (state: string) => `bellhop:sign-in-state:${state}`
  const keyOf = ({ owner, server }: SignInPlace, name: string) => `bellhop:sign-in:{${owner} ${server}}:${name}`
  return {
    of(place) {
      const context = (name: string) => `${place.owner} ${place.server} ${name}`
      return {
        async get(name) {
          const sealed = await redis.get(keyOf(place, name))
          return sealed === null ? undefined : vault.open(sealed, context(name))
        },
        async set(name, value) {
          const sealed = vault.seal(value, context(name))
          if (!onTheWay.has(name)) return void (await redis.set(keyOf(place, name), sealed))
          await redis.set(keyOf(place, name), sealed, 'EX', wayBackSeconds)
          if (name === 'state') await redis.set(stateKey(value), JSON.stringify(place), 'EX', wayBackSeconds)
        },
        async remove(...names) {
          for (const name of names) await redis.del(keyOf(place, name))
        },
        async alone(work) {
          const token = randomUUID()
          const key = keyOf(place, 'lock')
          const patience = AbortSignal.timeout(lockMs)
          while ((await redis.set(key, token, 'PX', lockMs, 'NX')) !== 'OK')
            await sleep(lookEveryMs, undefined, { signal: patience })
          return work().finally(() => runScript(redis, unlockScript, [key], [token]))
        },
      }
    },
    async find(state) {
      const json = await redis.get(stateKey(state))
      return json === null ? undefined : (JSON.parse(json) as SignInPlace)
    },
    async forget(place) {
      for (const name of ['tokens', 'clients', 'key', ...onTheWay]) await redis.del(keyOf(place, name))
    },
  }
}
