import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Adapter } from './adapter.ts'
import { withHouseTools } from './agent/house-tools.ts'
import { loadSkillTool } from './agent/skills.ts'
import type { TextStore } from './agent/text-store.ts'
import { definitionsMayTake, type ToolSearchOptions } from './agent/tool-search.ts'
import { endOverdue } from './answers.ts'
import type { Budgets } from './budgets.ts'
import type { Config } from './config/config.ts'
import type { History } from './history.ts'
import { wordsFor } from './i18n/i18n.ts'
import { type Log, reason } from './log.ts'
import { createArrivals } from './mcp/arrivals.ts'
import type { Sample } from './mcp/calls.ts'
import { createHost } from './mcp/host.ts'
import type { ToolMetrics } from './mcp/metrics.ts'
import { openOwn } from './mcp/own.ts'
import { ownersOf } from './mcp/owners.ts'
import { createRoster } from './mcp/roster.ts'
import { createSampling } from './mcp/sampling.ts'
import type { FileStore } from './media/store.ts'
import type { Message } from './message.ts'
import type { Embed, Tool } from './model.ts'
import { createModelElsewhere } from './models/elsewhere.ts'
import { openModels } from './models/open.ts'
import type { Audit } from './permissions/audit.ts'
import type { Permits } from './permissions/permits.ts'
import { definitionOf } from './permissions/rules.ts'
import type { Asks } from './queue/asks.ts'
import { type Board, boardLifeMs, type Notice } from './queue/board.ts'
import type { HintRequest, Hints } from './queue/hints.ts'
import type { Inbox } from './queue/inbox.ts'
import type { Jobs } from './queue/jobs.ts'
import type { Journal } from './queue/journal.ts'
import type { Leases } from './queue/lease.ts'
import type { Retries } from './queue/retries.ts'
import type { NewsLine, ServerNews } from './queue/server-news.ts'
import type { Signals } from './queue/signals.ts'
import { createRecaps } from './recaps.ts'
import type { Redact } from './redact.ts'
import type { Redis } from './redis/redis.ts'
import type { Pacer } from './reply/pacer.ts'
import type { Settings } from './settings.ts'
import { createSkills, type Skills, skillsFor } from './skills/shelf.ts'
import type { Skill } from './skills/skill.ts'
import type { Telemetry } from './telemetry/telemetry.ts'
import type { ServerStatus, Toolbox } from './toolbox.ts'
import { createToolFinder } from './tools/finder.ts'
import { createTurns } from './turns.ts'
import { answer } from './worker.ts'

/** What a process does that answers: its tools, its model, its turns, and the housework beside them. */
export interface Shift {
  model: string
  servers(): ServerStatus[]
  /** Resolves when every server has come up or failed, or took too long for anybody to wait. */
  toolsReady: Promise<void>
  /** Takes no more mail, lets turns end, hands over the rest, and ends the servers. */
  close(): Promise<void>
}

export interface ShiftTools {
  config: Config
  adapters: Map<string, Adapter>
  inbox: Inbox
  journal: Journal
  files: FileStore
  texts: TextStore
  leases: Leases
  history: History
  settings: Settings
  retries: Retries
  asks: Asks
  permits: Permits
  audit: Audit
  pacer: Pacer
  budgets: Budgets
  jobs: Jobs
  signals: Signals
  news: NewsLine
  hints: Hints
  board: Board
  /** For what the tools said, and how they were defined. */
  redis: Redis
  redact: Redact
  /** Absent: nobody looks. */
  telemetry?: Telemetry
  log: Log
}

/** Those that Bellhop comes with. */
const shippedSkills = join(import.meta.dirname, '../skills')
const maxSteps = 12
const sweepEveryMs = 15_000
/** As in `WorkerTools`: who answers at once finds the worker where he left it. */
const patienceMs = 30_000
/** To whom types a command. */
const mostPromptsTold = 200
/** To whom asks over HTTP. */
const mostMetricsTold = 300
/** How long the first question waits for tool servers. */
const serversMayTakeMs = 3000

export async function startShift(tools: ShiftTools): Promise<Shift> {
  const { config, inbox, leases, jobs, signals, hints, board, log } = tools
  const worker = `${hostname()}-${process.pid}`
  const notice = (): Notice => ({
    ...{ worker, model: name, models: names, servers: servers.all(), metrics: servers.metrics() },
    ...{ tools: servers.house.list().map(brief), prompts: servers.prompts(), skills: skills.list().map(skillBrief) },
  })
  const post = () => skills.refresh().then(() => board.post(notice()))
  const tell = () => void post().catch(() => {}) // the next one tells it
  const skills = createSkills({ folders: [...new Set([shippedSkills, config.skillsDir])], log })
  await skills.refresh()
  const { name, names, embed, ...models } = await openModels(config.model, skills.list, log)
  const recaps = config.model && createRecaps({ history: tools.history, model: models.small, log })
  const sample = createSampling({ model: models.model, name, words: wordsFor(undefined, config.locale) })
  const servers = await openServers(tools, sample, tell)
  const { toolsReady } = servers
  const toolboxFor = async (message: Message | undefined) => withSkills(await servers.toolboxFor(message), skills)
  const atHand = {
    ...{ ...tools, ...models, modelName: name, skills, toolsReady, maxSteps, patienceMs },
    ...{ limits: config.turn, locale: config.locale, admins: config.admins },
    modelElsewhere: createModelElsewhere(config, log),
    ...(recaps && { recaps }),
    ...(config.model?.small !== undefined && { digests: models.small }),
    ...(config.model && { toolSearch: openSearch(config, embed, log) }),
  }
  const turns = createTurns({
    inbox,
    leases,
    answer: async (waiting, turn) => answer(waiting, turn, { ...atHand, toolbox: await toolboxFor(waiting[0]) }),
  })
  tools.telemetry?.watchServers(servers.all)
  await signals.listen(turns.hear)
  await hints.answer(servers.complete)
  const housework = [
    repeat(post, boardLifeMs / 5, log),
    repeat(() => sweep(tools), sweepEveryMs, log),
    repeat(servers.lookForPrompts, boardLifeMs / 5, log),
  ]
  void toolsReady.then(tell)
  setImmediate(() => skillsFor('', skills.list())) // to read their keywords takes longer than all else of a first turn
  await jobs.sweep(inbox, 0)
  const bell = jobs.work(turns.work, config.concurrency)
  return {
    model: name,
    servers: servers.all,
    toolsReady,
    async close() {
      const ended = bell.close()
      const left = await turns.close(config.drainMs)
      await ended
      for (const work of housework) work.end()
      await recaps?.close()
      await servers.close()
      await Promise.all([board.remove(worker), ...left.map(conversation => jobs.ring(conversation))])
    },
  }
}

/** The MCP servers of this process: the house's as their file says, and those of whoever comes. */
async function openServers({ config, redis, news, log }: ShiftTools, sample: Sample, onChange: () => void) {
  const own = openOwn(config, redis)
  const { webFor: web, plainHosts, guard, kept } = own
  const host = createHost({ log, redis, web, sample, plainHosts })
  const toolsReady = Promise.race([host.start(config.servers.servers), sleep(serversMayTakeMs)])
  const roster = createRoster({ config, host, log, onChange })
  const arrivals = kept && createArrivals({ members: kept.members, host, plainHosts, log })
  const house = host.toolboxFor([])
  await news.listen((heard: ServerNews) => {
    if (heard.what === 'reload') roster.reload()
    else if (heard.owner !== 'house') void arrivals?.renew(heard.owner, heard.server)
    else
      host.reconnect(heard.server).then(onChange, (error: unknown) => {
        log.warn({ server: heard.server, reason: reason(error) }, 'a server could not be connected anew')
      })
  })
  let prompts: NonNullable<Notice['prompts']> = []
  return {
    toolsReady,
    house,
    prompts: () => prompts,
    metrics: () =>
      host
        .metrics()
        .filter(({ owner }) => owner === 'house')
        .slice(0, mostMetricsTold)
        .map(metricBrief),
    async lookForPrompts() {
      const found = (await host.prompts()).slice(0, mostPromptsTold)
      prompts = found.map(({ server, name, arguments: wanted }) => ({ server, name, keys: wanted.map(one => one.name) }))
    },
    complete: ({ server, prompt, ...typing }: HintRequest, signal: AbortSignal) =>
      host.complete(server, prompt, typing, { signal }),
    all: () => [...house.servers(), ...roster.switchedOff()],
    async toolboxFor(message: Message | undefined) {
      const owners = message ? ownersOf(message) : []
      await arrivals?.bring(owners)
      return host.toolboxFor(owners)
    },
    async close() {
      roster.close()
      await host.close()
      guard.close()
    },
  }
}

/** With the tool that loads one, where there are any. */
function withSkills(toolbox: Toolbox, skills: Skills): Toolbox {
  return skills.list().length === 0 ? toolbox : withHouseTools(toolbox, [loadSkillTool(skills, toolbox.list)])
}

/** Not for the offline model, which searches no tools: it looks through all of them itself. */
function openSearch({ maxTools }: Config, embed: Embed | undefined, log: Log): Pick<ToolSearchOptions, 'finder' | 'budget'> {
  const finder = createToolFinder({ ...(embed && { embed }), log })
  return { finder, budget: { tools: maxTools, tokens: definitionsMayTake } }
}

async function sweep(tools: ShiftTools): Promise<void> {
  await endOverdue(tools)
  await tools.jobs.sweep(tools.inbox)
}

/** What `/skills` shows of it. */
const skillBrief = ({ name, description, descriptions }: Skill) => ({
  name,
  description: description.slice(0, 200),
  descriptions,
})

const metricBrief = ({ server, tool, calls, ok, failed, meanMs, p95Ms }: ToolMetrics) => {
  return { server, tool, calls, ok, failed, meanMs, p95Ms }
}

/** What `/tools` shows of it: the whole of a long list would be sent every few seconds. */
function brief(tool: Tool): Notice['tools'][number] {
  const { name, description, label, server, permission = 'ask' } = tool
  return { name, description: description.slice(0, 200), label, server, permission, definition: definitionOf(tool) }
}

/** Now, and again so long after it was done; a failure is told and the next time tried. */
function repeat(work: () => Promise<void>, everyMs: number, log: Log): { end(): void } {
  let timer: NodeJS.Timeout | undefined
  let ended = false
  async function once(): Promise<void> {
    await work().catch((error: unknown) => log.warn({ reason: reason(error) }, 'housework stumbled'))
    if (!ended) timer = setTimeout(once, everyMs)
  }
  void once()
  return {
    end() {
      ended = true
      clearTimeout(timer)
    },
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}
