// `npm run bench:idle [conversations]`: what conversations cost that are only remembered. Prints figures and ratios; asserts nothing.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '../src/log.ts'
import { openRedis, type RedisHouse } from '../src/redis/redis.ts'
import { dataFolder, type HouseProcess, startProcess } from '../test/processes.ts'
import { fill, talk } from './fill.ts'

const count = Number(process.argv[2] ?? 50_000)
const starts = 7
const chars = talk.turns * (talk.questionChars + talk.answerChars)
const root = join(import.meta.dirname, '..')
const print = (line = '') => void process.stdout.write(`${line}\n`)

/** A data folder with a Redis of its own that stays up as long as `house` is open. */
interface Place {
  data: ReturnType<typeof dataFolder>
  house: RedisHouse
}

async function openPlace(): Promise<Place> {
  const data = dataFolder()
  const place = { data, house: await open(data.path) }
  places.push(place)
  return place
}

const open = (path: string) => openRedis({ root, dir: join(path, 'redis'), path: process.env['PATH'] ?? '', log: silentLog })

async function closePlace({ data, house }: Place): Promise<void> {
  await house.close()
  data.remove()
}

async function usedMemory({ redis }: RedisHouse): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1])
}

/** What lies on the disk. */
async function diskBytes({ data, house }: Place): Promise<number> {
  while (/aof_rewrite_(in_progress|scheduled):1/.test(await house.redis.info('persistence'))) await sleep(200)
  await sleep(500) // an old log is deleted a moment after the new one is written
  const folder = join(data.path, 'redis')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(file => statSync(join(folder, file)))
  return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
}

interface Worker {
  upMs: number
  rss: number
  heapUsed: number
}

/** A worker as an operator starts it, with an endpoint and a token that nothing listens to, and no tool servers. */
async function startWorker(path: string): Promise<{ process: HouseProcess; upMs: number }> {
  const began = performance.now()
  const worker = startProcess({
    ROLE: 'worker',
    DATA_DIR: path,
    OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
    TELEGRAM_TOKEN: '4711:bench',
    TELEGRAM_API_ROOT: 'http://127.0.0.1:9',
    SERVERS_CONFIG: join(import.meta.dirname, 'no-servers.config.json'),
    LOG_LEVEL: 'error',
    NODE_OPTIONS: `--expose-gc --import ${join(import.meta.dirname, 'report-memory.ts')}`,
  })
  await worker.says('Bellhop is up')
  return { process: worker, upMs: performance.now() - began }
}

/** After the housework of an idle worker has come round once. */
async function measureWorker(path: string, idleMs: number): Promise<Worker> {
  const { process: worker, upMs } = await startWorker(path)
  await sleep(idleMs)
  worker.child.kill('SIGUSR2')
  const [, json = '{}'] = /\[memory\] (.*)\n/.exec(await worker.says(/\[memory\] .*\n/)) ?? []
  await worker.end()
  return { upMs, ...(JSON.parse(json) as { rss: number; heapUsed: number }) }
}

/** The first process on a machine: Redis is not up yet, and has to read what it kept. */
async function measureColdStart(path: string): Promise<number> {
  const { process: worker, upMs } = await startWorker(path)
  await worker.end()
  return upMs
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const kb = (bytes: number) => `${(bytes / 1000).toFixed(2)} kB`
const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
const row = (name: string, ...cells: (string | number)[]) => print(`| ${[name, ...cells].join(' | ')} |`)

/** `before` is what Redis held when it was empty. */
async function showRedis(full: Place, before: number): Promise<void> {
  print(`Redis, for each of ${count} conversations of ${talk.turns} turns with ${chars} characters of text in all:`)
  row('', 'in all', 'beyond the text')
  row('---', '---', '---')
  const memory = (await usedMemory(full.house)) - before
  row('memory, within 48 hours of the last message', kb(memory / count), kb(memory / count - chars))
  row('append-only file as it grew', kb((await diskBytes(full)) / count), '')
}

async function showFaded(full: Place, before: number): Promise<void> {
  await forgetSeen(full.house)
  const memory = (await usedMemory(full.house)) - before
  await full.house.redis.bgrewriteaof()
  print(`\nRedis, more than 48 hours after the last message:`)
  row('memory', kb(memory / count), kb(memory / count - chars))
  row('append-only file, rewritten', kb((await diskBytes(full)) / count), '')
}

/** What 48 hours do: the ids that were heard, and who answered last, are remembered no more. */
async function forgetSeen({ redis }: RedisHouse): Promise<void> {
  if (!('scanStream' in redis)) throw new Error('a place of the bench is one server')
  for (const kind of ['seen', 'holder'])
    for await (const keys of redis.scanStream({ match: `bellhop:{*}:${kind}:*`, count: 5000 }) as AsyncIterable<string[]>)
      if (keys.length > 0) await redis.unlink(...keys)
  await sleep(1000) // freed beside the work
}

async function showWorkers(empty: Place, full: Place): Promise<void> {
  const runs: [Worker, Worker][] = []
  for (let n = 0; n < starts; n++)
    runs.push([await measureWorker(empty.data.path, 2000), await measureWorker(full.data.path, 2000)])
  const lasting = [await measureWorker(empty.data.path, 35_000), await measureWorker(full.data.path, 35_000)] as const
  const line = (name: string, of: (worker: Worker) => number, show: (value: number) => string) => {
    const [none, many] = [median(runs.map(([a]) => of(a))), median(runs.map(([, b]) => of(b)))]
    row(name, show(none), show(many), (many / none).toFixed(2))
  }
  print(`\nA worker, median of ${starts} each in turn, garbage collected:`)
  row('', '0', `${count}`, 'ratio')
  row('---', '---', '---', '---')
  line(
    'start to "Bellhop is up", Redis being up',
    worker => worker.upMs,
    value => `${value.toFixed(0)} ms`,
  )
  line('resident memory', worker => worker.rss, mb)
  line('heap in use', worker => worker.heapUsed, mb)
  const [none, many] = lasting
  row('resident memory after two sweeps (one run)', mb(none.rss), mb(many.rss), (many.rss / none.rss).toFixed(2))
  row('heap in use after two sweeps (one run)', mb(none.heapUsed), mb(many.heapUsed), (many.heapUsed / none.heapUsed).toFixed(2))
}

async function showColdStart(empty: Place, full: Place): Promise<void> {
  await Promise.all([empty.house.close(), full.house.close()])
  const runs: [number, number][] = []
  for (let n = 0; n < 3; n++) runs.push([await measureColdStart(empty.data.path), await measureColdStart(full.data.path)])
  for (const place of [empty, full]) place.house = await open(place.data.path)
  const [none, many] = [median(runs.map(([a]) => a)), median(runs.map(([, b]) => b))]
  row(
    'start with the embedded Redis reading its data (3 each)',
    `${none.toFixed(0)} ms`,
    `${many.toFixed(0)} ms`,
    (many / none).toFixed(2),
  )
}

const places: Place[] = []

/** Nothing stays behind, however it ends: the folders and both servers of Redis go. */
async function leave(code: number): Promise<void> {
  await Promise.allSettled(places.splice(0).map(closePlace))
  process.exit(code)
}
process.once('SIGINT', () => void leave(130))
process.once('SIGTERM', () => void leave(143))

try {
  const [empty, full] = [await openPlace(), await openPlace()]
  const before = await usedMemory(full.house)
  const began = performance.now()
  await fill(full.house.redis, count, done => process.stderr.write(`${done} of ${count} conversations\r`))
  print(`filled in ${((performance.now() - began) / 1000).toFixed(0)} s\n`)
  await showRedis(full, before)
  await showWorkers(empty, full)
  await showColdStart(empty, full)
  await showFaded(full, before)
  await leave(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  await leave(1)
}
