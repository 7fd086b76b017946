import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerConfig, UrlTransport } from '../../../src/config/servers.ts'
import { silentLog } from '../../../src/log.ts'
import { createToolbox, type RunningToolbox } from '../../../src/mcp/toolbox.ts'
import type { ToolProgress, ToolResult } from '../../../src/toolbox.ts'
import { startV1Web, type V1Web } from './v1-web.ts'

const here = import.meta.dirname
const defaults = { connectMs: 10_000, callMs: 10_000, maxCallMs: 20_000, include: [], exclude: [] }
const open: { close(): Promise<void> }[] = []

/** Ends what a test has started, servers and clients alike. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map(one => one.close()))
}

function program(name: string, args: string[], more: Partial<ServerConfig> = {}, env: Record<string, string> = {}): ServerConfig {
  return { name, ...defaults, ...more, transport: { kind: 'stdio', command: process.execPath, args, env } }
}
export const raw = (mode = '', more: Partial<ServerConfig> = {}, env = {}) => program('raw', [`${here}/raw.ts`, mode], more, env)
export const v1 = (more: Partial<ServerConfig> = {}) => program('v1', [`${here}/v1.ts`], more)
export const sqlite = (name = 'db') =>
  program(
    name,
    [`${here}/../../../servers/sqlite/sqlite.ts`],
    {},
    { DB_PATH: join(mkdtempSync(join(tmpdir(), 'bellhop-')), 'hotel.db') },
  )
export const remote = (url: string, kind: UrlTransport['kind'], headers = {}): ServerConfig => ({
  name: 'web',
  ...defaults,
  transport: { kind, url, headers },
})

export async function start(...servers: ServerConfig[]): Promise<RunningToolbox> {
  const box = build(...servers)
  await box.start()
  return box
}

export async function startWeb(kind: 'http' | 'sse', port = 0): Promise<V1Web> {
  const web = await startV1Web(kind, port)
  open.push(web)
  return web
}

export function call(
  box: RunningToolbox,
  name: string,
  input = {},
  signal?: AbortSignal,
  progress: ToolProgress[] = [],
): Promise<ToolResult> {
  return box.call(name, input, { signal: signal ?? new AbortController().signal, onProgress: step => progress.push(step) })
}
export const namesOf = (box: RunningToolbox) => box.list().map(tool => tool.name)

/** A toolbox that the test starts by itself. */
export function build(...servers: ServerConfig[]): RunningToolbox {
  const box = createToolbox(servers, { log: silentLog })
  open.push(box)
  return box
}
