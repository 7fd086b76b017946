import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type APIInteraction, InteractionResponseType, InteractionType, Routes } from 'discord.js'
import type { Adapter, CommandInfo, Memory, Receive } from '../../src/adapter.ts'
import { type Log, reason } from '../../src/log.ts'
import { addressOf, type Heard } from '../../src/message.ts'
import { type Call, createCall } from './calls.ts'
import { fingerprint, toCommands } from './commands.ts'
import type { Gateway, GatewayEvents } from './gateway.ts'
import { toCommand, toDeletion, toEdit, toMessage, toPress } from './inbound.ts'
import { formatInteraction } from './interaction.ts'
import { limits } from './outbound.ts'
import { createSpeech } from './speech.ts'

export interface DiscordOptions {
  token: string
  /** Where Discord's REST API is, without `/v10`; the gateway's address comes from there. */
  apiUrl?: string
  /** Ask for the privileged intent that shows messages which do not mention the bot; it must be switched on in the portal. */
  messageContent?: boolean
  memory: Memory
  log: Log
}

/** Discord's names for the bot: its user, and the application that the user belongs to. */
interface Me {
  botId: string
  appId: string
}

/** Discord does not offer an event twice, so what `receive` could not keep is offered again by us, for about half a minute. */
const offerAgainMs = [250, 1000, 3000, 9000, 18_000]

/** The Discord door: gateway in, REST out. */
export function createDiscordAdapter(options: DiscordOptions): Adapter {
  const { token, apiUrl, messageContent = false, memory, log } = options
  const call = createCall(token, apiUrl)
  const stopping = new AbortController()
  let gateway: Gateway | undefined
  let me: Me | undefined
  let unannounced: CommandInfo[] | undefined

  /** With the network down, the list waits until Discord has told who we are. */
  async function announce(commands: CommandInfo[]): Promise<void> {
    unannounced = commands
    if (!me) return
    unannounced = undefined
    await putCommands(call, memory, me.appId, commands).catch((error: unknown) => {
      log.warn({ reason: reason(error) }, 'the commands could not be announced to Discord; messages work without')
    })
  }

  function ready(who: Me): void {
    me = who
    log.info({ botId: who.botId }, 'connected to Discord')
    if (unannounced) void announce(unannounced)
  }

  return {
    platform: 'discord',
    limits,
    oneListener: createHash('sha256').update(token).digest('base64url').slice(0, 16),
    ...createSpeech(call),
    async start(receive) {
      const { openGateway } = await import('./gateway.ts')
      const offer = createOffer(receive, log, stopping.signal)
      const events = { ready, ...createEars(() => me?.botId ?? '', call, offer, log) }
      gateway = await openGateway({ token, messageContent, log, events, ...(apiUrl ? { apiUrl } : {}) })
      if (stopping.signal.aborted) await gateway.close()
    },
    async stop() {
      stopping.abort()
      await gateway?.close()
    },
    announce,
  }
}

type Offer = (what: Heard | undefined) => Promise<void>

function createOffer(receive: Receive, log: Log, stopping: AbortSignal): Offer {
  return async what => {
    if (!what || stopping.aborted) return
    for (const waitMs of [...offerAgainMs, 0]) {
      try {
        return await receive(what)
      } catch (error) {
        const level = waitMs === 0 ? 'error' : 'warn'
        log[level]({ id: what.id, reason: reason(error), againInMs: waitMs }, 'an event from Discord could not be kept')
        await sleep(waitMs, undefined, { signal: stopping }).catch(() => {})
        if (stopping.aborted) return
      }
    }
  }
}

/** What each event of the gateway is to us. Nothing here is awaited by the gateway. */
function createEars(botId: () => string, call: Call, offer: Offer, log: Log): Omit<GatewayEvents, 'ready'> {
  /** "Bellhop is typing…" for ten seconds, or until the first message: the sign of life until then. */
  function type(conversation: string): void {
    call('POST', Routes.channelTyping(addressOf(conversation)[0] ?? '')).catch((error: unknown) => {
      log.debug({ conversation, reason: reason(error) }, 'typing could not be shown')
    })
  }

  async function hearInteraction(native: APIInteraction): Promise<void> {
    if (native.type === InteractionType.ApplicationCommand) {
      await acknowledge(call, native, InteractionResponseType.DeferredChannelMessageWithSource, log)
      const replyTo = formatInteraction({ appId: native.application_id, token: native.token, heardAt: Date.now() })
      await offer(toCommand(native, botId(), replyTo))
    }
    if (native.type === InteractionType.MessageComponent) {
      await acknowledge(call, native, InteractionResponseType.DeferredMessageUpdate, log)
      await offer(toPress(native))
    }
  }

  return {
    message(native) {
      const message = toMessage(native, botId())
      if (message) type(message.conversation)
      void offer(message)
    },
    update: native => void offer(toEdit(native, botId())),
    deletion: native => void offer(toDeletion(native)),
    interaction: native => void hearInteraction(native),
  }
}

/** Discord's "Interaction has already been acknowledged": said when the first call arrived but its answer was lost. */
const alreadyAcknowledged = 40060

/** Within three seconds, or the person reads that the bot did not respond; a late answer still goes into the channel. */
async function acknowledge(call: Call, native: APIInteraction, type: InteractionResponseType, log: Log): Promise<void> {
  try {
    await call('POST', Routes.interactionCallback(native.id, native.token), { auth: false, body: { type } })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === alreadyAcknowledged) return
    log.warn({ id: native.id, reason: reason(error) }, 'an interaction could not be acknowledged in time')
  }
}

/** Discord allows 200 new commands a day, so the list is sent only when it differs from the one sent last. */
async function putCommands(call: Call, memory: Memory, appId: string, commands: CommandInfo[]): Promise<void> {
  const body = toCommands(commands)
  const key = `discord:${appId}:commands`
  const hash = fingerprint(body)
  if ((await memory.get(key)) === hash) return
  await call('PUT', Routes.applicationCommands(appId), { body })
  await memory.set(key, hash)
}
