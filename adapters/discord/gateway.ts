import { setTimeout as sleep } from 'node:timers/promises'
import {
  type APIInteraction,
  Client,
  type ClientOptions,
  DiscordAPIError,
  DiscordjsError,
  DiscordjsErrorCodes,
  Events,
  GatewayDispatchEvents,
  type GatewayGuildCreateDispatchData,
  GatewayIntentBits,
  type GatewayMessageCreateDispatchData,
  type GatewayMessageDeleteBulkDispatchData,
  type GatewayMessageDeleteDispatchData,
  type GatewayMessageUpdateDispatchData,
  type GatewayReadyDispatchData,
  Options,
  Status,
} from 'discord.js'
import { ConfigError } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import { tokenRefused } from './calls.ts'
import type { Guild } from './inbound.ts'

export interface GatewayOptions {
  token: string
  apiUrl?: string
  messageContent: boolean
  log: Log
  events: GatewayEvents
}

/** The gateway's events as they came over the wire, so that they can be read without the library. */
export interface GatewayEvents {
  /** A new session has begun; nothing is told of what was said before it. */
  ready(me: { botId: string; appId: string }): void
  /** Once in a session for each guild that the bot was in when it began; after an outage one may come much later. */
  guild(native: Guild): void
  message(native: GatewayMessageCreateDispatchData): void
  update(native: GatewayMessageUpdateDispatchData): void
  deletion(native: Pick<GatewayMessageDeleteDispatchData, 'id' | 'channel_id'>): void
  interaction(native: APIInteraction): void
}

export interface Gateway {
  /** No event comes after the call. */
  close(): Promise<void>
}

/** A house without Discord is better than one that waits: connecting goes on behind it. */
const patienceMs = 20_000

/** Longer than the half second that discord.js lets pass before it connects again. */
const closeMs = 2000

/** Each new connection uses up one of the day's session starts, and Discord resets the token of a bot that runs out of them. */
const retryMs = { first: 1000, most: 60_000 }

/**
 * Resolves when connected, or when the network is found to be down, in which case connecting goes on until `close`.
 * Throws ConfigError when Discord refuses the token or an intent.
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const closing = new AbortController()
  let client: Client | undefined
  const { promise: firstTrouble, resolve: inTrouble } = Promise.withResolvers<void>()

  async function connect(): Promise<void> {
    for (let waitMs = retryMs.first; !closing.signal.aborted; waitMs = Math.min(waitMs * 2, retryMs.most)) {
      client = createClient(options, closing.signal)
      const trouble = await tryLogin(client, options.token)
      if (!trouble || closing.signal.aborted) return
      if (waitMs === retryMs.first) options.log.warn({ reason: reason(trouble) }, 'Discord cannot be reached; trying on')
      inTrouble()
      await sleep(waitMs, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  const connected = connect()
  const waiting = new AbortController()
  const patience = sleep(patienceMs, undefined, { signal: waiting.signal, ref: false }).catch(() => {})
  await Promise.race([connected, firstTrouble, patience]).finally(() => waiting.abort())
  connected.catch((error: unknown) => options.log.error({}, `Discord is off: ${reason(error)}`))
  return {
    async close() {
      if (closing.signal.aborted) return
      closing.abort()
      const calm = Promise.allSettled([connected, client && reconnected(client)])
      await Promise.race([calm, sleep(closeMs, undefined, { ref: false })])
      await client?.destroy()
    },
  }
}

/**
 * A client that is destroyed while it connects again connects all the same, and stays connected: `destroy` knows only open
 * connections. So it is given the time to come back first.
 */
async function reconnected(client: Client): Promise<void> {
  const shards = [...client.ws.shards.values()]
  if (shards.every(shard => shard.status !== Status.Connecting && shard.status !== Status.Resuming)) return
  const back = Promise.withResolvers<void>()
  client.ws.once(GatewayDispatchEvents.Ready, () => back.resolve())
  client.ws.once(GatewayDispatchEvents.Resumed, () => back.resolve())
  await back.promise
}

/** Undefined once READY has come; otherwise why it has not. Throws ConfigError where trying on would not help. */
async function tryLogin(client: Client, token: string): Promise<Error | undefined> {
  let closeCode = 0
  client.once(Events.ShardDisconnect, event => (closeCode = event.code))
  try {
    await client.login(token)
    return undefined
  } catch (error) {
    await client.destroy()
    const refused = fatalCloses[closeCode] ?? (isTokenRefused(error) ? tokenRefused : undefined)
    if (refused) throw new ConfigError(refused)
    return error instanceof Error ? error : new Error(String(error))
  }
}

function isTokenRefused(error: unknown): boolean {
  if (error instanceof DiscordAPIError) return error.status === 401
  return error instanceof DiscordjsError && error.code === DiscordjsErrorCodes.TokenInvalid
}

/** By close code (Discord's "Gateway Close Event Codes"): those after which it takes no connection from us. */
const fatalCloses: Record<number, string> = {
  4004: tokenRefused,
  4010: 'Discord refused the shard number; this is a defect of the bot.',
  4011: 'The bot is in too many guilds for one connection; Discord wants sharding.',
  4012: 'Discord no longer speaks the gateway version of this bot; update the bot.',
  4013: 'Discord does not know the intents that the bot asked for; update the bot.',
  4014:
    'Discord refused the intent MESSAGE_CONTENT: switch on "Message Content Intent" at https://discord.com/developers/applications ' +
    '(Bot → Privileged Gateway Intents), or turn the option for message content off.',
}

function createClient(options: GatewayOptions, closing: AbortSignal): Client {
  const client = new Client(clientOptions(options))
  const { log, events } = options
  let wasReady = false
  let untold = new Set<string>()
  const listen = <Data>(name: GatewayDispatchEvents, hear: (data: Data) => void) => {
    client.ws.on(name, (data: Data) => {
      if (!closing.aborted) hear(data)
    })
  }
  listen<GatewayReadyDispatchData>(GatewayDispatchEvents.Ready, ({ user, application, guilds }) => {
    wasReady = true
    untold = new Set(guilds.map(({ id }) => id))
    events.ready({ botId: user.id, appId: application.id })
  })
  // A guild that the bot joins later comes in the same way, and so does one that had an outage.
  listen<GatewayGuildCreateDispatchData>(GatewayDispatchEvents.GuildCreate, guild => {
    if (!guild.unavailable && untold.delete(guild.id)) events.guild(guild)
  })
  listen(GatewayDispatchEvents.MessageCreate, events.message)
  listen(GatewayDispatchEvents.MessageUpdate, events.update)
  listen(GatewayDispatchEvents.MessageDelete, events.deletion)
  listen<GatewayMessageDeleteBulkDispatchData>(GatewayDispatchEvents.MessageDeleteBulk, ({ ids, channel_id }) => {
    for (const id of ids) events.deletion({ id, channel_id })
  })
  listen(GatewayDispatchEvents.InteractionCreate, events.interaction)
  client.on(Events.Error, error => log.warn({ reason: reason(error) }, 'discord.js reported an error'))
  client.on(Events.ShardError, error => log.warn({ reason: reason(error) }, 'the connection to Discord failed'))
  client.on(Events.ShardReconnecting, () => log.info({}, 'the connection to Discord was lost; connecting again'))
  client.on(Events.ShardDisconnect, ({ code }) => {
    if (wasReady && fatalCloses[code]) log.error({ code }, `Discord is off: ${fatalCloses[code]}`)
  })
  return client
}

/** Events are taken raw and answers go out through our own REST calls, so that the library need not keep copies of anything. */
function clientOptions({ apiUrl, messageContent }: GatewayOptions): ClientOptions {
  const { Guilds, GuildMessages, DirectMessages, MessageContent } = GatewayIntentBits
  const nothing = { MessageManager: 0, PresenceManager: 0, ReactionManager: 0, ThreadMemberManager: 0, VoiceStateManager: 0 }
  return {
    intents: [Guilds, GuildMessages, DirectMessages, ...(messageContent ? [MessageContent] : [])],
    makeCache: Options.cacheWithLimits({ ...Options.DefaultMakeCacheSettings, ...nothing }),
    allowedMentions: { parse: [], repliedUser: false },
    ...(apiUrl ? { rest: { api: apiUrl } } : {}),
  }
}
