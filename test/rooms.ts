import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster, type Redis } from 'ioredis'
import { createTextStore } from '../src/agent/text-store.ts'
import { createBudgets } from '../src/budgets.ts'
import { createHistory } from '../src/history.ts'
import { silentLog } from '../src/log.ts'
import { createFileStore } from '../src/media/store.ts'
import { createAudit } from '../src/permissions/audit.ts'
import { createPermits } from '../src/permissions/permits.ts'
import { createAsks } from '../src/queue/asks.ts'
import { createAway } from '../src/queue/away.ts'
import { createBoard } from '../src/queue/board.ts'
import { createFeed } from '../src/queue/feed.ts'
import { createHints } from '../src/queue/hints.ts'
import { createInbox } from '../src/queue/inbox.ts'
import { createJobs } from '../src/queue/jobs.ts'
import { createJournal } from '../src/queue/journal.ts'
import { createLeases } from '../src/queue/lease.ts'
import { createRetries } from '../src/queue/retries.ts'
import { createNewsLine } from '../src/queue/server-news.ts'
import { createSignals } from '../src/queue/signals.ts'
import { createRedact } from '../src/redact.ts'
import { openRedis, type RedisHouse } from '../src/redis/redis.ts'
import { createPacer } from '../src/reply/pacer.ts'
import { createSettings } from '../src/settings.ts'

/** Where `testRooms` finds its Redis; undefined: in one of its own. */
let address: string | undefined

/** From now on the rooms of this test file stand on this Redis, which they have to themselves: as in REDIS_URL. */
export function standOn(url: string): void {
  address = url
}

/** A real Redis of one test file's own, in a folder that goes with it. */
async function testRedis(): Promise<RedisHouse> {
  const dir = mkdtempSync(join(tmpdir(), 'bellhop-test-'))
  const place = { root: join(import.meta.dirname, '..'), dir, path: process.env['PATH'] ?? '', log: silentLog }
  const house = await openRedis({ ...place, ...(address && { url: address }) })
  if (house.redis instanceof Cluster) askEveryNode(house.redis)
  return {
    ...house,
    async close() {
      await house.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A cluster gives these two to one of its nodes. */
function askEveryNode(cluster: Cluster): void {
  const each = <T>(ask: (node: Redis) => Promise<T>) => Promise.all(cluster.nodes('master').map(ask))
  cluster.flushall = async () => (await each(node => node.flushall()))[0] ?? 'OK'
  cluster.keys = async (pattern: string | Buffer) => (await each(node => node.keys(String(pattern)))).flat()
}

/** The rooms of the queue, over a Redis of their own. */
export async function testRooms() {
  const house = await testRedis()
  const feed = createFeed(house, silentLog)
  const jobs = createJobs(house, silentLog)
  const { redis } = house
  const redact = createRedact(['swordfish-1234'])
  const inbox = createInbox(redis)
  return {
    house,
    redis,
    feed,
    jobs,
    inbox,
    away: createAway(redis, inbox),
    asks: createAsks(redis),
    permits: createPermits(redis),
    audit: createAudit(redis, redact),
    journal: createJournal(redis),
    files: createFileStore(redis),
    texts: createTextStore(redis),
    leases: createLeases(redis),
    history: createHistory(redis),
    settings: createSettings(redis),
    pacer: createPacer(redis),
    retries: createRetries(redis),
    board: createBoard(redis),
    budgets: createBudgets(redis, { person: {}, place: {}, house: {} }),
    signals: createSignals(house),
    redact,
    news: createNewsLine(house),
    hints: createHints(house),
    async close() {
      feed.close()
      await jobs.close()
      await house.close()
    },
  }
}
