import { createAdaptorServer, type ServerType } from '@hono/node-server'
import type { Feed, FormFor, Receive } from '../../src/adapter.ts'
import { ConfigError } from '../../src/errors.ts'
import type { Log } from '../../src/log.ts'
import { type AdminOptions, createAdmin } from './admin.ts'
import { agentRoutes } from './agent-api.ts'
import { type AppOptions, createApp, type Mount } from './app.ts'
import { chatRoutes } from './chat-api.ts'
import { fileRoutes } from './files.ts'
import { formRoutes } from './form-api.ts'
import { isLoopback } from './guard.ts'
import { type Elsewhere, houseRoutes } from './house-api.ts'
import type { KeptFiles } from './kept-files.ts'
import { type ApiKey, createKeyRing, type MadeKeys } from './key-ring.ts'
import { mcpRoutes } from './mcp-api.ts'
import type { McpToolsOptions } from './mcp-tools.ts'
import { metricsRoutes } from './metrics-api.ts'
import { type OpenAiApiOptions, openAiRoutes } from './openai-api.ts'
import { type Servers, serversRoutes } from './servers-api.ts'
import { limitSockets, type SocketLimits, timeoutsOf, usualSockets } from './sockets.ts'
import type { HouseStatus } from './status.ts'
import type { Sessions } from './talk.ts'

export interface WebOptions {
  host: string
  /** 0 takes any free port. */
  port: number
  /** May be empty on loopback only. */
  apiKeys: readonly ApiKey[]
  /** Absent: no key is made while it runs. */
  madeKeys?: MadeKeys
  /** As in `KeyRingOptions`. */
  admins?: readonly string[]
  /** As in `TalkOptions`. */
  sessions?: Sessions
  feed: Feed
  status(): Promise<HouseStatus>
  log: Log
  /** Proxies cut a silent stream after 30 to 60 s. */
  heartbeatEveryMs?: number
  patienceMs?: number
  /** Absent: nowhere. */
  elsewhere?: Elsewhere
  /** As in `AppOptions`. */
  corsOrigins?: string[]
  perMinute?: number
  atOnce?: number
  /** Absent: nobody can bring servers. */
  servers?: Servers
  /** Absent: no model makes vectors. */
  embed?: OpenAiApiOptions['embed']
  /** Absent: nobody can post into chats. */
  posting?: NonNullable<McpToolsOptions['posting']>
  /** As in `McpToolsOptions`. */
  fileOf?: NonNullable<McpToolsOptions['fileOf']>
  /** What tools return for the eyes of a person. Absent: the page shows no files. */
  files?: KeptFiles
  watchEveryMs?: number
  /** Absent: there is no page for operators. */
  admin?: AdminOptions
  /** Doors of others at this address. */
  mounts?: Mount[]
  /** As in `AppOptions`. */
  onRequest?: NonNullable<AppOptions['onRequest']>
  /** What Prometheus reads; rejects while nothing can be told. Absent: nobody counts. */
  metrics?(): Promise<string>
  sockets?: SocketLimits
}

/** The open door. */
export interface Listener {
  /** Where a browser finds it, while it listens. */
  readonly url: string | undefined
  close(): Promise<void>
}

/** How long open streams may take to say goodbye before their sockets are closed. */
const graceMs = 200

/** Throws ConfigError where it cannot listen. */
export async function openListener(options: WebOptions, ears: { receive: Receive; formFor?: FormFor }): Promise<Listener> {
  const { host, log, apiKeys, admins = [], madeKeys, mounts = [], sockets = usualSockets } = options
  const closing = new AbortController()
  const routes = routesFor(options, ears, closing.signal)
  const taken = mounts.find(({ path }) => routes.some(route => route.path === path))
  if (taken)
    throw new ConfigError(`a webhook cannot be at ${taken.path}, which is the web door's own: give its address another path`)
  const keys = createKeyRing({ apiKeys, admins, ...(madeKeys && { used: madeKeys.used }) })
  const { admin: operators, ...rest } = options
  const admin = operators && createAdmin(operators, keys)
  const app = createApp({ ...rest, ...(admin && { admin }), keys, mounts, local: isLoopback(host), routes })
  if (!isLoopback(host) && apiKeys.length === 0) {
    throw new ConfigError(`the web server would listen on ${host} without a key: set HTTP_API_KEYS, or bind it to 127.0.0.1`)
  }
  const leaveKeys = await madeKeys?.listen(keys.change)
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: timeoutsOf(sockets) })
  limitSockets(server, sockets, log)
  await listen(server, host, options.port).catch((error: unknown) => {
    leaveKeys?.()
    throw error
  })
  log.info({ url: urlOf(host, server) }, 'web: listening')
  return {
    get url() {
      return server.listening ? urlOf(host, server) : undefined
    },
    async close() {
      leaveKeys?.()
      closing.abort()
      await close(server)
    },
  }
}

function routesFor(
  {
    feed,
    log,
    status,
    embed,
    servers,
    elsewhere,
    files,
    sessions,
    heartbeatEveryMs = 15_000,
    patienceMs = 15 * 60_000,
    ...mcp
  }: WebOptions,
  ears: { receive: Receive; formFor?: FormFor },
  closing: AbortSignal,
) {
  const talk = {
    feed,
    ...ears,
    ...(sessions && { sessions }),
    ...(files && { files }),
    log,
    heartbeatEveryMs,
    patienceMs,
    closing,
  }
  return [
    ...chatRoutes(talk),
    ...formRoutes(talk),
    ...fileRoutes(files),
    ...openAiRoutes({ ...talk, status, ...(embed && { embed }) }),
    ...houseRoutes({ ...talk, status, ...(elsewhere && { elsewhere }) }),
    ...serversRoutes({ status, ...(servers && { servers }) }),
    ...agentRoutes(talk),
    ...metricsRoutes(mcp.metrics, log),
    ...mcpRoutes({ ...mcp, ...talk, status }),
  ]
}

function listen(server: ServerType, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new ConfigError(whyNotListening(error, host, port))))
    server.listen(port, host, () => resolve())
  })
}

function whyNotListening(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE') return `port ${port} on ${host} is already in use: stop the other process or set PORT`
  if (error.code === 'EACCES') return `port ${port} on ${host} is not allowed to this user: set PORT to 1024 or more`
  return `the web server cannot listen on ${host}, port ${port}: ${error.message}`
}

function close(server: ServerType): Promise<void> {
  return new Promise(resolve => {
    const cut = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), graceMs)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    if ('closeIdleConnections' in server) server.closeIdleConnections()
  })
}

function urlOf(host: string, server: ServerType): string {
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : ''
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
