import { setTimeout as sleep } from 'node:timers/promises'
import {
  type APIMessageComponentInteraction,
  type APIModalInteractionResponseCallbackData,
  type APIModalSubmitInteraction,
  InteractionResponseType,
  InteractionType,
} from 'discord.js'
import type { FormFor } from '../../src/adapter.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Press } from '../../src/message.ts'
import type { Call } from './calls.ts'
import { toPress } from './inbound.ts'
import { formatInteraction, wayBeside } from './interaction.ts'
import { toModal } from './modal.ts'
import type { Offer } from './offer.ts'
import { acknowledge, respond } from './responses.ts'

export interface PressOptions {
  call: Call
  offer: Offer
  formFor: FormFor | undefined
  /** The language for a person of whom Discord tells none. */
  locale: string
  log: Log
}

/** Discord waits three seconds for the first answer, which a window has to be; the rest is left to the way there. */
const patienceMs = 1500

/** A button that was pressed, or a window that was filled in: acknowledged at once, but where a window is to open. */
export async function hearPress(
  native: APIMessageComponentInteraction | APIModalSubmitInteraction,
  options: PressOptions,
): Promise<void> {
  const { call, offer, log } = options
  const press = toPress(native, formatInteraction(wayBeside(native)))
  const modal = press && native.type === InteractionType.MessageComponent && (await modalFor(press, options))
  if (modal && (await isShown(native, modal, options))) return
  await acknowledge(call, native, { type: InteractionResponseType.DeferredMessageUpdate }, log)
  await offer(press)
}

/** Undefined where no window is to open, or where it is not known in time. */
async function modalFor(
  press: Press,
  { formFor, locale, log }: PressOptions,
): Promise<APIModalInteractionResponseCallbackData | undefined> {
  if (press.action !== 'fill' || !formFor) return undefined
  const patience = new AbortController()
  const late = sleep(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined)
  try {
    const ask = await Promise.race([formFor(press), late])
    return ask && toModal(ask, `${press.action}:${press.token}`, press.author.locale ?? locale)
  } catch (error) {
    log.warn({ id: press.id, reason: reason(error) }, 'what is in a form could not be found out')
    return undefined
  } finally {
    patience.abort()
  }
}

/** False where Discord does not take it: then it is asked in words. */
async function isShown(
  native: APIMessageComponentInteraction | APIModalSubmitInteraction,
  data: APIModalInteractionResponseCallbackData,
  { call, log }: PressOptions,
): Promise<boolean> {
  try {
    await respond(call, native, { type: InteractionResponseType.Modal, data })
    return true
  } catch (error) {
    log.warn({ id: native.id, reason: reason(error) }, 'a form could not be shown')
    return false
  }
}
