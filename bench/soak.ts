// `npm run bench:soak -- [--minutes 30]`: half of what the house can do, for long. Prints how memory, event loop, descriptors and keys change;
// ends with 1 when one of them is not flat, and with 2 when the run was too short to tell. A run of half an hour or more goes into docs/performance.md.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { RedisHouse } from '../src/redis/redis.ts'
import { type HouseProcess, startProcess } from '../test/processes.ts'
import { quantile } from './measure.ts'
import { machineLine, table, writePart } from './page.ts'
import { heldBytes, withRedis } from './place.ts'
import { bellhop } from './recipes.ts'
import { countKeys, ofMessages, ofTurns } from './soak/keys.ts'
import { judgeTrend, type Sample, type Trend, trendOf, type Verdict } from './soak/trend.ts'
import { openWires } from './wires/open-wires.ts'

const minutes = Number(parseArgs({ options: { minutes: { type: 'string', default: '30' } } }).values.minutes)
const [findMs, everyMs] = [20_000, 5000]
/** Few enough that the histories of all have soon grown as long as they get. */
const chats = 250
const say = (text: string) => void process.stderr.write(`${text}\n`)
if (!(minutes >= 0.5)) {
  say('--minutes is at least 0.5')
  process.exit(64)
}

/** What may grow, and by how much in an hour: a share of its mean, but no less than so much. */
interface Series {
  what: string
  unit: string
  share: number
  least: number
  samples: Sample[]
}
const series = new Map<string, Series>()
const began = performance.now()

function note(what: string, unit: string, value: number, [share, least]: [number, number]): void {
  const known = series.get(what) ?? { what, unit, share, least, samples: [] }
  known.samples.push({ atMs: performance.now() - began, value })
  series.set(what, known)
}

interface Stage {
  house: RedisHouse
  wires: Awaited<ReturnType<typeof openWires>>
  processes: [string, HouseProcess][]
}

/** `started` is told of each process as soon as there is one to be ended. */
async function open(house: RedisHouse, dir: string, wires: Stage['wires'], started: HouseProcess[]): Promise<Stage> {
  const programs = bellhop({ LOG_LEVEL: 'warn' })({ ...wires, dir, socket: join(dir, 'redis/redis.sock'), toolMs: 0 })
  const report = `--expose-gc --import ${join(import.meta.dirname, 'soak/report-health.ts')}`
  const processes = programs.map(({ env }): [string, HouseProcess] => {
    const one = startProcess({ ...env, NODE_OPTIONS: `${env['NODE_OPTIONS']} ${report}` })
    started.push(one)
    return [env['ROLE'] ?? '', one]
  })
  for (const one of started) await one.says('Bellhop is up')
  return { house, wires, processes }
}

/** What Redis takes for one, its places in the tables of keys and of expiries included: seen of 20,000 and of 200,000 of them. */
const seenBytes = 150

interface Health {
  rss: number
  heapUsed: number
  lagMs: number
}

async function askHealth({ child, output }: HouseProcess): Promise<Health> {
  const from = output().length
  child.kill('SIGUSR2')
  for (let waited = 0; waited < 500; waited++) {
    await sleep(20)
    const json = /\[health\] (.*)\n/.exec(output().slice(from))?.[1]
    if (json !== undefined) return JSON.parse(json) as Health
  }
  throw new Error('a process does not say how it is')
}

async function takeSamples({ house, processes }: Stage, said: number): Promise<void> {
  for (const [role, one] of processes) {
    const { rss, heapUsed, lagMs } = await askHealth(one)
    note(`${role}: heap after collection`, 'MB', heapUsed / 1e6, [0.1, 2])
    note(`${role}: resident memory`, 'MB', rss / 1e6, [0.1, 10])
    note(`${role}: event loop late by, p99`, 'ms', lagMs, [0.2, 2])
    note(`${role}: descriptors open`, '', readdirSync(`/proc/${one.child.pid}/fd`).length, [0.1, 2])
  }
  note('Redis: keys beside ids that were heard', '', (await house.redis.dbsize()) - said, [0.05, 50])
  note('Redis: memory beside ids that were heard', 'MB', ((await heldBytes(house)) - said * seenBytes) / 1e6, [0.2, 5])
}

async function findMost({ wires }: Stage): Promise<{ perSecond: number; turns: number }> {
  const warm = await wires.drive({ k: 64, forMs: findMs / 2, chats })
  const most = await wires.drive({ k: 64, forMs: findMs / 2, chats })
  return { perSecond: (most.turns.length / most.tookMs) * 1000, turns: warm.turns.length + most.turns.length }
}

async function soak(stage: Stage): Promise<{ perSecond: number; said: number; finals: number[] }> {
  const most = await findMost(stage)
  const perSecond = most.perSecond / 2
  say(`${most.perSecond.toFixed(0)} turns a second at most; going on at ${perSecond.toFixed(0)}`)
  let said = most.turns
  const finals: number[] = []
  for (const until = performance.now() + minutes * 60_000; performance.now() < until; ) {
    const { turns } = await stage.wires.drive({ k: 0, perSecond, forMs: everyMs, chats })
    said += turns.length
    for (const { final } of turns) finals.push(final)
    await sleep(200) // what follows the last edits
    await takeSamples(stage, said)
  }
  return { perSecond, said, finals }
}

interface Judged {
  row: string[]
  verdict: Verdict
}

/** The first sixth is not looked at: histories fill up, and the compiler is still at work. */
function judgeSeries({ what, unit, share, least, samples }: Series): Judged {
  const trend: Trend = trendOf(samples.slice(Math.floor(samples.length / 6)))
  const tolerated = Math.max(least, trend.mean * share)
  const verdict = judgeTrend(trend, tolerated)
  const [mean, perHour, error, most] = [trend.mean, trend.perHour, trend.error, tolerated].map(value => value.toFixed(1))
  return { row: [what, `${mean} ${unit}`.trim(), `${perHour} ± ${error}`, `${most}`, verdict], verdict }
}

async function leftovers({ house }: Stage, said: number): Promise<Judged[]> {
  let kinds = await countKeys(house)
  const left = () => ofTurns.filter(kind => kinds.get(kind)).map(kind => `${kinds.get(kind)} ${kind}`)
  for (let n = 0; n < 20 && left().length > 0; n++) {
    await sleep(500)
    kinds = await countKeys(house)
  }
  say([...kinds].map(([kind, count]) => `${count} ${kind}`).join(', '))
  const seen = kinds.get(ofMessages) ?? 0
  const judge = (what: string, found: string, isRight: boolean): Judged => {
    const verdict = isRight ? 'flat' : 'not flat'
    return { row: [what, found, '', '', verdict], verdict }
  }
  return [
    judge('Redis: keys of turns, after all have ended', left().join(', ') || 'none', left().length === 0),
    judge('Redis: ids that were heard, for each message', (seen / said).toFixed(3), seen === said),
  ]
}

function tell(judged: Judged[], { perSecond, said, finals }: Awaited<ReturnType<typeof soak>>): Verdict {
  const verdicts = judged.map(({ verdict }) => verdict)
  const verdict = verdicts.find(one => one === 'not flat') ?? verdicts.find(one => one === 'too short to tell') ?? 'flat'
  const [p50, p99] = [0.5, 0.99].map(share => quantile(finals, share).toFixed(1))
  const facts = `${minutes} minutes at ${perSecond.toFixed(0)} turns a second, half of the most; ${said} turns, final edit p50 ${p50} ms, p99 ${p99} ms`
  const rows = table(['', 'mean', 'change in an hour ± standard error', 'tolerated', ''], [...judged.map(({ row }) => row)])
  const text = `${machineLine()}; ${facts}.\n\n**${verdict}**\n\n${rows}`
  process.stdout.write(`${text}\n`)
  if (minutes >= 30) writePart('soak', text)
  return verdict
}

async function run(): Promise<Verdict> {
  return withRedis(async (house, dir) => {
    const wires = await openWires()
    const processes: HouseProcess[] = []
    const end = async () => {
      await Promise.all(processes.map(one => one.end()))
      await wires.close()
    }
    leave = () => end().then(() => house.close())
    try {
      const stage = await open(house, dir, wires, processes)
      const found = await soak(stage)
      return tell([...[...series.values()].map(judgeSeries), ...(await leftovers(stage, found.said))], found)
    } finally {
      await end()
    }
  })
}

/** Nothing stays behind, however it ends. */
let leave = async () => {}
process.once('SIGINT', () => void leave().then(() => process.exit(130)))
process.once('SIGTERM', () => void leave().then(() => process.exit(143)))

const codes: Record<Verdict, number> = { flat: 0, 'not flat': 1, 'too short to tell': 2 }
process.exitCode = codes[await run()]
