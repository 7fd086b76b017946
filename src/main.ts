import { hostname } from 'node:os'
import { join } from 'node:path'
import { createTerminalAdapter } from '../adapters/terminal/terminal.ts'
import type { Adapter } from './adapter.ts'
import { banner } from './banner.ts'
import { commands } from './commands.ts'
import { type Config, loadConfig } from './config/config.ts'
import { createDoor } from './door.ts'
import { ConfigError } from './errors.ts'
import { createHistory } from './history.ts'
import { createLog, type Log, reason } from './log.ts'
import { createToolbox } from './mcp/toolbox.ts'
import type { Model, Tool } from './model.ts'
import { createOfflineModel } from './models/offline.ts'
import { type Board, boardLifeMs, createBoard, type Notice } from './queue/board.ts'
import { createFeed } from './queue/feed.ts'
import { createInbox } from './queue/inbox.ts'
import { createJobs } from './queue/jobs.ts'
import { createJournal } from './queue/journal.ts'
import { createLeases } from './queue/lease.ts'
import { createMemory } from './queue/memory.ts'
import { createStops } from './queue/stops.ts'
import { createReceive } from './receive.ts'
import { openRedis, type RedisHouse } from './redis/redis.ts'
import { createTurns } from './turns.ts'
import { answer } from './worker.ts'

export interface House {
  /** Address of the web door, when it is open. */
  readonly webUrl: string | undefined
  /** What was said at start. */
  readonly banner: string
  /** Stops listening, lets turns end, hands over the rest, and closes everything in reverse order. */
  close(): Promise<void>
}

export interface Opening {
  config: Config
  log: Log
  /** Talk in this terminal, and open no other door. Called when the person leaves. */
  chat?: { onEnd(): void }
}

const projectFolder = join(import.meta.dirname, '..')
const maxSteps = 12
const sweepEveryMs = 15_000
/** How long the banner, and the first question, wait for tool servers. */
const serversMayTakeMs = 3000

/** Puts the house together. Throws ConfigError, with everything closed again, when an operator has to mend something. */
export async function openHouse({ config, log, chat }: Opening): Promise<House> {
  const began = performance.now()
  const closers: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const redis = await openRedis({ ...(config.redisUrl && { url: config.redisUrl }), ...redisPlaces(config), log })
    closers.push(() => redis.close())
    const queue = createQueueRooms(redis, log)
    closers.push(async () => {
      queue.feed.close()
      await queue.jobs.close()
    })
    const adapters = await createAdapters(config, queue, redis, log, chat)
    const worker = config.role === 'gateway' ? undefined : await startWorker(config, queue, adapters, redis, log, closers)
    if (config.role !== 'worker') await openDoors(config, queue, adapters, log, closers, chat !== undefined)
    await Promise.race([worker?.toolsReady, sleep(1000)])
    const webUrl = addressOf(adapters.get('web'))
    const facts = {
      config,
      webUrl,
      model: worker?.model ?? '',
      servers: worker?.servers(),
      seconds: (performance.now() - began) / 1000,
    }
    return { webUrl, banner: banner(facts), close }
  } catch (error) {
    await close()
    throw error
  }
}

function redisPlaces(config: Config) {
  return { root: projectFolder, dir: join(config.dataDir, 'redis'), path: config.searchPath }
}

type QueueRooms = ReturnType<typeof createQueueRooms>

function createQueueRooms(house: RedisHouse, log: Log) {
  const { redis } = house
  return {
    inbox: createInbox(redis),
    journal: createJournal(redis),
    leases: createLeases(redis),
    history: createHistory(redis),
    board: createBoard(redis),
    memory: createMemory(redis),
    stops: createStops(house),
    feed: createFeed(house, log),
    jobs: createJobs(house, log),
  }
}

/** A library is loaded only when its door is wanted. Every process can speak on every platform; only a gateway listens. */
async function createAdapters(
  config: Config,
  queue: QueueRooms,
  redis: RedisHouse,
  log: Log,
  chat: Opening['chat'],
): Promise<Map<string, Adapter>> {
  const { feed, memory, board } = queue
  const { createWebAdapter } = await import('../adapters/web/web.ts')
  const adapters: Adapter[] = [
    createTerminalAdapter({ input: process.stdin, output: process.stdout, feed, ...chat }),
    createWebAdapter({ ...config.web, feed, log, status: () => houseStatus(board, redis) }),
  ]
  if (config.telegram) {
    const { createTelegramAdapter } = await import('../adapters/telegram/telegram.ts')
    adapters.push(createTelegramAdapter({ ...config.telegram, memory, log }))
  }
  if (config.discord) {
    const { createDiscordAdapter } = await import('../adapters/discord/discord.ts')
    adapters.push(createDiscordAdapter({ ...config.discord, memory, log }))
  }
  return new Map(adapters.map(adapter => [adapter.platform, adapter]))
}

async function houseStatus(board: Board, redis: RedisHouse) {
  const notices = redis.isUp ? await board.read() : []
  const { model = 'no worker is running', servers = [] } = notices[0] ?? {}
  return { ready: redis.isUp && notices.length > 0, model, queue: redis.isUp ? ('ok' as const) : ('away' as const), servers }
}

async function startWorker(
  config: Config,
  queue: QueueRooms,
  adapters: Map<string, Adapter>,
  redis: RedisHouse,
  log: Log,
  closers: (() => Promise<void> | void)[],
) {
  const { inbox, journal, leases, history, jobs, stops, board } = queue
  const toolbox = createToolbox(config.servers.servers, { log })
  closers.push(() => toolbox.close())
  const toolsReady = Promise.race([toolbox.start(), sleep(serversMayTakeMs)])
  const { model, name } = await openModel(config, log)
  const tools = { adapters, inbox, journal, history, model, toolbox, toolsReady, maxSteps, locale: config.locale, log }
  const turns = createTurns({ inbox, leases, answer: (message, turn) => answer(message, turn, tools) })
  await stops.listen(turns.stop)
  const servers = () => [
    ...toolbox.servers(),
    ...config.servers.disabled.map(({ name, error }) => ({
      name,
      state: 'disabled' as const,
      tools: 0,
      ...(error && { error }),
    })),
  ]
  const notice = (): Notice => ({
    worker: `${hostname()}-${process.pid}`,
    model: name,
    servers: servers(),
    tools: toolbox.list().map(brief),
  })
  const posting = repeat(() => board.post(notice()), boardLifeMs / 5, log)
  void toolsReady.then(() => board.post(notice())).catch(() => {}) // the next one tells it
  const sweeping = repeat(() => jobs.sweep(inbox), sweepEveryMs, log)
  const bell = jobs.work(turns.work, config.concurrency)
  closers.push(async () => {
    const ended = bell.close()
    await turns.close(config.drainMs)
    await ended
    clearInterval(sweeping)
    clearInterval(posting)
    if (redis.isUp) await board.remove(notice().worker)
  })
  return { toolsReady, model: name, servers }
}

const brief = ({ name, description, label, server }: Tool) => ({ name, description, label, server })

async function openModel({ model }: Config, log: Log): Promise<{ model: Model; name: string }> {
  if (!model) return { model: createOfflineModel(), name: 'the built-in offline model' }
  const { createOpenAiModel } = await import('./models/openai.ts')
  return { model: createOpenAiModel({ ...model, model: model.name, log }), name: model.name }
}

async function openDoors(
  config: Config,
  queue: QueueRooms,
  adapters: Map<string, Adapter>,
  log: Log,
  closers: (() => Promise<void> | void)[],
  chatOnly: boolean,
): Promise<void> {
  const closing = new AbortController()
  closers.push(() => closing.abort())
  const doors = [...adapters.values()].filter(({ platform }) => (platform === 'terminal') === chatOnly)
  const tools = { ...queue, locale: config.locale, log, closing: closing.signal }
  const open = doors.map(adapter => createDoor(adapter, { leases: queue.leases, receive: createReceive(adapter, tools), log }))
  for (const door of open) closers.push(() => door.close())
  await Promise.all(open.map(door => door.open()))
  for (const adapter of doors) {
    void adapter
      .announce?.(commands)
      .catch((error: unknown) =>
        log.warn({ platform: adapter.platform, reason: reason(error) }, 'the commands could not be announced'),
      )
  }
}

function addressOf(web: Adapter | undefined): string | undefined {
  return web && 'url' in web && typeof web.url === 'string' ? web.url : undefined
}

/** Now, and again every so often; a failure is told and the next one tried. */
function repeat(work: () => Promise<void>, everyMs: number, log: Log): NodeJS.Timeout {
  const once = () => void work().catch((error: unknown) => log.warn({ reason: reason(error) }, 'housework stumbled'))
  once()
  return setInterval(once, everyMs)
}

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}

/** Exit code of a house that only an operator can mend (EX_CONFIG of sysexits.h): supervisors can be told not to try again. */
const misconfigured = 78

async function run(): Promise<void> {
  const chatting = process.argv.includes('--chat')
  const config = loadConfig(projectFolder)
  const log = createLog(chatting ? 'error' : config.logLevel, process.stderr.isTTY)
  let leaving = false
  const leave = async () => {
    if (leaving) process.exit(1) // asked twice: at once
    leaving = true
    await (await opening).close()
    process.exit(0)
  }
  const opening = openHouse({ config, log, ...(chatting && { chat: { onEnd: () => void leave() } }) })
  process.on('SIGINT', () => void leave())
  process.on('SIGTERM', () => void leave())
  const house = await opening
  if (!chatting) process.stdout.write(`${house.banner}\n`)
}

if (import.meta.main) {
  await run().catch((error: unknown) => {
    process.stderr.write(
      error instanceof ConfigError
        ? `Bellhop cannot start:\n${error.problems.map(problem => `  ${problem}\n`).join('')}`
        : `${error instanceof Error ? error.stack : error}\n`,
    )
    process.exit(error instanceof ConfigError ? misconfigured : 1)
  })
}
