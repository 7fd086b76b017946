import { setTimeout as sleep } from 'node:timers/promises'
import type { Update } from 'grammy/types'
import { type Answer, type Payload, refuse } from './telegram-chats.ts'
import type { createUpdates } from './telegram-updates.ts'

/** One attempt to bring an update. */
export interface Brought {
  update: number
  /** Undefined when nobody answered. */
  status: number | undefined
}

interface Hook {
  url: string
  secret: string
  allowed: string[] | undefined
}

const pauseMs = 100

/**
 * Brings updates to the webhook, those of one chat one after the other, until they are answered with a status of 200 to 299.
 * `reach` says where on this machine the public address leads.
 */
export function createCourier(updates: () => ReturnType<typeof createUpdates>, reach: (url: string) => string) {
  const ending = new AbortController()
  const underWay = new Set<number>()
  const brought: Brought[] = []
  let hook: Hook | undefined

  function set(payload: Payload): Answer {
    const url = String(payload['url'] ?? '')
    if (url && !url.startsWith('https://'))
      return refuse(400, 'Bad Request: bad webhook: An HTTPS URL must be provided for webhook')
    const allowed = payload['allowed_updates'] as string[] | undefined
    hook = url ? { url, secret: String(payload['secret_token'] ?? ''), allowed } : undefined
    bring()
    return { ok: true, result: true }
  }

  function bring(): void {
    if (!hook || ending.signal.aborted) return
    const { allowed } = hook
    const fits = (update: Update) => !underWay.has(chatOf(update)) && (!allowed || allowed.some(kind => kind in update))
    for (let update = updates().next(fits); update; update = updates().next(fits)) void carry(update, hook)
  }

  async function carry(update: Update, to: Hook): Promise<void> {
    const chat = chatOf(update)
    underWay.add(chat)
    while (hook === to && !ending.signal.aborted) {
      const status = await post(update, to)
      brought.push({ update: update.update_id, status })
      if (status !== undefined && status >= 200 && status < 300) {
        updates().drop(update.update_id)
        break
      }
      await sleep(pauseMs, undefined, { signal: ending.signal }).catch(() => {})
    }
    underWay.delete(chat)
    bring()
  }

  async function post(update: Update, { url, secret }: Hook): Promise<number | undefined> {
    const headers = { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret, host: new URL(url).host }
    const request = { method: 'POST', headers, body: JSON.stringify(update), signal: ending.signal }
    return fetch(reach(url), request).then(
      ({ status }) => status,
      () => undefined,
    )
  }

  return { set, bring, brought, url: () => hook?.url ?? '', close: () => ending.abort() }
}

const chatOf = ({ message, edited_message, callback_query, my_chat_member }: Update): number =>
  (message ?? edited_message ?? callback_query?.message ?? my_chat_member)?.chat?.id ?? 0
