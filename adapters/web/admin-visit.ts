import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { z } from 'zod'
import { check } from './check.ts'
import type { Recognise } from './guard.ts'
import type { KeyRing } from './key-ring.ts'
import { createTries, refuseThisMinute, type Tries } from './limits.ts'
import { problem } from './problem.ts'
import { readBody } from './question.ts'
import type { Route } from './route.ts'

/** Where it is kept who has shown his key: see `src/visits.ts`. */
export interface Visits {
  readonly lifeMs: number
  begin(key: string): Promise<string>
  find(id: string): Promise<((key: string) => boolean) | undefined>
  end(id: string): Promise<void>
}

const cookie = 'bellhop-admin'
const path = '/admin'
/** The body of `POST /admin/session`. */
const sessionRequest = z.looseObject({ key: z.string({ error: 'must be a text' }).min(1, 'is empty').max(1000, 'is too long') })

/** An address bar sends no header, so below /admin a browser is known by its cookie. A key in the header goes first. */
export function recogniseVisitor(keys: KeyRing, visits: Visits): Recognise {
  return async c => {
    const id = getCookie(c, cookie)
    if (id === undefined || !c.req.path.startsWith(`${path}/`) || c.req.header('authorization') !== undefined) return undefined
    const isShown = await visits.find(id)
    return isShown && keys.holder(isShown)
  }
}

/** How an admin comes in with a browser, and leaves. */
export function visitRoutes(keys: KeyRing, visits: Visits): Route[] {
  const tries = createTries(mostTries)
  return [
    {
      method: 'POST',
      body: sessionRequest,
      path: '/admin/session',
      about: '{key} of an admin → a cookie by which a browser may see what is below /admin, for at most 12 hours',
      handle: c => begin(c, keys, visits, tries),
    },
    { method: 'DELETE', path: '/admin/session', about: 'ends it', handle: c => end(c, visits) },
  ]
}

/** In a minute, from one address: here alone a body is read of whoever sends one. */
const mostTries = 20

async function begin(c: Context, keys: KeyRing, visits: Visits, tries: Tries): Promise<Response> {
  ownPageOnly(c)
  if (!tries.begin(c)) return refuseThisMinute(c, `at most ${mostTries} keys that are none may be tried in a minute`)
  const { key } = check(sessionRequest, await readBody(c))
  const caller = keys.find(`Bearer ${key}`)
  if (caller?.key === undefined) throw problem(401, 'this is no key of this server')
  if (!caller.admin) throw problem(403, "this is the key of a member: an admin's is needed")
  tries.forgive(c)
  const id = await visits.begin(caller.key)
  const maxAge = Math.floor(visits.lifeMs / 1000)
  setCookie(c, cookie, id, { path, httpOnly: true, sameSite: 'Strict', secure: isHttps(c), maxAge })
  return c.json({ ok: true, name: caller.id })
}

async function end(c: Context, visits: Visits): Promise<Response> {
  ownPageOnly(c)
  const id = getCookie(c, cookie)
  if (id !== undefined) await visits.end(id)
  deleteCookie(c, cookie, { path })
  return c.json({ ok: true })
}

/**
 * A browser says with each write from where it comes, and no page can keep it from saying so. `Sec-Fetch-Site` holds behind a proxy
 * that gives the server another name, too. Who says neither is no browser, and has no cookie that somebody else could use.
 */
function ownPageOnly(c: Context): void {
  const site = c.req.header('sec-fetch-site')
  const origin = c.req.header('origin')
  const isOwn =
    site !== undefined ? site === 'same-origin' : origin === undefined || URL.parse(origin)?.host === c.req.header('host')
  if (!isOwn) throw problem(403, 'only the page of this server itself may do this')
}

/** TLS ends at the proxy: it, or the browser's own page, tells. */
function isHttps(c: Context): boolean {
  const told = c.req.header('x-forwarded-proto')?.split(',')[0]?.trim()
  return told === 'https' || (c.req.header('origin') ?? '').startsWith('https:') || c.req.url.startsWith('https:')
}
