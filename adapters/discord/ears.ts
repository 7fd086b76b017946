import { type APIInteraction, InteractionResponseType, InteractionType, Routes } from 'discord.js'
import { type Log, reason } from '../../src/log.ts'
import { addressOf } from '../../src/message.ts'
import type { Call } from './calls.ts'
import type { GatewayEvents } from './gateway.ts'
import { toCommand, toDeletion, toEdit, toMessage, toPress } from './inbound.ts'
import { formatInteraction } from './interaction.ts'
import type { Offer } from './offer.ts'

/** What each event of the gateway is to us. Nothing here is awaited by the gateway. */
export function createEars(botId: () => string, call: Call, offer: Offer, log: Log): Omit<GatewayEvents, 'ready' | 'guild'> {
  /** "Bellhop is typing…" for ten seconds, or until the first message: the sign of life until then. */
  function type(conversation: string): void {
    call('POST', Routes.channelTyping(addressOf(conversation)[0] ?? ''), { once: true }).catch((error: unknown) => {
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
