import { createTextStore } from './agent/text-store.ts'
import { createBudgets } from './budgets.ts'
import type { Config } from './config/config.ts'
import { createHistory } from './history.ts'
import type { Log } from './log.ts'
import { createFileStore } from './media/store.ts'
import { createAudit } from './permissions/audit.ts'
import { createPermits } from './permissions/permits.ts'
import { createAsks } from './queue/asks.ts'
import { createAway } from './queue/away.ts'
import { createBoard } from './queue/board.ts'
import { createFeed } from './queue/feed.ts'
import { createHints } from './queue/hints.ts'
import { createInbox } from './queue/inbox.ts'
import { createJobs } from './queue/jobs.ts'
import { createJournal } from './queue/journal.ts'
import { createLeases } from './queue/lease.ts'
import { createMemory } from './queue/memory.ts'
import { createRetries } from './queue/retries.ts'
import { createNewsLine } from './queue/server-news.ts'
import { createSignals } from './queue/signals.ts'
import type { Redact } from './redact.ts'
import type { RedisHouse } from './redis/redis.ts'
import { createPacer } from './reply/pacer.ts'
import { createSettings } from './settings.ts'

/** All that the house keeps in Redis, each in a room of its own. */
export function createRooms(house: RedisHouse, config: Config, redact: Redact, log: Log) {
  const { redis } = house
  const inbox = createInbox(redis)
  return {
    inbox,
    away: createAway(redis, inbox),
    asks: createAsks(redis),
    budgets: createBudgets(redis, config.budgets),
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
    memory: createMemory(redis),
    signals: createSignals(house),
    news: createNewsLine(house),
    hints: createHints(house),
    feed: createFeed(house, log),
    jobs: createJobs(house, log),
  }
}
