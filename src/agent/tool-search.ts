import { nearest } from '../mcp/names.ts'
import { type Entry, houseServer, type Tool, type ToolEntry } from '../model.ts'
import type { ServerStatus, Toolbox, ToolResult } from '../toolbox.ts'
import type { ToolFinder } from '../tools/finder.ts'
import { lookUp } from '../tools/list.ts'
import { withHouseTools } from './house-tools.ts'
import { loadSkillName } from './skills.ts'
import { definitionTokens } from './tokens.ts'

/** How many tools may be defined to the model at once; beyond, it is given a few and searches for others. */
export interface ToolBudget {
  tools: number
  /** Of all definitions together. */
  tokens: number
}

/** 15 % of a window of 128,000. */
export const definitionsMayTake = 19_200

export interface ToolSearchOptions {
  toolbox: Toolbox
  finder: ToolFinder
  budget: ToolBudget
  /** What the system prompt says of skills: a tool that it calls connected is given from the start. */
  notes?: string[]
}

/** The tools of one turn, as far as the model is to know them. */
export interface ToolSearch {
  /** The same tools, and `search_tools` where there are more than the budget. */
  toolbox: Toolbox
  /**
   * What the model is given with this transcript: all, or the house's own and what was found or used in it. What is new comes last, so that
   * a cache of the prompt holds what stood before it.
   */
  offer(transcript: Entry[]): Tool[]
  /** What the system prompt says of each server in place of its instructions; undefined where all tools are given. */
  about(): string[] | undefined
}

/** What the tool of the house is called. */
export const searchToolsName = 'search_tools'
const [fewest, usual, most] = [1, 5, 20]

const definition: Tool = {
  name: searchToolsName,
  description:
    'Finds tools by what they do, among all tools of all connected servers; only a few of them are defined here. Those that it returns can be called from then on. Say in English what is to be done and with which service, such as "send telegram message" or "weather forecast"; search once for each thing that you need.',
  inputSchema: {
    type: 'object',
    properties: {
      query: { type: 'string', description: 'What the tool should do, in a few words; or its name' },
      limit: { type: 'integer', minimum: fewest, maximum: most, description: `How many tools at most; ${usual} if not given` },
    },
    required: ['query'],
  },
  label: 'Search tools',
  server: houseServer,
  repeatable: true,
  readOnly: true,
}

export function openToolSearch({ toolbox, finder, budget, notes = [] }: ToolSearchOptions): ToolSearch {
  const isNeeded = () => exceeds(toolbox.list(), budget)
  const skilled = notes.flatMap(note => connectedIn(note))
  let order: string[] = []

  async function search({ query, limit }: Record<string, unknown>, signal: AbortSignal): Promise<ToolResult> {
    const wanted = typeof query === 'string' ? query.trim() : ''
    if (wanted === '') return { ok: false, text: 'say what the tool should do: `query` is missing' }
    const all = lookUp(toolbox.list()).theirs
    const about = new Map(toolbox.servers().map(server => [server.name, server.instructions]))
    const asked = Math.floor(Number(limit ?? usual))
    const count = asked >= fewest ? Math.min(most, asked) : usual
    const named = namedIn(wanted, toolbox)
    const ranked = await finder.find(wanted, all, about, signal)
    const found = [...new Set([...named, ...ranked])].slice(0, Math.max(named.length, count))
    return found.length > 0 ? tellFound(found, about) : tellNothing(wanted, toolbox.servers())
  }
  const searchTools = {
    tool: definition,
    isOffered: isNeeded,
    call: (input: Record<string, unknown>, { signal }: { signal: AbortSignal }) => search(input, signal),
  }
  const whole = withHouseTools(toolbox, [searchTools])
  const isUnknown = (called: string) => !whole.resolve(called)
  return {
    toolbox: {
      ...whole,
      async call(called, input, options) {
        return isNeeded() && isUnknown(called) ? tellNearest(called, toolbox.list()) : whole.call(called, input, options)
      },
    },
    offer(transcript) {
      const all = whole.list()
      if (!isNeeded()) return all
      const { ours, byName: known } = lookUp(all)
      const head = new Set(ours.map(tool => tool.name))
      const loaded = [...loadedIn(transcript, one => whole.resolve(one)?.name)].filter(([one]) => !head.has(one))
      const given = new Set([...head, ...fitting(loaded, Math.max(most, budget.tools - head.size)), ...skilled])
      order = [...new Set([...order.filter(one => given.has(one)), ...given])]
      return order.flatMap(one => known.get(one) ?? [])
    },
    about: () => (isNeeded() ? [tellServers(toolbox)] : undefined),
  }
}

function exceeds(tools: Tool[], budget: ToolBudget): boolean {
  return tools.length > budget.tools || tokensOf(tools) > budget.tokens
}

const sums = new WeakMap<Tool[], number>()

function tokensOf(tools: Tool[]): number {
  const sum = sums.get(tools) ?? tools.reduce((all, tool) => all + definitionTokens(tool), 0)
  sums.set(tools, sum)
  return sum
}

/** What was found or called so far, by name, in the order in which that was; true: called. */
function loadedIn(transcript: Entry[], resolve: (called: string) => string | undefined): Map<string, boolean> {
  const loaded = new Map<string, boolean>()
  for (const entry of transcript) {
    if (entry.role === 'assistant') for (const call of entry.calls) loaded.set(resolve(call.name) ?? call.name, true)
    if (entry.role === 'tool') for (const one of toldIn(entry, resolve)) loaded.set(one, loaded.get(one) ?? false)
  }
  return loaded
}

function toldIn({ name: called, text, ok }: ToolEntry, resolve: (called: string) => string | undefined): string[] {
  if (called === searchToolsName || (!ok && resolve(called) === undefined)) return foundIn(text)
  return called === loadSkillName ? connectedIn(text) : []
}

/**
 * Beyond `room` the longest found of those that were never called are left out: who searches all day would be given everything in the
 * end.
 */
function fitting(loaded: [string, boolean][], room: number): string[] {
  const idle = loaded.flatMap(([one, wasCalled]) => (wasCalled ? [] : [one]))
  const dropped = new Set(idle.slice(0, Math.max(0, loaded.length - room)))
  return loaded.flatMap(([one]) => (dropped.has(one) ? [] : [one]))
}

/** As `listOf` writes it, and nothing that a description could hold: those have no line breaks there. */
const foundIn = (text: string) => [...text.matchAll(/^- ([\w-]{1,64})\(/gm)].map(([, found]) => found ?? '')
/** As a skill tells of its tools. */
const connectedIn = (text: string) => [...text.matchAll(/^- `([\w-]{1,64})` is connected$/gm)].map(([, found]) => found ?? '')

/** Words of the query that are whole names of tools. */
function namedIn(query: string, toolbox: Toolbox): Tool[] {
  const { byName } = lookUp(toolbox.list())
  const names = query.split(/[\s,;"'`:]+/).filter(word => /[_.]/.test(word))
  const found = names.flatMap(one => byName.get(toolbox.resolve(one)?.name ?? one) ?? [])
  return found.filter(({ server }) => server !== houseServer).slice(0, most)
}

const [longestLine, longestAbout, longestPurpose] = [200, 800, 140]

function tellFound(found: Tool[], about: ReadonlyMap<string, string | undefined>): ToolResult {
  const servers = [...new Set(found.map(({ server }) => server))]
  const more = servers.flatMap(server => {
    const text = oneLine(about.get(server) ?? '', longestAbout)
    return text.length > longestPurpose ? [`How ${server} says it is used: ${text}`] : [] // what is shorter stands in the system prompt
  })
  const text = [`These tools can be called now (* is required):\n${listOf(found)}`, ...more].join('\n\n')
  return { ok: true, text, count: found.length }
}

function tellNothing(wanted: string, servers: ServerStatus[]): ToolResult {
  const names = servers.map(({ name: server }) => server).join(', ')
  return {
    ok: true,
    text: `no tool fits ${JSON.stringify(wanted.slice(0, 200))}; try other words, in English. The servers are: ${names || 'none'}`,
  }
}

function tellNearest(wanted: string, tools: Tool[]): ToolResult {
  const names = nearest(
    wanted,
    tools.map(tool => tool.name),
  )
  const found = names.flatMap(one => lookUp(tools).byName.get(one) ?? [])
  return {
    ok: false,
    text: `there is no tool ${JSON.stringify(wanted.slice(0, 80))}; these have the nearest names, and can be called now:\n${listOf(found)}`,
  }
}

const listOf = (tools: Tool[]) =>
  tools.map(tool => `- ${tool.name}(${parametersOf(tool)}): ${oneLine(tool.description || tool.label, longestLine)}`).join('\n')

function parametersOf({ inputSchema: { properties, required } }: Tool): string {
  const wanted = Array.isArray(required) ? required : []
  return Object.keys((properties ?? {}) as object)
    .map(key => (wanted.includes(key) ? `${key}*` : key))
    .join(', ')
}

/** A line for each server: its name, how many tools it has, how it is, what it is for. */
function tellServers(toolbox: Toolbox): string {
  const { ofServer } = lookUp(toolbox.list())
  const lines = toolbox
    .servers()
    .filter(({ state }) => state !== 'disabled')
    .map(server => {
      const tools = ofServer.get(server.name) ?? []
      const health = healthOf(server)
      const purpose = server.instructions === undefined ? labelsOf(tools) : purposeOf(server.instructions)
      return `- ${server.name} (${tools.length} tools${health && `; ${health}`})${purpose && `: "${purpose.replaceAll('"', "'")}"`}`
    })
  return `Your tool servers have more tools than can be defined here. Before you say that you cannot do something, look for a tool with \`${searchToolsName}\`. The servers, with their own words in quotation marks:\n${lines.join('\n')}`
}

/** More than there are servers. */
const mostPurposes = 1000
const purposes = new Map<string, string>()

/** A server says of itself in every turn the same. */
function purposeOf(instructions: string): string {
  const known = purposes.get(instructions)
  if (known !== undefined) return known
  if (purposes.size >= mostPurposes) purposes.clear()
  const line = oneLine(instructions, longestPurpose)
  purposes.set(instructions, line)
  return line
}

const labels = new WeakMap<Tool[], string>()

/** What a server is for that does not say it. */
function labelsOf(tools: Tool[]): string {
  const known = labels.get(tools) ?? oneLine(tools.map(({ label }) => label).join(', '), longestPurpose)
  labels.set(tools, known)
  return known
}

function healthOf({ state }: ServerStatus): string {
  if (state === 'error') return 'not available now'
  if (state === 'needs_auth') return 'not available, since it wants a sign-in'
  if (state === 'connecting') return 'not connected yet'
  return state === 'degraded' ? 'many of its calls fail now' : ''
}

function oneLine(text: string, chars: number): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > chars ? `${line.slice(0, chars - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : line
}
