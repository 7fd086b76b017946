import {
  type APIApplicationCommandAutocompleteInteraction,
  type APIInteraction,
  type GatewayMessageCreateDispatchData,
  InteractionResponseType,
  InteractionType,
  MessageFlags,
  Routes,
} from 'discord.js'
import type { FormFor, SignOfLife, Suggest } from '../../src/adapter.ts'
import { type Log, reason } from '../../src/log.ts'
import { addressOf, type Message } from '../../src/message.ts'
import type { Call } from './calls.ts'
import { choicesFor } from './choices.ts'
import type { GatewayEvents } from './gateway.ts'
import { toCommand, toDeletion, toEdit, toMessage } from './inbound.ts'
import { formatInteraction, wayTo } from './interaction.ts'
import type { Offer } from './offer.ts'
import { hearPress } from './presses.ts'
import { lacksQuote, withQuote } from './quotes.ts'
import type { Refusals } from './refusals.ts'
import { acknowledge } from './responses.ts'

export interface EarsOptions {
  botId(): string
  call: Call
  offer: Offer
  refusals: Refusals
  /** Said to the bot where it may turn out that it may not answer. */
  heard(message: Message): void
  /** The answer to this command is for the eyes of who asked alone. */
  isQuiet(command: string): boolean
  suggest: Suggest
  formFor: FormFor | undefined
  signOfLife: SignOfLife
  /** The language for a person of whom Discord tells none. */
  locale: string
  log: Log
}

/** What each event of the gateway is to us. Nothing here is awaited by the gateway. */
export function createEars(options: EarsOptions): Omit<GatewayEvents, 'ready' | 'guild'> {
  const { botId, call, offer, refusals, heard, signOfLife, log } = options
  const inOrder = createLine()

  /** "Bellhop is typing…" for ten seconds, or until the first message: the sign of life until then. */
  function type(conversation: string): void {
    const channelId = addressOf(conversation)[0] ?? ''
    const show = () => call('POST', Routes.channelTyping(channelId), { once: true })
    refusals.guard(`${channelId} typing`, show).catch((error: unknown) => {
      log.debug({ conversation, reason: reason(error) }, 'typing could not be shown')
    })
  }

  function hear(native: GatewayMessageCreateDispatchData): void {
    const message = toMessage(native, botId())
    if (message) {
      signOfLife(message, () => type(message.conversation))
      heard(message)
    }
    void offer(message)
  }

  return {
    message: native => inOrder(native.channel_id, () => (lacksQuote(native) ? withQuote(native, call).then(hear) : hear(native))),
    update: native => inOrder(native.channel_id, () => void offer(toEdit(native, botId()))),
    deletion: native => inOrder(native.channel_id, () => void offer(toDeletion(native))),
    interaction: native => void hearInteraction(native, options),
  }
}

async function hearInteraction(native: APIInteraction, options: EarsOptions): Promise<void> {
  const { botId, call, offer, isQuiet, suggest, log } = options
  if (native.type === InteractionType.ApplicationCommand) {
    const way = wayTo(native, isQuiet(native.data.name))
    const data = way.quiet && { flags: MessageFlags.Ephemeral }
    await acknowledge(
      call,
      native,
      { type: InteractionResponseType.DeferredChannelMessageWithSource, ...(data && { data }) },
      log,
    )
    await offer(toCommand(native, botId(), formatInteraction(way)))
  }
  if (native.type === InteractionType.ApplicationCommandAutocomplete) await offerChoices(native, call, suggest, log)
  if (native.type === InteractionType.MessageComponent || native.type === InteractionType.ModalSubmit)
    await hearPress(native, options)
}

/** Sent once: before it could be sent again, the person has typed on. */
async function offerChoices(
  native: APIApplicationCommandAutocompleteInteraction,
  call: Call,
  suggest: Suggest,
  log: Log,
): Promise<void> {
  const body = {
    type: InteractionResponseType.ApplicationCommandAutocompleteResult,
    data: { choices: await choicesFor(native, suggest) },
  }
  await call('POST', Routes.interactionCallback(native.id, native.token), { auth: false, once: true, body }).catch(
    (error: unknown) => log.debug({ id: native.id, reason: reason(error) }, 'choices came too late'),
  )
}

/** At once, but behind what was said before in the same channel and is still being looked up. */
function createLine(): (channelId: string, hear: () => unknown) => void {
  const last = new Map<string, Promise<unknown>>()
  return (channelId, hear) => {
    const heard = last.get(channelId)?.then(hear) ?? hear()
    if (!(heard instanceof Promise)) return
    last.set(channelId, heard)
    void heard.finally(() => last.get(channelId) === heard && last.delete(channelId))
  }
}
