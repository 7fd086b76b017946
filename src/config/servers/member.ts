import { ConfigError } from '../../errors.ts'
import { type ServerConfig, serverDefaults } from '../servers.ts'
import { hasAuthorization } from './auth.ts'
import { slug } from './name.ts'
import { isHeader } from './transport.ts'

/** Nobody but its member needs it, who may not come back for days. */
const idleMs = 900_000
const maxUrlChars = 2048
const maxHeaders = 20
const maxHeaderChars = 8192
/** What only the connection itself may say. */
const notTheirs = /^(host|connection|upgrade|te|trailer|transfer-encoding|content-length|content-type|accept|mcp-.*)$/i

/**
 * A server that a member gives instead of the operator: reached by https alone, except at `plainHosts`, and taken letter by letter, since a
 * variable would be one of the operator's. Whether the address is one of the inside is for whoever connects to find out.
 * Throws ConfigError with a sentence for each mistake, none of which repeats the address or a header.
 */
export function readMemberServer(
  name: string,
  url: string,
  headers: Record<string, string> = {},
  plainHosts: string[] = [],
): ServerConfig {
  const problems = [...wrongWith(url, plainHosts), ...wrongHeaders(headers)]
  if (name.trim() === '') problems.push('a server needs a name')
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    name: slug(name.trim()),
    ...serverDefaults,
    transport: { kind: 'auto', url: new URL(url).href, headers: { ...headers } },
    auth: hasAuthorization(headers) ? { type: 'bearer' } : { type: 'oauth', scopes: [] },
    idleMs,
  }
}

function wrongWith(url: string, plainHosts: string[]): string[] {
  const parsed = URL.parse(url)
  const isPlain = parsed?.protocol === 'http:' && [parsed.host, parsed.hostname].some(host => plainHosts.includes(host))
  if (!parsed || !(isPlain || parsed.protocol === 'https:') || url.length > maxUrlChars)
    return [`the address of a server must begin with https:// and have at most ${maxUrlChars} characters`]
  if (parsed.username || parsed.password)
    return ['the address of a server must hold no user name or password: give them as a header']
  return []
}

function wrongHeaders(headers: Record<string, string>): string[] {
  const names = Object.keys(headers)
  if (names.length > maxHeaders) return [`a server takes at most ${maxHeaders} headers`]
  return Object.entries(headers)
    .filter(([name, value]) => !isHeader(name, value) || notTheirs.test(name) || value.length > maxHeaderChars)
    .map(([name]) => `${JSON.stringify(name.slice(0, 40))} is no header that can be sent to a server`)
}
