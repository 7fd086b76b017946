import { z } from 'zod'
import { ConfigError } from '../errors.ts'
import type { Tool } from '../model.ts'
import { type FrontMatter, readFrontMatter } from './front-matter.ts'
import { partsOf } from './keywords.ts'

/** Instructions for one kind of task, in the Agent Skills format: https://agentskills.io/specification. */
export interface Skill {
  name: string
  /** What it does and when to use it. */
  description: string
  /** What `/skills` says of it in other languages, by locale, from `metadata`. */
  descriptions: Record<string, string>
  /** As `readKeyword` reads them. */
  keywords: string[]
  /** Names of tools, with or without their server's. */
  tools: string[]
  /** What the model reads, without the plan. */
  body: string
  /** For the offline model, which can follow no words. */
  plan: PlanStep[]
}

/** One call. A source is where a value comes from: `message.url`, `result.<key>`, `named.<key>` (that the message names), `=literal`. */
export interface PlanStep {
  tool: string
  /** Sources of each argument, of which the first that has a value counts. */
  with: Record<string, string[]>
  /** Its result is for the steps behind it, and told only if none of them had one. */
  quiet: boolean
}

/** Of agentskills.io. */
const mostDescription = 1024
const nameMustBe = /^(?!-)(?!.*--)[a-z0-9-]{1,64}(?<!-)$/

const source = z.string().regex(/^(?:message\.(?:url|handle|topic|id|sql|table|text)|(?:result|named)\.\w+|=.+)$/)
const planSchema = z.array(
  z.strictObject({
    tool: z.string().min(1),
    with: z.record(z.string(), z.union([source.transform(one => [one]), z.array(source)])).default({}),
    quiet: z.boolean().default(false),
  }),
)

/** Reads a SKILL.md that lies in a folder of this name. Throws ConfigError with a sentence for each mistake. */
export function readSkill(text: string, folder: string): Skill {
  const { fields, body } = readFrontMatter(text)
  const { name, description } = fields
  const problems = [
    ...(typeof name === 'string' && name !== '' ? nameProblems(name, folder) : ['it has no name']),
    ...(typeof description === 'string' && description !== '' ? [] : ['it has no description']),
    ...(typeof description === 'string' && description.length > mostDescription
      ? [`its description has ${description.length} characters: at most ${mostDescription}`]
      : []),
    ...listProblems(fields, 'keywords'),
    ...listProblems(fields, 'tools'),
    ...keywordProblems(listOf(fields, 'keywords')),
  ]
  const plan = readPlan(body, problems)
  const shown = body.replace(planBlock, '').trim()
  if (shown === '') problems.push('it has no instructions below its front matter')
  if (problems.length > 0 || typeof name !== 'string' || typeof description !== 'string') throw new ConfigError(problems)
  const tools = listOf(fields, 'tools')
  const keywords = listOf(fields, 'keywords')
  return { name, description, descriptions: translations(fields), keywords, tools, body: shown, plan }
}

function nameProblems(name: string, folder: string): string[] {
  if (!nameMustBe.test(name))
    return [`its name is ${JSON.stringify(name.slice(0, 80))}: it must be 1 to 64 of a-z, 0-9 and single hyphens between them`]
  return name === folder ? [] : [`its name is "${name}" and its folder is "${folder}": they must be the same`]
}

/** A text of words with commas is as good as a list. */
function listOf(fields: FrontMatter['fields'], key: string): string[] {
  const found = fields[key]
  const items = typeof found === 'string' ? found.split(',') : found
  return Array.isArray(items) ? items.map(item => item.trim()).filter(item => item !== '') : []
}

function listProblems(fields: FrontMatter['fields'], key: string): string[] {
  const found = fields[key]
  return typeof found === 'object' && !Array.isArray(found) ? [`its ${key} must be a list`] : []
}

function keywordProblems(keywords: string[]): string[] {
  const empty = keywords.filter(keyword => partsOf(keyword).some(terms => terms.some(term => term.replace(/\*$/, '') === '')))
  return empty.map(keyword => `its keyword ${JSON.stringify(keyword)} has an empty term`)
}

function translations({ metadata }: FrontMatter['fields']): Record<string, string> {
  if (typeof metadata !== 'object' || Array.isArray(metadata)) return {}
  const pairs = Object.entries(metadata).map(([key, text]) => [/^description[-_](\w+)$/.exec(key)?.[1] ?? '', text])
  return Object.fromEntries(pairs.filter(([locale]) => locale !== ''))
}

const planBlock = /^```json plan\n([\s\S]*?)^```[ \t]*$/m

function readPlan(body: string, problems: string[]): PlanStep[] {
  const json = planBlock.exec(body)?.[1]
  if (json === undefined) return []
  try {
    const read = planSchema.safeParse(JSON.parse(json))
    if (read.success) return read.data
    const [issue] = read.error.issues
    problems.push(`its plan is wrong at ${JSON.stringify(issue?.path.join('.') ?? '')}: ${issue?.message ?? ''}`)
  } catch {
    problems.push('its plan is not JSON')
  }
  return []
}

/** By its whole name, or by its own behind any server's. */
export function findTool(name: string, tools: Tool[]): Tool | undefined {
  const ending = `__${name}`
  return tools.find(tool => tool.name === name) ?? tools.find(tool => tool.name.endsWith(ending))
}
