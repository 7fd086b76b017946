import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../src/log.ts'
import { openRedis, type RedisHouse } from '../src/redis/redis.ts'

/** A Redis of its own in a folder of its own, while this lasts. */
export async function withRedis<T>(use: (house: RedisHouse, dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'bellhop-bench-'))
  const root = join(import.meta.dirname, '..')
  try {
    const house = await openRedis({ root, dir: join(dir, 'redis'), path: process.env['PATH'] ?? '', log: silentLog })
    return await use(house, dir).finally(() => house.close())
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/** What it holds, in bytes. */
export async function heldBytes({ redis }: Pick<RedisHouse, 'redis'>): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1])
}
