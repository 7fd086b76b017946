import type { InlineKeyboardMarkup, Message as Native, Update } from 'grammy/types'
import { Api } from 'grammy/web'
import type { Adapter, Button, Memory, Outgoing, Receive } from '../../src/adapter.ts'
import { type Log, reason } from '../../src/log.ts'
import { addressOf, type Conversation, type Heard } from '../../src/message.ts'
import { announceCommands } from './commands.ts'
import { isNotModified, type Signal, toHouseError, within } from './errors.ts'
import { type Me, toHeard } from './inbound.ts'
import type { Intake, IntakeOptions } from './intake.ts'
import { createClock, inTime, isLate } from './late.ts'
import { limits, toTelegram } from './outbound.ts'
import { createPolling } from './polling.ts'
import { createWebhook, type Webhook, type WebhookOptions } from './webhook.ts'

export interface TelegramOptions {
  token: string
  /** Another server of the Bot API: `http://127.0.0.1:8081`. */
  apiRoot?: string
  /** Absent: updates are polled for. */
  webhook?: WebhookOptions
  memory: Memory
  log: Log
  /** How long a call may take. */
  callMs?: number
}

export interface TelegramAdapter extends Adapter {
  /** There when the options name a webhook: some web server must hand it what Telegram brings. */
  readonly webhook?: Webhook
}

/** Conversations are `telegram:<chat>` and `telegram:<chat>:<topic>`; ids of posts and `replyTo` are Telegram's message ids. */
export function createTelegramAdapter(options: TelegramOptions): TelegramAdapter {
  const { token, apiRoot, webhook: hook, memory, log, callMs = 10_000 } = options
  const { api, now } = openApi(token, apiRoot)
  let receive: Receive | undefined

  const call = <T>(make: (signal: Signal) => Promise<T>): Promise<T> =>
    make(within(callMs)).catch(error => Promise.reject(toHouseError(error)))

  /** For what is only courtesy: nobody waits for it, and nothing depends on it. */
  function courteously(make: (signal: Signal) => Promise<unknown>): void {
    call(make).catch(error => log.debug({ reason: reason(error) }, 'Telegram: a courtesy failed'))
  }

  async function take(update: Update, me: Me): Promise<void> {
    const { callback_query: query, message } = update
    if (query) courteously(signal => api.answerCallbackQuery(query.id, {}, signal))
    const heard = hear(update, me, now(), log)
    if (!heard) return
    if (message && !isLate(heard)) courteously(signal => showTyping(api, message, signal))
    await receive?.(heard)
  }

  const common: IntakeOptions = { api, log, callMs, take }
  const byWebhook = hook && createWebhook(common, hook)
  let intake: Intake | undefined

  return {
    platform: 'telegram',
    ...(!hook && { oneListener: token.split(':')[0] ?? '' }), // a webhook is brought to one of us at a time
    limits,
    ...(byWebhook && { webhook: byWebhook.webhook }),

    async start(hear) {
      receive = hear
      intake = byWebhook ?? createPolling(common)
      await intake.start()
    },

    async stop() {
      await intake?.stop()
    },

    announce: commands => announceCommands(commands, { key: `telegram:${token.split(':')[0]}:commands`, api, call, memory, log }),

    async post(conversation, out, replyTo) {
      const { text, ...shape } = toNative(out)
      const { chat, topic } = placeOf(conversation)
      const reply =
        replyTo === undefined ? {} : { reply_parameters: { message_id: Number(replyTo), allow_sending_without_reply: true } }
      const sent = await call(signal => api.sendMessage(chat, text, { ...shape, ...topic, ...reply }, signal))
      return String(sent.message_id)
    },

    async edit(conversation, id, out) {
      const { text, ...shape } = toNative(out)
      const { chat } = placeOf(conversation)
      await call(signal => api.editMessageText(chat, Number(id), text, shape, signal).catch(passIfNotModified))
    },
  }
}

function openApi(token: string, apiRoot: string | undefined): { api: Api; now(): number } {
  const { fetch, now } = createClock()
  return { api: new Api(token, { fetch, ...(apiRoot && { apiRoot: apiRoot.replace(/\/+$/, '') }) }), now }
}

/** An update that breaks our reading of it is passed over: offered again, it would break it again, and block all others. */
function hear(update: Update, me: Me, now: number, log: Log): Heard | undefined {
  try {
    const heard = toHeard(update, me)
    return heard && inTime(heard, update, now)
  } catch (error) {
    log.error({ update: update.update_id, reason: reason(error) }, 'Telegram: an update could not be read')
    return undefined
  }
}

const showTyping = (api: Api, message: Native, signal: Signal) =>
  api.sendChatAction(message.chat.id, 'typing', topicOfAction(message), signal)

/** A chat action, unlike a message, must name topic 1 ("General") of a forum. */
function topicOfAction({ chat, is_topic_message, message_thread_id }: Native): { message_thread_id?: number } {
  if (is_topic_message && message_thread_id !== undefined) return { message_thread_id }
  return chat.is_forum && chat.type === 'supergroup' ? { message_thread_id: 1 } : {}
}

function placeOf(conversation: Conversation): { chat: number; topic: { message_thread_id?: number } } {
  const [chat, topic] = addressOf(conversation).map(Number)
  return { chat: chat ?? Number.NaN, topic: topic === undefined || topic === 1 ? {} : { message_thread_id: topic } }
}

/** Without previews: they would flicker while an answer grows, and fetch whatever address a tool has named. */
function toNative({ text, buttons }: Outgoing) {
  return {
    ...toTelegram(text),
    link_preview_options: { is_disabled: true },
    ...(buttons.length > 0 && { reply_markup: keyboardOf(buttons) }),
  }
}

function keyboardOf(buttons: Button[]): InlineKeyboardMarkup {
  const keys = buttons.map(({ label, action, token }) => ({ text: label, callback_data: `${action}:${token}` }))
  const rows = Array.from({ length: Math.ceil(keys.length / keysInRow) }, (_, i) =>
    keys.slice(i * keysInRow, (i + 1) * keysInRow),
  )
  return { inline_keyboard: rows }
}

/** More than three would be cut short on a phone. */
const keysInRow = 3

function passIfNotModified(error: unknown): void {
  if (!isNotModified(error)) throw error
}
