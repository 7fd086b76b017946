import type { EventEmitter } from 'node:events'
import type { Context, MiddlewareHandler } from 'hono'
import type { Caller, KeyRing } from './key-ring.ts'
import { refuse } from './problem.ts'

declare module 'hono' {
  interface ContextVariableMap {
    /** Who asks, once `keyNeeded` has let him in. */
    caller: Caller
  }
}

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

type Served = Context<{ Bindings: { outgoing?: EventEmitter & { destroy(): unknown } } }>

/** Who is known otherwise than by the header of his request. */
export type Recognise = (c: Context) => Promise<Caller | undefined>

/** Tells the routes who asks. An answer that is still open when its key is revoked is cut off, as if the client had gone. */
export function keyNeeded(keys: KeyRing, open: (path: string) => boolean, recognise?: Recognise): MiddlewareHandler {
  return async (c, next) => {
    const caller = (await recognise?.(c)) ?? keys.callerOf(c.req.header('authorization'))
    if (!caller && !open(c.req.path)) return refuseUnknown(c)
    if (caller) admit(c, caller, keys)
    return next()
  }
}

/** Only the holder of an admin's key is let in, on loopback too: every program on the machine can speak there. */
export function adminNeeded(keys: KeyRing): MiddlewareHandler {
  return async (c, next) => {
    const caller = c.get('caller') ?? keys.find(c.req.header('authorization'))
    if (caller?.key === undefined) return refuseUnknown(c)
    if (caller.admin) return next()
    return refuse(c, 403, "this needs an admin's key: the operator makes one by `npm run keys -- add <name> --admin`")
  }
}

function admit(c: Served, caller: Caller, keys: KeyRing): void {
  c.set('caller', caller)
  const { outgoing } = c.env ?? {}
  if (outgoing)
    outgoing.once(
      'close',
      keys.hold(caller, () => void outgoing.destroy()),
    )
}

function refuseUnknown(c: Context): Response {
  c.header('WWW-Authenticate', 'Bearer')
  return refuse(c, 401, 'this server needs an API key: send the header "Authorization: Bearer <key>"')
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
