import type { ChatMemberUpdated, Message as Native, Update } from 'grammy/types'
import { Api } from 'grammy/web'
import type { Adapter, Memory, Receive, SignOfLife } from '../../src/adapter.ts'
import { type Log, reason } from '../../src/log.ts'
import { isMessage } from '../../src/message.ts'
import { createQueries } from './asides.ts'
import { announceCommands } from './commands.ts'
import { createEars } from './ears.ts'
import { limited, type Signal, toHouseError } from './errors.ts'
import { createFetchFile } from './files.ts'
import type { Me } from './inbound.ts'
import type { Intake, IntakeOptions } from './intake.ts'
import { type Call, createClock, isLate } from './late.ts'
import { createNotebook } from './notebook.ts'
import { limits, toTelegram } from './outbound.ts'
import { paceOf } from './pace.ts'
import { createPlaces } from './places.ts'
import { createPolling } from './polling.ts'
import type { RichMode } from './rich-first.ts'
import { createSpeech } from './speech.ts'
import { createWebhook, type Webhook, type WebhookOptions } from './webhook.ts'
import { welcome } from './welcome.ts'

export interface TelegramOptions {
  token: string
  /** Another server of the Bot API: `http://127.0.0.1:8081`. */
  apiRoot?: string
  /** What calls it; the global one by default. */
  fetch?: Call
  /** Absent: updates are polled for. */
  webhook?: WebhookOptions
  /** Absent: everything is said as text with entities, which every client of Telegram's shows. */
  rich?: RichMode
  /** Calls in all chats together; as `paceOf` has it if absent. */
  perSecond?: number
  /** The language of what the adapter itself says to who tells none; `en` by default. */
  locale?: string
  memory: Memory
  log: Log
  /** How long a call may take. */
  callMs?: number
}

export interface TelegramAdapter extends Adapter {
  /** There when the options name a webhook: some web server must hand it what Telegram brings. */
  readonly webhook?: Webhook
}

/** Conversations are `telegram:<chat>` and `telegram:<chat>:<topic>`; `replyTo` is Telegram's message id. */
export function createTelegramAdapter(options: TelegramOptions): TelegramAdapter {
  const { token, webhook: hook, rich = 'off', perSecond, locale = 'en', memory, log, callMs = 10_000 } = options
  const bot = token.split(':')[0] ?? ''
  const apiRoot = options.apiRoot?.replace(/\/+$/, '')
  const { api, now } = openApi(token, apiRoot, options.fetch)
  let receive: Receive | undefined
  let signOfLife: SignOfLife = showNow
  let intake: Intake | undefined

  const call = <T>(make: (signal: Signal) => Promise<T>, more = 0): Promise<T> =>
    limited(callMs + more, make).catch(error => Promise.reject(toHouseError(error)))

  const notebook = createNotebook(memory, `telegram:${bot}`, callMs)
  const places = createPlaces(notebook, log)
  const hear = createEars({ notebook, now, log })
  const queries = createQueries({ api, call, log })

  /** For what is only courtesy: nobody waits for it, and nothing depends on it. */
  function courteously(make: (signal: Signal) => Promise<unknown>): void {
    call(make).catch(error => log.debug({ reason: reason(error) }, 'Telegram: a courtesy failed'))
  }

  async function take(updates: Update[], me: Me): Promise<void> {
    const { callback_query: query, message, my_chat_member: joining } = updates[0] ?? {}
    if (query) queries.opened(query.id)
    if (joining) courteously(async signal => greet(api, joining, await welcome(joining, me, notebook, now(), locale), signal))
    if (message?.migrate_to_chat_id) await places.move(message.chat.id, message.migrate_to_chat_id)
    const heard = await hear(updates, me)
    if (message && heard && isMessage(heard) && !isLate(heard))
      signOfLife(heard, () => courteously(signal => showTyping(api, message, signal)))
    if (heard) await receive?.(heard)
    if (query) queries.kept(query.id)
  }

  const common: IntakeOptions = { api, log, callMs, notebook, take }
  const byWebhook = hook && createWebhook(common, hook)

  return {
    platform: 'telegram',
    ...(!hook && { oneListener: bot }), // a webhook is brought to one of us at a time
    limits: { ...limits, pace: (conversation, replyTo) => paceOf(conversation, replyTo, perSecond) },
    ...(byWebhook && { webhook: byWebhook.webhook }),

    async start(hear, _, when = showNow) {
      receive = hear
      signOfLife = when
      intake = byWebhook ?? createPolling(common)
      await intake.start()
    },

    async stop() {
      await intake?.stop()
      await queries.close()
    },

    announce: commands => announceCommands(commands, { key: `telegram:${bot}:commands`, api, call, memory, log }),
    ...createSpeech({ api, call, places, queries, ownServer: apiRoot !== undefined, rich, log }),
    fetchFile: createFetchFile({ api, token, apiRoot, call }),
  }
}

function openApi(token: string, apiRoot: string | undefined, call: TelegramOptions['fetch']): { api: Api; now(): number } {
  const { fetch, now } = createClock(call)
  return { api: new Api(token, { fetch, ...(apiRoot !== undefined && { apiRoot }) }), now }
}

async function greet(api: Api, { chat }: ChatMemberUpdated, words: string | undefined, signal: Signal): Promise<void> {
  if (words === undefined) return
  const { text, entities } = toTelegram(words)
  await api.sendMessage(chat.id, text, { entities }, signal)
}

const showNow: SignOfLife = (_, show) => show()

const showTyping = (api: Api, message: Native, signal: Signal) =>
  api.sendChatAction(message.chat.id, 'typing', topicOfAction(message), signal)

/** A chat action, unlike a message, must name topic 1 ("General") of a forum. */
function topicOfAction({ chat, is_topic_message, message_thread_id }: Native): { message_thread_id?: number } {
  if (is_topic_message && message_thread_id !== undefined) return { message_thread_id }
  return chat.is_forum && chat.type === 'supergroup' ? { message_thread_id: 1 } : {}
}
