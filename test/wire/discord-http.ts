import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WireFile } from './discord-cdn.ts'
import { createLimits, type Reply as LimitReply, type Limits, patience } from './discord-limits.ts'
import type { WireAnswer, WireRequest } from './discord-messages.ts'

/** One REST call that arrived, whatever became of it. */
export interface WireCall {
  method: string
  /** Without `/api/v10`, with its query. */
  route: string
  /** Of a form, its `payload_json`. */
  body: Record<string, unknown>
  files: WireFile[]
  authorization: string | undefined
  /** Milliseconds since 1970. */
  at: number
  /** Undefined if the answer never left. */
  status: number | undefined
  /** The message that it made or changed. */
  message?: string
  /** A `Trouble` was made for it. */
  injected: boolean
}

/**
 * What goes wrong with the next calls: `after` kinds happen when the call has done its work already.
 * `ms` is the patience asked for (429) or the delay (slow). `unsized` does not say how long a file is, `stalled` says it and
 * sends nothing more, `redirect` leads away.
 */
export interface Trouble {
  kind: '429' | '500' | '500-after' | 'drop' | 'drop-after' | 'html' | 'slow' | 'unsized' | 'stalled' | 'redirect'
  method?: string
  route?: RegExp
  /** How often; 1 if absent. */
  times?: number
  ms?: number
  /** A 429 for everything, not for the route alone. */
  global?: boolean
}

export interface WireHttp {
  server: Server
  calls: WireCall[]
  misbehave(trouble: Trouble): void
}

interface Reply extends LimitReply {
  how?: 'unsized' | 'stalled'
}

export function createWireHttp(token: string, bounds: Limits, answer: (request: WireRequest) => WireAnswer): WireHttp {
  const calls: WireCall[] = []
  const troubles: (Trouble & { times: number })[] = []
  const limits = createLimits(bounds)

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://wire')
    const path = decodeURIComponent(url.pathname).replace(/^\/api(\/v\d+)?/, '')
    const method = incoming.method ?? 'GET'
    const { body, files } = await readBody(incoming)
    const { authorization } = incoming.headers
    const trouble = troubles.find(one => one.times > 0 && (one.method ?? method) === method && (one.route?.test(path) ?? true))
    const call = { method, route: path + url.search, body, files, authorization, at: Date.now(), injected: trouble !== undefined }
    const made: WireCall = { ...call, status: undefined }
    calls.push(made)
    if (trouble) trouble.times--
    if (trouble?.kind === 'slow') await sleep(trouble.ms ?? 1000)
    const work = () =>
      answer({ method, path, query: url.searchParams, body, files, authorized: authorization === `Bot ${token}` })
    const reply = limits.banned() ?? fail(trouble, work) ?? limits.carryOut(method, path, work)
    if (!reply) return void incoming.socket.destroy()
    limits.note(reply)
    made.status = reply.status
    if (method !== 'GET' && isMessage(reply.body)) made.message = reply.body.id
    send(outgoing, reply)
  }

  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch((error: unknown) => {
      console.error('the Discord wire broke:', error)
      outgoing.destroy()
    })
  })
  return { server, calls, misbehave: trouble => void troubles.push({ times: 1, ...trouble }) }
}

const isMessage = (body: unknown): body is { id: string } =>
  typeof body === 'object' && body !== null && 'id' in body && 'channel_id' in body

/** Undefined if nothing is wrong; `false` if the line is to be cut. */
function fail(trouble: Trouble | undefined, work: () => WireAnswer): Reply | false | undefined {
  if (!trouble || trouble.kind === 'slow') return undefined
  if (trouble.kind === 'unsized' || trouble.kind === 'stalled') return { ...work(), how: trouble.kind }
  if (trouble.kind === 'redirect') return { status: 302, headers: { location: 'http://127.0.0.1:9/elsewhere' } }
  if (trouble.kind.endsWith('-after')) work()
  if (trouble.kind.startsWith('drop')) return false
  const headers = { 'content-type': 'text/html' }
  if (trouble.kind === 'html') return { status: 200, headers, body: '<html>One moment, checking your browser</html>' }
  if (trouble.kind === '429') return patience(trouble.ms ?? 1000, trouble.global ? 'global' : 'shared')
  return { status: 500, body: { code: 0, message: '500: Internal Server Error' } }
}

function send(outgoing: ServerResponse, reply: Reply): void {
  if (reply.body instanceof Uint8Array) return void sendFile(outgoing, reply.body, reply.how)
  const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body)
  outgoing.writeHead(reply.status, { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...reply.headers })
  outgoing.end(text)
}

function sendFile(outgoing: ServerResponse, data: Uint8Array, how: Reply['how']): void {
  const size = how === 'unsized' ? {} : { 'content-length': data.length }
  outgoing.writeHead(200, { 'content-type': 'application/octet-stream', ...size })
  outgoing.flushHeaders()
  if (how === 'stalled') return
  outgoing.write(data)
  outgoing.end()
}

/** An array (a list of commands) is kept as an array. */
async function readBody(incoming: IncomingMessage): Promise<Pick<WireRequest, 'body' | 'files'>> {
  const parts: Buffer[] = []
  for await (const part of incoming) parts.push(part)
  const whole = Buffer.concat(parts)
  const type = incoming.headers['content-type'] ?? ''
  if (type.startsWith('multipart/form-data')) return readForm(whole, type)
  if (whole.length === 0 || !type.startsWith('application/json')) return { body: {}, files: [] }
  return { body: JSON.parse(whole.toString()), files: [] }
}

async function readForm(whole: Buffer, type: string): Promise<Pick<WireRequest, 'body' | 'files'>> {
  const form = await new Response(new Uint8Array(whole), { headers: { 'content-type': type } }).formData()
  const files = [...form].flatMap(([, value]) => (value instanceof File ? [value] : []))
  return {
    body: JSON.parse(String(form.get('payload_json') ?? '{}')),
    files: await Promise.all(
      files.map(async file => ({ name: file.name, type: file.type, data: new Uint8Array(await file.arrayBuffer()) })),
    ),
  }
}
