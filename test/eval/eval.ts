// `npm run eval`: how well a model does with tools, by category. With OPENAI_BASE_URL or OPENAI_API_KEY a real one is asked; without, each
// scenario is played by the offline model or by its own script over the local wire, which tells only whether the house does its part.
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { runAgent } from '../../src/agent/agent.ts'
import { withHouseTools } from '../../src/agent/house-tools.ts'
import { systemPrompt } from '../../src/agent/prompt.ts'
import { loadSkillTool, skillNotes } from '../../src/agent/skills.ts'
import { silentLog } from '../../src/log.ts'
import type { Model, Tool, ToolCall } from '../../src/model.ts'
import { createOfflineModel } from '../../src/models/offline.ts'
import { createOpenAiModel } from '../../src/models/openai.ts'
import { createSkills } from '../../src/skills/shelf.ts'
import type { Toolbox } from '../../src/toolbox.ts'
import { aMessage } from '../fakes.ts'
import { startOpenAiWire, type WireReply } from '../wire/openai.ts'

export interface Scenario {
  /** The file that it stands in. */
  category: string
  text: string
  /** Names of tools of tools.json; absent: all. */
  tools?: string[]
  /** What a tool returns here; what begins with "!" is a failure. */
  returns?: Record<string, string>
  /** What a model says, reply by reply; absent: the offline model plays. */
  script?: WireReply[]
  /** Calls that must be made, in this order among others, with at least these arguments; a text between slashes is a pattern. */
  calls: { name: string; input?: Record<string, unknown> }[]
  /** Names of tools that must not be called. */
  never?: string[]
  /** Patterns that the answer must match. */
  facts: string[]
}

export interface Outcome {
  scenario: Scenario
  /** What was missed; empty: nothing. */
  missed: string[]
}

type Definition = Pick<Tool, 'name' | 'description'> & { takes: Record<string, string>; needs?: string[]; says: string }

const read = <T>(file: string): T => JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as T
const definitions = read<Definition[]>('tools.json')

export function scenarios(): Scenario[] {
  const files = globSync('scenarios/*.json', { cwd: import.meta.dirname }).sort()
  return files.flatMap(file => read<Scenario[]>(file).map(one => ({ ...one, category: basename(file, '.json') })))
}

function toolboxOf({ tools, returns = {} }: Scenario, made: ToolCall['name'][]): Toolbox {
  const list = definitions
    .filter(({ name }) => tools?.includes(name) ?? true)
    .map(({ name, description, takes, needs = Object.keys(takes) }): Tool => {
      const properties = Object.fromEntries(
        Object.entries(takes).map(([key, about]) => [key, { type: 'string', description: about }]),
      )
      const inputSchema = { type: 'object', properties, required: needs }
      return { name, description, inputSchema, label: name, server: name.split('__')[0] ?? '', repeatable: true }
    })
  return {
    list: () => list,
    resolve: name => list.find(tool => tool.name === name),
    async call(name) {
      made.push(name)
      const text = returns[name] ?? definitions.find(one => one.name === name)?.says ?? `!there is no tool ${name}`
      return { ok: !text.startsWith('!'), text: text.replace(/^!/, '') }
    },
    servers: () => [...new Set(list.map(({ server }) => server))].map(name => ({ name, state: 'active', tools: list.length })),
  }
}

/** Plays one scenario with this model, and tells what it missed. */
export async function play(scenario: Scenario, model: Model): Promise<Outcome> {
  const skills = createSkills({ folders: [join(import.meta.dirname, '../../skills')], log: silentLog })
  await skills.refresh()
  const bare = toolboxOf(scenario, [])
  const toolbox = withHouseTools(bare, [loadSkillTool(skills, bare.list)])
  const notes = skillNotes([aMessage(scenario.text)], skills.list(), bare.list())
  const system = systemPrompt(toolbox.servers(), new Date(), [], notes)
  const calls: ToolCall[] = []
  let answer = ''
  const options = { model, toolbox, system, maxSteps: 12, signal: AbortSignal.timeout(120_000) }
  try {
    for await (const event of runAgent([], [{ role: 'user', text: scenario.text }], options)) {
      if (event.type !== 'entry' || event.entry.role !== 'assistant') continue
      calls.push(...event.entry.calls)
      answer = event.entry.text
    }
  } catch (error) {
    return { scenario, missed: [`it broke: ${error}`] }
  }
  return { scenario, missed: [...missedCalls(scenario, calls), ...missedFacts(scenario, answer)] }
}

function missedCalls({ calls, never = [] }: Scenario, made: ToolCall[]): string[] {
  let from = 0
  const missed = calls.flatMap(({ name, input = {} }) => {
    const at = made.findIndex((call, index) => index >= from && call.name === name && fits(call.input, input))
    if (at === -1)
      return [
        `no call of ${name} ${JSON.stringify(input)}; made: ${made.map(one => `${one.name} ${JSON.stringify(one.input)}`).join(', ')}`,
      ]
    from = at + 1
    return []
  })
  return [...missed, ...made.filter(({ name }) => never.includes(name)).map(({ name }) => `called ${name}`)]
}

const fits = (input: Record<string, unknown>, wanted: Record<string, unknown>) =>
  Object.entries(wanted).every(([key, value]) => {
    const pattern = /^\/(.*)\/$/s.exec(String(value))?.[1]
    return pattern === undefined ? input[key] === value : new RegExp(pattern, 'i').test(String(input[key] ?? ''))
  })

const missedFacts = ({ facts }: Scenario, answer: string) =>
  facts.filter(fact => !new RegExp(fact, 'is').test(answer)).map(fact => `the answer lacks ${fact}: ${answer.slice(0, 300)}`)

/** Without an endpoint: its script over the local wire, or the offline model. */
export async function playAlone(scenario: Scenario): Promise<Outcome> {
  const skills = createSkills({ folders: [join(import.meta.dirname, '../../skills')], log: silentLog })
  await skills.refresh()
  if (!scenario.script) return play(scenario, createOfflineModel(skills.list))
  const wire = await startOpenAiWire({ script: scenario.script })
  try {
    return await play(scenario, createOpenAiModel({ apiKey: 'k', baseUrl: wire.url, model: 'test-model', log: silentLog }))
  } finally {
    await wire.close()
  }
}

/** A line for each category: how many of its scenarios were done, and what was missed in the others. */
export function table(outcomes: Outcome[]): string {
  const categories = [...new Set(outcomes.map(({ scenario }) => scenario.category))]
  const line = (name: string, all: Outcome[]) => {
    const done = all.filter(({ missed }) => missed.length === 0).length
    return `${name.padEnd(14)} ${String(done).padStart(3)} / ${all.length}  ${Math.round((done / all.length) * 100)} %`
  }
  const missed = outcomes.flatMap(({ scenario, missed }) =>
    missed.map(one => `- ${scenario.category}: ${scenario.text}\n  ${one}`),
  )
  const lines = categories.map(name =>
    line(
      name,
      outcomes.filter(({ scenario }) => scenario.category === name),
    ),
  )
  return [...lines, line('all', outcomes), ...(missed.length > 0 ? ['', ...missed] : [])].join('\n')
}

if (import.meta.main) {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl, MODEL: name = 'gpt-5-mini' } = process.env
  const real =
    apiKey || baseUrl
      ? createOpenAiModel({ apiKey: apiKey ?? 'none', ...(baseUrl && { baseUrl }), model: name, log: silentLog })
      : undefined
  const outcomes: Outcome[] = []
  for (const scenario of scenarios()) outcomes.push(await (real ? play(scenario, real) : playAlone(scenario)))
  console.log(`${real ? name : 'scripts and the offline model'}\n\n${table(outcomes)}`)
}
