import type { ServerConfig } from '../config/servers.ts'
import { type Log, reason } from '../log.ts'
import type { Tool } from '../model.ts'
import type { Redis } from '../redis/redis.ts'
import type {
  CallOptions,
  Owner,
  PromptInfo,
  Prompts,
  ServerStatus,
  Toolbox,
  ToolProgress,
  ToolResult,
  Typing,
} from '../toolbox.ts'
import { runBatch } from './batch.ts'
import { type CacheStats, createResultCache } from './cache.ts'
import type { Run, Sample, UseOptions } from './calls.ts'
import type { HealthRules } from './health.ts'
import { createHosted, type Hosted, type SessionStats } from './hosted.ts'
import { callHouseTool } from './house-tools.ts'
import { createMetrics, type ToolMetrics } from './metrics.ts'
import { createPins } from './pins.ts'
import { createPromptLists } from './prompts.ts'
import { createRegistry } from './registry.ts'
import { listResources, type ServerResources } from './resources.ts'
import type { StatusChange } from './standing.ts'
import { createToolboxes, type Toolboxes } from './toolboxes.ts'
import { type TestReport, tryServer } from './trial.ts'
import type { WebFor } from './web.ts'

/** All MCP servers of a process: the house's, and those that people and places have of their own. */
export interface Host {
  /** All at the same time. Resolves when each is up or has failed once; what is up can be used before that. */
  start(servers: ServerConfig[]): Promise<void>
  /** Resolves when it is up or has failed once; it is tried again in the background. Rejects when the owner has one of that name, or may not have it. */
  register(config: ServerConfig, owner?: Owner): Promise<ServerStatus>
  /** Ends its calls. Resolves with false when there was none. */
  unregister(name: string, owner?: Owner): Promise<boolean>
  /** As `register`; one that is configured otherwise is replaced, one that is configured alike is left alone. */
  ensureRegistered(config: ServerConfig, owner?: Owner): Promise<'unchanged' | 'started' | 'restarted'>
  /** Ends its calls and begins with a new connection, such as after a sign-in. Resolves as `register`; with false when there was none. */
  reconnect(name: string, owner?: Owner): Promise<boolean>
  /** Tries a server by a connection of its own. Never rejects. */
  test(config: ServerConfig, owner?: Owner): Promise<TestReport>
  /** The house's tools and those of these owners. Servers are asked again when their list is older than five minutes, or at once. */
  list(owners?: Owner[], options?: { refresh?: boolean }): Promise<Tool[]>
  /** As `Toolbox.call`, among the tools of the house and of these owners. */
  call(name: string, input: Record<string, unknown>, options: HostCallOptions): Promise<ToolResult>
  /** Several calls; their results in the same order. What is not known to be read-only is called one after another on each server. */
  callMany(calls: ManyCall[], options: ManyOptions): Promise<ToolResult[]>
  /** What the servers of the house and of these owners have to be read. One that cannot be asked is left out; its state tells why. */
  resources(owners?: Owner[]): Promise<ServerResources[]>
  /** `server` as in the names of its tools. A failure is a result. */
  readResource(server: string, uri: string, options: HostUseOptions): Promise<ToolResult>
  /** As `Prompts.list`. */
  prompts(owners?: Owner[]): Promise<PromptInfo[]>
  /** As `Prompts.get`. */
  getPrompt(server: string, name: string, values: Record<string, string>, options: HostUseOptions): ReturnType<Prompts['get']>
  /** As `Prompts.complete`. */
  complete(server: string, prompt: string, typing: Typing, options: { signal: AbortSignal; owners?: Owner[] }): Promise<string[]>
  /** Asks one server of the house, or of this owner, for something of the library's own. Rejects when there is none of that name. */
  reach<T>(name: string, run: Run<T>, options: { signal: AbortSignal; owner?: Owner }): Promise<T>
  metrics(): ToolMetrics[]
  cacheStats(): CacheStats
  sessionStats(): SessionStats[]
  /** Tells of each change of a server's state once. Returns how to end that. */
  onStatus(listener: (change: StatusChange) => void | Promise<void>): () => void
  /** The house's servers and those of these owners as one catalogue: all that an agent gets to see. */
  toolboxFor(owners: Owner[]): Toolbox
  /** Ends all servers, and all calls that still run. */
  close(): Promise<void>
}

export interface HostCallOptions extends CallOptions {
  owners?: Owner[]
}

export interface HostUseOptions extends UseOptions {
  owners?: Owner[]
}

export interface ManyCall {
  name: string
  input: Record<string, unknown>
}

export interface ManyOptions {
  /** How many run at once; 8 if nothing is said. */
  maxConcurrent?: number
  signal: AbortSignal
  owners?: Owner[]
  /** `index` is that of the call. */
  onProgress?(index: number, progress: ToolProgress): void
}

export interface HostDeps {
  log: Log
  /** Absent: results and definitions are remembered by this process alone. */
  redis?: Redis
  /** Milliseconds since 1970. */
  now?(): number
  health?: Partial<HealthRules>
  /** A connection to somebody's own server that nobody used for so long is closed until the next call. */
  idleMs?: number
  /** Of memory, for results. */
  cacheBytes?: number
  /** By what to speak to whose server on the web; absent: as everybody may. */
  web?: WebFor
  sample?: Sample
  /** Hosts to which somebody's own server may be reached without TLS. */
  plainHosts?: string[]
  /** Names that servers of the house have in another process; whoever else has one of them here is called as he is there. */
  houseNames?: string[]
}

const listHoldsMs = 300_000
const ownServerIdlesMs = 900_000

export function createHost({ log, redis, now = Date.now, health = {}, idleMs = ownServerIdlesMs, ...rest }: HostDeps): Host {
  const metrics = createMetrics(now)
  const pins = createPins(redis, log)
  const cache = createResultCache({ redis, log, now, ...(rest.cacheBytes !== undefined && { maxBytes: rest.cacheBytes }) })
  const listeners = createListeners(log)
  const { web, sample, plainHosts = [], houseNames = [] } = rest
  const registry = createRegistry({
    plainHosts,
    open: (config, owner) =>
      createHosted(config, owner, {
        ...{ log, now, metrics, pins, health },
        ...{ ...(owner !== 'house' && { idleMs }), ...(web && { web }), ...(sample && { sample }) },
        onStatus(change) {
          toolboxes.renew()
          listeners.tell(change)
        },
        onChange: () => toolboxes.renew(),
      }),
    onChange: () => toolboxes.renew(),
    async onGone({ owner, config }) {
      metrics.forget(owner, config.name)
      await pins.forget(`${owner}/${config.name}`)
    },
  })
  const toolboxes = createToolboxes({ serversOf: registry.of, cache, prompts: createPromptLists(now), reserved: houseNames })
  const boxFor = (owners: Owner[] = []) => toolboxes.boxFor(owners)
  const ending = new AbortController()
  const { of: _of, all: _all, close, ...keeping } = registry

  return {
    ...keeping,
    test: (config, owner = 'house') => tryServer(config, web?.(config, owner)),
    async list(owners = [], { refresh = false } = {}) {
      await Promise.all(registry.of(owners).map(server => server.refresh(refresh ? 0 : listHoldsMs)))
      return boxFor(owners).list()
    },
    call: (name, input, { owners, ...options }) => boxFor(owners).call(name, input, options),
    callMany(calls, { maxConcurrent = 8, signal, owners, onProgress }) {
      const box = boxFor(owners)
      return runBatch(calls, {
        maxConcurrent,
        signal,
        run: ({ name, input }, index) => box.call(name, input, { signal, onProgress: progress => onProgress?.(index, progress) }),
        laneOf: ({ name }) => laneOf(box.resolve(name)),
      })
    },
    ...createReaders(toolboxes, ending.signal),
    reach: async (name, run, { signal, owner = 'house' }) => find(registry.of([owner]), name, owner).use(run, { signal }),
    metrics: metrics.all,
    cacheStats: cache.stats,
    sessionStats: () => registry.all().map(server => server.stats()),
    onStatus: listeners.add,
    toolboxFor: boxFor,
    async close() {
      listeners.clear()
      ending.abort(new Error('closed'))
      await close()
    },
  }
}

/** What servers have beside tools. */
function createReaders(
  { namedFor, boxFor }: Toolboxes,
  signal: AbortSignal,
): Pick<Host, 'resources' | 'readResource' | 'prompts' | 'getPrompt' | 'complete'> {
  const promptsFor = (owners: Owner[] = []) => boxFor(owners).prompts
  return {
    async resources(owners = []) {
      const asked = namedFor(owners).filter(({ server }) => server.offers().resources)
      const lists = asked.map(({ name, server }) =>
        listResources(server, { signal }).then(
          list => [{ server: name, ...list }],
          () => [],
        ),
      )
      return (await Promise.all(lists)).flat()
    },
    readResource: (server, uri, { owners = [], ...options }) =>
      callHouseTool('read_resource', { server, uri }, namedFor(owners), options),
    prompts: owners => promptsFor(owners).list(signal),
    getPrompt: (server, name, values, { owners, ...options }) => promptsFor(owners).get(server, name, values, options),
    complete: (server, prompt, typing, { owners, signal }) => promptsFor(owners).complete(server, prompt, typing, signal),
  }
}

function find(servers: Hosted[], name: string, owner: Owner): Hosted {
  const server = servers.find(one => one.owner === owner && one.config.name === name)
  if (!server) throw new Error(`there is no server "${name}"`)
  return server
}

const laneOf = (tool: Tool | undefined) => (tool && !tool.readOnly ? tool.server : undefined)

/** A listener that fails is told to the log and to nobody else. */
function createListeners(log: Log) {
  type Listener = (change: StatusChange) => void | Promise<void>
  const listeners = new Set<Listener>()
  async function tellOne(listener: Listener, change: StatusChange): Promise<void> {
    try {
      await listener(change)
    } catch (error) {
      log.warn({ reason: reason(error) }, 'whoever listens to the state of mcp servers failed')
    }
  }
  return {
    add(listener: Listener) {
      const own: Listener = change => listener(change)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    tell(change: StatusChange): void {
      for (const listener of listeners) void tellOne(listener, change)
    },
    clear: () => listeners.clear(),
  }
}
