import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

const codes: Partial<Record<number, string>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'too_large',
  415: 'unsupported_media_type',
  503: 'unavailable',
  504: 'no_answer_yet',
}

/** To be thrown by a route: `sentence` says what is wrong, where, and what is allowed. */
export function problem(status: ContentfulStatusCode, sentence: string): HTTPException {
  return new HTTPException(status, { message: sentence })
}

/** `{error: {code, message}}`: the shape of every refusal of this door. */
export function refusal(status: number, message: string) {
  return { error: { code: codes[status] ?? 'internal_error', message } }
}

export function refuse(c: Context, status: ContentfulStatusCode, sentence: string): Response {
  return c.json(refusal(status, sentence), status)
}
