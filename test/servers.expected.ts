import { type ServerConfig, serverDefaults } from '../src/config/servers.ts'
import { dialects } from './servers.read.ts'

type More = Partial<ServerConfig>
/** A server that is a program, started beside the fixtures. */
export const program = (
  name: string,
  command: string[],
  vars: Record<string, string> = {},
  more: More = {},
  cwd = dialects,
): ServerConfig => {
  const [first = '', ...args] = command
  return { name, ...serverDefaults, transport: { kind: 'stdio', command: first, args, env: vars, cwd }, ...more }
}
/** A server on the web, which is signed in to when it asks for that. */
export const web = (
  name: string,
  kind: 'http' | 'sse' | 'auto',
  url: string,
  headers: Record<string, string> = {},
  more: More = {},
) => ({
  name,
  ...serverDefaults,
  auth: { type: 'oauth' as const, scopes: [] },
  transport: { kind, url, headers },
  ...more,
})
export const bearer: More = { auth: { type: 'bearer' } }

/** The servers, the names of those that are off, and the beginnings of what is said of them. */
export type Row = [string, { servers: ServerConfig[]; off?: string[]; said?: string[] }]
