import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { reason } from '../../log.ts'
import { hasAuthorization, readAuth, type ServerAuth } from './auth.ts'
import { type Entry, kinds } from './entry.ts'
import type { Expander } from './expand.ts'
import { refusals, takesInlineCode } from './guard.ts'
import type { Notes } from './notes.ts'

export interface StdioTransport {
  kind: 'stdio'
  command: string
  args: string[]
  env: Record<string, string>
  cwd?: string
}

export interface UrlTransport {
  /** `auto` tries Streamable HTTP first, then SSE. */
  kind: 'http' | 'sse' | 'auto'
  url: string
  headers: Record<string, string>
}

export interface Reached {
  transport: StdioTransport | UrlTransport
  auth: ServerAuth
}

/** How the entry's server is reached; relative paths are those of `folder`. Undefined when problems were noted. */
export function readTransport(raw: Entry, notes: Notes, expand: Expander, folder: string): Reached | undefined {
  const kind = kindOf(raw)
  if (kind === 'stdio') return readProgram(raw, notes, expand, folder)
  const key = (['httpUrl', 'url', 'serverUrl'] as const).find(name => raw[name] !== undefined)
  const written = key && raw[key]
  if (written === undefined) {
    notes.problems.push(`${notes.at} has neither "command" nor "url": one of them must say how to reach the server`)
    return undefined
  }
  const url = expand.text(written)
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    const why = /^wss?:/i.test(url) ? 'WebSocket is no transport of MCP here' : 'it must be an http:// or https:// address'
    if (expand.missing.size === 0) notes.problems.push(`${notes.at}.${key} is ${JSON.stringify(written)}: ${why}`)
    return undefined
  }
  const own = readHeaders(raw, notes, expand)
  const { auth, token } = readAuth(raw, own, { notes, expand, folder })
  const headers = token === undefined || hasAuthorization(own) ? own : { ...own, Authorization: `Bearer ${token}` }
  return { transport: { kind, url, headers }, auth }
}

function kindOf(raw: Entry): (typeof kinds)[keyof typeof kinds] | 'auto' {
  const said = raw.type ?? raw.transport
  if (said) return kinds[said]
  if (raw.command !== undefined) return 'stdio'
  if (raw.httpUrl !== undefined) return 'http'
  return raw.preferSse ? 'sse' : 'auto'
}

function readProgram(raw: Entry, notes: Notes, expand: Expander, folder: string): Reached | undefined {
  const [program, ...first] = [raw.command ?? []].flat().map(expand.text)
  if (program === undefined) {
    notes.problems.push(`${notes.at}.command is missing: it must be the program to start`)
    return undefined
  }
  const args = [...first, ...(raw.args ?? []).map(expand.text)]
  const place = (path: string) => (isAbsolute(path) ? path : resolve(folder, path))
  notes.problems.push(...refusals(program, args).map(what => notes.at + what))
  if (takesInlineCode(program, args))
    notes.warnings.push(`${notes.at} gives ${program} code on its command line: see that you know it`)
  if (/^[^/\\]+ /.test(program) && args.length === 0)
    notes.warnings.push(`${notes.at}.command is the name of a program, spaces included: what it is given belongs into "args"`)
  const env = {
    ...(raw.envFile !== undefined && readEnvFile(place(expand.text(raw.envFile)), notes)),
    ...Object.fromEntries((raw.env_vars ?? []).map(name => [name, expand.variable(name)])),
    ...mapValues({ ...raw.environment, ...raw.env }, expand.envValue),
  }
  const cwd = raw.cwd === undefined ? folder : place(expand.text(raw.cwd))
  return { transport: { kind: 'stdio', command: ownNode(program), args, env, cwd }, auth: { type: 'none' } }
}

/** `node` means the Node that runs the house, which may be newer than the one on the PATH. */
function ownNode(command: string): string {
  return command === 'node' ? process.execPath : command
}

function readEnvFile(file: string, notes: Notes): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(parseEnv(readFileSync(file, 'utf8'))).map(([name, value]) => [name, value ?? '']))
  } catch (error) {
    const why = existsSync(file) ? `it cannot be read (${reason(error)})` : 'there is no such file'
    notes.problems.push(`${notes.at}.envFile is ${JSON.stringify(file)}: ${why}`)
    return {}
  }
}

function readHeaders(raw: Entry, notes: Notes, expand: Expander): Record<string, string> {
  const headers = {
    ...mapValues({ ...raw.http_headers, ...raw.headers }, expand.text),
    ...mapValues(raw.env_http_headers ?? {}, expand.variable),
  }
  for (const [name, value] of Object.entries(headers))
    if (!isHeader(name, value)) notes.problems.push(`${notes.at}.headers.${name} is no header that can be sent`)
  return headers
}

/** Whether fetch takes it: no line breaks, no characters beyond Latin-1. */
export function isHeader(name: string, value: string): boolean {
  try {
    new Headers({ [name]: value })
    return true
  } catch {
    return false
  }
}

function mapValues(record: Record<string, string>, map: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
