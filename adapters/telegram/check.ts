import type { ApiError, ApiSuccess, UserFromGetMe, WebhookInfo } from 'grammy/types'
import type { Checkup, Finding } from '../../src/adapter.ts'
import { networkReason } from './errors.ts'

export interface TelegramCheckOptions {
  token: string
  apiRoot?: string
  /** Absent: the house polls. */
  webhook?: { url: string }
  /** Whether a gateway of this house listens with this token now: then nobody else is looked for, since that would push it off the line. */
  listening: boolean
  /** How long to hold the line to see whether somebody else pulls it away; 0: nobody is looked for. Default: 4 seconds. */
  holdMs?: number
  /** In milliseconds since 1970. */
  now?(): number
}

export interface TelegramCheckup extends Checkup {
  /** Without @; absent when Telegram did not say who the bot is. */
  username?: string
}

type Told<Result> = (ApiSuccess<Result> | ApiError) & { aheadMs?: number }
type Ask = <Result>(method: string, payload?: object, patienceMs?: number) => Promise<Told<Result>>

const about = 'Telegram'
const callMs = 10_000
/** A delivery that failed before that may long be mended. */
const recentMs = 3_600_000

/**
 * Asks Telegram who the bot is, what it gets to hear, and who else takes its updates. Confirms no update and changes nothing.
 * Never rejects.
 */
export async function checkTelegram(options: TelegramCheckOptions): Promise<TelegramCheckup> {
  const ask = createAsk(options)
  try {
    const me = await ask<UserFromGetMe>('getMe')
    const clock = me.aheadMs === undefined ? {} : { aheadMs: me.aheadMs }
    if (!me.ok) return { ...clock, findings: [refusal(me)] }
    const hook = await ask<WebhookInfo>('getWebhookInfo')
    const findings = [...ofBot(me.result), ...(hook.ok ? await ofUpdates(ask, hook.result, options) : [refusal(hook)])]
    return { ...clock, findings, username: me.result.username }
  } catch (error) {
    const found = `it cannot be reached: ${networkReason(error)}`
    return { findings: [{ state: 'broken', about, found, fix: 'look at the network, and at TELEGRAM_API_ROOT if it is set' }] }
  }
}

/** The address holds the token, so that nothing of an error but its code may be told. */
function createAsk({ token, apiRoot = 'https://api.telegram.org', now = Date.now }: TelegramCheckOptions): Ask {
  return async <Result>(method: string, payload: object = {}, patienceMs = 0) => {
    const response = await fetch(`${apiRoot}/bot${token}/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(payload),
      signal: AbortSignal.timeout(callMs + patienceMs),
    })
    const date = Date.parse(response.headers.get('date') ?? '')
    const told = (await response.json()) as ApiSuccess<Result> | ApiError
    return Number.isNaN(date) ? told : { ...told, aheadMs: now() - date }
  }
}

/** 404 is Telegram's answer to a token that is none by its form. */
function refusal({ error_code: code, description }: ApiError): Finding {
  if (code === 401 || code === 404)
    return {
      state: 'broken',
      about,
      found: `TELEGRAM_TOKEN is refused (${code} ${description})`,
      fix: 'copy the token that @BotFather shows for your bot under /mybots → API Token',
    }
  return { state: 'broken', about, found: `it answered ${code} ${description}`, fix: 'try again in a while' }
}

function ofBot({ username, can_read_all_group_messages: readsAll, can_join_groups: joins }: UserFromGetMe): Finding[] {
  const findings: Finding[] = [{ state: 'good', about, found: `signed in as @${username}` }]
  if (joins === false)
    findings.push({
      state: 'doubtful',
      about,
      found: 'the bot cannot be added to groups',
      fix: 'if it should be, write /setjoingroups to @BotFather',
    })
  if (readsAll) findings.push({ state: 'good', about, found: 'privacy mode is off: in groups it hears all that is said' })
  else
    findings.push({
      state: 'doubtful',
      about,
      found: 'privacy mode is on: in groups it hears only mentions, replies to it and commands, which is enough to be asked',
      fix: 'if it should know what else is said, write /setprivacy to @BotFather, then take it out of the group and add it again',
    })
  return findings
}

async function ofUpdates(ask: Ask, hook: WebhookInfo, options: TelegramCheckOptions): Promise<Finding[]> {
  const waiting = hook.pending_update_count > 0 ? `; ${hook.pending_update_count} updates wait` : ''
  if (options.webhook) return ofWebhook(hook, options.webhook.url, waiting, options.now ?? Date.now)
  if (hook.url)
    return [
      {
        state: 'doubtful',
        about,
        found: `a webhook leads to ${hostOf(hook.url)}, and the start takes it away, since updates are polled for${waiting}`,
        fix: 'if another program lives on it, give each its own bot; or set TELEGRAM_WEBHOOK_URL',
      },
    ]
  if (options.listening) return [{ state: 'good', about, found: `a gateway of this house takes the updates${waiting}` }]
  const { holdMs = 4000 } = options
  return holdMs === 0 ? [] : [await ofPolling(ask, waiting, holdMs)]
}

/**
 * Of two who poll, the newer one pushes the older off the line, which comes back and does the same. Without an offset nothing is
 * confirmed, and without a list of kinds the list stays as it was.
 */
async function ofPolling(ask: Ask, waiting: string, holdMs: number): Promise<Finding> {
  const seconds = Math.max(1, Math.round(holdMs / 1000))
  const told = await ask<unknown[]>('getUpdates', { timeout: seconds, limit: 1 }, holdMs)
  if (told.ok) return { state: 'good', about, found: `nobody else polls for its updates${waiting}` }
  if (told.error_code !== 409) return refusal(told)
  return {
    state: 'broken',
    about,
    found: 'another program polls with the same TELEGRAM_TOKEN (409), so that each gets only some of what is said',
    fix: 'stop it, or give each its own bot',
  }
}

function ofWebhook(hook: WebhookInfo, wanted: string, waiting: string, now: () => number): Finding[] {
  const findings: Finding[] = []
  if (hook.url === wanted) findings.push({ state: 'good', about, found: `updates are brought to ${hostOf(wanted)}${waiting}` })
  else if (hook.url)
    findings.push({
      state: 'doubtful',
      about,
      found: `updates are brought to ${hostOf(hook.url)}, not to TELEGRAM_WEBHOOK_URL, until the next start${waiting}`,
      fix: 'if another program lives on it, give each its own bot',
    })
  else
    findings.push({
      state: 'good',
      about,
      found: `updates will be brought to ${hostOf(wanted)} from the next start on${waiting}`,
    })
  const failedAt = (hook.last_error_date ?? 0) * 1000
  if (hook.last_error_message && now() - failedAt < recentMs)
    findings.push({
      state: 'broken',
      about,
      found: `it could not bring updates in the last hour: ${hook.last_error_message}`,
      fix: 'see that the proxy passes the path of TELEGRAM_WEBHOOK_URL on to the web door, with a certificate that is known',
    })
  return findings
}

const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : 'an address that is none')
