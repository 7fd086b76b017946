import { isAbsolute, resolve } from 'node:path'
import { z } from 'zod'
import { ConfigError } from '../errors.ts'

/** One entry of servers.config.json, in the one shape that the house uses. */
export interface ServerConfig {
  /** `[a-zA-Z0-9_-]{1,32}`; the prefix of its tools' names. */
  name: string
  transport: StdioTransport | UrlTransport
  /** Give up connecting after this long. */
  connectMs: number
  /** Give up a call after this long without progress; progress starts the clock anew. */
  callMs: number
  /** Give up a call after this long whatever happens. */
  maxCallMs: number
  /** Names of tools to offer; empty means all. */
  include: string[]
  exclude: string[]
  /** How long the result of a tool that only reads may be told again, in milliseconds; 0: it is always asked. */
  cacheTtlMs: number
  /** How many of its calls may run at once. */
  maxConcurrency: number
  /** What structured results become for the model. */
  result: 'markdown' | 'json' | 'plain'
}

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

export interface ServersConfig {
  servers: ServerConfig[]
  /** Entries that are switched off, by whoever wrote the file or by a mistake in them; `error` says which mistake. */
  disabled: { name: string; error?: string }[]
}

const kinds = {
  stdio: 'stdio',
  local: 'stdio',
  http: 'http',
  'streamable-http': 'http',
  streamableHttp: 'http',
  streamable_http: 'http',
  remote: 'http',
  sse: 'sse',
} as const

const strings = z.record(z.string(), z.string(), 'an object of texts')
const milliseconds = z
  .number('a number of milliseconds')
  .int()
  .min(100, 'at least 100 milliseconds')
  .max(86_400_000, 'at most one day')
const names = z.array(z.string(), 'a list of tool names')

const entrySchema = z.looseObject({
  command: z.string('a text: the program to start').min(1, 'the program to start').optional(),
  args: z.array(z.string('a text'), 'a list of texts').default([]),
  env: strings.default({}),
  cwd: z.string('a text: a folder').optional(),
  url: z.string('a text: an address').optional(),
  headers: strings.default({}),
  type: z.enum(Object.keys(kinds) as [keyof typeof kinds], `one of ${Object.keys(kinds).join(', ')}`).optional(),
  disabled: z.boolean('true or false').default(false),
  enabled: z.boolean('true or false').default(true),
  connectMs: milliseconds.default(15_000),
  callMs: milliseconds.default(60_000),
  maxCallMs: milliseconds.default(600_000),
  includeTools: names.default([]),
  excludeTools: names.default([]),
  cacheTtlMs: z.number('a number of milliseconds').int().min(0, 'at least 0').max(86_400_000, 'at most one day').default(0),
  maxConcurrency: z.number('a number').int().min(1, 'at least 1').max(1000, 'at most 1000').default(8),
  result: z.enum(['markdown', 'json', 'plain'], 'one of markdown, json, plain').default('markdown'),
})

const fileSchema = z.looseObject(
  { mcpServers: z.record(z.string(), z.unknown(), 'an object with one entry a server') },
  'an object',
)

type Env = Record<string, string | undefined>

/**
 * Reads the text of a servers.config.json. A mistake in one entry disables that entry and no other.
 * Throws ConfigError when the file as a whole cannot be read.
 */
export function readServers(json: string, file: string, env: Env, folder: string): ServersConfig {
  const parsed = fileSchema.safeParse(parseJson(json, file))
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(issue => sentence(file, issue)))
  const config: ServersConfig = { servers: [], disabled: [] }
  for (const [name, entry] of Object.entries(parsed.data.mcpServers)) {
    const read = readEntry(name, entry, env, folder)
    if (Array.isArray(read)) config.disabled.push({ name, error: read.map(problem => `${file}: ${problem}`).join('; ') })
    else if (read === undefined) config.disabled.push({ name })
    else config.servers.push(read)
  }
  return config
}

function parseJson(json: string, file: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new ConfigError(`${file} is not JSON: ${error instanceof Error ? error.message : error}`)
  }
}

/** The entry, or undefined if it is switched off, or what is wrong with it. */
function readEntry(name: string, entry: unknown, env: Env, folder: string): ServerConfig | undefined | string[] {
  const at = `mcpServers.${name}`
  if (!/^[a-zA-Z0-9_-]{1,32}$/.test(name)) return [`${at}: a name must be 1 to 32 of the characters a-z A-Z 0-9 _ -`]
  const parsed = entrySchema.safeParse(entry)
  if (!parsed.success) return parsed.error.issues.map(issue => sentence(at, issue))
  const raw = parsed.data
  if (raw.disabled || !raw.enabled) return undefined
  const missing = new Set<string>()
  const expand = (value: string) => expandVariables(value, env, missing)
  const transport = readTransport(at, raw, expand, folder)
  if (missing.size > 0)
    return [`${at} needs ${[...missing].join(' and ')}, which is not set: set it in .env, or write \${NAME:-default}`]
  if (typeof transport === 'string') return [transport]
  const { connectMs, callMs, maxCallMs, cacheTtlMs, maxConcurrency, result } = raw
  return {
    name,
    transport,
    connectMs,
    callMs,
    maxCallMs: Math.max(callMs, maxCallMs),
    include: raw.includeTools,
    exclude: raw.excludeTools,
    cacheTtlMs,
    maxConcurrency,
    result,
  }
}

type Entry = z.infer<typeof entrySchema>

function readTransport(
  at: string,
  raw: Entry,
  expand: (value: string) => string,
  folder: string,
): ServerConfig['transport'] | string {
  const kind = raw.type ? kinds[raw.type] : raw.command === undefined ? 'auto' : 'stdio'
  if (kind === 'stdio') {
    if (raw.command === undefined) return `${at}.command is missing: it must be the program to start`
    const cwd = raw.cwd === undefined ? folder : expand(raw.cwd)
    return {
      kind,
      command: ownNode(expand(raw.command)),
      args: raw.args.map(expand),
      env: mapValues(raw.env, expand),
      cwd: isAbsolute(cwd) ? cwd : resolve(folder, cwd),
    }
  }
  if (raw.url === undefined) return `${at} has neither "command" nor "url": one of them must say how to reach the server`
  const url = expand(raw.url)
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    return `${at}.url is ${JSON.stringify(raw.url)}: it must be an http:// or https:// address`
  return { kind, url, headers: mapValues(raw.headers, expand) }
}

/** `node` means the Node that runs the house, which may be newer than the one on the PATH. */
function ownNode(command: string): string {
  return command === 'node' ? process.execPath : command
}

/** `${NAME}` and `${NAME:-default}`; `$$` is a dollar sign. */
function expandVariables(value: string, env: Env, missing: Set<string>): string {
  return value.replace(/\$\$|\$\{(?:env:)?(\w+)(?::-([^}]*))?\}/g, (whole, name?: string, fallback?: string) => {
    if (name === undefined) return '$'
    const found = env[name] || fallback
    if (found === undefined) missing.add(name)
    return found ?? whole
  })
}

function mapValues(record: Record<string, string>, map: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

function sentence(at: string, issue: z.core.$ZodIssue): string {
  const path = issue.path.map(key => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return `${at}${path} is wrong: it must be ${issue.message}`
}
