import type { Context } from 'hono'
import { z } from 'zod'
import { check } from './check.ts'
import { problem } from './problem.ts'
import { readBody } from './question.ts'
import type { Route } from './route.ts'
import type { HouseStatus } from './status.ts'

/** What came of a wish. */
interface Outcome {
  how: 'done' | 'refused' | 'unknown' | 'taken' | 'closed'
  text: string
}

/** The MCP servers of who asks; `person` is the key's id. */
export interface Servers {
  of(person: string): Promise<{ name: string; url: string }[]>
  add(person: string, name: string, url: string, headers: Record<string, string>): Promise<Outcome>
  remove(person: string, name: string): Promise<Outcome>
  test(person: string, name: string): Promise<Outcome & { tools: string[]; ms: number }>
}

export interface ServersApiOptions {
  status(): Promise<HouseStatus>
  /** Absent: nobody can bring any. */
  servers?: Servers
}

const header = z
  .string()
  .max(4000)
  .regex(/^[^\r\n]*$/, 'must be one line')
  .refine(value => !/\s[\w-]+:\s/.test(value), 'holds another header')
/** The body of `POST /api/servers`. */
const serverRequest = z.looseObject({
  name: z.string({ error: 'must be a text' }).regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_" and "-"'),
  url: z
    .string({ error: 'must be an https address' })
    .max(2000)
    .regex(/^https?:\/\/\S+$/, 'must be an https address'),
  headers: z.record(z.string().regex(/^[\w-]+$/, 'must be the name of a header'), header).nullish(),
})

/** The servers of the house, and those that a key brings for itself. */
export function serversRoutes(options: ServersApiOptions): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/servers',
      about: 'the servers of the house with how they are, and your own',
      handle: c => list(c, options),
    },
    {
      method: 'POST',
      body: serverRequest,
      path: '/api/servers',
      about: '{name, url, headers?} → a server of your own, which no other key gets to see',
      handle: c => add(c, options),
    },
    { method: 'DELETE', path: '/api/servers/:name', about: 'takes away a server of your own', handle: c => remove(c, options) },
    {
      method: 'POST',
      path: '/api/servers/:name/test',
      about: 'connects once and tells what came of it',
      handle: c => test(c, options),
    },
  ]
}

const personOf = (c: Context): string => c.get('caller').id

async function list(c: Context, { status, servers }: ServersApiOptions): Promise<Response> {
  return c.json({ servers: (await status()).servers, own: (await servers?.of(personOf(c))) ?? [] })
}

async function add(c: Context, { servers }: ServersApiOptions): Promise<Response> {
  const { name, url, headers } = check(serverRequest, await readBody(c))
  const { how, text } = await open(servers).add(personOf(c), name, url, headers ?? {})
  if (how === 'done') return c.json({ ok: true, message: text }, 201)
  throw problem(how === 'taken' ? 409 : how === 'closed' ? 403 : 400, text)
}

async function remove(c: Context, { servers }: ServersApiOptions): Promise<Response> {
  const { how, text } = await open(servers).remove(personOf(c), nameIn(c))
  if (how === 'done') return c.json({ ok: true, message: text })
  throw problem(how === 'closed' ? 403 : 404, text)
}

async function test(c: Context, { servers }: ServersApiOptions): Promise<Response> {
  const { how, text, tools, ms } = await open(servers).test(personOf(c), nameIn(c))
  if (how === 'unknown') throw problem(404, text)
  return c.json({ ok: how === 'done', message: text, tools, ms })
}

function open(servers: Servers | undefined): Servers {
  if (servers) return servers
  throw problem(403, 'nobody can bring servers here')
}

function nameIn(c: Context): string {
  const name = c.req.param('name') ?? ''
  if (/^[\w.-]{1,64}$/.test(name)) return name
  throw problem(400, 'the name of a server has 1 to 64 letters, digits, ".", "_" and "-"')
}
