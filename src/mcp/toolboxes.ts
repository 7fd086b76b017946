import { ProtocolError } from '@modelcontextprotocol/client'
import type { ServerConfig } from '../config/servers.ts'
import { Parked } from '../errors.ts'
import { reason } from '../log.ts'
import type { SourceState, Tool } from '../model.ts'
import type { CallOptions, Owner, Prompts, ServerStatus, Toolbox, ToolResult } from '../toolbox.ts'
import type { ResultCache } from './cache.ts'
import { type Catalogue, createCatalogue, type Entry, isReadOnly } from './catalogue.ts'
import { withoutOutput } from './faults.ts'
import { CircuitOpen } from './health.ts'
import type { Hosted } from './hosted.ts'
import { callHouseTool, houseToolsFor, type Named } from './house-tools.ts'
import { nearest } from './names.ts'
import { judge } from './outcome.ts'
import { inOrder } from './owners.ts'
import type { PromptLists } from './prompts.ts'
import { showResult } from './result.ts'

/** Catalogues for whoever asks: each owner sees the house's servers and his own. */
export interface Toolboxes {
  boxFor(owners: Owner[]): Toolbox & { prompts: Prompts }
  /** Their servers under the names by which their tools begin. */
  namedFor(owners: Owner[]): Named[]
  /** Servers or tools have changed. */
  renew(): void
}

export interface ToolboxesDeps {
  serversOf(owners: Owner[]): Hosted[]
  cache: ResultCache
  prompts: PromptLists
  /** As of `createCatalogue`. */
  reserved: string[]
}

/** One for everybody who talks at the same time is enough; more would be kept for people who left. */
const mostCatalogues = 200

export function createToolboxes({ serversOf, cache, prompts, reserved }: ToolboxesDeps): Toolboxes {
  const catalogues = new Map<string, Known>()
  /** What was offered last, by the same keys. */
  const offered = new Map<string, Tool[]>()
  let version = 0

  function current(owners: Owner[]) {
    const servers = serversOf(owners)
    const key = servers.map(({ owner, config }) => `${owner}/${config.name}`).join('\n') // most people have none of their own
    const known = catalogues.get(key)
    if (known) return known
    const fresh = survey(servers, reserved, offered.get(key))
    for (const kept of [catalogues, offered]) if (kept.size >= mostCatalogues) kept.clear()
    catalogues.set(key, fresh)
    offered.set(key, fresh.offered)
    return fresh
  }
  /** A turn asks for it many times, and seldom does anything change meanwhile. */
  function lookerFor(owners: Owner[]): () => Known {
    let seen = { version, known: current(owners) }
    return () => {
      if (seen.version !== version) seen = { version, known: current(owners) }
      return seen.known
    }
  }
  function boxFor(asked: Owner[]) {
    const owners = inOrder(asked)
    const now = lookerFor(owners)
    const list = () => now().offered
    const find = (name: string) => now().catalogue.find(name)
    return {
      list,
      resolve: (name: string) => find(name)?.tool ?? now().house.find(tool => tool.name === name),
      async call(name: string, input: Record<string, unknown>, options: CallOptions) {
        const { house, named } = now()
        if (house.some(tool => tool.name === name)) return callHouseTool(name, input, named, options)
        const entry = find(name)
        return entry ? callEntry(entry, input, options, cache) : refuse(name, list())
      },
      servers: () => now().named.map(({ server, name }): ServerStatus => ({ ...server.status(), name })),
      prompts: prompts.of(() => now().named),
    }
  }
  function renew(): void {
    catalogues.clear()
    version++
  }
  return { boxFor, namedFor: owners => current(inOrder(owners)).named, renew }
}

interface Known {
  catalogue: Catalogue
  named: Named[]
  house: Tool[]
  /** The servers' tools, and behind them the house's. */
  offered: Tool[]
}

/** Of servers that have changed in something else the list is the same as `before`. */
function survey(servers: Hosted[], reserved: string[], before: Tool[] = []): Known {
  const catalogue = createCatalogue(servers, reserved)
  const named = servers.map((server, at) => ({ server, name: catalogue.prefixes[at] ?? '' }))
  const house = houseToolsFor(servers)
  const offered = [...catalogue.offered, ...house]
  const isSame = offered.length === before.length && offered.every((tool, at) => tool === before[at])
  return { catalogue, named, house, offered: isSame ? before : offered }
}

async function callEntry(
  { tool, original, server }: Entry,
  input: Record<string, unknown>,
  options: CallOptions,
  cache: ResultCache,
): Promise<ToolResult> {
  const { owner, config } = server
  const run = async (asked: CallOptions): Promise<ToolResult> => {
    try {
      return showResult(await server.call(original, input, asked), config.result)
    } catch (error) {
      if (error instanceof Parked) throw error
      const how = error instanceof CircuitOpen ? `was not run: server "${tool.server}" fails` : 'failed'
      const fault = faultOf(error, options.signal)
      return { ...failed(`${tool.label} (${tool.name}) ${how}: ${withoutOutput(reason(error))}`), ...(fault && { fault }) }
    }
  }
  const ttlMs = ttlOf(config, original)
  if (ttlMs > 0) return cache.through({ owner, server: config, tool: original.name, input, ttlMs }, options, run)
  const result = await run(options)
  if (caches(config) && !isReadOnly(original)) await cache.forget({ owner, server: config })
  return result
}

/** What the host knows of a call that threw; of what the server refused its words tell more. */
function faultOf(error: unknown, { aborted }: AbortSignal): SourceState | undefined {
  const { kind, needsAuth } = judge(error, aborted)
  if (needsAuth) return 'needs-sign-in'
  if (kind === 'timeout') return 'timed-out'
  const isAway = error instanceof CircuitOpen || (kind === 'transport' && !(error instanceof ProtocolError))
  return isAway ? 'unavailable' : undefined
}

/**
 * How long results of this tool are told again. A server's time is for the tools that it calls read-only. The operator who names a tool
 * knows it, and need not be told so by its annotations, which many servers leave out; but what says that it writes is always run.
 */
function ttlOf({ cacheTtlMs, toolCacheMs }: ServerConfig, tool: Entry['original']): number {
  const named = toolCacheMs[tool.name]
  if (named === undefined) return isReadOnly(tool) ? cacheTtlMs : 0
  return tool.annotations?.readOnlyHint === false ? 0 : named
}

function caches({ cacheTtlMs, toolCacheMs }: ServerConfig): boolean {
  return cacheTtlMs > 0 || Object.keys(toolCacheMs).length > 0
}

function refuse(name: string, offered: Tool[]): ToolResult {
  const names = nearest(
    name,
    offered.map(tool => tool.name),
  )
  return failed(
    `there is no tool "${name}"; ${names.length > 0 ? `the nearest are ${names.join(', ')}` : 'no tools are connected'}`,
  )
}

function failed(text: string): ToolResult {
  return { ok: false, text }
}
