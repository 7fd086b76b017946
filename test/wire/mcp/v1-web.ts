import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createV1Server } from './v1.ts'

export interface V1Web {
  url: string
  /** Every request with its headers, in order. */
  heard: IncomingMessage[]
  /** As after a restart: the sessions of all clients are unknown. */
  forgetSessions(): void
  /** Cuts all connections, with the answers that are under way on them. */
  cut(): void
  close(): Promise<void>
}

/** A v1 server behind Streamable HTTP at `/mcp`, or behind the older SSE. */
export async function startV1Web(kind: 'http' | 'sse', port = 0, create = createV1Server): Promise<V1Web> {
  const sessions = new Map<string, StreamableHTTPServerTransport | SSEServerTransport>()
  const heard: IncomingMessage[] = []
  const serve = kind === 'http' ? serveHttp : serveSse
  const web = createServer((request, response) => {
    heard.push(request)
    serve(sessions, create, request, response).catch(error => response.destroy(error))
  })
  await new Promise<void>(resolve => web.listen(port, '127.0.0.1', resolve))
  const { port: bound } = web.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${bound}/mcp`,
    heard,
    forgetSessions: () => sessions.clear(),
    cut: () => web.closeAllConnections(),
    close: () =>
      new Promise(resolve => {
        web.close(() => resolve())
        web.closeAllConnections()
      }),
  }
}

type Create = typeof createV1Server
type Sessions = Map<string, StreamableHTTPServerTransport | SSEServerTransport>

async function serveHttp(sessions: Sessions, create: Create, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = request.headers['mcp-session-id']
  const known = sessions.get(String(id))
  if (known instanceof StreamableHTTPServerTransport) return known.handleRequest(request, response)
  if (id !== undefined) return void response.writeHead(404).end()
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: session => void sessions.set(session, transport),
  })
  await create().connect(transport as Parameters<ReturnType<Create>['connect']>[0])
  await transport.handleRequest(request, response)
}

async function serveSse(sessions: Sessions, create: Create, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  if (request.method === 'GET' && pathname === '/mcp') {
    const transport = new SSEServerTransport('/messages', response)
    sessions.set(transport.sessionId, transport)
    return create().connect(transport)
  }
  const known = sessions.get(searchParams.get('sessionId') ?? '')
  if (pathname === '/messages' && known instanceof SSEServerTransport) return known.handlePostMessage(request, response)
  response.writeHead(404).end()
}
