import type { ServerConfig } from '../config/servers.ts'
import { reason } from '../log.ts'
import { openConnection } from './connection.ts'
import { raceAbort } from './deadline.ts'
import { wantsSignIn, withoutOutput } from './faults.ts'
import { leftOut } from './mend.ts'
import type { Web } from './web.ts'

/** What came of trying a server once. */
export interface TestReport {
  ok: boolean
  /** `modern` speaks the protocol of 2026-07-28. */
  era?: 'legacy' | 'modern'
  /** Of the protocol: a date. */
  version?: string
  /** As it calls itself. */
  server?: { name: string; version: string }
  /** Their names, as the server calls them. */
  tools: string[]
  /** Tools that cannot be offered; nameless ones have the name ''. */
  rejected: { name: string; reason: string }[]
  /** Of connecting and listing. */
  latencyMs: number
  /** Why not, in one sentence, without secrets. */
  error?: string
  needsAuth?: true
}

/** Connects to a server, asks for its tools, and closes the connection whatever happens. Never rejects. */
export async function tryServer(config: ServerConfig, web?: Web): Promise<TestReport> {
  const began = performance.now()
  const rejected: TestReport['rejected'] = []
  const onComplaint = (complaint: string) => {
    const tool = leftOut(complaint)
    if (tool) rejected.push(tool)
  }
  const facts = await look(config, onComplaint, web).catch((error: unknown) => failure(error))
  return { ...facts, rejected, latencyMs: Math.round(performance.now() - began) }
}

type Facts = Omit<TestReport, 'rejected' | 'latencyMs'>

async function look(config: ServerConfig, onComplaint: (complaint: string) => void, web: Web | undefined): Promise<Facts> {
  const answer = async () => Promise.reject(new Error('nobody is asked in a trial'))
  const hooks = { onToolsChanged() {}, onPromptsChanged() {}, onComplaint, answer, ...(web && { web }) }
  const connection = await openConnection(config, hooks, new AbortController().signal)
  try {
    const { client } = connection
    const signal = AbortSignal.timeout(config.connectMs)
    const list = async () => (await client.listTools(undefined, { cacheMode: 'bypass', timeout: config.connectMs, signal })).tools
    const tools = client.getServerCapabilities()?.tools ? await raceAbort(list(), signal) : []
    const [era, version, server] = [client.getProtocolEra(), client.getNegotiatedProtocolVersion(), client.getServerVersion()]
    return {
      ok: true,
      ...(era && { era }),
      ...(version && { version }),
      ...(server && { server: { name: server.name, version: server.version } }),
      tools: tools.map(({ name }) => name),
    }
  } finally {
    await connection.close()
  }
}

function failure(error: unknown): Facts {
  const sentence = withoutOutput(reason(error))
  return { ok: false, tools: [], error: sentence, ...(wantsSignIn(sentence) && { needsAuth: true }) }
}
