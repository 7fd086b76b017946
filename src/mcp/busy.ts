import type { FetchLike } from '@modelcontextprotocol/client'

/** The server did not look at the request and asks for patience: it may be sent again after the wait. */
export class Busy extends Error {
  override name = 'Busy'
  readonly status: number
  readonly retryAfterMs: number
  constructor(status: number, retryAfterMs: number, sentence?: string) {
    super(sentence ?? `it is busy (HTTP ${status}) and wants to be asked again in ${Math.ceil(retryAfterMs / 1000)} s`)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** Where it does not say how long. */
const usualMs = 1000
const mostMs = 3_600_000

/** A fetch that throws Busy where a server puts off a message (HTTP 429 or 503): the SDK does not tell when to come again. */
export function heedBusy(fetch: FetchLike): FetchLike {
  return async (url, init) => {
    const response = await fetch(url, init)
    if (init?.method !== 'POST' || (response.status !== 429 && response.status !== 503)) return response
    await response.body?.cancel()
    throw new Busy(response.status, readRetryAfter(response.headers.get('retry-after'), Date.now()))
  }
}

/** Milliseconds; seconds or a date stand in the header (RFC 9110, 10.2.3). */
export function readRetryAfter(header: string | null, now: number): number {
  if (header === null) return usualMs
  const wait = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), mostMs) : usualMs
}

/** The SDK wraps errors several deep. */
export function findBusy(error: unknown): Busy | undefined {
  if (error instanceof Busy) return error
  return error instanceof Error ? findBusy(error.cause) : undefined
}
