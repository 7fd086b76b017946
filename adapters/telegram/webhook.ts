import { createHash, timingSafeEqual } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Update } from 'grammy/types'
import { GrammyError } from 'grammy/web'
import { ConfigError } from '../../src/errors.ts'
import { isCode, within } from './errors.ts'
import type { Me } from './inbound.ts'
import {
  createPatience,
  createTrouble,
  explain,
  type Intake,
  type IntakeOptions,
  isRefused,
  NotTaken,
  type Trouble,
  wanted,
} from './intake.ts'
import { chatOf } from './parts.ts'

export interface WebhookOptions {
  /** The https address under which Telegram reaches us; its path is where `handle` is to be called. */
  url: string
  /** 1 to 256 of `A-Z a-z 0-9 _ -` (core.telegram.org/bots/api#setwebhook). */
  secret: string
}

/** What a web server has to do for the webhook: to call `handle` with each POST to `path`. */
export interface Webhook {
  path: string
  handle(request: Request): Promise<Response>
}

/** So many updates at once, of different chats. Taking one is a matter of milliseconds. */
const maxConnections = 20

/**
 * Lets Telegram bring the updates. It brings one again until it is answered with 200, which it is once it was taken; those of one
 * chat are taken in the order in which they came. The parts of one message are messages of their own here, since Telegram brings the
 * next part of it only when one was answered, perhaps to another process. The webhook is left as it is at the end: what is said until the
 * next start waits.
 */
export function createWebhook(options: IntakeOptions, { url, secret }: WebhookOptions): Intake & { webhook: Webhook } {
  const { log, take } = options
  const closing = new AbortController()
  const trouble = createTrouble(log)
  const lanes = createLanes()
  const known = digest(secret)
  let me: Me | undefined
  let running = Promise.resolve()

  async function connect(): Promise<void> {
    me = await register(options, { url, secret }, closing.signal)
    trouble.ended('setting the webhook')
  }

  async function handle(request: Request): Promise<Response> {
    const given = digest(request.headers.get('x-telegram-bot-api-secret-token') ?? '')
    if (!timingSafeEqual(known, given)) return answer(401)
    const update = await readUpdate(request)
    if (!update) return answer(400)
    const whoWeAre = me
    if (!whoWeAre || closing.signal.aborted) return answer(503)
    try {
      await lanes.inTurn(chatOf(update), () => {
        closing.signal.throwIfAborted()
        return take([update], whoWeAre)
      })
      trouble.ended('taking')
      return answer(200)
    } catch (error) {
      if (!closing.signal.aborted) trouble.began('taking', explain(new NotTaken(error)))
      return answer(503)
    }
  }

  return {
    webhook: { path: new URL(url).pathname, handle },
    async start() {
      try {
        await connect()
      } catch (error) {
        if (isRefused(error)) throw new ConfigError(explain(error))
        if (error instanceof GrammyError && isCode(error, 400))
          throw new ConfigError(
            `Telegram refused TELEGRAM_WEBHOOK_URL (${error.description}): it must be an https:// address that Telegram can reach`,
          )
        running = insist(error, connect, trouble, closing.signal)
      }
    },
    async stop() {
      closing.abort()
      await running
      await lanes.settled()
    },
  }
}

async function insist(first: unknown, connect: () => Promise<void>, trouble: Trouble, closing: AbortSignal): Promise<void> {
  const patience = createPatience()
  for (let error = first; error !== undefined && !closing.aborted; ) {
    trouble.began('setting the webhook', explain(error))
    await sleep(patience.after(error), undefined, { signal: closing }).catch(() => {})
    error = await connect().catch((next: unknown) => next)
  }
}

/** Asks who we are, and tells where updates are to be brought. */
async function register({ api, log, callMs }: IntakeOptions, { url, secret }: WebhookOptions, signal: AbortSignal): Promise<Me> {
  const me = await api.getMe(within(callMs, signal))
  const more = { secret_token: secret, allowed_updates: wanted, max_connections: maxConnections }
  await api.setWebhook(url, more, within(callMs, signal))
  log.info(
    { bot: me.username, host: new URL(url).host, seesWholeGroups: me.can_read_all_group_messages },
    'Telegram is connected by webhook',
  )
  return me
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/** The body is for people who look with a tool; Telegram reads the status alone. */
const answer = (status: 200 | 400 | 401 | 503) => Response.json({ ok: status === 200 }, { status })

async function readUpdate(request: Request): Promise<Update | undefined> {
  const body: unknown = await request.json().catch(() => undefined)
  const isUpdate = typeof body === 'object' && body !== null && 'update_id' in body && typeof body.update_id === 'number'
  return isUpdate ? (body as Update) : undefined
}

/** One after the other within a chat. What waits behind one that fails fails as well, and is brought again after it. */
function createLanes() {
  const last = new Map<number | undefined, Promise<void>>()
  return {
    async inTurn(chat: number | undefined, work: () => Promise<void>): Promise<void> {
      const turn = (last.get(chat) ?? Promise.resolve()).then(work)
      last.set(chat, turn)
      try {
        await turn
      } finally {
        if (last.get(chat) === turn) last.delete(chat)
      }
    },
    async settled(): Promise<void> {
      await Promise.allSettled(last.values())
    },
  }
}
