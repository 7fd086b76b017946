import { createHash } from 'node:crypto'
import type { Redis } from './connect.ts'

const digests = new Map<string, string>()

/** Runs a Lua script by its digest: its text travels only to a Redis that has not seen it since it began. */
export async function runScript(redis: Redis, lua: string, keys: string[], values: (string | number)[] = []): Promise<unknown> {
  try {
    return await redis.evalsha(digestOf(lua), keys.length, ...keys, ...values)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return redis.eval(lua, keys.length, ...keys, ...values)
  }
}

function digestOf(lua: string): string {
  const known = digests.get(lua)
  if (known !== undefined) return known
  const digest = createHash('sha1').update(lua).digest('hex')
  digests.set(lua, digest)
  return digest
}
