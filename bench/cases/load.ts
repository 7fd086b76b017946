// Goal 1: bot CPU of a turn with 64 outstanding, at most 1.2 × T and 0.33 × P. Goal 2: turns a second, at least 1.0 × T and 3.9 × P.
// Goal 8: calls of the Bot API in a turn of one tool, at most 3. Goal 15: resident memory at 64 outstanding, at most 1.1 × T.
import { type Composition, driveAndCount } from '../composition.ts'
import { forEach, withFleet } from '../fleet.ts'
import type { Measure } from '../measure.ts'
import { rssMb } from '../proc.ts'
import { column, each, interleave, type Run } from '../run.ts'

interface Load {
  botMs: number
  restMs: number
  perSecond: number
  shows: number
  others: number
  rss: number
  scripts: number
  kilobytes: number
}

async function load(composition: Composition, forMs: number): Promise<Load> {
  await composition.redisWork()
  const { turns, tookMs, botMs, restMs } = await driveAndCount(composition, { k: 64, forMs })
  const redis = await composition.redisWork()
  const mean = (of: (turn: (typeof turns)[number]) => number) => turns.reduce((sum, turn) => sum + of(turn), 0) / turns.length
  return {
    botMs: botMs / turns.length,
    restMs: restMs / turns.length,
    perSecond: (turns.length / tookMs) * 1000,
    shows: mean(({ shows }) => shows),
    others: mean(({ others }) => others),
    rss: rssMb(composition.pids),
    scripts: redis.scripts / turns.length,
    kilobytes: redis.kilobytes / turns.length,
  }
}

export async function measureLoad(run: Run): Promise<Measure[]> {
  const forMs = run.quick ? 1500 : 4000
  const results = await withFleet(run, ['raw', 'T', 'ours', 'L', 'P'], {}, fleet =>
    interleave(
      run,
      forEach(fleet, composition => load(composition, forMs)),
    ),
  )
  const measure = (goal: number, what: string, unit: string, of: (load: Load) => number, bounds: Measure['bounds']): Measure => ({
    ...{ goal, what, unit, bounds },
    ours: each(results.ours, of),
    floors: column(results, ['raw', 'T'], of),
    peers: column(results, ['L', 'P'], of),
  })
  return [
    measure(1, 'bot CPU per turn, k=64', 'ms', ({ botMs }) => botMs, [
      { of: 'T', atMost: 1.2 },
      { of: 'P', atMost: 0.33 },
    ]),
    measure(1, 'CPU of Redis and the tool per turn, k=64', 'ms', ({ restMs }) => restMs, []),
    measure(1, 'scripts in Redis per turn', '', ({ scripts }) => scripts, []),
    measure(1, 'sent to Redis per turn', 'kB', ({ kilobytes }) => kilobytes, []),
    measure(2, 'turns per second, k=64', '', ({ perSecond }) => perSecond, [
      { of: 'T', atLeast: 1 },
      { of: 'P', atLeast: 3.9 },
    ]),
    measure(8, 'posts and edits per turn', '', ({ shows }) => shows, [{ atMost: 3 }]),
    measure(8, 'all other calls per turn', '', ({ others }) => others, []),
    measure(15, 'resident memory, k=64', 'MB', ({ rss }) => rss, [{ of: 'T', atMost: 1.1 }]),
  ]
}
