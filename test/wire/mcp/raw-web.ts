// A web server without an SDK that speaks MCP of either era, and does with any message what a test says.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Message {
  id?: number | string
  method: string
  params?: {
    name?: string
    cursor?: string
    arguments?: Record<string, unknown>
    requestId?: unknown
    inputResponses?: unknown
    requestState?: unknown
    _meta?: Record<string, unknown>
  }
}

export interface Heard {
  http: string
  path: string
  headers: IncomingMessage['headers']
  /** Of a POST. */
  method?: string
  message?: Message
}

/** One answer under way. */
export interface Reply {
  response: ServerResponse
  json(result: object): void
  error(code: number, message: string): void
  status(code: number, headers?: Record<string, string>, body?: string): void
  /** Begins an event stream, if none is begun, and sends one message on it. */
  event(message: object): void
  /** Ends the connection as a failing network does. */
  cut(): void
}

/** By method of the message, or `GET`; what it does not name is answered as a good server would. */
export type Script = Record<string, (reply: Reply, message: Message) => void>

export interface RawWeb {
  url: string
  heard: Heard[]
  script: Script
  /** What a good server does. */
  usual: Script
  /** Event streams that were asked for by GET and are open. */
  streams: ServerResponse[]
  /** As after a restart: sessions are unknown. */
  forget(): void
  cut(): void
  close(): Promise<void>
  count(method: string): number
}

/** `legacy` keeps sessions and offers a stream by GET; `modern` is the protocol of 2026. */
export async function startRawWeb(era: 'legacy' | 'modern', script: Script = {}, port = 0): Promise<RawWeb> {
  const sessions = new Set<string>()
  const heard: Heard[] = []
  const streams: ServerResponse[] = []
  const web = createServer((request, response) => void serve(request, response))
  const usual = era === 'modern' ? modernScript : legacyScript(sessions, streams)

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request)
    const message: Message = body ? JSON.parse(body) : { method: request.method ?? '' }
    const { method: http = '', url: path = '', headers } = request
    heard.push({ http, path, headers, ...(body && { method: message.method, message }) })
    const session = headers['mcp-session-id']
    if (session !== undefined && !sessions.has(String(session))) return void response.writeHead(404).end()
    const act = script[message.method] ?? usual[message.method]
    if (act) act(createReply(response, message), message)
    else response.writeHead(202).end()
  }

  await new Promise<void>(resolve => web.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(web.address() as AddressInfo).port}/mcp`,
    heard,
    script,
    usual,
    streams,
    forget: () => sessions.clear(),
    cut: () => web.closeAllConnections(),
    count: method => heard.filter(one => (one.method ?? one.http) === method).length,
    close: () =>
      new Promise(resolve => {
        web.close(() => resolve())
        web.closeAllConnections()
      }),
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

function createReply(response: ServerResponse, { id }: Message): Reply {
  const status: Reply['status'] = (code, headers = {}, body = '') => void response.writeHead(code, headers).end(body)
  const json = (message: object) =>
    status(200, { 'content-type': 'application/json' }, JSON.stringify({ jsonrpc: '2.0', id, ...message }))
  return {
    response,
    status,
    json: result => json({ result }),
    error: (code, message) => json({ error: { code, message } }),
    event(message) {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`)
    },
    cut: () => response.destroy(),
  }
}

const schema = { type: 'object' }
export const tools = [
  { name: 'read', inputSchema: schema, annotations: { readOnlyHint: true } },
  { name: 'write', inputSchema: schema },
]
export const said = (text: string) => ({ content: [{ type: 'text', text }] })
const complete = { resultType: 'complete' }

const modernScript: Script = {
  'server/discover': reply =>
    reply.json({ ...complete, supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ttlMs: 0, cacheScope: 'private' }),
  'tools/list': reply => reply.json({ ...complete, tools, ttlMs: 0, cacheScope: 'private' }),
  'tools/call': reply => reply.json({ ...complete, ...said('fine') }),
}

function legacyScript(sessions: Set<string>, streams: ServerResponse[]): Script {
  return {
    'server/discover': reply => reply.error(-32601, 'Method not found'),
    initialize(reply) {
      const session = randomUUID()
      sessions.add(session)
      reply.response.setHeader('mcp-session-id', session)
      reply.json({
        protocolVersion: '2025-06-18',
        capabilities: { tools: { listChanged: true } },
        serverInfo: { name: 'raw', version: '1' },
      })
    },
    ping: reply => reply.json({}),
    'tools/list': reply => reply.json({ tools }),
    'tools/call': reply => reply.json(said('fine')),
    GET(reply) {
      reply.response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      streams.push(reply.response)
      reply.response.on('close', () => streams.splice(streams.indexOf(reply.response), 1))
    },
  }
}
