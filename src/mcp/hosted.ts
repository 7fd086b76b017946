import type { CallToolResult, Tool as McpTool } from '@modelcontextprotocol/client'
import type { ServerConfig } from '../config/servers.ts'
import { Parked } from '../errors.ts'
import { type Log, reason } from '../log.ts'
import type { CallOptions, Owner, ServerState, ServerStatus } from '../toolbox.ts'
import type { Run, Sample, UseOptions } from './calls.ts'
import { withoutOutput } from './faults.ts'
import type { HealthRules, Told } from './health.ts'
import type { Metrics } from './metrics.ts'
import { type FailureKind, judge } from './outcome.ts'
import type { Pins } from './pins.ts'
import { createSession, noOffers, type Offers, type Session } from './session.ts'
import { createSlots } from './slots.ts'
import { createStanding, type Standing, type StatusChange } from './standing.ts'
import type { WebFor } from './web.ts'

/** One server of one owner, for as long as it is registered: its connection, how it does, and what it offers. */
export interface Hosted {
  readonly owner: Owner
  readonly config: ServerConfig
  /** Resolves when the first attempt has ended, well or badly. */
  start(): Promise<void>
  status(): ServerStatus
  /** Those that its configuration lets through, also while it is away. */
  tools(): McpTool[]
  /** Asks for its list anew when that is older than `olderThanMs`. */
  refresh(olderThanMs: number): Promise<void>
  /** Rejects with a sentence for the model. */
  call(tool: McpTool, input: Record<string, unknown>, options: CallOptions): Promise<CallToolResult>
  /** Any other request, as `Calls.use`; one that reads may be made again. */
  use<T>(run: Run<T>, options: UseOptions): Promise<T>
  /** What it said that it has, also while it is away. */
  offers(): Offers
  /** Another number whenever its prompts may have become others. */
  promptsEdition(): number
  stats(): SessionStats
  close(): Promise<void>
}

export interface SessionStats {
  server: string
  owner: Owner
  state: ServerState
  /** Its connection was closed since nobody used it; the next call opens another. */
  asleep: boolean
  connects: number
  /** Connections that ended by themselves. */
  losses: number
  callsUnderWay: number
  /** Milliseconds since 1970. */
  lastUsedAt: number
}

export interface HostedDeps {
  log: Log
  now(): number
  metrics: Metrics
  pins: Pins
  health: Partial<HealthRules>
  /** A connection that nobody used for so long is closed; absent: never. */
  idleMs?: number
  web?: WebFor
  sample?: Sample
  onStatus(change: StatusChange): void
  /** The tools, or whether they are offered, may be others. */
  onChange(): void
}

export function createHosted(config: ServerConfig, owner: Owner, deps: HostedDeps): Hosted {
  const { now } = deps
  const slots = createSlots(config.maxConcurrency)
  const onEdge = (change: Edge) => deps.onStatus({ server: config.name, owner, ...change })
  const standing = createStanding({ now, health: deps.health, onEdge })
  const ending = new AbortController()
  const list = createList(config, owner, deps)
  const trusted = owner === 'house' || config.trust
  const keeper = createKeeper(
    config,
    { ...deps, owner, trusted },
    {
      isBusy: () => slots.busy > 0,
      onOpen: status => standing.begin(status),
      hear(status, tools) {
        if (status.state === 'active') list.take(tools)
        standing.hear(status)
        deps.onChange()
      },
    },
  )
  const caller = { config, owner, standing, metrics: deps.metrics, use: keeper.use, ended: ending.signal }
  const inSlot = <T>(work: () => Promise<T>, signal: AbortSignal) => slots.run(work, signal, ending.signal)

  return {
    owner,
    config,
    start: () => keeper.use().start(),
    status: () => ({ ...statusOf(config, owner, standing, keeper.lastStatus()), ...list.facts() }),
    tools: list.tools,
    async refresh(olderThanMs) {
      if (now() - list.at() < olderThanMs) return
      await keeper.relist()
      list.touch()
    },
    call: (tool, input, options) => inSlot(() => runCall(caller, tool, input, options), options.signal),
    use(run, options) {
      const work = () => keeper.use().use(run, { ...options, repeatable: true })
      return inSlot(() => judged(caller, options.signal, work), options.signal)
    },
    offers: keeper.offers,
    promptsEdition: keeper.promptsEdition,
    stats: () => ({
      server: config.name,
      owner,
      state: standing.view().state,
      asleep: keeper.isAsleep(),
      ...standing.counts,
      callsUnderWay: slots.busy,
      lastUsedAt: keeper.lastUsedAt(),
    }),
    async close() {
      ending.abort(new Error('the server was taken out'))
      standing.end()
      await keeper.close()
    },
  }
}

type Edge = Omit<StatusChange, 'server' | 'owner'>

interface Caller {
  config: ServerConfig
  owner: Owner
  standing: Standing
  metrics: Metrics
  use(): Session
  /** The server is taken out, and its calls with it. */
  ended: AbortSignal
}

async function runCall(
  caller: Caller,
  tool: McpTool,
  input: Record<string, unknown>,
  options: CallOptions,
): Promise<CallToolResult> {
  const { config, owner, metrics, use } = caller
  const of = { owner, server: config.name, tool: tool.name }
  const began = performance.now()
  const onFault = (kind: FailureKind) => metrics.record(of, kind, performance.now() - began)
  const result = await judged(caller, options.signal, () => use().call(tool, input, options), onFault)
  metrics.record(of, result.isError ? 'toolError' : 'ok', performance.now() - began)
  return result
}

/** What the request came to is held for or against the server; it is not made while its circuit is open. */
async function judged<T>(
  { standing, ended }: Caller,
  signal: AbortSignal,
  request: () => Promise<T>,
  onFault: (kind: FailureKind) => void = () => {},
): Promise<T> {
  let told: Told = () => {}
  try {
    told = standing.admit()
    const result = await request()
    told('answered')
    return result
  } catch (error) {
    if (error instanceof Parked) {
      told('ignored')
      throw error
    }
    const { kind, health, needsAuth, why } = judge(error, signal.aborted || ended.aborted)
    told(health, why)
    if (needsAuth) standing.lock(why)
    onFault(kind)
    throw error
  } finally {
    standing.settle()
  }
}

/** What a server offers, as it last said, and whether it said otherwise before. */
function createList({ include, exclude, name }: ServerConfig, owner: Owner, { log, now, pins, onChange }: HostedDeps) {
  const changed = new Set<string>()
  let all: McpTool[] = []
  let listedAt = 0
  let mine: McpTool[] = []

  async function compare(): Promise<void> {
    const names = await pins.check(`${owner}/${name}`, all)
    if (names.length === 0) return
    for (const tool of names) changed.add(tool)
    log.warn({ server: name, owner, tools: names }, 'an mcp server defines tools otherwise than before')
    onChange()
  }
  return {
    take(tools: McpTool[]): void {
      if (tools === all) return
      all = tools
      mine = tools.filter(tool => (include.length === 0 || include.includes(tool.name)) && !exclude.includes(tool.name))
      listedAt = now()
      compare().catch((error: unknown) => log.warn({ server: name, reason: reason(error) }, 'mcp tools could not be compared'))
    },
    tools: () => mine,
    at: () => listedAt,
    touch(): void {
      listedAt = now()
    },
    facts(): Pick<ServerStatus, 'tools' | 'note'> {
      const names = [...changed].slice(0, namesTold).join(', ') + (changed.size > namesTold ? ' and others' : '')
      const note = `it defines ${names} otherwise than when first seen: look whether that is meant`
      return { tools: mine.length, ...(changed.size > 0 && { note }) }
    },
  }
}

const namesTold = 3

interface KeeperHooks {
  isBusy(): boolean
  onOpen(status: ServerStatus): void
  hear(status: ServerStatus, tools: McpTool[]): void
}

/** Keeps a connection for as long as somebody uses it. */
function createKeeper(
  config: ServerConfig,
  { log, now, ...deps }: HostedDeps & { owner: Owner; trusted: boolean },
  { isBusy, onOpen, hear }: KeeperHooks,
) {
  const idleMs = config.idleMs ?? deps.idleMs
  let session: Session | undefined
  let last: ServerStatus | undefined
  let offers = noOffers
  let promptsEdition = 0
  let idle: NodeJS.Timeout | undefined
  let lastUsedAt = now()

  function open(): Session {
    const fresh = createSession(config, {
      trusted: deps.trusted,
      ...(deps.web && { web: deps.web(config, deps.owner) }),
      ...(deps.sample && { sample: deps.sample }),
      log,
      onChange() {
        if (fresh !== session) return
        last = fresh.status()
        offers = fresh.offers()
        hear(last, fresh.tools())
      },
      onPromptsChanged: () => void promptsEdition++,
    })
    onOpen(fresh.status())
    return fresh
  }
  function use(): Session {
    lastUsedAt = now()
    session ??= open()
    rest()
    return session
  }
  function rest(): void {
    clearTimeout(idle)
    if (idleMs !== undefined) idle = setTimeout(sleep, idleMs).unref()
  }
  function sleep(): void {
    if (isBusy() || session?.status().state === 'connecting') return void rest()
    const old = session
    session = undefined
    void old?.close()
  }
  return {
    use,
    isAsleep: () => session === undefined,
    lastUsedAt: () => lastUsedAt,
    lastStatus: () => last,
    offers: () => offers,
    promptsEdition: () => promptsEdition,
    relist: async () => session?.relist(),
    async close(): Promise<void> {
      clearTimeout(idle)
      await session?.close()
    },
  }
}

function statusOf({ name }: ServerConfig, owner: Owner, standing: Standing, last: ServerStatus | undefined): ServerStatus {
  const { state, reason: why } = standing.view()
  const { connectMs, instructions } = last ?? {}
  return {
    name,
    ...(owner !== 'house' && { owner }),
    state,
    tools: 0,
    ...(state !== 'active' && why !== '' && { error: withoutOutput(why) }),
    ...(instructions !== undefined && { instructions }),
    ...(connectMs !== undefined && { connectMs }),
  }
}
