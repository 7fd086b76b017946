import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withHouseTools } from '../../src/agent/house-tools.ts'
import { loadSkillTool } from '../../src/agent/skills.ts'
import { definitionsMayTake } from '../../src/agent/tool-search.ts'
import type { WorkerTools } from '../../src/compose.ts'
import { silentLog } from '../../src/log.ts'
import { showResult } from '../../src/mcp/result.ts'
import type { Entry, Model, SourceState, Tool } from '../../src/model.ts'
import { createOfflineModel } from '../../src/models/offline.ts'
import { createOpenAiModel } from '../../src/models/openai.ts'
import { createRedact, discreet } from '../../src/redact.ts'
import { createSkills, type Skills } from '../../src/skills/shelf.ts'
import type { Toolbox, ToolResult } from '../../src/toolbox.ts'
import { createToolFinder } from '../../src/tools/finder.ts'
import { createTurns } from '../../src/turns.ts'
import { answer } from '../../src/worker.ts'
import { aMessage, type FakeChat, fakeChat } from '../fakes.ts'
import { attach, withFiles } from '../media.ts'
import { testRooms } from '../rooms.ts'
import { startOpenAiWire, type WireBody } from '../wire/openai.ts'
import { type Definition, definitions, isChinese, type Scenario, saidAt } from './scenario.ts'
import { scripted } from './scripted.ts'

/** What came of a scenario. */
export interface Played {
  /** The reply as it is read, in all its parts. */
  reply: string
  /** All that the turn said and called. */
  entries: Entry[]
  /** Names of the tools that ran. */
  ran: string[]
  /** What the scripted model was sent, request by request. */
  sent: WireBody[]
}

/** A worker over a Redis of its own, to which scenarios are put as messages. */
export interface Desk {
  play(scenario: Scenario, model: Model, longestSeconds?: number): Promise<Played>
  /** With the model that follows the scenario's script, over the local wire. */
  playScript(scenario: Scenario): Promise<Played>
  playOffline(scenario: Scenario): Promise<Played>
  close(): Promise<void>
}

type OfScenario = Pick<WorkerTools, 'adapters' | 'model' | 'toolbox' | 'skills'> & Pick<Partial<WorkerTools>, 'toolSearch'>

const defaultTools = 40
const shipped = join(import.meta.dirname, '../../skills')

/** What the operator of this house keeps to himself. */
const houseSecret = 'correct-horse-battery-staple'

export async function openDesk(): Promise<Desk> {
  const rooms = await testRooms()
  const redact = createRedact([houseSecret])
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-eval-'))
  const shared = await openSkills([shipped])
  const known = new Map<string, OfScenario>()
  let plays = 0
  const house = {
    ...rooms,
    redact,
    toolsReady: Promise.resolve(),
    maxSteps: 12,
    patienceMs: 100,
    locale: 'en',
    admins: [],
    log: silentLog,
  }
  const turns = createTurns({
    ...rooms,
    answer: (waiting, turn) => {
      const own = known.get(waiting[0]?.conversation ?? '')
      if (!own) throw new Error('a message of no scenario')
      return answer(waiting, turn, { ...house, ...own })
    },
  })
  await rooms.signals.listen(turns.hear)
  const bell = rooms.jobs.work(turns.work, 8)
  const toolSearch = { finder: createToolFinder({ log: silentLog }), budget: { tools: defaultTools, tokens: definitionsMayTake } }

  async function play(scenario: Scenario, model: Model, longestSeconds = 60, searches = true): Promise<Played> {
    const conversation = `fake:${++plays}`
    const chat = fakeChat()
    const { files = {} } = scenario
    withFiles(chat, Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])))
    const skills = scenario.skill ? await openSkills([shipped, keepSkill(folder, scenario.skill)]) : shared
    const ran: string[] = []
    const bare = toolboxOf(scenario, ran)
    const toolbox = withHouseTools(bare, [loadSkillTool(skills, bare.list)])
    known.set(conversation, {
      adapters: new Map([['fake', discreet(chat.adapter, redact)]]),
      model,
      toolbox,
      skills,
      ...(searches && { toolSearch }),
    })
    const author = { id: 'u', name: 'Ann', locale: isChinese(scenario) ? 'zh-CN' : 'en' }
    const attachments = Object.keys(files).map(name => attach('file', name))
    await rooms.inbox.add(aMessage(scenario.text, { author, attachments, ...scenario.message, conversation }))
    await rooms.jobs.ring(conversation)
    const ended = Date.now() + longestSeconds * 1000
    let entries: Entry[] = []
    while (entries.length === 0 && Date.now() < ended) {
      await sleep(10)
      entries = await rooms.history.load(conversation)
    }
    return { reply: readReply(chat), entries, ran, sent: [] }
  }
  return {
    play,
    async playScript(scenario) {
      const wire = await startOpenAiWire({ script: scripted(scenario.script) })
      const model = createOpenAiModel({ apiKey: 'k', baseUrl: wire.url, model: 'test-model', log: silentLog })
      try {
        return { ...(await play(scenario, model)), sent: wire.requests.map(({ body }) => body) }
      } finally {
        await wire.close()
      }
    },
    playOffline: scenario => play(scenario, createOfflineModel(shared.list), 60, false),
    async close() {
      await bell.close()
      await turns.close(0)
      await rooms.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function openSkills(folders: string[]): Promise<Skills> {
  const skills = createSkills({ folders, log: silentLog })
  await skills.refresh()
  return skills
}

/** Returns the folder in which it lies alone. */
function keepSkill(folder: string, { name, file }: NonNullable<Scenario['skill']>): string {
  const own = mkdtempSync(join(folder, 'skills-'))
  mkdirSync(join(own, name))
  writeFileSync(join(own, name, 'SKILL.md'), file)
  return own
}

const readReply = ({ shown }: FakeChat) => [...shown.values()].map(({ text }) => text).join('\n\n')

function toolboxOf({ tools, more = 0, returns = {}, instructions = {}, descriptions = {} }: Scenario, ran: string[]): Toolbox {
  const chosen = definitions.filter(({ name }) => tools?.some(one => name === one || name.startsWith(`${one}__`)) ?? true)
  const list = [...chosen, ...Array.from({ length: more }, (_, at) => filler(at))].map(one =>
    toTool({ ...one, description: descriptions[one.name] ?? one.description }),
  )
  const names = new Set(list.map(({ name }) => name))
  return {
    list: () => list,
    resolve: name => list.find(tool => tool.name === name),
    async call(name) {
      if (!names.has(name)) return { ok: false, text: `there is no tool ${name}` }
      ran.push(name)
      const said = returns[name] ?? definitions.find(one => one.name === name)?.says ?? 'done'
      return toResult(saidAt(said, ran.filter(one => one === name).length - 1))
    },
    servers: () =>
      [...Map.groupBy(list, ({ server }) => server)].map(([name, own]) => ({
        ...{ name, state: 'active', tools: own.length },
        ...(instructions[name] !== undefined && { instructions: instructions[name] }),
      })),
  }
}

/** As the host makes it of what a server sends. */
function toResult(said: string): ToolResult {
  const [, fault, failure] = /^!(?:([a-z-]+)!)?(.*)$/s.exec(said) ?? []
  const text = failure ?? said
  const result = showResult({ content: [{ type: 'text', text }], isError: failure !== undefined })
  return { ...result, ...(fault !== undefined && { fault: fault as SourceState }) }
}

function toTool({ name, description, takes, needs = Object.keys(takes) }: Definition): Tool {
  const properties = Object.fromEntries(
    Object.entries(takes).map(([key, about]) => [
      key,
      typeof about === 'string' ? { type: 'string', description: about } : about,
    ]),
  )
  const [server = '', own = name] = name.split('__')
  const words = own.replaceAll('_', ' ')
  const label = `${words[0]?.toUpperCase()}${words.slice(1)}`
  return {
    name,
    description,
    inputSchema: { type: 'object', properties, required: needs },
    label,
    server,
    repeatable: true,
    permission: 'allow',
  }
}

const businesses = ['crm', 'billing', 'tickets', 'stock', 'payroll', 'fleet']
const deeds = ['list', 'get', 'create', 'update', 'archive']
const things = ['invoice', 'customer', 'order', 'shipment', 'contract', 'salary', 'truck']

function filler(at: number): Definition {
  const [business, deed, thing] = [businesses[at % 6] ?? '', deeds[at % 5] ?? '', things[at % 7] ?? '']
  const name = `${business}__${deed}_${thing}_${at}`
  return { name, description: `${deed} one ${thing} of the ${business}`, takes: { id: `Number of the ${thing}` }, says: 'done' }
}
