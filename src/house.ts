import { join } from 'node:path'
import { createTerminalAdapter } from '../adapters/terminal/terminal.ts'
import type { WebOptions } from '../adapters/web/web.ts'
import type { Adapter } from './adapter.ts'
import { findForm } from './answers.ts'
import { banner } from './banner.ts'
import { createCallback } from './callback.ts'
import { commands, createSuggest } from './commands.ts'
import { type Config, rereadServers } from './config/config.ts'
import { secretsOf } from './config/secrets.ts'
import { createDoor } from './door.ts'
import { houseStatus } from './house-status.ts'
import { createKeys } from './keys.ts'
import { type Log, reason } from './log.ts'
import { openOwn } from './mcp/own.ts'
import { type Conversation, type Press, platformOf } from './message.ts'
import { createSeal } from './models/elsewhere.ts'
import { createWholeFetch } from './net/whole-fetch.ts'
import { createOperator } from './operator.ts'
import { createPosting } from './posting.ts'
import { createBookmarks } from './queue/bookmarks.ts'
import { createReceive } from './receive.ts'
import { createRedact, discreet, type Redact, redactData } from './redact.ts'
import { openRedis, type RedisHouse } from './redis/redis.ts'
import { createRooms } from './rooms.ts'
import { createServerDesk } from './server-desk.ts'
import { createSessions } from './sessions.ts'
import { startShift } from './shift.ts'
import type { Desk } from './sign-in.ts'
import { createSignOfLife } from './sign-of-life.ts'
import type { Tail } from './telemetry/error-lines.ts'
import { createTelemetry, type Telemetry } from './telemetry/telemetry.ts'
import { createVisits } from './visits.ts'

export interface House {
  /** Address of the web door, when it is open. */
  readonly webUrl: string | undefined
  /** What was said at start. */
  readonly banner: string
  /** Signals listening, lets turns end, hands over the rest, and closes everything in reverse order. */
  close(): Promise<void>
}

export interface Opening {
  config: Config
  log: Log
  tail?: Tail
  /** Talk in this terminal, and open no other door. Called when the person leaves. */
  chat?: { onEnd(): void }
}

const projectFolder = join(import.meta.dirname, '..')
/** How long the banner waits for tool servers. */
const bannerWaitsMs = 1000

/** Puts the house together. Throws ConfigError, with everything closed again, when an operator has to mend something. */
export async function openHouse({ config, log, tail, chat }: Opening): Promise<House> {
  const began = performance.now()
  const closers: (() => Promise<void> | void)[] = []
  const close = () => closeAll(closers, log)
  try {
    const redis = await openRedis({ ...(config.redisUrl && { url: config.redisUrl }), ...redisPlaces(config), log })
    closers.push(() => redis.close())
    const redact = createRedact(secretsOf(config))
    const rooms = createRooms(redis, config, redact, log)
    const queue = { ...rooms, telemetry: createTelemetry({ house: redis, config, ...rooms, tail, log }) }
    closers.push(() => queue.jobs.close())
    closers.push(() => queue.feed.close())
    closers.push(() => queue.telemetry.close())
    closers.push(() => queue.budgets.flush())
    const own = openOwn(config, redis.redis)
    closers.push(() => own.guard.close())
    const desk = { own, news: queue.news, houseServers: () => rereadServers(config) }
    const adapters = await createAdapters(config, { ...queue, desk }, redis, redact, log, chat)
    const doors = createDoors({ config, queue: { ...queue, desk }, redis, adapters, redact, log, chatOnly: chat !== undefined })
    closers.push(() => doors.hangUp())
    const shift =
      config.role === 'gateway' ? undefined : await startShift({ config, adapters, ...queue, redis: redis.redis, redact, log })
    if (shift) closers.push(() => shift.close())
    closers.push(() => doors.close())
    closers.push(() => {
      if (!redis.isUp) redis.giveUp() // nothing can be kept any more, and nobody should wait for it
    })
    await doors.open()
    await Promise.race([shift?.toolsReady, new Promise(resolve => setTimeout(resolve, bannerWaitsMs).unref())])
    const webUrl = addressOf(adapters.get('web'))
    const facts = {
      config,
      webUrl,
      model: shift?.model ?? '',
      servers: shift?.servers(),
      seconds: (performance.now() - began) / 1000,
    }
    return { webUrl, banner: redact(banner(facts)), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** In reverse order. What cannot be closed in good order holds up no other. */
async function closeAll(closers: (() => Promise<void> | unknown)[], log: Log): Promise<void> {
  for (const closer of closers.splice(0).reverse()) {
    try {
      await closer()
    } catch (error) {
      log.warn({ reason: reason(error) }, 'something did not close in good order')
    }
  }
}

function redisPlaces(config: Config) {
  return { root: projectFolder, dir: join(config.dataDir, 'redis'), path: config.searchPath }
}

type Rooms = ReturnType<typeof createRooms> & { desk: Desk; telemetry: Telemetry }

/** A library is loaded only when its door is wanted. Every process can speak on every platform; only a gateway listens. */
async function createAdapters(
  config: Config,
  queue: Rooms,
  redis: RedisHouse,
  redact: Redact,
  log: Log,
  chat: Opening['chat'],
): Promise<Map<string, Adapter>> {
  const { feed, memory, board, desk, files, telemetry } = queue
  const adapters: Adapter[] = [createTerminalAdapter({ input: process.stdin, output: process.stdout, feed, ...chat })]
  const mounts: WebOptions['mounts'] = []
  if (config.telegram) {
    const { createTelegramAdapter } = await import('../adapters/telegram/telegram.ts')
    const telegram = createTelegramAdapter({ ...config.telegram, fetch: createWholeFetch(), locale: config.locale, memory, log })
    if (telegram.webhook) mounts.push(telegram.webhook)
    adapters.push(telegram)
  }
  if (config.discord) {
    const { createDiscordAdapter } = await import('../adapters/discord/discord.ts')
    const bookmarks = createBookmarks(redis.redis, 'discord')
    adapters.push(createDiscordAdapter({ ...config.discord, locale: config.locale, memory, bookmarks, log }))
  }
  const say = async (conversation: Conversation, text: string) =>
    adapters.find(({ platform }) => platform === platformOf(conversation))?.post(conversation, { text, buttons: [], final: true })
  mounts.push(...createCallback({ desk, say, locale: config.locale, log }))
  const { createWebAdapter } = await import('../adapters/web/web.ts')
  const status = () => houseStatus(board, redis.isUp)
  const servers = createServerDesk(desk, 'web')
  const chats = () => adapters.filter(({ platform }) => !linesStayOpen.includes(platform))
  const posting = createPosting({ ...queue, platform: 'web', chats, admins: config.admins, redact, log })
  const fileOf = async (conversation: Conversation, id: string, mime: string) => {
    const data = await files.load(conversation, id)
    return data === undefined || data === 'posted' ? undefined : redactData(mime, data, redact)
  }
  const madeKeys = createKeys(redis.redis, { apiKeys: config.web.apiKeys, log })
  const operators = { operator: createOperator(queue), visits: createVisits(redis.redis), queue: queue.jobs.queue }
  const admin = { ...operators, isUp: () => redis.isUp }
  const keyed = { madeKeys, admins: config.admins, sessions: createSessions(redis.redis, config.sessionsPerKey), admin }
  const elsewhere = { baseUrls: config.modelUrls, seal: createSeal(config.secretKey) }
  adapters.push(
    createWebAdapter({
      ...{ ...config.web, ...telemetry.forWeb, ...keyed, feed, log, status, servers, elsewhere, mounts, posting, fileOf, files },
      ...(await openEmbedder(config, log)),
    }),
  )
  return new Map(adapters.map(adapter => [adapter.platform, discreet(adapter, redact)]))
}

/** For programs that ask for vectors. */
async function openEmbedder({ model }: Config, log: Log): Promise<Pick<WebOptions, 'embed'>> {
  if (!model?.embed) return {}
  const { createEmbedder } = await import('./models/embed.ts')
  const vectorsOf = createEmbedder({ ...model, model: model.embed, log })
  return { embed: { model: model.embed, vectorsOf } }
}

interface DoorsOptions {
  config: Config
  queue: Rooms
  redis: RedisHouse
  adapters: Map<string, Adapter>
  redact: Redact
  log: Log
  chatOnly: boolean
}

/** Web and terminal answer on a line that stays open: it is hung up only when the turns have ended. */
const linesStayOpen = ['web', 'terminal']

function createDoors({ config, queue, redis, adapters, redact, log, chatOnly }: DoorsOptions) {
  const closing = new AbortController()
  const { admins, locale } = config
  const formFor = (press: Press) => findForm(press, { ...queue, admins })
  const signOfLife = createSignOfLife(queue.inbox, () => redis.isUp)
  const suggest = createSuggest({ ...queue, admins, log })
  const tools = { ...queue, isUp: () => redis.isUp, admins, locale, redact, log, closing: closing.signal }
  const wanted =
    config.role === 'worker' ? [] : [...adapters.values()].filter(({ platform }) => (platform === 'terminal') === chatOnly)
  const doors = wanted.map(adapter => ({
    adapter,
    door: createDoor(adapter, { ...queue, receive: createReceive(adapter, tools), formFor, signOfLife, log }),
  }))
  const closeThose = async (which: (adapter: Adapter) => boolean) => {
    await Promise.all(doors.filter(({ adapter }) => which(adapter)).map(({ door }) => door.close()))
  }
  const announce = (adapter: Adapter) =>
    adapter.announce?.(commands, suggest).catch((error: unknown) => {
      log.warn({ platform: adapter.platform, reason: reason(error) }, 'the commands could not be announced')
    })
  return {
    async open() {
      await Promise.all(doors.map(({ door }) => door.open()))
      for (const { adapter } of doors) void announce(adapter)
    },
    /** From now on nothing is heard. */
    async close() {
      closing.abort()
      await closeThose(({ platform }) => !linesStayOpen.includes(platform))
    },
    hangUp: () => closeThose(({ platform }) => linesStayOpen.includes(platform)),
  }
}

function addressOf(web: Adapter | undefined): string | undefined {
  return web && 'url' in web && typeof web.url === 'string' ? web.url : undefined
}
