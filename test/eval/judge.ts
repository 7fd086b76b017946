import type { Entry, ToolCall } from '../../src/model.ts'
import type { Played } from './desk.ts'
import { nameOf, type Scenario } from './scenario.ts'

export interface Outcome {
  scenario: Scenario
  /** Which model played it: the column. */
  by: string
  /** What was missed; empty: nothing. */
  missed: string[]
}

/** What was missed, in a sentence each. */
export function missedIn(scenario: Scenario, { reply, entries, ran }: Played): string[] {
  if (entries.length === 0) return [`there was no end: ${reply.slice(0, 200)}`]
  const { facts = [], footer = [], lacks = [], never = [] } = scenario
  const [, answer = '', below = ''] = /^(.*?)(\n*-# [^\n]*)?$/s.exec(reply.trim()) ?? []
  const lacking = (what: string, text: string, patterns: string[]) =>
    patterns.filter(one => !new RegExp(one, 'is').test(text)).map(one => `${what} lacks ${one}: ${text.slice(0, 500)}`)
  return [
    ...missedCalls(scenario, entries),
    ...never.filter(name => ran.includes(name)).map(name => `${name} ran`),
    ...lacking('the answer', answer, facts),
    ...lacking('the footer', below, footer),
    ...lacks.filter(one => new RegExp(one, 'is').test(reply)).map(one => `the reply has ${one}: ${reply.slice(0, 500)}`),
  ]
}

function missedCalls({ calls }: Scenario, entries: Entry[]): string[] {
  const steps = entries.flatMap(entry => (entry.role === 'assistant' && entry.calls.length > 0 ? [entry.calls] : []))
  let from = 0
  return calls.flatMap(group => {
    const wanted = Object.entries(group)
    const at = steps.findIndex((step, index) => index >= from && wanted.every(one => step.some(call => fits(call, one))))
    if (at === -1) return [`no step with ${JSON.stringify(group)}; made: ${JSON.stringify(steps.map(tell))}`]
    from = at + 1
    return []
  })
}

const tell = (calls: ToolCall[]) => Object.fromEntries(calls.map(({ name, input }) => [name, input]))

function fits({ name, input }: ToolCall, [wanted, some]: [string, Record<string, unknown>]): boolean {
  if (name !== wanted.replace(/#\d+$/, '')) return false
  return Object.entries(some).every(([key, value]) => {
    const pattern = typeof value === 'string' ? /^\/(.*)\/$/s.exec(value)?.[1] : undefined
    const given = input[key]
    if (pattern === undefined) return JSON.stringify(given) === JSON.stringify(value)
    return new RegExp(pattern, 'i').test(typeof given === 'string' ? given : JSON.stringify(given ?? ''))
  })
}

/** A line for each category and a column for each model: how many of its scenarios were done; below, what was missed. */
export function table(outcomes: Outcome[]): string {
  const models = [...new Set(outcomes.map(({ by }) => by))]
  const width = Math.max(14, ...outcomes.map(({ scenario }) => scenario.category.length + 2))
  const row = (name: string, cells: string[]) => (name.padEnd(width) + cells.map(cell => cell.padStart(18)).join('')).trimEnd()
  const scores = (all: Outcome[]) => models.map(model => score(all.filter(({ by }) => by === model)))
  const lines = [...Map.groupBy(outcomes, ({ scenario }) => scenario.category)].map(([name, all]) => row(name, scores(all)))
  const missed = outcomes.flatMap(({ scenario, by, missed: all }) =>
    all.map(one => `- ${scenario.category}, ${by}: ${nameOf(scenario)}\n  ${one}`),
  )
  const whole = [row('', models), ...lines, row('all', scores(outcomes))]
  return [...whole, ...(missed.length > 0 ? ['', ...missed] : [])].join('\n')
}

function score(all: Outcome[]): string {
  if (all.length === 0) return '–'
  const done = all.filter(({ missed }) => missed.length === 0).length
  return `${done} / ${all.length}  ${String(Math.floor((done / all.length) * 100)).padStart(3)} %`
}
