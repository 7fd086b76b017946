import type { Redis } from '../redis/redis.ts'
import type { TurnReport } from './turn-report.ts'

/** What an operator sees of turns: written down together now and then; nobody waits for it, and it can fail no turn. */
export interface TurnLog {
  /** Also while it runs. */
  open(report: TurnReport): void
  ended(report: TurnReport): void
  /** Those under way, the longest first; `isDead`: nothing was heard of its worker for a while, and another will take it up. */
  openTurns(living: ReadonlySet<string>): Promise<OpenTurn[]>
  /** The newest first. */
  recentTurns(count: number): Promise<TurnReport[]>
  /** Resolves when all of it is written down. */
  flush(): Promise<void>
}

export interface OpenTurn extends TurnReport {
  isDead: boolean
}

/** One hash tag, so that the keys of a pipeline lie on one node of a cluster. */
const openKey = 'bellhop:{telemetry}:open'
const endedKey = 'bellhop:{telemetry}:ended'
/** A report has at most some 15 kB, mostly one. */
const keepEnded = 200
const keepSeconds = 7 * 86_400
/** What a dead worker left and nobody took up: its question was taken back meanwhile. */
const forgetOpenMs = 86_400_000

/** Most turns end before anybody could look. */
const gatherMs = 300

/** `isUp`: Redis can be reached; of what happens meanwhile only the end is told, later. */
export function createTurnLog(redis: Redis, isUp: () => boolean): TurnLog {
  const begun = new Map<string, TurnReport>()
  let over: TurnReport[] = []
  let timer: NodeJS.Timeout | undefined

  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const ended = over
    const open = [...begun.values()]
    over = []
    begun.clear()
    if (!isUp()) {
      over = ended.slice(-keepEnded)
      if (over.length > 0) soon() // they would stand among those under way for ever
      return
    }
    const writes = redis.pipeline()
    if (ended.length > 0) {
      writes.hdel(openKey, ...ended.map(({ id }) => id))
      writes.lpush(endedKey, ...ended.slice(-keepEnded).map(report => JSON.stringify(report)))
      writes.ltrim(endedKey, 0, keepEnded - 1).expire(endedKey, keepSeconds)
    }
    if (open.length > 0) {
      // Behind what has ended: the next attempt at a turn has its id.
      writes.hset(openKey, Object.fromEntries(open.map(report => [report.id, JSON.stringify(report)])))
      writes.expire(openKey, keepSeconds)
    }
    await writes.exec()
  }
  const soon = () => (timer ??= setTimeout(() => void flush().catch(() => {}), gatherMs).unref()) // it is only looked at
  return {
    flush,
    open(report) {
      begun.set(report.id, report)
      soon()
    },
    ended(report) {
      begun.delete(report.id)
      over.push(report)
      soon()
    },
    async openTurns(living) {
      const reports = Object.values(await redis.hgetall(openKey)).map(json => JSON.parse(json) as TurnReport)
      const old = reports.filter(({ worker, beganAt }) => !living.has(worker) && beganAt < Date.now() - forgetOpenMs)
      if (old.length > 0) await redis.hdel(openKey, ...old.map(({ id }) => id))
      return reports
        .filter(report => !old.includes(report))
        .map(report => ({ ...report, isDead: !living.has(report.worker) }))
        .sort((a, b) => a.beganAt - b.beganAt)
    },
    async recentTurns(count) {
      return (await redis.lrange(endedKey, 0, count - 1)).map(json => JSON.parse(json) as TurnReport)
    },
  }
}
