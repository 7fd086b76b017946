import { Client, SSEClientTransport, SseError, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import type { ServerConfig, UrlTransport } from '../config/servers.ts'
import { raceAbort } from './deadline.ts'
import { type Fault, processFault, webFault } from './faults.ts'
import { capMessages } from './flow.ts'
import type { Lasting } from './line.ts'
import { mendTransport } from './mend.ts'
import { createProcessTransport, type ProcessTransport } from './stdio.ts'

export interface ConnectionHooks {
  onToolsChanged(): void
  /** Noise and small faults: late answers, unreadable lines, dropped tools. */
  onComplaint(complaint: string): void
}

export interface Connection extends Lasting {
  readonly client: Client
}

/** How to reach a server: by which transport, and whether to ask first if it speaks the newest protocol. */
interface Way {
  open(): { transport: Transport; process?: ProcessTransport }
  mode: 'auto' | 'legacy'
}

/** Tries one way after the other, within `connectMs`. Rejects with one sentence that holds no secret. */
export async function openConnection(config: ServerConfig, hooks: ConnectionHooks, signal: AbortSignal): Promise<Connection> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(config.connectMs)])
  const faults: Fault[] = []
  for (const way of waysTo(config)) {
    const outcome = await tryWay(way, config, hooks, limit)
    if ('client' in outcome) return outcome
    faults.push(outcome)
    if (limit.aborted || outcome.final) break
  }
  throw new Error(faults[0]?.sentence)
}

/**
 * Asking for the newest protocol breaks some old servers: a process may end, a web server may answer 500.
 * They get a second try by the old handshake. (The SDK would start every process twice to find out.)
 */
function waysTo({ transport: to }: ServerConfig): Way[] {
  if (to.kind === 'stdio') {
    const open = () => {
      const process = createProcessTransport(to)
      return { transport: process, process }
    }
    return [
      { mode: 'auto', open },
      { mode: 'legacy', open },
    ]
  }
  const http = () => ({ transport: new StreamableHTTPClientTransport(new URL(to.url), webOptions(to)) })
  const sse = () => ({ transport: new SSEClientTransport(new URL(to.url), webOptions(to)) })
  const byHttp: Way[] = [
    { mode: 'auto', open: http },
    { mode: 'legacy', open: http },
  ]
  const bySse: Way[] = [{ mode: 'legacy', open: sse }]
  return to.kind === 'http' ? byHttp : to.kind === 'sse' ? bySse : [...byHttp, ...bySse]
}

function webOptions({ headers }: UrlTransport) {
  return { requestInit: { headers }, fetch: capMessages(fetch) }
}

async function tryWay(way: Way, config: ServerConfig, hooks: ConnectionHooks, signal: AbortSignal): Promise<Connection | Fault> {
  const { transport, process } = way.open()
  mendTransport(transport, hooks.onComplaint)
  const client = createClient(way, config, hooks)
  try {
    await raceAbort(client.connect(transport, { timeout: config.connectMs, signal }), signal)
  } catch (error) {
    const fault = process ? processFault(error, config, signal.aborted, process) : webFault(error, config, signal.aborted)
    await transport.close()
    return fault
  }
  return { client, closed: watch(client, transport, process, hooks), close: () => closeConnection(client, transport) }
}

function createClient({ mode }: Way, { connectMs, transport }: ServerConfig, hooks: ConnectionHooks): Client {
  // A local server that does not answer the question is an old one; it should not cost the whole time to find out.
  const timeoutMs = Math.min(transport.kind === 'stdio' ? 3000 : 15_000, connectMs / 2)
  const client = new Client(
    { name: 'bellhop', version: '0.1.0' },
    {
      versionNegotiation: { mode, probe: { timeoutMs } },
      listChanged: { tools: { autoRefresh: false, debounceMs: 100, onChanged: hooks.onToolsChanged } },
    },
  )
  client.onerror = error => hooks.onComplaint(error.message)
  return client
}

/** Resolves with the reason when the connection ends. */
function watch(
  client: Client,
  transport: Transport,
  process: ProcessTransport | undefined,
  hooks: ConnectionHooks,
): Promise<string> {
  client.onerror = error => {
    hooks.onComplaint(error.message)
    // The event stream is the session: the one that EventSource opens next knows nothing of the handshake.
    if (error instanceof SseError && transport instanceof SSEClientTransport) void client.close()
  }
  return new Promise(resolve => {
    client.onclose = () => resolve(process?.ended() ? `it ended with ${process.ended()}` : 'the connection was closed')
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
