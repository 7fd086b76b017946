import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { matchedRoutes } from 'hono/route'
import { type Log, reason } from '../../src/log.ts'
import type { Admin } from './admin.ts'
import { keyNeeded, loopbackOnly, safeHeaders } from './guard.ts'
import type { KeyRing } from './key-ring.ts'
import { leaveFor, limitsPerKey, noForeignPage } from './limits.ts'
import { openApi } from './openapi.ts'
import { refuse } from './problem.ts'
import { mount, type Route } from './route.ts'
import { type HouseStatus, health, readiness } from './status.ts'

export interface AppOptions {
  keys: KeyRing
  /** True when bound to loopback: then only loopback names are answered. */
  local: boolean
  status(): Promise<HouseStatus>
  log: Log
  routes: Route[]
  /** Absent: there is no page for operators. */
  admin?: Admin
  /** Told of every request once its answer has begun; `route` as it is declared. */
  onRequest?(facts: { method: string; route: string; status: number }): void
  /** Of pages elsewhere that may speak with this server: `https://example.org`. */
  corsOrigins?: string[]
  /** As in `LimitOptions`. */
  perMinute?: number
  atOnce?: number
  /** Doors of others at this address; each knows its own visitors, so that neither a key nor a Host name is asked for. */
  mounts: Mount[]
}

/** Takes every request to its path. */
export interface Mount {
  /** POST if nothing is said. */
  method?: 'GET'
  path: string
  handle(request: Request): Promise<Response>
}

const bodyBytes = 1024 * 1024
/** Pictures and files come with what is asked. */
const questionBytes = 8 * bodyBytes

const takesFiles = /^\/(v1\/.*|chat|chat\/stream)$/

const bodyOf = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: c => refuse(c, 413, `the body is too large: at most ${maxSize / bodyBytes} MB is accepted`),
  })

/** Everything between the socket and the routes: headers, names, keys, sizes, and one shape for every refusal. */
export function createApp(options: AppOptions): Hono {
  const { keys, local, status, log, admin, mounts, corsOrigins = [], perMinute = 600, atOnce = 64, onRequest } = options
  const routes = [...options.routes, ...(admin ? [adminPage(), ...admin.routes] : [])]
  const app = new Hono()
  if (onRequest) app.use(tell(onRequest))
  app.use(safeHeaders)
  const smallBody = bodyOf(bodyBytes)
  for (const { method = 'POST', path, handle } of mounts) app.on(method, path, smallBody, c => handle(c.req.raw))
  if (local) app.use(loopbackOnly)
  if (local && !keys.isNeeded) app.use(noForeignPage(corsOrigins))
  app.use(leaveFor(corsOrigins))
  app.use(keyNeeded(keys, isOpen, admin?.recognise))
  app.use(limitsPerKey({ perMinute, atOnce }, isOpen))
  const largeBody = bodyOf(questionBytes)
  app.use((c, next) => (takesFiles.test(c.req.path) ? largeBody(c, next) : smallBody(c, next)))
  admin?.guard(app)
  const own = houseRoutes(status, routes)
  const document = openApi([...own, ...routes, aboutItself(() => document)])
  mount(app, [...own, ...routes, aboutItself(() => document), ...pageRoutes()])
  app.notFound(c => refuse(c, 404, `there is nothing at ${c.req.path}: GET / lists what there is`))
  app.onError((error, c) => {
    if (error instanceof HTTPException) return refuse(c, error.status, error.message, error.cause)
    if (c.req.raw.signal.aborted) return refuse(c, 400, 'the request did not come whole') // which nobody is there to read
    log.error({ reason: reason(error), path: c.req.path }, 'web: request failed')
    return refuse(c, 500, 'something went wrong inside the server: its log says what')
  })
  return app
}

/** What nothing is declared for is told as one. */
function tell(onRequest: NonNullable<AppOptions['onRequest']>): MiddlewareHandler {
  return async (c, next) => {
    await next()
    const route = matchedRoutes(c).findLast(({ path }) => path !== '/*')?.path ?? 'other'
    onRequest({ method: c.req.method, route, status: c.res.status })
  }
}

/** A page must load, and a probe must pass, before anybody can show a key. */
const isOpen = (path: string) => /^\/(health|ready|page\/[\w.-]+|admin\/?|admin\/session)?$/.test(path)

function houseRoutes(status: AppOptions['status'], others: Route[]): Route[] {
  const page = pageFile('index.html')
  const own: Route[] = [
    {
      method: 'GET',
      path: '/',
      gives: 'page',
      about: 'the chat page for browsers, this list for programs',
      handle: c =>
        wantsPage(c) ? sendFile(c, 'text/html', page) : c.json(welcome([...own, ...others, aboutItself(() => ({}))])),
    },
    {
      method: 'GET',
      path: '/health',
      about: 'how the house is: 200 as long as it lives',
      handle: async c => c.json(health(await status(), c.get('caller') !== undefined)),
    },
    {
      method: 'GET',
      path: '/ready',
      about: '200 when messages are taken, else 503',
      handle: async c => {
        const body = readiness(await status())
        return c.json(body, body.ready ? 200 : 503)
      },
    },
  ]
  return own
}

const aboutItself = (document: () => object): Route => ({
  method: 'GET',
  path: '/openapi.json',
  about: 'this list for machines: OpenAPI 3.1',
  handle: c => c.json(document()),
})

function welcome(routes: Route[]) {
  return { name: 'bellhop', endpoints: routes.map(({ method, path, about }) => ({ method, path, about })) }
}

function wantsPage(c: Context): boolean {
  c.header('Vary', 'Accept')
  return (c.req.header('accept') ?? '').includes('text/html')
}

function adminPage(): Route {
  const page = pageFile('admin.html')
  return {
    method: 'GET',
    path: '/admin',
    gives: 'page',
    about: "the operator's page, which asks for an admin's key",
    handle: c => sendFile(c, 'text/html', page),
  }
}

const assets: Record<string, string> = {
  'admin.js': 'text/javascript',
  'admin-turns.js': 'text/javascript',
  'admin-timeline.js': 'text/javascript',
  'admin-errors.js': 'text/javascript',
  'admin-servers.js': 'text/javascript',
  'admin-words.js': 'text/javascript',
  'admin-server.js': 'text/javascript',
  'admin.css': 'text/css',
  'admin-views.css': 'text/css',
  'app.js': 'text/javascript',
  'attach.js': 'text/javascript',
  'card.js': 'text/javascript',
  'chats.js': 'text/javascript',
  'dom.js': 'text/javascript',
  'files.js': 'text/javascript',
  'form.js': 'text/javascript',
  'key.js': 'text/javascript',
  'list.js': 'text/javascript',
  'markdown.js': 'text/javascript',
  'panel.js': 'text/javascript',
  'server.js': 'text/javascript',
  'turn.js': 'text/javascript',
  'words.js': 'text/javascript',
  'chinese.js': 'text/javascript',
  'style.css': 'text/css',
  'form.css': 'text/css',
  'side.css': 'text/css',
  'card.css': 'text/css',
  'panel.css': 'text/css',
  'icon.svg': 'image/svg+xml',
}

function pageRoutes(): Route[] {
  return Object.entries(assets).map(([name, mime]) => {
    const content = pageFile(name)
    return { method: 'GET', path: `/page/${name}`, about: 'a part of the chat page', handle: c => sendFile(c, mime, content) }
  })
}

const pageFile = (name: string) => readFileSync(join(import.meta.dirname, 'page', name), 'utf8')

function sendFile(c: Context, mime: string, content: string): Response {
  return c.body(content, 200, { 'Content-Type': `${mime}; charset=utf-8`, 'Cache-Control': 'no-cache' })
}
