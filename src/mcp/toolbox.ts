import { getDisplayName, type Tool as McpTool } from '@modelcontextprotocol/client'
import type { ServerConfig } from '../config/servers.ts'
import { type Log, reason } from '../log.ts'
import type { Tool } from '../model.ts'
import type { Toolbox, ToolResult } from '../toolbox.ts'
import { aliasesOf, humanise, nameTools, nearest, type ToolId } from './names.ts'
import { showResult } from './result.ts'
import { repairSchema } from './schema.ts'
import { createSession, type Session } from './session.ts'

export interface RunningToolbox extends Toolbox {
  /** Resolves when every server has come up or failed once. What is up can be used before that. */
  start(): Promise<void>
  /** Ends all servers, and all calls that still run. */
  close(): Promise<void>
}

interface Entry {
  id: ToolId
  tool: Tool
  original: McpTool
  session: Session
}

/** All servers as one catalogue. A server that fails takes no other with it, and is tried again in the background. */
export function createToolbox(servers: ServerConfig[], { log }: { log: Log }): RunningToolbox {
  let catalogue: Catalogue | undefined
  const onChange = () => {
    catalogue = undefined
  }
  const sessions = servers.map(config => createSession(config, { log, onChange }))
  const current = () => {
    catalogue ??= createCatalogue(sessions)
    return catalogue
  }

  return {
    list: () => current().offered,
    async call(name, input, options) {
      const entry = current().find(name)
      if (!entry) return refuse(name, current().offered)
      try {
        return showResult(await entry.session.call(entry.original, input, options))
      } catch (error) {
        return failed(`${entry.tool.label} (${entry.tool.name}) failed: ${reason(error)}`)
      }
    },
    servers: () => sessions.map(session => ({ ...session.status(), tools: filterTools(session).length })),
    async start() {
      await Promise.all(sessions.map(session => session.start()))
    },
    async close() {
      await Promise.all(sessions.map(session => session.close()))
    },
  }
}

interface Catalogue {
  /** The tools of the servers that are up, or about to be again. */
  offered: Tool[]
  find(name: string): Entry | undefined
}

/** Servers that are away keep their names in it, so that no name passes to another tool meanwhile. */
function createCatalogue(sessions: Session[]): Catalogue {
  const found = sessions.flatMap(session =>
    filterTools(session).map(original => ({ session, original, id: idOf(session, original) })),
  )
  const names = nameTools(found.map(({ id }) => id))
  const entries = found.map((one, i): Entry => ({ ...one, tool: adapt(names[i] ?? '', one.id, one.original) }))
  const byName = new Map(entries.map(entry => [entry.tool.name, entry]))
  const byAlias = Map.groupBy(
    entries.flatMap(entry => [...new Set(aliasesOf(entry.id))].map(alias => ({ alias, entry }))),
    ({ alias }) => alias,
  )
  return {
    offered: entries.filter(({ session }) => session.status().state !== 'error').map(({ tool }) => tool),
    find(name) {
      const meant = byAlias.get(name) ?? []
      return byName.get(name) ?? (meant.length === 1 ? meant[0]?.entry : undefined)
    },
  }
}

function filterTools(session: Session): McpTool[] {
  const { include, exclude } = session.config
  return session.tools().filter(({ name }) => (include.length === 0 || include.includes(name)) && !exclude.includes(name))
}

function idOf(session: Session, tool: McpTool): ToolId {
  return { server: session.config.name, tool: tool.name }
}

/** Longer ones fill the prompt of every turn. */
const maxDescriptionChars = 4000
const maxLabelChars = 80

function adapt(name: string, { server, tool }: ToolId, original: McpTool): Tool {
  const title = getDisplayName(original)
  return {
    name,
    description: clean(original.description ?? '').slice(0, maxDescriptionChars),
    inputSchema: repairSchema(original.inputSchema),
    label: clean(title === tool ? humanise(tool) : title).slice(0, maxLabelChars),
    server,
    repeatable: original.annotations?.readOnlyHint === true || original.annotations?.idempotentHint === true,
  }
}

/** Without characters that steer a terminal or turn the direction of writing: a server could hide words with them. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, char =>
    char === '\n' || char === '\t' ? char : '',
  )
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
