import { type Author, addressOf, type Conversation, platformOf } from '../message.ts'
import { houseServer, type Permission, type Tool } from '../model.ts'
import { tokenOf } from '../queue/token.ts'

/** A person wherever he is: `platform:native id`. */
export type Person = `${string}:${string}`

/** What a rule is about: everything, the tools of one server, or one tool under its full name. */
export type Target = '*' | `server:${string}` | `tool:${string}`

/** Whom it is for: everybody, whoever speaks in one place (of a `platform:chat` in each `platform:chat:thread` too), or one person wherever he is. */
export type Whom = 'everyone' | `here:${Conversation}` | `person:${Person}`

/** What an admin has decided. */
export interface Rule {
  permission: Permission
  target: Target
  whom: Whom
  /** The admin. */
  by: string
}

/** Who wants to call something, and where. */
export interface Caller {
  person: Person
  conversation: Conversation
}

/** A tool as far as rules go. */
export type Ruled = Pick<Tool, 'name' | 'server' | 'permission'>

export const callerOf = (conversation: Conversation, { id }: Author): Caller => ({
  person: `${platformOf(conversation)}:${id}`,
  conversation,
})

/**
 * Of the rules of admins that fit, the one nearest to the caller decides (of this person, then of this thread, of its chat, of everyone), and
 * among equals the one nearest to the tool (of this tool, then of its server, of everything); where none fits, servers.config.json does
 * (of this tool, then of `*`), else what only reads on a server that is believed is allowed, and all else is asked about.
 */
export function decide(rules: Rule[], caller: Caller, tool: Ruled): Permission {
  if (tool.server === houseServer) return 'allow'
  const own = tool.permission ?? 'ask'
  if (rules.length === 0) return own // nearly always, and asked of every tool at every step
  return strongest(rules, caller, [`tool:${tool.name}`, `server:${tool.server}`, '*'])?.permission ?? own
}

/** Whether nothing of this server is for the caller: its resources and prompts are not either. */
export function isServerDenied(rules: Rule[], caller: Caller, server: string): boolean {
  if (rules.length === 0) return false // nearly always, and asked of every server
  return strongest(rules, caller, [`server:${server}`, '*'])?.permission === 'deny'
}

const whoms = new WeakMap<Caller, Whom[]>()

/** The names under which rules may be meant for this caller, the nearest first. */
export function whomsOf(caller: Caller): Whom[] {
  const known = whoms.get(caller)
  if (known) return known
  const { person, conversation } = caller
  const chat = `${platformOf(conversation)}:${addressOf(conversation)[0] ?? ''}`
  const found = [...new Set<Whom>([`person:${person}`, `here:${conversation}`, `here:${chat}`, 'everyone'])]
  whoms.set(caller, found)
  return found
}

function strongest(rules: Rule[], caller: Caller, targets: Target[]): Rule | undefined {
  for (const whom of whomsOf(caller)) {
    const near = rules.filter(rule => rule.whom === whom)
    const found = targets.map(target => near.find(rule => rule.target === target)).find(rule => rule !== undefined)
    if (found) return found
  }
  return undefined
}

/** Whether the target takes in what `tool` names. */
export const covers = (target: Target, { name, server }: Pick<Tool, 'name' | 'server'>) =>
  target === '*' || target === `server:${server}` || target === `tool:${name}`

/** What callers may call of each list, by the rules that are near them: those of most callers are the same. */
const permitted = new WeakMap<Tool[], Map<string, Tool[]>>()
/** Rules change seldom, and few people have their own. */
const mostKept = 100

/** Those that are not denied; the same list in every turn, as long as `tools` and the rules that are near the caller are. */
export function permittedOf(tools: Tool[], rules: Rule[], caller: Caller): Tool[] {
  const key = keyOf(rules, caller)
  const known = permitted.get(tools) ?? new Map<string, Tool[]>()
  const found = known.get(key)
  if (found) return found
  const fresh = tools.filter(tool => decide(rules, caller, tool) !== 'deny')
  if (known.size >= mostKept) known.clear()
  permitted.set(tools, known.set(key, fresh))
  return fresh
}

/** The same for all callers for whom the same is decided, whoever they are. */
function keyOf(rules: Rule[], caller: Caller): string {
  const order = new Map(whomsOf(caller).map((whom, at) => [whom, at]))
  const near = rules.filter(({ whom }) => order.has(whom))
  return JSON.stringify(near.map(({ whom, target, permission }) => [order.get(whom), target, permission]))
}

const definitions = new WeakMap<Tool, string>()

/** Another for a tool that is described otherwise, wants other arguments or belongs to somebody else: what was approved of the one says nothing of the other. */
export function definitionOf(tool: Tool): string {
  const { name, label, description, inputSchema, server, owner = 'house', readOnly = false } = tool
  const facts = [name, server, owner, label, description, inputSchema, readOnly]
  const known = definitions.get(tool) ?? tokenOf(JSON.stringify(facts))
  definitions.set(tool, known)
  return known
}
