import { isDeepStrictEqual } from 'node:util'
import type { ServerConfig, ServersConfig } from '../servers.ts'

/** What a change of the file asks for, as the entries stand in it now; `stopped` ones as they stood. */
export interface ServersDiff {
  started: ServerConfig[]
  stopped: ServerConfig[]
  restarted: ServerConfig[]
  unchanged: ServerConfig[]
}

/** By name; the order of the entries means nothing. */
export function diffServers(
  { servers: before }: Pick<ServersConfig, 'servers'>,
  { servers: after }: Pick<ServersConfig, 'servers'>,
): ServersDiff {
  const old = new Map(before.map(server => [server.name, server]))
  const kept = after.filter(({ name }) => old.has(name))
  const names = new Set(after.map(({ name }) => name))
  return {
    started: after.filter(({ name }) => !old.has(name)),
    stopped: before.filter(({ name }) => !names.has(name)),
    restarted: kept.filter(server => !isDeepStrictEqual(server, old.get(server.name))),
    unchanged: kept.filter(server => isDeepStrictEqual(server, old.get(server.name))),
  }
}
