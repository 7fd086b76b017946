import { setTimeout as sleep } from 'node:timers/promises'
import type { Update } from 'grammy/types'
import { type Api, GrammyError } from 'grammy/web'
import { ConfigError, RateLimited } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import { isCode, toHouseError, within } from './errors.ts'
import type { Me } from './inbound.ts'

export interface Intake {
  /** Resolves when Telegram has answered, or could not be reached for the first time; it then goes on trying. Throws ConfigError. */
  start(): Promise<void>
  /** Ends the long poll at once, and waits for an update that is being taken. */
  stop(): Promise<void>
}

export interface IntakeOptions {
  api: Api
  log: Log
  callMs: number
  /** When it rejects, the update is offered again, and none after it before. */
  take(update: Update, me: Me): Promise<void>
}

const wanted = ['message', 'edited_message', 'callback_query'] as const

/** How long Telegram holds a poll without news; the call is given up some time after that. */
const pollSeconds = 30
const firstPauseMs = 300
const longestPauseMs = 20_000

/**
 * Takes updates in their order, one after the other. Telegram forgets an update when a later one is asked for, so the offset moves
 * past an update only after it was taken.
 */
export function createIntake(options: IntakeOptions): Intake {
  const { api, log, callMs, take } = options
  const closing = new AbortController()
  const trouble = createTrouble(log)
  let pauseMs = firstPauseMs
  let offset = 0
  let me: Me | undefined
  let running = Promise.resolve()

  async function poll(known: Me): Promise<void> {
    const request = { offset, timeout: pollSeconds, limit: 100, allowed_updates: wanted }
    const updates = await api.getUpdates(request, within(pollSeconds * 1000 + callMs, closing.signal))
    trouble.ended('polling')
    for (const update of updates) {
      if (closing.signal.aborted) return
      await take(update, known).catch(error => Promise.reject(new NotTaken(error)))
      offset = update.update_id + 1
      pauseMs = firstPauseMs
      trouble.ended('taking')
    }
    pauseMs = firstPauseMs
  }

  async function listen(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        me ??= await introduce(options, closing.signal)
        await poll(me)
      } catch (error) {
        if (!closing.signal.aborted) await rest(error)
      }
    }
  }

  async function rest(error: unknown): Promise<void> {
    trouble.began(error instanceof NotTaken ? 'taking' : 'polling', explain(error))
    const patience = toHouseError(error)
    const ms = patience instanceof RateLimited ? patience.retryAfterMs : pauseMs
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    await sleep(ms, undefined, { signal: closing.signal }).catch(() =>
      log.debug({}, 'Telegram: a pause was cut short by the end'),
    )
  }

  return {
    async start() {
      try {
        me = await introduce(options, closing.signal)
      } catch (error) {
        if (isRefused(error)) throw new ConfigError(explain(error))
        trouble.began('polling', explain(error))
      }
      running = listen()
    },
    async stop() {
      closing.abort()
      await running
    },
  }
}

/** Asks who we are, and makes sure that updates can be polled for. */
async function introduce({ api, log, callMs }: IntakeOptions, signal: AbortSignal): Promise<Me> {
  const me = await api.getMe(within(callMs, signal))
  const { url } = await api.getWebhookInfo(within(callMs, signal))
  if (url) {
    await api.deleteWebhook({}, within(callMs, signal))
    log.info({}, 'Telegram had a webhook for this bot; it was deleted, since updates are polled for')
  }
  log.info({ bot: me.username, seesWholeGroups: me.can_read_all_group_messages }, 'Telegram is connected')
  return me
}

class NotTaken extends Error {
  constructor(cause: unknown) {
    super(reason(cause))
  }
}

/** 404 is Telegram's answer to a token that is none by its form. */
const isRefused = (error: unknown) => isCode(error, 401) || isCode(error, 404)

function explain(error: unknown): string {
  if (error instanceof NotTaken) return `an update could not be kept and is asked for again: ${error.message}`
  if (error instanceof GrammyError && isRefused(error)) {
    return `Telegram refused TELEGRAM_TOKEN (${error.error_code} ${error.description}): copy the token that @BotFather shows for your bot under /mybots → API Token`
  }
  if (isCode(error, 409))
    return 'another program polls Telegram with the same TELEGRAM_TOKEN (409): stop it, or give each its own bot'
  return `${toHouseError(error).message}; trying again until it answers`
}

/** Says what is wrong once, however often it is tried, and once that it is over. */
function createTrouble(log: Log) {
  const troubles = new Map<string, string>()
  return {
    began(what: string, why: string) {
      if (troubles.get(what) !== why) log.warn({ why }, 'Telegram: trouble with receiving')
      troubles.set(what, why)
    },
    ended(what: string) {
      if (troubles.delete(what)) log.info({}, `Telegram: ${what} works again`)
    },
  }
}
