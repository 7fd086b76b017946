// `npm run bench:streams -- [--streams 200] [--seconds 60] [--words 150] [--token-ms 0] [--hostile]`: live answers through one gateway and
// one worker, each checked. Prints figures; ends with 1 when an event was lost.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { dataFolder, type HouseProcess, startProcess } from '../test/processes.ts'
import { showHostile } from './hostile.ts'
import { doors, type Streamed, streamOnce, wordsOf } from './stream-client.ts'

const { values: given } = parseArgs({
  options: {
    streams: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '60' },
    words: { type: 'string', default: '150' },
    'token-ms': { type: 'string', default: '0' },
    hostile: { type: 'boolean', default: false },
  },
})
const [streams, seconds, words] = [Number(given.streams), Number(given.seconds), Number(given.words)]
/** One key may have 64 requests open at once. */
const keys = Array.from({ length: Math.ceil(streams / 50) + 1 }, (_, at) => `bench-key-${at}`)
const print = (line = '') => void process.stdout.write(`${line}\n`)
const row = (name: string, ...cells: (string | number)[]) => print(`| ${[name, ...cells].join(' | ')} |`)
const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
const ms = (value: number) => `${value.toFixed(1)} ms`

async function startModel(): Promise<{ url: string; end(): void }> {
  const program = join(import.meta.dirname, 'instant-model.ts')
  const child = spawn(process.execPath, [program, given.words, given['token-ms']], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return { url: String(said).split(' ')[1]?.trim() ?? '', end: () => void child.kill() }
}

interface Memory {
  rss: number
  heapUsed: number
}

/** After its garbage was collected. */
async function memoryOf(house: HouseProcess): Promise<Memory> {
  const before = house.output().length
  house.child.kill('SIGUSR2')
  for (;;) {
    const [, json] = /\[memory\] (.*)\n/.exec(house.output().slice(before)) ?? []
    if (json !== undefined) return JSON.parse(json) as Memory
    await sleep(50)
  }
}

/** The most that it ever held, by the kernel's count. */
const peakOf = ({ child }: HouseProcess) =>
  1024 * Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1])

const tally = { turns: 0, errors: [] as string[], lost: [] as string[], gaps: [] as number[], firsts: [] as number[], chunks: 0 }

function count(door: string, { gaps, firstMs, chunks, lost }: Streamed): void {
  tally.turns++
  tally.chunks += chunks
  tally.firsts.push(firstMs)
  for (const gap of gaps) tally.gaps.push(gap)
  for (const what of lost) tally.lost.push(`${door}: ${what}`)
}

/** One client after another in the same place, until time is up. */
async function lane(url: string, place: number, until: number): Promise<void> {
  for (let n = 0; performance.now() < until; n++) {
    const door = doors[(place + n) % doors.length] ?? 'api'
    const question = `question ${place}-${n}`
    try {
      count(door, await streamOnce(url, keys[place % keys.length] ?? '', door, question, wordsOf(question, words)))
    } catch (error) {
      tally.errors.push(`${door}: ${error instanceof Error ? `${error.message} ${error.cause ?? ''}` : error}`)
      await sleep(100)
    }
  }
}

function percentile(values: number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

async function warmUp(url: string): Promise<void> {
  await Promise.all(Array.from({ length: 20 }, (_, place) => lane(url, place, performance.now() + 2000)))
  Object.assign(tally, { turns: 0, errors: [], lost: [], gaps: [], firsts: [], chunks: 0 })
}

async function showStreams(url: string, houses: [string, HouseProcess][]): Promise<void> {
  await warmUp(url)
  const before = await Promise.all(houses.map(([, house]) => memoryOf(house)))
  const began = performance.now()
  await Promise.all(Array.from({ length: streams }, (_, place) => lane(url, place, began + seconds * 1000)))
  const took = (performance.now() - began) / 1000
  await sleep(3000) // what was left behind may go
  const after = await Promise.all(houses.map(([, house]) => memoryOf(house)))
  row(`${streams} streams at once`, `${took.toFixed(0)} s`)
  row('---', '---')
  row('turns', `${tally.turns} (${(tally.turns / took).toFixed(0)} a second)`)
  row('chunks', tally.chunks)
  row('events lost', tally.lost.length)
  row('errors', tally.errors.length)
  row('to the first chunk, p50 / p99', ms(percentile(tally.firsts, 0.5)), ms(percentile(tally.firsts, 0.99)))
  row('between chunks, p50 / p99', ms(percentile(tally.gaps, 0.5)), ms(percentile(tally.gaps, 0.99)))
  for (const [at, [name, house]] of houses.entries()) {
    const [{ rss = 0, heapUsed = 0 } = {}, left] = [before[at], after[at]]
    row(`${name}: resident before / peak / after`, mb(rss), mb(peakOf(house)), mb(left?.rss ?? 0))
    row(`${name}: heap before / after`, mb(heapUsed), mb(left?.heapUsed ?? 0))
  }
  for (const what of [...new Set([...tally.lost, ...tally.errors])].slice(0, 10)) print(`  ${what}`)
}

const data = dataFolder()
const model = await startModel()
const env = {
  DATA_DIR: data.path,
  OPENAI_BASE_URL: model.url,
  OPENAI_API_KEY: 'bench',
  MODEL: 'bench',
  HTTP_API_KEYS: keys.join(','),
  HTTP_PER_MINUTE: '1000000',
  CONCURRENCY: '256',
  SERVERS_CONFIG: join(import.meta.dirname, 'no-servers.config.json'),
  LOG_LEVEL: 'warn',
  NODE_OPTIONS: `--expose-gc --import ${join(import.meta.dirname, 'report-memory.ts')}`,
}
const houses: [string, HouseProcess][] = ['gateway', 'worker'].map(role => [role, startProcess({ ...env, ROLE: role })])
/** Nothing stays behind, however it ends. */
async function leave(): Promise<void> {
  await Promise.all(houses.map(([, house]) => house.end()))
  model.end()
  data.remove()
}
process.once('SIGINT', () => void leave().then(() => process.exit(130)))
process.once('SIGTERM', () => void leave().then(() => process.exit(143)))

try {
  await Promise.all(houses.map(([, house]) => house.says('Bellhop is up')))
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(houses[0]?.[1].output() ?? '')?.[0] ?? ''
  await showStreams(url, houses)
  const [[, gateway] = []] = houses
  const spare = keys.at(-1) ?? ''
  const askOne = async () => (await streamOnce(url, spare, 'api', 'short', wordsOf('short', words))).lost
  if (given.hostile && gateway) await showHostile({ url, keys: keys.slice(0, -1), gateway, askOne }, row)
  for (const [name, house] of houses) {
    const said = house
      .output()
      .split('\n')
      .filter(line => /"level":(40|50)/.test(line))
    row(`${name}: warnings and errors in its log`, said.length, said[0]?.slice(0, 300) ?? '')
  }
} finally {
  await leave()
}
process.exitCode = tally.lost.length > 0 ? 1 : 0
