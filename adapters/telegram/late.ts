import type { Update } from 'grammy/types'
import type { Api } from 'grammy/web'
import { type Heard, isMessage } from '../../src/message.ts'

/** Nobody waits for an answer any longer than this. */
const tooLateMs = 15 * 60_000

/**
 * What is heard of an update at this time, in milliseconds since 1970 by Telegram's clock. Telegram keeps what could not be delivered
 * for 24 hours: a message that waited too long is marked, and an edit is not heard. A press has no date, and needs none: Telegram's
 * server drops it after 150 seconds (github.com/tdlib/telegram-bot-api, `Client::add_new_callback_query`).
 */
export function inTime(heard: Heard, { edited_message: edited }: Update, now: number): Heard | undefined {
  const unansweredBefore = now - tooLateMs
  if (isMessage(heard)) return heard.sentAt < unansweredBefore ? { ...heard, unansweredBefore } : heard
  const editedAt = (edited?.edit_date ?? edited?.date ?? Number.POSITIVE_INFINITY) * 1000
  return editedAt < unansweredBefore ? undefined : heard
}

export const isLate = (heard: Heard): boolean => isMessage(heard) && heard.unansweredBefore !== undefined

type Fetch = NonNullable<NonNullable<ConstructorParameters<typeof Api>[1]>['fetch']>

/** A fetch, of which no more is wanted than this. */
export type Call = (
  input: string | URL | Request,
  init?: RequestInit,
) => Promise<Pick<Response, 'json'> & { headers: Pick<Headers, 'get'> }>

/**
 * Telegram's time, as the `Date` of its answers tells it: to a machine whose own clock is fast, everything would seem to be said long
 * ago, and nothing would be answered. A server that tells no date is believed to have this machine's clock.
 */
export function createClock(call: Call = fetch) {
  let ahead: number | undefined
  const ask: Call = async (...request) => {
    const response = await call(...request)
    const date = Date.parse(response.headers.get('date') ?? '')
    if (!Number.isNaN(date)) ahead = date - performance.now()
    return response
  }
  return {
    /** What grammY is to call Telegram with; its types know only the fetch of an old package. */
    fetch: ask as unknown as Fetch,
    /** Milliseconds since 1970. */
    now: () => (ahead === undefined ? Date.now() : Math.round(ahead + performance.now())),
  }
}
