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
  429: 'too_many_requests',
  502: 'no_good_answer',
  503: 'unavailable',
  504: 'no_answer_yet',
}

/** Which field of the body is wrong, and what programs call the problem. */
interface Where {
  param?: string
  code?: string
}

/** To be thrown by a route: `sentence` says what is wrong, where, and what is allowed. */
export function problem(status: ContentfulStatusCode, sentence: string, where: Where = {}): HTTPException {
  return new HTTPException(status, { message: sentence, cause: where })
}

/** `{error: {code, message}}`: the shape of every refusal of this door, but for those below `/v1`. */
export function refusal(status: number, message: string, { code }: Where = {}) {
  return { error: { code: code ?? codes[status] ?? 'internal_error', message } }
}

const types: Partial<Record<number, string>> = { 401: 'authentication_error', 403: 'permission_error', 429: 'rate_limit_error' }

/** The same in OpenAI's shape. */
export function openAiRefusal(status: number, message: string, { param, code }: Where = {}) {
  const type = types[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error')
  return {
    error: { message, type, param: param ?? null, code: code ?? (status === 401 ? 'invalid_api_key' : (codes[status] ?? null)) },
  }
}

export function refuse(c: Context, status: ContentfulStatusCode, sentence: string, where?: unknown): Response {
  const known = typeof where === 'object' && where !== null ? where : {}
  if (!c.req.path.startsWith('/v1/')) return c.json(refusal(status, sentence, known), status)
  // The library would ask again by itself, and the turn would run again.
  if (status >= 500 || status === 429) c.header('X-Should-Retry', 'false')
  return c.json(openAiRefusal(status, sentence, known), status)
}
