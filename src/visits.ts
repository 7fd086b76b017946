import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Redis } from './redis/redis.ts'

/** Admins at the operator's page: who has shown a key there is known for a while by an id that only his browser has. */
export interface Visits {
  /** How long one lasts at most, in milliseconds. */
  readonly lifeMs: number
  /** `key` is the hash of the one that was shown. Gives the id, which nobody can ask for again. */
  begin(key: string): Promise<string>
  /** Tells of the hash of a key whether it is the one that was shown. Undefined: there is no such visit, or none any more. */
  find(id: string): Promise<((key: string) => boolean) | undefined>
  end(id: string): Promise<void>
}

const usualLifeMs = 12 * 3_600_000
/** Neither the id nor the key can be found out from what lies in Redis. */
const placeOf = (id: string) => `bellhop:visits:${createHash('sha256').update(id).digest('hex')}`
const proofOf = (id: string, key: string) => createHmac('sha256', id).update(key).digest()

/** Each rejects while Redis is away. */
export function createVisits(redis: Redis, lifeMs = usualLifeMs): Visits {
  return {
    lifeMs,
    async begin(key) {
      const id = randomBytes(32).toString('base64url')
      await redis.set(placeOf(id), proofOf(id, key).toString('hex'), 'PX', lifeMs)
      return id
    },
    async find(id) {
      const proof = await redis.get(placeOf(id))
      if (proof === null) return undefined
      return key => timingSafeEqual(proofOf(id, key), Buffer.from(proof, 'hex'))
    },
    async end(id) {
      await redis.del(placeOf(id))
    },
  }
}
