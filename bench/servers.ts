// `npm run bench:servers [servers]`: what many MCP servers of fifty tools each cost. Prints figures; asserts nothing.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commands } from '../src/commands.ts'
import { readServers } from '../src/config/servers.ts'
import { wordsFor } from '../src/i18n/i18n.ts'
import { silentLog } from '../src/log.ts'
import { createHost, type Host } from '../src/mcp/host.ts'
import type { Message } from '../src/message.ts'
import { createBoard, type Notice } from '../src/queue/board.ts'
import { openRedis } from '../src/redis/redis.ts'

const count = Number(process.argv[2] ?? 40)
const root = join(import.meta.dirname, '..')
const print = (line = '') => void process.stdout.write(`${line}\n`)
const row = (...cells: (string | number)[]) => print(`| ${cells.join(' | ')} |`)
const ms = (value: number) => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`
const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

const entries = Object.fromEntries(
  Array.from({ length: count }, (_, at) => [
    `server-${at}`,
    { command: 'node', args: [join(root, 'bench/many-tools.ts'), `${at}`] },
  ]),
)
const { servers } = readServers(JSON.stringify({ mcpServers: entries }), 'bench', {}, root)

async function timed<T>(work: () => T | Promise<T>): Promise<{ value: T; took: number }> {
  const began = performance.now()
  const value = await work()
  return { value, took: performance.now() - began }
}

/** Of many runs, since one is too short to be timed. */
async function each(times: number, work: () => unknown): Promise<number> {
  const { took } = await timed(async () => {
    for (let n = 0; n < times; n++) await work()
  })
  return took / times
}

async function showStart(host: Host): Promise<void> {
  const before = process.memoryUsage()
  const { took } = await timed(() => host.start(servers))
  const after = process.memoryUsage()
  const box = host.toolboxFor([])
  const connects = box.servers().map(({ connectMs = 0 }) => connectMs)
  const sorted = connects.toSorted((a, b) => a - b)
  row('all up, started at the same time', ms(took))
  row('connecting and listing, median of one', ms(sorted[Math.floor(sorted.length / 2)] ?? 0))
  row('the slowest', ms(sorted.at(-1) ?? 0))
  row('up', `${box.servers().filter(({ state }) => state === 'active').length} of ${count}`)
  row('resident memory of the host, more than before', mb(after.rss - before.rss))
  row('heap of the host, more than before', mb(after.heapUsed - before.heapUsed))
}

async function showWork(host: Host): Promise<void> {
  const box = host.toolboxFor([])
  const tools = box.list()
  const options = { signal: new AbortController().signal, onProgress() {} }
  row('tools', tools.length)
  row('definitions, as a model would be sent them', `${(JSON.stringify(tools).length / 1000).toFixed(0)} kB`)
  row('catalogue of a turn, nothing changed', ms(await each(1000, () => host.toolboxFor(['user:bench:1']).list())))
  row('one call over stdio', ms(await each(200, () => box.call('server-0__look_up_thing_number_1', { query: 'x' }, options))))
  const calls = servers.map(({ name }) => ({ name: `${name}__look_up_thing_number_1`, input: { query: 'x' } }))
  const { took } = await timed(() => host.callMany(calls, { signal: options.signal, maxConcurrent: 16 }))
  row(`one call to each of ${count}, 16 at once`, ms(took))
}

async function showCommand(host: Host): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'bellhop-bench-'))
  const redis = await openRedis({ root, dir, path: process.env['PATH'] ?? '', log: silentLog })
  const board = createBoard(redis.redis)
  const box = host.toolboxFor([])
  const tools = box
    .list()
    .map(({ name, description, label, server }) => ({ name, description: description.slice(0, 200), label, server }))
  const notice: Notice = { worker: 'bench', model: 'bench', servers: box.servers(), tools }
  row('notice on the board, the first time', ms((await timed(() => board.post(notice))).took))
  row('again, nothing changed', ms(await each(50, () => board.post(notice))))
  row('of it sent each time', `${(JSON.stringify({ ...notice, tools: [] }).length / 1000).toFixed(1)} kB`)
  const command = commands.find(({ name }) => name === 'tools')
  const ask = async (argument: string) =>
    (await command?.run?.({} as Message, argument, wordsFor('en', 'en'), { board } as Parameters<
      NonNullable<typeof command.run>
    >[3])) ?? ''
  row('`/tools`, rendered', `${(await ask('')).length} characters`)
  row('`/tools server-0`, rendered', `${(await ask('server-0')).length} characters`)
  await redis.close()
  rmSync(dir, { recursive: true, force: true })
}

const host = createHost({ log: silentLog })
process.once('SIGINT', () => void host.close().then(() => process.exit(130)))
try {
  row(`${count} servers of 50 tools`, '')
  row('---', '---')
  await showStart(host)
  await showWork(host)
  await showCommand(host)
} finally {
  const { took } = await timed(() => host.close())
  row('all ended', ms(took))
}
