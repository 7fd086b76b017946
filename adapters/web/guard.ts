import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { refuse } from './problem.ts'

const loopback = new Set(['localhost', '127.0.0.1', '::1', '[::1]'])

export function isLoopback(host: string): boolean {
  return loopback.has(host.toLowerCase())
}

/**
 * Refuses a Host header that is not a loopback name. A foreign page can point its own name at 127.0.0.1 (DNS rebinding) and then
 * counts as "same origin" in a browser; its Host header still gives it away.
 */
export const loopbackOnly: MiddlewareHandler = async (c, next) => {
  const host = (c.req.header('host') ?? '').replace(/:\d*$/, '')
  if (isLoopback(host)) return next()
  return refuse(c, 403, 'the Host header names another machine: this server answers to localhost, 127.0.0.1 and [::1] only')
}

/** Says whether an Authorization header holds one of the keys. */
export type KeyCheck = (authorization: string | undefined) => boolean

/** Compares hashes and looks at every key, so that neither a key's length nor its place shows in the time that it takes. */
export function createKeyCheck(apiKeys: string[]): KeyCheck {
  const known = apiKeys.map(digest)
  return authorization => {
    if (known.length === 0) return true
    const given = digest(/^Bearer +(\S+)\s*$/i.exec(authorization ?? '')?.[1] ?? '')
    return known.filter(key => timingSafeEqual(key, given)).length > 0
  }
}

/** Everybody on this machine, where no key is asked for. */
export const localCaller = 'local'

/** Who asks, as far as the door can tell: the holder of a key, or the one person at this machine. */
export function callerId(authorization: string | undefined): string {
  const key = /^Bearer +(\S+)\s*$/i.exec(authorization ?? '')?.[1]
  return key ? `key-${digest(key).toString('hex').slice(0, 12)}` : localCaller
}

const digest = (text: string) => createHash('sha256').update(text).digest()

export function keyNeeded(holdsKey: KeyCheck, open: (path: string) => boolean): MiddlewareHandler {
  return async (c, next) => {
    if (open(c.req.path) || holdsKey(c.req.header('authorization'))) return next()
    c.header('WWW-Authenticate', 'Bearer')
    return refuse(c, 401, 'this server needs an API key: send the header "Authorization: Bearer <key>"')
  }
}

/** The page may run its own script and style and speak to its own server; nothing else, from nowhere else. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:", // pictures that tools returned, and those that are about to be sent
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

export const safeHeaders: MiddlewareHandler = async (c, next) => {
  c.header('Content-Security-Policy', contentPolicy)
  c.header('X-Content-Type-Options', 'nosniff')
  c.header('X-Frame-Options', 'DENY')
  c.header('Referrer-Policy', 'no-referrer')
  c.header('Cross-Origin-Resource-Policy', 'same-origin')
  c.header('Cross-Origin-Opener-Policy', 'same-origin')
  c.header('Cache-Control', 'no-store')
  await next()
}
