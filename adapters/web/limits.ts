import type { IncomingMessage } from 'node:http'
import type { Context, MiddlewareHandler } from 'hono'
import { isLoopback } from './guard.ts'
import { refuse } from './problem.ts'

export interface LimitOptions {
  /** Requests of one key. */
  perMinute: number
  /** Of one key that are answered at the same time; a stream counts as long as it is open. */
  atOnce: number
}

const minuteMs = 60_000

/** Counts in this process alone: with several gateways each of them gives as much. */
export function limitsPerKey({ perMinute, atOnce }: LimitOptions, isOpen: (path: string) => boolean): MiddlewareHandler {
  const asked = new Map<string, number>()
  const open = new Map<string, number>()
  let minute = 0
  return async (c, next) => {
    if (isOpen(c.req.path)) return next()
    const now = Math.floor(Date.now() / minuteMs)
    if (now !== minute) asked.clear()
    minute = now
    const caller = c.get('caller').id
    const count = (asked.get(caller) ?? 0) + 1
    if (count > perMinute) return refuseThisMinute(c, `at most ${perMinute} requests a minute are answered`)
    asked.set(caller, count)
    const others = open.get(caller) ?? 0
    if (others >= atOnce) return refuseFor(c, 1000, `at most ${atOnce} requests are answered at the same time`)
    open.set(caller, others + 1)
    whenClosed(c, () => {
      const left = (open.get(caller) ?? 1) - 1
      if (left > 0) open.set(caller, left)
      else open.delete(caller)
    })
    return next()
  }
}

/** Tries at a door that asks for no key, by the address that they come from. */
export interface Tries {
  /** False when there were too many within the minute; then it is not counted. */
  begin(c: Context): boolean
  /** It was none that should count. */
  forgive(c: Context): void
}

/** Behind a proxy that comes from one address all tries are those of one. */
export function createTries(perMinute: number): Tries {
  const made = new Map<string, number>()
  let minute = 0
  return {
    begin(c) {
      const now = Math.floor(Date.now() / minuteMs)
      if (now !== minute) made.clear()
      minute = now
      const count = made.get(addressOf(c)) ?? 0
      if (count >= perMinute) return false
      made.set(addressOf(c), count + 1)
      return true
    },
    forgive(c) {
      const count = made.get(addressOf(c)) ?? 0
      if (count > 0) made.set(addressOf(c), count - 1)
    },
  }
}

const addressOf = (c: Context<{ Bindings: { incoming?: IncomingMessage } }>) => c.env?.incoming?.socket.remoteAddress ?? ''

export const refuseThisMinute = (c: Context, sentence: string) => refuseFor(c, minuteMs - (Date.now() % minuteMs), sentence)

function refuseFor(c: Context, ms: number, sentence: string): Response {
  c.header('Retry-After', String(Math.ceil(ms / 1000)))
  return refuse(c, 429, `${sentence}: come back in a moment`, { code: 'rate_limit_exceeded' })
}

/** The server's own response: a stream is open longer than its handler runs. */
function whenClosed(c: Context<{ Bindings: { outgoing?: NodeJS.EventEmitter } }>, done: () => void): void {
  const { outgoing } = c.env ?? {}
  if (outgoing) outgoing.once('close', done)
  else done()
}

const methods = 'GET, POST, DELETE'
const shown = 'Retry-After, Mcp-Session-Id'

/** Lets pages of these origins speak with this server, and tells browsers so. */
export function leaveFor(origins: string[]): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('origin') ?? ''
    if (!origins.includes(origin)) return next()
    const headers: Record<string, string> = { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': shown }
    const asksFirst = c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined
    if (asksFirst) {
      headers['Access-Control-Allow-Methods'] = methods
      headers['Access-Control-Allow-Headers'] = c.req.header('access-control-request-headers') ?? ''
      headers['Access-Control-Max-Age'] = '600'
    }
    for (const [name, value] of Object.entries(headers)) c.header(name, value)
    c.header('Vary', 'Origin', { append: true })
    c.header('Cross-Origin-Resource-Policy', 'cross-origin')
    return asksFirst ? c.body(null, 204) : next()
  }
}

/**
 * Where no key is asked for, a foreign page that a person visits must not act for him, not even blindly; one of another program on this
 * machine is as foreign. Programs and SDKs say no origin.
 */
export function noForeignPage(origins: string[]): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('origin')
    const isForeign = origin !== undefined && !origins.includes(origin) && !isOwn(c, URL.parse(origin))
    if (!isForeign || ['GET', 'HEAD', 'OPTIONS'].includes(c.req.method)) return next()
    return refuse(c, 403, 'pages of other servers may not speak with this one: the operator has to list them in CORS_ORIGINS')
  }
}

/** The same name and port; or, behind a proxy on this machine that gives the server another name, what no page can make a browser say. */
function isOwn(c: Context, origin: URL | null): boolean {
  if (origin?.host === c.req.header('host')) return true
  return isLoopback(origin?.hostname ?? '') && c.req.header('sec-fetch-site') === 'same-origin'
}
