import { setTimeout as sleep } from 'node:timers/promises'
import type { Update } from 'grammy/types'
import { ConfigError } from '../../src/errors.ts'
import { within } from './errors.ts'
import type { Me } from './inbound.ts'
import { createPatience, createTrouble, explain, type Intake, type IntakeOptions, isRefused, NotTaken, wanted } from './intake.ts'
import { createLine, type Line } from './line.ts'

/** How long Telegram holds a poll without news; the call is given up some time after that. */
const pollSeconds = 30
/** How often Telegram is asked while part of a message may still be missing. */
const askAgainMs = 250

/**
 * Takes updates in their order, one after the other. Telegram forgets an update when a later one is asked for, so the offset moves
 * past an update only after it was taken. A webhook that was set for the bot is deleted.
 */
export function createPolling(options: IntakeOptions): Intake {
  const { api, callMs } = options
  const closing = new AbortController()
  const trouble = createTrouble(options.log)
  const patience = createPatience()
  let me: Me | undefined
  let running = Promise.resolve()

  async function take(updates: Update[], known: Me): Promise<void> {
    await options.take(updates, known)
    patience.renew()
    trouble.ended('taking')
  }

  async function poll(known: Me, line: Line): Promise<void> {
    const timeout = line.waits ? 0 : pollSeconds
    const request = { offset: line.offset, timeout, limit: 100, allowed_updates: wanted }
    const updates = await api.getUpdates(request, within(pollSeconds * 1000 + callMs, closing.signal))
    trouble.ended('polling')
    await line.bring(updates, part => take(part, known), closing.signal).catch(error => Promise.reject(new NotTaken(error)))
    patience.renew()
    if (line.waits) await pause(askAgainMs, closing.signal)
  }

  async function listen(): Promise<void> {
    const line = createLine(options.notebook)
    while (!closing.signal.aborted) {
      try {
        me ??= await introduce(options, closing.signal)
        await poll(me, line)
      } catch (error) {
        if (!closing.signal.aborted) await rest(error)
      }
    }
  }

  async function rest(error: unknown): Promise<void> {
    trouble.began(error instanceof NotTaken ? 'taking' : 'polling', explain(error))
    await pause(patience.after(error), closing.signal)
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

/** Cut short by the end. */
const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => {})

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
