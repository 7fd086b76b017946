import type { CallToolResult, Client, Tool } from '@modelcontextprotocol/client'
import type { ServerConfig } from '../config/servers.ts'
import type { Log } from '../log.ts'
import type { CallOptions, ServerStatus } from '../toolbox.ts'
import { Busy, findBusy } from './busy.ts'
import { type Calls, createCalls, type Sample } from './calls.ts'
import { tidy } from './clean.ts'
import { type Connection, type ConnectionHooks, type KnownWay, openConnection } from './connection.ts'
import { raceAbort } from './deadline.ts'
import { callFault, withoutOutput } from './faults.ts'
import { createLine, type Line } from './line.ts'
import { keepListening, type ListenHooks } from './listen.ts'
import { isOver, isSessionGone } from './retry.ts'
import { hearLogs, type WarnOnce } from './server-log.ts'
import type { Web } from './web.ts'

/** One server, kept open for the life of the process: it is connected again when it crashes or closes. */
export interface Session {
  readonly config: ServerConfig
  /** Resolves when the first attempt has ended, well or badly; its status tells how. */
  start(): Promise<void>
  status(): ServerStatus
  /** What it last listed; kept while it is away, so that names stay and a call can wait for its return. */
  tools(): Tool[]
  /** Waits for the server within the deadline of the call. Rejects with a sentence for the model. */
  call(tool: Tool, input: Record<string, unknown>, options: CallOptions): Promise<CallToolResult>
  /** Any other request, in the same way. */
  use: Calls['use']
  /** What it said that it has, when it was last up. */
  offers(): Offers
  /** Asks for the list of tools anew, if it is up. Never rejects. */
  relist(): Promise<void>
  /** Stops the clocks of the calls that are under way, until what is returned is called: for while a person is asked. */
  hold: Calls['hold']
  close(): Promise<void>
}

/** What a server has beside tools. */
export interface Offers {
  resources: boolean
  prompts: boolean
  completions: boolean
}

export const noOffers: Offers = { resources: false, prompts: false, completions: false }

export interface SessionDeps {
  log: Log
  /** Whether what the server says of its own tools is believed: a call is made again only if it is. Absent: it is. */
  trusted?: boolean
  web?: Web
  /** Lets a server ask the model. Rejects when that is not wanted. Absent: it cannot. */
  sample?: Sample
  /** The state or the list of tools is another one. */
  onChange(): void
  /** Its prompts may be others. Absent: nobody keeps them. */
  onPromptsChanged?(): void
}

/** A connection that has told its tools. */
type Listed = Connection & { tools: Tool[]; connectMs: number }

type Hooks = ConnectionHooks & ListenHooks<Listed> & { onUnlisted(why: string): void }

export function createSession(config: ServerConfig, deps: SessionDeps): Session {
  const { log, onChange, onPromptsChanged = () => {} } = deps
  const ending = new AbortController()
  const known: KnownWay = {}
  const warn = createWarner(config.name, log)
  let status: ServerStatus = { name: config.name, state: 'connecting', tools: 0 }
  let tools: Tool[] = []
  let offers = noOffers
  const line = createLine<Listed>({
    connect: signal => openListed(config, hooks, signal, known),
    onUp(up) {
      tools = up.tools
      offers = offersOf(up)
      tell({ state: 'active', connectMs: up.connectMs, ...instructionsOf(up) })
      void keepListening(up, hooks, ending.signal)
    },
    onDown(state, why) {
      tell({ state, error: sayDown(config.name, state, why, status.error, log) })
    },
  })

  const hooks: Hooks = {
    ...{ onToolsChanged: () => void relist(), onPromptsChanged },
    onForgotten: at => forget(line, at),
    onUnlisted: error => log.warn({ server: config.name, error }, 'mcp tools could not be listed anew'),
    onComplaint: warn.complain,
    answer: request => calls.answer(request),
    hearLogs: client => hearLogs(client, config.name, log, warn.warnOnce),
    ...(deps.web && { web: deps.web }),
  }

  const relist = onePerTime(async () => {
    const fresh = await listAgain(line, config, hooks, ending.signal)
    if (!fresh) return
    tools = fresh
    status = { ...status, tools: tools.length }
    onChange()
  })

  const calls = createCalls({ trusted: true, ...deps, line, config, warnOnce: warn.warnOnce, ended: ending.signal })

  function tell(news: Omit<ServerStatus, 'name' | 'tools'>): void {
    status = { name: config.name, tools: tools.length, ...news }
    onChange()
  }

  return {
    config,
    start: () => line.open().then(ignore, ignore),
    status: () => status,
    tools: () => tools,
    relist,
    ...calls,
    offers: () => offers,
    async close() {
      ending.abort(new Error('closed'))
      await line.close()
    },
  }
}

/** What everybody may be told; the log hears the whole of it, unless it has already. */
function sayDown(name: string, state: 'connecting' | 'error', why: string, before: string | undefined, log: Log): string {
  const error = state === 'error' ? why : `server "${name}" is away: ${why}`
  const told = withoutOutput(error)
  if (told !== before) log.warn({ server: name, error }, 'mcp server down')
  return told
}

function forget(line: Line<Listed>, at: Listed): void {
  line.lose(at, 'the server has forgotten the session')
  at.retire()
}

function offersOf({ client }: Connection): Offers {
  const { resources, prompts, completions } = client.getServerCapabilities() ?? {}
  return { resources: resources !== undefined, prompts: prompts !== undefined, completions: completions !== undefined }
}

const maxInstructionChars = 4000

function instructionsOf({ client }: Connection): { instructions?: string } {
  const instructions = tidy(client.getInstructions() ?? '', maxInstructionChars)
  return instructions ? { instructions } : {}
}

interface Warner {
  complain(complaint: string): void
  warnOnce: WarnOnce
}

function createWarner(server: string, log: Log): Warner {
  const told = new Set<string>()
  function warnOnce(facts: object, event: string): void {
    const key = JSON.stringify(facts)
    if (told.has(key) || told.size > 200) return
    told.add(key)
    log.warn({ server, ...facts }, event)
  }
  return {
    warnOnce,
    complain(complaint) {
      // The SDK quotes whole messages; what people and tools say is not for the log.
      const brief = tidy(complaint.replace(/\{.*/s, '{…}'), 500)
      if (brief.startsWith('left out')) warnOnce({ complaint: brief }, 'mcp server sends what is not valid')
      else log.debug({ server, complaint: brief }, 'mcp complaint')
    },
  }
}

async function openListed(config: ServerConfig, hooks: ConnectionHooks, signal: AbortSignal, known: KnownWay): Promise<Listed> {
  const began = performance.now()
  const connection = await openConnection(config, hooks, signal, known)
  try {
    const tools = await listTools(connection.client, config.connectMs, signal)
    return { ...connection, tools, connectMs: Math.round(performance.now() - began) }
  } catch (error) {
    const why = isOver(error) ? await connection.closed : callFault(error, config).message
    await connection.close()
    const sentence = `server "${config.name}" could not list its tools: ${why}`
    const busy = findBusy(error)
    throw busy ? new Busy(busy.status, busy.retryAfterMs, sentence) : new Error(sentence)
  }
}

/** Undefined when it could not be listed, or is not up any more. */
async function listAgain(
  line: Line<Listed>,
  config: ServerConfig,
  { onForgotten, onUnlisted }: Hooks,
  signal: AbortSignal,
): Promise<Tool[] | undefined> {
  const at = line.current()
  if (!at) return undefined
  try {
    const tools = await listTools(at.client, config.connectMs, signal)
    return line.current() === at ? tools : undefined
  } catch (error) {
    if (isSessionGone(error)) onForgotten(at)
    else onUnlisted(callFault(error, config).message)
    return undefined
  }
}

async function listTools(client: Client, timeout: number, signal: AbortSignal): Promise<Tool[]> {
  if (!client.getServerCapabilities()?.tools) return []
  const list = client.listTools(undefined, { cacheMode: 'refresh', timeout, signal })
  return (await raceAbort(list, signal)).tools
}

/** Runs `work` at most once at a time; calls that come meanwhile share one more run. */
function onePerTime(work: () => Promise<void>): () => Promise<void> {
  let last = Promise.resolve()
  let waiting = false
  return () => {
    if (waiting) return last
    waiting = true
    last = last.then(() => {
      waiting = false
      return work()
    })
    return last
  }
}

/** The status tells how it went. */
function ignore(): void {}
