import type { Tool, ToolEntry } from '../model.ts'
import { skillsFor } from '../skills/shelf.ts'
import { findTool, type PlanStep, type Skill } from '../skills/skill.ts'
import type { Choice } from './choose.ts'
import { valuesOf } from './earlier.ts'
import { type Findings, findIn } from './findings.ts'
import { idIn, parametersOf, textFor, valueFor } from './parameters.ts'
import type { Wanted } from './sentences.ts'

/** What a skill would have the offline model do. */
export interface Plan {
  skill: Skill
  /** The next call; absent when all is done that can be. */
  next?: Choice
  /** Those of its tools that are not there. */
  unconnected: string[]
  /** What the message would have to say for more of it. */
  lacking: Wanted[]
  /** Results that were only for later steps. */
  quiet: Set<ToolEntry>
}

/**
 * The first of the skills that the question asks for whose plan goes on after these results of this turn; without results, whose plan can
 * begin. `stuck` are those that cannot. A statement in SQL is no task for a skill: it says itself what is to be done.
 */
export function planFor(text: string, results: ToolEntry[], tools: Tool[], skills: Skill[]): { plan?: Plan; stuck: Plan[] } {
  const found = findIn(text)
  if (found.sql && text.includes(found.sql.text)) return { stuck: [] }
  const plans = skillsFor(text, skills).map(skill => progress(skill, found, results, tools))
  const plan = plans.find(one => one.made === results.length && (results.length > 0 || one.next))
  return { ...(plan && { plan }), stuck: results.length > 0 ? [] : plans }
}

/** Which of the steps made these results, and which is next; `made` is how many of the results are its. After a failure nothing is. */
function progress(skill: Skill, found: Findings, results: ToolEntry[], tools: Tool[]): Plan & { made: number } {
  const plan = { skill, unconnected: [] as string[], lacking: [] as Wanted[], quiet: new Set<ToolEntry>(), made: 0 }
  for (const step of skill.plan) {
    const result = results[plan.made]
    if (result && isOf(result, step)) {
      plan.made++
      if (!result.ok) return plan
      if (step.quiet) plan.quiet.add(result)
      continue
    }
    if (result) continue
    const tool = findTool(step.tool, tools)
    if (!tool) plan.unconnected.push(step.tool)
    const input = tool && inputFor(step, tool, found, results)
    if (tool && input) return { ...plan, next: { tool, input } }
    if (tool) plan.lacking.push(...wantedBy(step))
  }
  return plan
}

const isOf = ({ name }: ToolEntry, { tool }: PlanStep) => name === tool || name.endsWith(`__${tool}`)

/** Undefined when something that it needs is nowhere to be found. */
function inputFor(step: PlanStep, tool: Tool, found: Findings, results: ToolEntry[]): Record<string, unknown> | undefined {
  const input: Record<string, unknown> = {}
  for (const parameter of parametersOf(tool)) {
    const { name, required, type } = parameter
    const texts = step.with[name]?.map(source => valueFrom(source, found, results)) ?? []
    const text = texts.find(one => one !== undefined)
    const value = text === undefined || type === 'string' ? text : Number(text)
    const plain = value ?? (required ? valueFor(parameter, found) : undefined)
    if (plain !== undefined) input[name] = plain
    else if (required) return undefined
  }
  return Object.keys(step.with).length > 0 && Object.keys(input).length === 0 ? undefined : input
}

function valueFrom(source: string, found: Findings, results: ToolEntry[]): string | undefined {
  if (source.startsWith('=')) return source.slice(1)
  const [from, key = ''] = source.split('.')
  if (from === 'message') return fromMessage(key as Wanted, found)
  const values = results.toReversed().flatMap(({ ok, text }) => (ok ? valuesOf(text, key) : []))
  return from === 'named' ? values.find(value => isNamed(value, found.text)) : values[0]
}

function fromMessage(wanted: Wanted, found: Findings): string | undefined {
  if (wanted === 'text') return found.text
  if (wanted !== 'id') return textFor(wanted, found)
  return found.urls.map(idIn).find(one => one !== undefined) ?? found.numbers.find(one => /^\d{5,}$/.test(one)) // "3 posts" is no id
}

function isNamed(value: string, text: string): boolean {
  const at = text.toLowerCase().indexOf(value.toLowerCase())
  return at !== -1 && !/\w/.test(`${text[at - 1] ?? ''}${text[at + value.length] ?? ''}`)
}

function wantedBy(step: PlanStep): Wanted[] {
  const sources = Object.values(step.with).flat()
  return sources.flatMap(source => (source.startsWith('message.') ? [source.slice('message.'.length) as Wanted] : []))
}
