import { Client, SSEClientTransport, SseError, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import type { ServerConfig, UrlTransport } from '../config/servers.ts'
import { Busy, heedBusy } from './busy.ts'
import { raceAbort } from './deadline.ts'
import { type Fault, processEnd, processFault, webFault } from './faults.ts'
import { capMessages } from './flow.ts'
import { lendTasks } from './lent-tasks.ts'
import type { Lasting } from './line.ts'
import { loosenAnswers } from './loose.ts'
import { mendTransport } from './mend.ts'
import { type AnswerServer, capabilitiesFor, hearRequests } from './requests.ts'
import { askForLogs } from './server-log.ts'
import { createProcessTransport, type ProcessTransport } from './stdio.ts'
import { type Streams, watchStreams } from './streams.ts'
import type { Web } from './web.ts'
import { createWebFetch } from './web-fetch.ts'

export interface ConnectionHooks {
  onToolsChanged(): void
  onPromptsChanged(): void
  /** Noise and small faults: late answers, unreadable lines, dropped tools. */
  onComplaint(complaint: string): void
  /** Hears what a server asks of us. */
  answer: AnswerServer
  /** Listens to what it writes for its operator. */
  hearLogs?(client: Client): void
  /** By what to speak to a server on the web; absent: as everybody may. */
  web?: Web
}

export interface Connection extends Lasting {
  readonly client: Client
  /** Of a server that tells by GET what it was not asked; and how to open one more. */
  readonly streams?: Streams & { open(): Promise<void> }
  /** Somebody uses it until he calls what is returned. */
  enter(): () => void
  /** Closes it as soon as nobody uses it any more. */
  retire(): void
}

/** Which way led to a server the last time. Kept by its session: asking a silent one for the newest protocol costs seconds each time. */
export interface KnownWay {
  last?: { way: string; at: number }
}

/** An old server may have become a new one. */
const knownForMs = 3_600_000

/** How to reach a server: by which transport, and whether to ask first if it speaks the newest protocol, or to speak that and no other. */
interface Way {
  by: 'stdio' | 'http' | 'sse'
  mode: ServerConfig['era']
  open(): Opened
}

interface Opened {
  transport: Transport
  process?: ProcessTransport
  streams?: Streams
  /** Why it cut off what a server was sending; told once. */
  refused?: () => string | undefined
}

/** Tries one way after the other, within `connectMs`. Rejects with one sentence that holds no secret; with Busy if the server wants to be left alone. */
export async function openConnection(
  config: ServerConfig,
  hooks: ConnectionHooks,
  signal: AbortSignal,
  known: KnownWay = {},
): Promise<Connection> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(config.connectMs)])
  const faults: Fault[] = []
  for (const way of knownFirst(waysTo(config, hooks.web), known)) {
    const outcome = await tryWay(way, config, hooks, limit)
    if ('client' in outcome) {
      const mode = outcome.client.getProtocolEra() === 'legacy' ? 'legacy' : 'auto'
      known.last = { way: `${way.by} ${mode}`, at: Date.now() }
      return outcome
    }
    faults.push(outcome)
    if (limit.aborted || outcome.final) break
  }
  const { busy, sentence } = faults[0] ?? {
    sentence: `server "${config.name}" has no transport for the protocol of ${config.era}`,
  }
  throw busy ? new Busy(busy.status, busy.retryAfterMs, sentence) : new Error(sentence)
}

function knownFirst(ways: Way[], { last }: KnownWay): Way[] {
  if (!last || Date.now() - last.at > knownForMs) return ways
  const isKnown = ({ by, mode }: Way) => `${by} ${mode}` === last.way
  return [...ways.filter(isKnown), ...ways.filter(way => !isKnown(way))]
}

/**
 * Asking for the newest protocol breaks some old servers: a process may end, a web server may answer 500.
 * They get a second try by the old handshake. (The SDK would start every process twice to find out.)
 */
function waysTo({ transport: to, era, limits }: ServerConfig, web: Web | undefined): Way[] {
  const modes: Way['mode'][] = era === 'auto' ? ['auto', 'legacy'] : [era]
  const both = (by: Way['by'], open: Way['open']): Way[] => modes.map(mode => ({ by, mode, open }))
  if (to.kind === 'stdio') {
    return both('stdio', () => {
      const process = createProcessTransport(to, limits.resultBytes)
      return { transport: process, process }
    })
  }
  const byHttp = both('http', () => openWeb(to, StreamableHTTPClientTransport, limits, web))
  const openSse = () => openWeb(to, SSEClientTransport, limits, web)
  // The transport of events ended with the protocols that had it.
  const bySse: Way[] = era === '2026-07-28' ? [] : [{ by: 'sse', mode: 'legacy', open: openSse }]
  return to.kind === 'http' ? byHttp : to.kind === 'sse' ? bySse : [...byHttp, ...bySse]
}

type WebTransport = typeof StreamableHTTPClientTransport | typeof SSEClientTransport

function openWeb(
  { url, headers }: UrlTransport,
  Transport: WebTransport,
  { resultBytes }: ServerConfig['limits'],
  web: Web = { fetch: createWebFetch() },
): Opened {
  let why: string | undefined
  const refused = () => {
    const told = why
    why = undefined
    return told
  }
  const capped = capMessages(web.fetch, resultBytes, reason => {
    why = reason
  })
  const { fetch, streams } = watchStreams(heedBusy(loosenAnswers(capped)))
  const { authProvider } = web
  const options = { requestInit: { headers }, fetch, ...(authProvider && { authProvider, maxStepUpRetries: 2 }) }
  return { transport: new Transport(new URL(url), options), streams, refused }
}

async function tryWay(way: Way, config: ServerConfig, hooks: ConnectionHooks, signal: AbortSignal): Promise<Connection | Fault> {
  const opened = way.open()
  const { transport, process } = opened
  mendTransport(transport, hooks.onComplaint, opened.refused)
  lendTasks(transport)
  const client = createClient(way, config, hooks)
  try {
    await raceAbort(client.connect(transport, { timeout: config.connectMs, signal }), signal)
  } catch (error) {
    const fault = process ? processFault(error, config, signal.aborted, process) : webFault(error, config, signal.aborted)
    await transport.close()
    return fault
  }
  if (hooks.hearLogs) askForLogs(client, hooks.onComplaint)
  const close = () => closeConnection(client, transport)
  const streams = streamsOf(client, opened)
  return { client, closed: watch(client, opened, config, hooks), close, ...(streams && { streams }), ...createUsers(close) }
}

/** Only the protocols before 2026 have such streams, and only over Streamable HTTP can one be opened again. */
function streamsOf(client: Client, { transport, streams }: Opened): Connection['streams'] {
  if (!streams || client.getProtocolEra() !== 'legacy' || !(transport instanceof StreamableHTTPClientTransport)) return undefined
  return { ...streams, open: () => transport.resumeStream('') }
}

function createUsers(close: () => Promise<void>): Pick<Connection, 'enter' | 'retire'> {
  let users = 0
  let retired = false
  const closeIfIdle = () => {
    if (retired && users === 0) void close()
  }
  return {
    enter() {
      users++
      return () => {
        users--
        closeIfIdle()
      }
    },
    retire() {
      retired = true
      closeIfIdle()
    },
  }
}

/** News is passed on so long after the first of it, however much more follows: who never stops telling is heard as well. */
const newsEveryMs = 100
const asItCame = { autoRefresh: false, debounceMs: 0 }

function batched(run: () => void): () => void {
  let isWaiting = false
  return () => {
    if (isWaiting) return
    isWaiting = true
    setTimeout(() => {
      isWaiting = false
      run()
    }, newsEveryMs).unref()
  }
}

function createClient({ mode }: Way, config: ServerConfig, hooks: ConnectionHooks): Client {
  const { connectMs, transport } = config
  // A local server that does not answer the question is an old one; it should not cost the whole time to find out.
  const timeoutMs = Math.min(transport.kind === 'stdio' ? 3000 : 15_000, connectMs / 2)
  const client = new Client(
    { name: 'bellhop', version: '0.1.0' },
    {
      ...capabilitiesFor(config),
      versionNegotiation: { mode: mode === '2026-07-28' ? { pin: mode } : mode, probe: { timeoutMs } },
      inputRequired: { autoFulfill: false },
      listChanged: {
        tools: { ...asItCame, onChanged: batched(hooks.onToolsChanged) },
        prompts: { ...asItCame, onChanged: batched(hooks.onPromptsChanged) },
        resources: { ...asItCame, onChanged() {} }, // the library forgets the list that it was to keep
      },
    },
  )
  client.onerror = error => hooks.onComplaint(error.message)
  hearRequests(client, config, hooks.answer)
  hooks.hearLogs?.(client)
  return client
}

/** Resolves with the reason when the connection ends. */
function watch(
  client: Client,
  { transport, process, refused }: Opened,
  config: ServerConfig,
  hooks: ConnectionHooks,
): Promise<string> {
  client.onerror = error => {
    hooks.onComplaint(error.message)
    // The event stream is the session: the one that EventSource opens next knows nothing of the handshake.
    if (error instanceof SseError && transport instanceof SSEClientTransport) void client.close()
  }
  return new Promise(resolve => {
    client.onclose = () => resolve((process && processEnd(process, config)) ?? refused?.() ?? 'the connection was closed')
  })
}

/** Tells a web server that its session is over, without waiting long for it to hear. */
async function closeConnection(client: Client, transport: Transport): Promise<void> {
  if (transport instanceof StreamableHTTPClientTransport && transport.sessionId !== undefined) {
    const farewell = transport.terminateSession().catch(() => {}) // it is over in any case
    await raceAbort(farewell, AbortSignal.timeout(1000)).catch(() => {})
  }
  await client.close()
}
