import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError } from '../../src/errors.ts'
import { within } from './errors.ts'
import type { Me } from './inbound.ts'
import { createPatience, createTrouble, explain, type Intake, type IntakeOptions, isRefused, NotTaken, wanted } from './intake.ts'

/** How long Telegram holds a poll without news; the call is given up some time after that. */
const pollSeconds = 30

/**
 * Takes updates in their order, one after the other. Telegram forgets an update when a later one is asked for, so the offset moves
 * past an update only after it was taken. A webhook that was set for the bot is deleted.
 */
export function createPolling(options: IntakeOptions): Intake {
  const { api, log, callMs, take } = options
  const closing = new AbortController()
  const trouble = createTrouble(log)
  const patience = createPatience()
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
      patience.renew()
      trouble.ended('taking')
    }
    patience.renew()
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
    await sleep(patience.after(error), undefined, { signal: closing.signal }).catch(() =>
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
