import type { Context, Hono, MiddlewareHandler } from 'hono'
import {
  type Attempt,
  type Brief,
  budgetsAnswer,
  errorsAnswer,
  type Operator,
  serversAnswer,
  statusAnswer,
  turnAnswer,
  turnsAnswer,
} from './admin-shapes.ts'
import { recogniseVisitor, type Visits, visitRoutes } from './admin-visit.ts'
import { adminNeeded, type Recognise } from './guard.ts'
import type { KeyRing } from './key-ring.ts'
import { problem } from './problem.ts'
import type { Queue } from './queue-board.ts'
import type { Route } from './route.ts'

export interface AdminOptions {
  operator: Operator
  visits: Visits
  queue: Queue
  /** Redis can be reached. */
  isUp(): boolean
}

/** What an operator sees, in a browser and as JSON. */
export interface Admin {
  recognise: Recognise
  /** Lets nobody but admins come to the data. */
  guard(app: Hono): void
  routes: Route[]
}

export function createAdmin(options: AdminOptions, keys: KeyRing): Admin {
  const { operator, visits, isUp } = options
  const recognise = recogniseVisitor(keys, {
    ...visits,
    async find(id) {
      needed(isUp)
      return visits.find(id)
    },
  })
  const needsRedis: MiddlewareHandler = async (_, next) => {
    needed(isUp)
    await next()
  }
  const showBoard = boardOf(options.queue)
  return {
    recognise,
    guard(app) {
      for (const path of ['/admin/api/*', '/admin/queue', '/admin/queue/*']) app.use(path, adminNeeded(keys), needsRedis)
      app.use('/admin/session', needsRedis)
      app.get('/admin/', c => c.redirect('/admin'))
      app.get('/admin/queue/*', showBoard)
    },
    routes: [
      ...visitRoutes(keys, visits),
      ...dataRoutes(operator),
      {
        method: 'GET',
        gives: 'page',
        path: '/admin/queue',
        about: 'the queue, as bull-board shows it; read only',
        handle: showBoard,
      },
    ],
  }
}

function needed(isUp: () => boolean): void {
  if (!isUp()) throw problem(503, 'nothing can be told now: Redis cannot be reached')
}

function dataRoutes(operator: Operator): Route[] {
  const now = () => Date.now()
  const get = (name: string, about: string, answer: Route['answer'], tell: (c: Context) => Promise<object>): Route => ({
    method: 'GET',
    path: `/admin/api/${name}`,
    about,
    answer,
    handle: async c => c.json(await tell(c)),
  })
  return [
    get('status', 'what waits, and who works', statusAnswer, async () => ({ now: now(), ...(await operator.status()) })),
    get('turns', 'turns under way, and the last 200', turnsAnswer, async () => {
      const [open, recent] = await Promise.all([operator.openTurns(), operator.recentTurns(mostTurns)])
      return { now: now(), open: open.map(briefly), recent: recent.map(briefly) }
    }),
    get('turns/:id', 'all attempts at one turn, with what each did when', turnAnswer, async c => {
      const attempts = await operator.turn(c.req.param('id') ?? '')
      if (attempts.length === 0) throw problem(404, 'no such turn is known, or none any more')
      return { now: now(), attempts }
    }),
    get('errors', 'what people were told an id of, with the lines of the log', errorsAnswer, async () => ({
      errors: await operator.errors(),
    })),
    get('servers', 'the servers of each worker, and what the calls of its tools came to', serversAnswer, async () => ({
      workers: await operator.servers(),
    })),
    get('budgets', 'what was used today, and what may be', budgetsAnswer, operator.budgets),
  ]
}

const mostTurns = 200

/** A list is asked for every few seconds, and what each did when is most of it. */
function briefly({ spans, more = 0, ...facts }: Attempt): Brief {
  const tools = spans.filter(({ what }) => what === 'tool')
  const failed = tools.filter(({ ok, ms }) => !ok && ms !== undefined).length
  return { ...facts, steps: spans.filter(({ what }) => what === 'model').length, tools: tools.length, failed }
}

/** Its page brings styles of its own along, builds elements from text, and tells by `base` where it lives. */
const boardPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Loaded when somebody asks for it first. */
function boardOf(queue: Queue): (c: Context) => Promise<Response> {
  let opening: Promise<(request: Request) => Promise<Response>> | undefined
  return async c => {
    if (c.req.path === '/admin/queue/') return c.redirect('/admin/queue')
    opening ??= import('./queue-board.ts').then(({ openQueueBoard }) => openQueueBoard(queue, '/admin/queue'))
    const shown = await (await opening)(c.req.raw)
    c.header('Content-Security-Policy', boardPolicy)
    const mime = shown.headers.get('content-type')
    if (mime !== null) c.header('Content-Type', mime)
    return c.newResponse(shown.body, shown)
  }
}
