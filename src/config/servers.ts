import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { z } from 'zod'
import type { Permission } from '../model.ts'
import type { MachineAuth, Secret, ServerAuth } from './servers/auth.ts'
import { asObject, type Entry, entrySchema, unreadKeys } from './servers/entry.ts'
import { createExpander, type Env, type Input } from './servers/expand.ts'
import { findEntries } from './servers/file.ts'
import { slug } from './servers/name.ts'
import type { Notes } from './servers/notes.ts'
import { defaultTimeouts, readTimeouts } from './servers/timeouts.ts'
import { readTransport, type StdioTransport, type UrlTransport } from './servers/transport.ts'

export type { MachineAuth, Secret, ServerAuth, StdioTransport, UrlTransport }

/** One entry of servers.config.json, in the one shape that the house uses. */
export interface ServerConfig {
  /** `[a-zA-Z0-9_-]{1,32}`; the prefix of its tools' names. */
  name: string
  /** What it is for, as whoever entered it says. */
  description?: string
  transport: StdioTransport | UrlTransport
  auth: ServerAuth
  /** Which protocol to speak and no other; `auto` finds the newest that the server knows, `legacy` is those before 2026. */
  era: 'auto' | 'legacy' | '2026-07-28'
  /** Give up connecting after this long. */
  connectMs: number
  /** Give up a call after this long without progress; progress starts the clock anew. */
  callMs: number
  /** Give up a call after this long whatever happens. */
  maxCallMs: number
  /** Close the connection after this long without a call; absent: it stays. */
  idleMs?: number
  /** Names of tools to offer; empty means all. */
  include: string[]
  exclude: string[]
  /** Names of tools that run without anybody being asked; `*` means all. */
  autoApprove: string[]
  /** What may be done with a tool, by its name; `*` is for the others. Absent: nothing is said of any. */
  permissions?: Record<string, Permission>
  /** Whether the annotations of its tools are believed. */
  trust: boolean
  /** How long the result of a tool that only reads may be given again; 0: never. */
  cacheTtlMs: number
  /** As `cacheTtlMs`, by name of tool. */
  toolCacheMs: Record<string, number>
  /** How many calls run side by side. */
  maxConcurrency: number
  /** How a result is written for the model. */
  result: 'markdown' | 'json' | 'plain'
  /** `resultBytes`: of one message. A larger one is refused, and loses the connection that it came on. */
  limits: { resultBytes: number }
  /** `file://` addresses of folders that it may be told of. */
  roots: string[]
  /** Whether it may ask the model. */
  sampling: boolean
  /** Whether it may ask people. */
  elicitation: boolean
}

export interface ServersConfig {
  servers: ServerConfig[]
  /** Entries that are switched off, by whoever wrote the file or by a mistake in them; `error` says which mistake. */
  disabled: { name: string; error?: string }[]
  /** What an operator should know of entries that work, one sentence each. */
  warnings: string[]
}

/** What an entry has that says nothing but how to reach its server. */
export const serverDefaults = {
  auth: { type: 'none' },
  era: 'auto',
  ...defaultTimeouts,
  include: [],
  exclude: [],
  autoApprove: [],
  trust: false,
  cacheTtlMs: 0,
  toolCacheMs: {},
  maxConcurrency: 8,
  result: 'markdown',
  // As much as a large picture, and no more than a process can hold many of.
  limits: { resultBytes: 32_000_000 },
  roots: [],
  sampling: false,
  elicitation: true,
} satisfies Omit<ServerConfig, 'name' | 'transport'>

/**
 * Reads the text of a servers.config.json, or of the file that another client has for the same purpose.
 * A mistake in one entry disables that entry and no other. Throws ConfigError when the file as a whole cannot be read.
 */
export function readServers(text: string, file: string, env: Env, folder: string): ServersConfig {
  const { at, entries, inputs, isOff, unread } = findEntries(text, file)
  const config: ServersConfig = { servers: [], disabled: [], warnings: [] }
  const taken = new Map<string, string>()
  if (unread.length > 0) config.warnings.push(`${file}: nothing here reads ${quoteAll(unread)}`)
  for (const [written, entry] of Object.entries(entries)) {
    const name = slug(written)
    const notes: Notes = { at: at ? `${at}.${written}` : written, problems: [], warnings: [] }
    if (isOff(written) || isSwitchedOff(entry)) {
      config.disabled.push({ name })
      continue
    }
    const server = readEntry(name, entry, notes, { env, folder, inputs })
    const other = taken.get(name)
    if (other !== undefined)
      notes.problems.push(`${notes.at} has the same name as ${other}: "${name}", with what no name may hold left out`)
    if (name !== written) notes.warnings.push(`${notes.at} is called "${name}": names have 1 to 32 of a-z A-Z 0-9 _ -`)
    if (server && notes.problems.length === 0) {
      taken.set(name, notes.at)
      config.servers.push(server)
      config.warnings.push(...notes.warnings.map(warning => `${file}: ${warning}`))
    } else config.disabled.push({ name, error: notes.problems.map(problem => `${file}: ${problem}`).join('; ') })
  }
  return config
}

function isSwitchedOff(entry: unknown): boolean {
  const { disabled, enabled } = asObject(entry) ?? {}
  return disabled === true || enabled === false
}

interface Surroundings {
  env: Env
  folder: string
  inputs: Input[]
}

/** Undefined, with the problems in `notes`, when there is something wrong with it. */
function readEntry(name: string, entry: unknown, notes: Notes, around: Surroundings): ServerConfig | undefined {
  const written = withoutBlanks(entry)
  const socket = socketOf(written)
  if (socket) {
    notes.problems.push(
      `${notes.at}.${socket} asks for WebSocket, which is no transport of MCP here: give its http:// or https:// address`,
    )
    return undefined
  }
  const parsed = entrySchema.safeParse(written)
  if (!parsed.success) {
    notes.problems.push(...parsed.error.issues.map(issue => sentence(notes.at, issue)))
    return undefined
  }
  return normalise(name, parsed.data, notes, around)
}

function normalise(name: string, raw: Entry, notes: Notes, { env, folder, inputs }: Surroundings): ServerConfig | undefined {
  const expand = createExpander(env, folder, inputs)
  const reached = readTransport(raw, notes, expand, folder)
  const roots = (raw.roots ?? []).map(root => asFileUrl(expand.text(root), folder))
  const { missing, foreign } = expand
  if (missing.size > 0)
    notes.problems.push(
      `${notes.at} needs ${[...missing].join(' and ')}, which is not set: set it in .env, or write \${NAME:-default}`,
    )
  if (foreign.size > 0)
    notes.problems.push(`${notes.at} has ${[...foreign].join(' and ')}, which only another client understands`)
  warnOfUnread(raw, notes)
  if (!reached) return undefined
  const { description, permissions, trust, cacheTtlMs, toolCacheMs, maxConcurrency, result, era, sampling, elicitation } = raw
  if (era === '2026-07-28' && reached.transport.kind === 'sse')
    notes.problems.push(`${notes.at}.era is "${era}", which is not spoken over SSE: take one of the two away`)
  return {
    name,
    ...(description !== undefined && { description }),
    ...reached,
    era,
    ...readTimeouts(raw, notes),
    include: includedTools(raw, notes),
    exclude: [...(raw.excludeTools ?? []), ...(raw.disabledTools ?? []), ...(raw.disabled_tools ?? [])],
    autoApprove: [...(raw.autoApprove ?? []), ...(raw.alwaysAllow ?? [])],
    ...(permissions !== undefined && { permissions }),
    trust,
    cacheTtlMs,
    toolCacheMs,
    maxConcurrency,
    result,
    limits: { resultBytes: raw.limits?.resultBytes ?? serverDefaults.limits.resultBytes },
    roots,
    sampling,
    elicitation,
  }
}

/** An empty list offers nothing in the clients that it comes from; here it would mean all. */
function includedTools(raw: Entry, { at, problems }: Notes): string[] {
  const key = (['includeTools', 'enabledTools', 'enabled_tools', 'tools'] as const).find(name => raw[name] !== undefined)
  const list = (key && raw[key]) ?? []
  if (key && list.length === 0) problems.push(`${at}.${key} is empty, so that it offers no tool: take it away to offer all`)
  return list.includes('*') ? [] : list
}

/** What other clients do to protect or to authorise, and the house does not. */
const unmet: Record<string, string> = {
  sandboxEnabled: 'its program runs with all the rights of the bot',
  headersHelper: 'no header comes from a program',
  authProviderType: 'no credentials come from a cloud',
}

function warnOfUnread(raw: Entry, { at, warnings }: Notes): void {
  const keys = unreadKeys(raw)
  if (keys.length === 0) return
  const effects = keys.flatMap(key => (raw[key] === false ? [] : (unmet[key] ?? [])))
  warnings.push(`${at}: nothing here reads ${quoteAll(keys)}${effects.map(effect => `; ${effect}`).join('')}`)
}

function quoteAll(keys: string[]): string {
  return keys.map(key => JSON.stringify(key)).join(', ')
}

/** Clients that write their whole form leave fields of it empty. */
function withoutBlanks(entry: unknown): unknown {
  const fields = asObject(entry)
  if (!fields) return entry
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== ''))
}

function socketOf(entry: unknown): string | undefined {
  const fields = asObject(entry) ?? {}
  const isSocket = (value: unknown) => typeof value === 'string' && /^(wss?|websocket)$/i.test(value)
  return ['type', 'transport'].find(key => isSocket(fields[key])) ?? ['ws_url', 'wsUrl'].find(key => key in fields)
}

function asFileUrl(root: string, folder: string): string {
  if (root.startsWith('file://')) return root
  return pathToFileURL(isAbsolute(root) ? root : resolve(folder, root)).href
}

function sentence(at: string, issue: z.core.$ZodIssue): string {
  const path = issue.path.map(key => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return `${at}${path} is wrong: it must be ${issue.message}`
}
