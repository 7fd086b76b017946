import { getDisplayName, type Tool as McpTool } from '@modelcontextprotocol/client'
import { houseServer, type Permission, type Tool } from '../model.ts'
import type { ServerState } from '../toolbox.ts'
import { clean } from './clean.ts'
import { digest } from './digest.ts'
import type { Hosted } from './hosted.ts'
import { aliasesOf, humanise, nameTools } from './names.ts'
import { promiseOf } from './output.ts'
import { repairSchema } from './schema.ts'

/** A tool under the name that the model knows, and what stands behind it. */
export interface Entry {
  tool: Tool
  original: McpTool
  server: Hosted
}

export interface Catalogue {
  /** The tools of the servers that are up, or about to be again. */
  offered: Tool[]
  find(name: string): Entry | undefined
  /** The beginning of the names of its tools, for each server in their order. */
  prefixes: string[]
}

const away = new Set<ServerState>(['error', 'needs_auth', 'disabled'])

/**
 * Servers that are away keep their names in it, so that no name passes to another tool meanwhile. Of two meanings the earlier server's wins.
 * `reserved` are names of servers that none of these may have.
 */
export function createCatalogue(servers: Hosted[], reserved: string[] = []): Catalogue {
  const prefixes = prefixesOf(servers, reserved)
  const found = servers.flatMap((server, at) =>
    server.tools().map(original => ({ server, original, id: { server: prefixes[at] ?? '', tool: original.name } })),
  )
  const names = nameTools(found.map(({ id }) => id))
  const entries = found.map(({ id, original, server }, at) => {
    return { tool: define(original, server, names[at] ?? '', id.server), original, server, id }
  })
  const byName = new Map(entries.map(entry => [entry.tool.name, entry]))
  const byAlias = Map.groupBy(
    entries.flatMap(entry => [...new Set(aliasesOf(entry.id))].map(alias => ({ alias, entry }))),
    ({ alias }) => alias,
  )
  const states = new Map(servers.map(server => [server, server.status().state]))
  return {
    offered: entries.filter(({ server }) => !away.has(states.get(server) ?? 'error')).map(({ tool }) => tool),
    prefixes,
    find(name) {
      const meant = (byAlias.get(name) ?? []).map(({ entry }) => entry)
      const [first] = meant
      const rivals = meant.filter(({ server }) => server.owner === first?.server.owner)
      return byName.get(name) ?? (rivals.length === 1 ? first : undefined)
    },
  }
}

/** The name of the server; where another owner's has it before, with something of its owner's that is the same at all times. */
function prefixesOf(servers: Hosted[], reserved: string[]): string[] {
  const taken = new Set<string>([houseServer, ...reserved])
  return servers.map(({ config, owner }) => {
    let prefix = config.name
    for (let chars = 6; taken.has(prefix); chars++) prefix = `${config.name}_${digest(owner).slice(0, chars)}`
    taken.add(prefix)
    return prefix
  })
}

/** Longer ones fill the prompt of every turn. */
const maxDescriptionChars = 4000
const maxLabelChars = 80

/** All of it but its name, which depends on who looks. Kept as long as the server's list is. */
const adapted = new WeakMap<McpTool, Omit<Tool, 'name' | 'server'>>()

function adapt(original: McpTool): Omit<Tool, 'name' | 'server'> {
  const known = adapted.get(original)
  if (known) return known
  const title = getDisplayName(original)
  const readOnly = isReadOnly(original)
  const { destructiveHint: destructive, openWorldHint: openWorld } = original.annotations ?? {}
  const outputSchema = promiseOf(original)
  const tool = {
    description: clean(original.description ?? '').slice(0, maxDescriptionChars),
    inputSchema: repairSchema(original.inputSchema),
    label: clean(title === original.name ? humanise(title) : title).slice(0, maxLabelChars),
    repeatable: readOnly || original.annotations?.idempotentHint === true,
    ...(outputSchema && { outputSchema }),
    ...(readOnly && { readOnly: true as const }),
    ...(destructive !== undefined && { destructive }),
    ...(openWorld !== undefined && { openWorld }),
  }
  adapted.set(original, tool)
  return tool
}

/** As it is called by each of those who look, which is nearly always the same. */
const defined = new WeakMap<McpTool, Tool[]>()

/** The same object as long as nothing of it is another: what was made of it is known by it. */
function define(original: McpTool, from: Hosted, name: string, server: string): Tool {
  const known = defined.get(original) ?? []
  const permission = permissionOf(original, from)
  const owner = from.owner === 'house' ? undefined : from.owner
  const found = known.find(
    tool => tool.name === name && tool.server === server && tool.owner === owner && tool.permission === permission,
  )
  if (found) return found
  const tool: Tool = { name, ...adapt(original), server, ...(owner !== undefined && { owner }), permission }
  defined.set(original, [...known, tool])
  return tool
}

/** As its entry says, of this tool or of all; else what only reads may run, where the server is believed. */
function permissionOf(original: McpTool, { config, owner }: Hosted): Permission {
  const { permissions = {}, autoApprove, trust } = config
  const said = (name: string) =>
    Object.hasOwn(permissions, name) ? permissions[name] : autoApprove.includes(name) ? 'allow' : undefined
  const isBelieved = owner === 'house' || trust
  return said(original.name) ?? said('*') ?? (isBelieved && isReadOnly(original) ? 'allow' : 'ask')
}

/** What a server says of its own tool: a hint, which decides nothing that could do harm. */
export function isReadOnly({ annotations }: McpTool): boolean {
  return annotations?.readOnlyHint === true
}
