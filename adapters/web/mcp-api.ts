import { randomUUID } from 'node:crypto'
import {
  type AuthInfo,
  createMcpHandler,
  InMemoryServerEventBus,
  isLegacyRequest,
  type McpServerFactory,
  Server,
  type ServerContext,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import type { Context } from 'hono'
import { z } from 'zod'
import { reason } from '../../src/log.ts'
import type { Author } from '../../src/message.ts'
import { check } from './check.ts'
import { createMcpSessions, type McpSession, type McpSessions } from './mcp-sessions.ts'
import { callTool, listTools, type McpToolsOptions, type Report } from './mcp-tools.ts'
import { problem } from './problem.ts'
import { readBody } from './question.ts'
import type { Route } from './route.ts'
import { authorOf } from './talk.ts'
import { watchTools } from './tool-watch.ts'

/** The body of `POST /mcp`: one JSON-RPC message. */
const mcpRequest = z.looseObject({
  jsonrpc: z.literal('2.0', { error: 'must be "2.0"' }),
  method: z.string().optional(),
})

/** The bot as an MCP server, for clients of the protocol of 2026 and of those before. */
export function mcpRoutes(options: McpToolsOptions): Route[] {
  const { closing, log } = options
  const bus = new InMemoryServerEventBus()
  const sessions = createMcpSessions(log)
  const forRequest: McpServerFactory = ({ authInfo }) => createServer(readAuthor(authInfo), options)
  const onerror = (error: Error) => log.debug({ reason: reason(error) }, 'web: a client of /mcp was refused')
  const modern = createMcpHandler(forRequest, { legacy: 'reject', bus, keepAliveMs: options.heartbeatEveryMs, onerror })
  const isHeard = () => bus.listenerCount > 0 || sessions.all().length > 0
  const tell = () => {
    modern.notify.toolsChanged()
    for (const { server } of sessions.all()) server.sendToolListChanged().catch(() => {}) // it is not listening
  }
  watchTools(options.status, { isHeard, tell, signal: closing, everyMs: options.watchEveryMs })
  closing.addEventListener('abort', () => void Promise.all([modern.close(), sessions.close()]), { once: true })
  const handle = async (c: Context) => {
    const body = c.req.method === 'POST' ? check(mcpRequest, await readBody(c)) : undefined
    const request = c.req.raw
    const given = body === undefined ? {} : { parsedBody: body }
    const isLegacy = await isLegacyRequest(request, body)
    const response = isLegacy
      ? await (await sessionFor(c, body?.method, sessions, options)).transport.handleRequest(request, given)
      : await modern.fetch(request, { ...given, authInfo: writeAuthor(authorOf(c)) })
    return c.newResponse(response.body, response)
  }
  return [
    {
      method: 'POST',
      body: mcpRequest,
      gives: 'both',
      path: '/mcp',
      about: 'the bot as an MCP server: its tools, ask, and for admins post_message',
      handle,
    },
    { method: 'GET', gives: 'events', path: '/mcp', about: 'what an MCP session is told beside answers', handle },
    { method: 'DELETE', path: '/mcp', about: 'ends an MCP session', handle },
  ]
}

/** How the library carries it from a request to what answers it. */
const writeAuthor = (author: Author): AuthInfo => ({ token: '', clientId: author.id, scopes: [], extra: { author } })

function readAuthor(info: AuthInfo | undefined): Author {
  if (!info) throw new Error('a request of which nobody knows whose it is')
  return info.extra?.['author'] as Author
}

/** A key that is no admin's any more does not go on in what it began as one. */
const personOf = ({ id, admin }: Author) => (admin ? `admin ${id}` : id)

/** That which the request names, or a new one. Throws 404 for one that is over, or somebody else's: the client begins anew. */
async function sessionFor(
  c: Context,
  method: string | undefined,
  sessions: McpSessions,
  options: McpToolsOptions,
): Promise<McpSession> {
  const id = c.req.header('mcp-session-id')
  const author = authorOf(c)
  if (id !== undefined) {
    const session = sessions.find(id, personOf(author))
    if (session) return session
    throw problem(404, 'there is no such MCP session (any more): begin with initialize')
  }
  if (method !== 'initialize') throw problem(400, 'the header Mcp-Session-Id is missing: begin with initialize')
  const server = createServer(author, options)
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: given => sessions.add(given, { person: personOf(author), server, transport }),
    onsessionclosed: given => sessions.remove(given),
    keepAliveMs: options.heartbeatEveryMs,
  })
  await server.connect(transport)
  return { person: personOf(author), server, transport }
}

const instructions =
  'Bellhop, a chat bot, with the tools of all its MCP servers. Call them by name, or let `ask` decide which are needed. Calls that would need the yes of a person are not listed.'

/** For one who asks: a session, or a request of its own. */
function createServer(author: Author, options: McpToolsOptions): Server {
  const server = new Server(
    { name: 'bellhop', title: 'Bellhop', version: '1' },
    { capabilities: { tools: { listChanged: true } }, instructions },
  )
  server.setRequestHandler('tools/list', async (_request, context) => ({
    tools: await listTools({ author, gone: context.mcpReq.signal }, options),
  }))
  server.setRequestHandler('tools/call', async ({ params }, context) =>
    callTool({ author, gone: context.mcpReq.signal }, params.name, params.arguments ?? {}, reportTo(context), options),
  )
  return server
}

/** For who wants to be told; what does not grow may not be sent. */
function reportTo({ mcpReq }: ServerContext): Report {
  const progressToken = mcpReq._meta?.progressToken
  let last = Number.NEGATIVE_INFINITY
  return async (progress, total, message) => {
    if (progressToken === undefined || progress <= last) return
    last = progress
    const params = { progressToken, progress, ...(total !== undefined && { total }), ...(message !== undefined && { message }) }
    await mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {}) // he is gone, which the signal tells
  }
}
