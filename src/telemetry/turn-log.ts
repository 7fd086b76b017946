import type { Redis } from '../redis/redis.ts'
import type { TurnReport } from './turn-report.ts'

/** What an operator sees of turns: one write when one begins, one at its end, at most one a step; none is waited for, none can fail a turn. */
export interface TurnLog {
  /** Also while it runs. */
  open(report: TurnReport): void
  ended(report: TurnReport): void
  /** Those under way, the longest first; `isDead`: nothing was heard of its worker for a while, and another will take it up. */
  openTurns(living: ReadonlySet<string>): Promise<OpenTurn[]>
  /** The newest first. */
  recentTurns(count: number): Promise<TurnReport[]>
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

/** `isUp`: Redis can be reached; what happens meanwhile is not told. */
export function createTurnLog(redis: Redis, isUp: () => boolean): TurnLog {
  const quietly = (work: Promise<unknown>) => void work.catch(() => {}) // it is only looked at
  return {
    open(report) {
      if (!isUp()) return
      quietly(redis.pipeline().hset(openKey, report.id, JSON.stringify(report)).expire(openKey, keepSeconds).exec())
    },
    ended(report) {
      if (!isUp()) return
      const writes = redis.pipeline().hdel(openKey, report.id).lpush(endedKey, JSON.stringify(report))
      quietly(
        writes
          .ltrim(endedKey, 0, keepEnded - 1)
          .expire(endedKey, keepSeconds)
          .exec(),
      )
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
