import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import { type Log, reason } from '../log.ts'
import type { Inbox } from '../queue/inbox.ts'
import type { Jobs } from '../queue/jobs.ts'
import type { RedisHouse } from '../redis/redis.ts'
import { createErrorLog, type KeptError, type Tail } from './error-lines.ts'
import { createFigures } from './figures.ts'
import { createMetrics, type Depth, depthMetrics, type Metrics } from './metrics.ts'
import { createTurnLog, type OpenTurn } from './turn-log.ts'
import type { TurnReport } from './turn-report.ts'

/** What goes on, for operators: each turn's one report becomes what they look at, what they count and what they trace. */
export interface Telemetry {
  /** Of this process, as no other ever is. */
  readonly name: string
  /** A turn has begun, or come further. */
  open(report: TurnReport): void
  /** As in `Metrics.turn`. */
  ended(report: TurnReport, lost: boolean): void
  /** For the web door: to be told of requests, and the figures of all processes. Rejects while Redis is away: a counter that fell would be counted anew. */
  forWeb: { onRequest: Metrics['request']; metrics(): Promise<string> }
  /** Whom to ask how the servers are. */
  watchServers(servers: () => { name: string; state: string }[]): void
  openTurns(): Promise<OpenTurn[]>
  /** The newest first, at most 200. */
  recentTurns(count: number): Promise<TurnReport[]>
  /** The newest first, at most 100. */
  recentErrors(): Promise<KeptError[]>
  /** Leaves the last figures, and the traces. */
  close(): Promise<void>
}

export interface TelemetryOptions {
  house: Pick<RedisHouse, 'redis' | 'isUp'>
  config: Pick<Config, 'role' | 'traces'>
  inbox: Pick<Inbox, 'unfinished'>
  jobs: Pick<Jobs, 'counts'>
  /** Absent: no lines are kept. */
  tail?: Tail | undefined
  log: Log
  beatMs?: number
}

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
const firstBeatMs = 1000
const usualBeatMs = 5000
const leavingMayTakeMs = 2000
/** In beats: it reads the figures of all. */
const foldEvery = 60

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { house, config, log, beatMs = usualBeatMs } = options
  const { redis } = house
  const isUp = () => house.isUp
  const name = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
  let servers: () => { name: string; state: string }[] = () => []
  const metrics = createMetrics({ role: config.role, version, servers: () => servers() })
  const figures = createFigures(redis, name)
  const turns = createTurnLog(redis, isUp)
  const errors = createErrorLog(redis)
  const traces = openTracesFor(options, name)
  const keeping = listenTo(options.tail, error => (isUp() ? errors.keep(error).catch(() => {}) : Promise.resolve()))
  let beats = 0
  const beating = beat(firstBeatMs, beatMs, async () => {
    if (!isUp()) return
    if (!(await figures.post(await metrics.snapshot()))) {
      await metrics.reset()
      await figures.post(await metrics.snapshot())
    }
    if (beats++ % foldEvery === 0) await figures.fold(metrics.add)
  })
  async function scrape(): Promise<string> {
    if (!isUp()) throw new Error('Redis is away')
    const [own, others, before] = await Promise.all([metrics.snapshot(), figures.read(), depthOf(options)])
    return metrics.render([own, ...others.living, ...others.ended, depthMetrics(before)])
  }
  return {
    name,
    open: turns.open,
    ended(report, lost) {
      turns.ended(report)
      metrics.turn(report, lost)
      if (lost) log.error({ conversation: report.conversation, message: report.id }, 'a turn ended, and nothing was shown')
      traces.add(report)
    },
    forWeb: { onRequest: metrics.request, metrics: scrape },
    watchServers(tell) {
      servers = tell
    },
    openTurns: async () => turns.openTurns((await figures.read()).names),
    recentTurns: turns.recentTurns,
    recentErrors: errors.recentErrors,
    async close() {
      await soon(Promise.all([beating.end(), keeping.end()]))
      if (isUp()) await soon(Promise.all([metrics.snapshot().then(figures.leave), turns.flush()]))
      await traces.close()
    },
  }
}

async function depthOf({ inbox, jobs }: TelemetryOptions): Promise<Depth> {
  const [unfinished, counts] = await Promise.all([inbox.unfinished(-60_000), jobs.counts()]) // by any gateway's clock
  return { conversations: unfinished.length, ...counts }
}

/** Who leaves waits for no Redis that has just gone. */
async function soon(work: Promise<unknown>): Promise<void> {
  const late = new AbortController()
  const tooLate = sleep(leavingMayTakeMs, undefined, { signal: late.signal }).catch(() => {})
  await Promise.race([work, tooLate]).catch(() => {})
  late.abort()
}

/** Loaded only where an operator wants them. */
function openTracesFor({ config: { traces }, log }: TelemetryOptions, instance: string) {
  const opening =
    traces &&
    import('./traces.ts')
      .then(({ openTraces }) => openTraces({ ...traces, version, instance }))
      .catch((error: unknown) => void log.warn({ reason: reason(error) }, 'turns cannot be traced'))
  return {
    add: (report: TurnReport) => void opening?.then(opened => opened?.add(report)).catch(() => {}),
    close: async () => (await opening)?.close(),
  }
}

/** What is still being kept is waited for at the end. */
function listenTo(tail: Tail | undefined, keep: (error: KeptError) => Promise<void>) {
  const under = new Set<Promise<void>>()
  tail?.listen(error => {
    const work = keep(error).finally(() => under.delete(work))
    under.add(work)
  })
  return {
    async end() {
      tail?.flush()
      await Promise.all(under)
    },
  }
}

/** Now and then, quietly: who counts must not disturb. */
function beat(firstMs: number, everyMs: number, work: () => Promise<void>) {
  let ended = false
  let under: Promise<void> = Promise.resolve()
  const once = () => {
    under = work()
      .catch(() => {})
      .then(() => {
        if (!ended) timer = setTimeout(once, everyMs).unref()
      })
  }
  let timer = setTimeout(once, Math.min(firstMs, everyMs)).unref()
  return {
    async end() {
      ended = true
      clearTimeout(timer)
      await under
    },
  }
}
