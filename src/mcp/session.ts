import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CallToolRequestOptions,
  type CallToolResult,
  type Client,
  SdkError,
  SdkErrorCode,
  type Tool,
} from '@modelcontextprotocol/client'
import type { ServerConfig } from '../config/servers.ts'
import { type Log, reason } from '../log.ts'
import type { CallOptions, ServerStatus } from '../toolbox.ts'
import { type Connection, openConnection } from './connection.ts'
import { type Deadline, raceAbort, startDeadline } from './deadline.ts'
import { statusOf, withoutOutput } from './faults.ts'
import { createLine, type Line } from './line.ts'

/** One server, kept open for the life of the process: it is connected again when it crashes or closes. */
export interface Session {
  readonly config: ServerConfig
  /** Resolves when the first attempt has ended, well or badly; its status tells how. */
  start(): Promise<void>
  status(): ServerStatus
  /** What it last listed; kept while it is away, so that names stay and a call can wait for its return. */
  tools(): Tool[]
  /** Waits for the server within the deadline of the call. Rejects with a sentence for the model. */
  call(tool: Tool, input: Record<string, unknown>, options: CallOptions): Promise<CallToolResult>
  /** Asks for the list of tools anew, if it is up. Never rejects. */
  relist(): Promise<void>
  close(): Promise<void>
}

export interface SessionDeps {
  log: Log
  /** The state or the list of tools is another one. */
  onChange(): void
}

/** A connection that has told its tools. */
type Listed = Connection & { tools: Tool[]; connectMs: number }

export function createSession(config: ServerConfig, { log, onChange }: SessionDeps): Session {
  const ending = new AbortController()
  let status: ServerStatus = { name: config.name, state: 'connecting', tools: 0 }
  let tools: Tool[] = []
  const line = createLine<Listed>({
    connect: signal => openListed(config, hooks, signal),
    onUp(up) {
      tools = up.tools
      const instructions = up.client.getInstructions()
      tell({ state: 'active', connectMs: up.connectMs, ...(instructions ? { instructions } : {}) })
      void keepListening(up.client, relist, ending.signal).catch(error => hooks.onComplaint(reason(error)))
    },
    onDown(state, why) {
      const error = state === 'error' ? why : `server "${config.name}" is away: ${why}`
      const told = withoutOutput(error)
      if (told !== status.error) log.warn({ server: config.name, error }, 'mcp server down')
      tell({ state, error: told })
    },
  })

  const hooks = {
    onToolsChanged: () => void relist(),
    // The SDK quotes whole messages; what people and tools say is not for the log.
    onComplaint: (complaint: string) =>
      log.debug({ server: config.name, complaint: complaint.replace(/\{.*/s, '{…}') }, 'mcp complaint'),
  }

  const relist = onePerTime(async () => {
    const client = line.current()?.client
    if (!client) return
    try {
      tools = await listTools(client, config.connectMs, ending.signal)
      status = { ...status, tools: tools.length }
      onChange()
    } catch (error) {
      log.warn({ server: config.name, error: reason(error) }, 'mcp tools could not be listed anew')
    }
  })

  function tell(news: Omit<ServerStatus, 'name' | 'tools'>): void {
    status = { name: config.name, tools: tools.length, ...news }
    onChange()
  }

  return {
    config,
    start: () => line.open().then(ignore, ignore),
    status: () => status,
    tools: () => tools,
    relist,
    call(tool, input, options) {
      const signal = AbortSignal.any([options.signal, ending.signal])
      return callTool(line, config, { name: tool.name, arguments: input }, tool, { ...options, signal })
    },
    async close() {
      ending.abort(new Error('closed'))
      await line.close()
    },
  }
}

async function openListed(
  config: ServerConfig,
  hooks: Parameters<typeof openConnection>[1],
  signal: AbortSignal,
): Promise<Listed> {
  const began = performance.now()
  const connection = await openConnection(config, hooks, signal)
  try {
    const tools = await listTools(connection.client, config.connectMs, signal)
    return { ...connection, tools, connectMs: Math.round(performance.now() - began) }
  } catch (error) {
    await connection.close()
    throw new Error(`server "${config.name}" could not list its tools: ${reason(error)}`, { cause: error })
  }
}

async function listTools(client: Client, timeout: number, signal: AbortSignal): Promise<Tool[]> {
  if (!client.getServerCapabilities()?.tools) return []
  const list = client.listTools(undefined, { cacheMode: 'refresh', timeout, signal })
  return (await raceAbort(list, signal)).tools
}

const listenAgainMs = 5000

/** The newest protocol tells of changes on a stream of its own, which nobody opens again when it drops. Ends with the connection. */
async function keepListening(client: Client, onBack: () => Promise<void>, signal: AbortSignal): Promise<void> {
  let stream = client.autoOpenedSubscription
  while (stream && (await stream.closed) !== 'local' && client.transport) {
    await sleep(listenAgainMs, undefined, { signal })
    stream = await client.listen({ toolsListChanged: true }, { signal })
    await onBack()
  }
}

/** Runs `work` at most once at a time; calls that come meanwhile share one more run. */
function onePerTime(work: () => Promise<void>): () => Promise<void> {
  let last = Promise.resolve()
  let waiting = false
  return () => {
    if (waiting) return last
    waiting = true
    last = last.then(() => {
      waiting = false
      return work()
    })
    return last
  }
}

type CallParams = Parameters<Client['callTool']>[0]

/** A setTimeout longer than this fires at once. The SDK's clock is not ours: its total is not kept, and silence ends it. */
const maxTimerMs = 2 ** 31 - 1

async function callTool(
  line: Line<Listed>,
  config: ServerConfig,
  params: CallParams,
  tool: Tool,
  options: CallOptions,
): Promise<CallToolResult> {
  const deadline = startDeadline(config.callMs, config.maxCallMs, options.signal)
  const request: CallToolRequestOptions = {
    signal: deadline.signal,
    timeout: maxTimerMs,
    toolDefinition: tool,
    onprogress: progress => hearProgress(progress, deadline, options),
  }
  try {
    return await deadline.race(attempt(line, client => client.callTool(params, request), deadline.signal))
  } catch (error) {
    throw deadline.signal.aborted ? deadline.signal.reason : inWords(error)
  } finally {
    deadline.end()
  }
}

interface Progress {
  progress: number
  total?: number | undefined
  message?: string | undefined
}

function hearProgress({ progress, total, message }: Progress, deadline: Deadline, { onProgress }: CallOptions): void {
  deadline.touch()
  onProgress({ done: progress, ...(total === undefined ? {} : { total }), ...(message === undefined ? {} : { message }) })
}

/** A call that surely did not reach the server is made once more over a new connection. */
async function attempt<T>(line: Line<Listed>, use: (client: Client) => Promise<T>, signal: AbortSignal): Promise<T> {
  const at = await line.open()
  try {
    return await use(at.client)
  } catch (error) {
    if (signal.aborted || !isUnsent(error)) throw error
    line.lose(at, reason(error))
    void at.close()
    return use((await line.open()).client)
  }
}

/** The session is unknown to the server (404), the line was closed before, or nobody listens there. */
function isUnsent(error: unknown): boolean {
  if (statusOf(error) === 404) return true
  if (error instanceof SdkError) return error.code === SdkErrorCode.NotConnected
  if (!(error instanceof Error)) return false
  const code = error.cause instanceof Error && 'code' in error.cause ? error.cause.code : undefined
  return error.message === 'Not connected' || error.message === 'the process has ended' || code === 'ECONNREFUSED'
}

function inWords(error: unknown): Error {
  const closed = error instanceof SdkError && error.code === SdkErrorCode.ConnectionClosed
  if (closed) return new Error('the server stopped before it answered; whether the call had an effect is not known')
  return error instanceof Error ? error : new Error(String(error))
}

/** The status tells how it went. */
function ignore(): void {}
