import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServerConfig, serverDefaults, type UrlTransport } from '../../../src/config/servers.ts'
import { silentLog } from '../../../src/log.ts'
import { createHost, type HostDeps } from '../../../src/mcp/host.ts'
import type { Toolbox, ToolProgress, ToolResult } from '../../../src/toolbox.ts'
import { type Mood, type Moody, startMoody } from './moody.ts'
import { startV1Web, type V1Web } from './v1-web.ts'

const here = import.meta.dirname
const defaults = { ...serverDefaults, connectMs: 10_000, callMs: 10_000, maxCallMs: 20_000 }

/** The house's servers, which a test starts and ends. */
export interface RunningToolbox extends Toolbox {
  start(): Promise<void>
  close(): Promise<void>
}

const open: { close(): Promise<void> }[] = []

/** Ends what a test has started, servers and clients alike. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map(one => one.close()))
}

/** By `closeAll`. */
export function closeWithTest<T extends { close(): Promise<void> }>(one: T): T {
  open.push(one)
  return one
}

export function program(
  name: string,
  args: string[],
  more: Partial<ServerConfig> = {},
  env: Record<string, string> = {},
): ServerConfig {
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
export const remote = (
  url: string,
  kind: UrlTransport['kind'],
  headers = {},
  more: Partial<ServerConfig> = {},
): ServerConfig => ({
  name: 'web',
  ...defaults,
  ...more,
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

/** A server whose mood the test may change, and how it is reached under this name. */
export async function moody(mood: Mood, more: Partial<ServerConfig> = {}): Promise<Moody & { config: ServerConfig }> {
  const server = await startMoody(mood)
  open.push(server)
  return { ...server, config: remote(server.url, 'http', {}, { name: 'moody', ...more }) }
}

export function call(
  box: Toolbox,
  name: string,
  input = {},
  signal?: AbortSignal,
  progress: ToolProgress[] = [],
): Promise<ToolResult> {
  return box.call(name, input, { signal: signal ?? new AbortController().signal, onProgress: step => progress.push(step) })
}
export const namesOf = (box: Toolbox) => box.list().map(tool => tool.name)

/** A toolbox that the test starts by itself. */
export function build(...servers: ServerConfig[]): RunningToolbox {
  const host = openHost()
  return { ...host.toolboxFor([]), start: () => host.start(servers), close: host.close }
}

/** Closed with the test. */
export function openHost(deps: Partial<HostDeps> = {}) {
  const host = createHost({ log: silentLog, ...deps })
  open.push(host)
  return host
}
