import type { ServerConfig } from '../../../src/config/servers.ts'
import type { Log } from '../../../src/log.ts'
import { showResult } from '../../../src/mcp/result.ts'
import { createSession, type Session } from '../../../src/mcp/session.ts'
import type { ToolProgress, ToolResult } from '../../../src/toolbox.ts'
import { type RawWeb, type Script, startRawWeb } from './raw-web.ts'
import { raw } from './start.ts'

const open: { close(): Promise<void> }[] = []

/** Ends what a test has started, servers and sessions alike. */
export async function closeSessions(): Promise<void> {
  await Promise.all(open.splice(0).map(one => one.close()))
}

export interface TestSession extends Omit<Session, 'use'> {
  /** What was logged as a warning, as JSON. */
  warnings: string[]
  /** What was logged for whoever looks closely. */
  murmurs: string[]
  /** As a model would see it; a failure is a result as well. */
  use(tool: string, input?: object, signal?: AbortSignal, progress?: ToolProgress[]): Promise<ToolResult>
}

/** A session with one server that is up, or has failed to come up. */
export async function openSession(config: ServerConfig, trusted?: boolean): Promise<TestSession> {
  const warnings: string[] = []
  const murmurs: string[] = []
  const ignore = () => {}
  const log: Log = {
    debug: facts => void murmurs.push(JSON.stringify(facts)),
    info: ignore,
    warn: (facts, event) => void warnings.push(`${event} ${JSON.stringify(facts)}`),
    error: ignore,
  }
  const session = createSession(config, { log, onChange: ignore, ...(trusted === undefined ? {} : { trusted }) })
  open.push(session)
  await session.start()
  return {
    ...session,
    warnings,
    murmurs,
    async use(name, input = {}, signal = new AbortController().signal, progress = []) {
      const tool = session.tools().find(tool => tool.name === name) ?? { name, inputSchema: { type: 'object' as const } }
      try {
        return showResult(await session.call(tool, { ...input }, { signal, onProgress: step => progress.push(step) }))
      } catch (error) {
        return { ok: false, text: error instanceof Error ? error.message : String(error) }
      }
    },
  }
}

export async function openWeb(era: 'legacy' | 'modern', script?: Script, port?: number): Promise<RawWeb> {
  const web = await startRawWeb(era, script, port)
  open.push(web)
  return web
}

export function wild(mode = '', more: Partial<ServerConfig> = {}, env: Record<string, string> = {}): ServerConfig {
  return {
    ...raw('', more),
    name: 'wild',
    transport: { kind: 'stdio', command: process.execPath, args: [`${import.meta.dirname}/wild.ts`, mode], env },
  }
}
