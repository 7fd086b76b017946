import type { TurnEnd } from './adapter.ts'
import { estimatePrompt, estimateTokens } from './agent/tokens.ts'
import { ModelError } from './errors.ts'
import type { Message, Terms } from './message.ts'
import type { Entry, Model, Tool, ToolCall } from './model.ts'

// What a program laid down for one answer, as the worker heeds it; without terms all is as it was.

/** What one turn has used, and by which model. */
export interface Account {
  /** The model, which does as it was laid down and whose tokens are counted. */
  model: Model
  spent(): Pick<TurnEnd, 'usage' | 'model'>
}

/** Tokens are estimated for each answer whose endpoint counts none. */
function openAccount(model: Model, terms: Terms = {}): Account {
  const usage = { input: 0, output: 0 }
  let name: string | undefined
  let estimated = false
  let isFirst = true
  const { maxTokens, parameters, choice } = terms
  const wishes = { ...(maxTokens !== undefined && { maxTokens }), ...(parameters && { parameters }) }
  return {
    model: async function* (prompt, signal) {
      const chosen = isFirst && choice && choice !== 'none' ? { choice } : {}
      isFirst = false
      const asked = { ...prompt, ...wishes, ...chosen }
      const guess = { input: estimatePrompt(asked), output: 0 }
      let counted: typeof usage | undefined
      try {
        for await (const event of model(asked, signal)) {
          if (event.type === 'model') name = event.name
          else if (event.type === 'usage') counted = sum(counted ?? { input: 0, output: 0 }, event)
          else guess.output += estimateTokens(event.type === 'text' ? event.delta : JSON.stringify(event.call))
          yield event
        }
      } finally {
        Object.assign(usage, sum(usage, counted ?? guess))
        estimated ||= counted === undefined
      }
    },
    spent: () => ({ usage: { ...usage, ...(estimated && { estimated }) }, ...(name !== undefined && { model: name }) }),
  }
}

const sum = (a: { input: number; output: number }, b: typeof a) => ({ input: a.input + b.input, output: a.output + b.output })

export type ModelElsewhere = (endpoint: NonNullable<Terms['endpoint']>) => Model

interface Models {
  model: Model
  modelNamed?(name: string | undefined): Model
  modelElsewhere?: ModelElsewhere
}

/** Of the model that is asked first here, as the conversation has `chosen`. Where a program names its own, the operator's is never asked in its place. */
export function accountFor({ terms }: Message, chosen: string | undefined, models: Models): Account {
  if (terms?.endpoint) return openAccount(models.modelElsewhere?.(terms.endpoint) ?? noModel, terms)
  return openAccount(models.modelNamed?.(terms?.model ?? chosen) ?? models.model, terms)
}

const noModel: Model = () => {
  throw new ModelError('this worker asks no model but those of its operator')
}

/** What the turn begins with; `entries` are those of its messages and what it has done. */
export function withRan({ text, terms }: Message, entries: Entry[]): Entry[] {
  if (!terms) return entries
  const rest = text === '' ? entries.slice(1) : entries
  return [...(terms.ran ?? []), ...rest]
}

/** What the agent is given besides: the house's tools and the program's, of which the program's win where a name is taken. */
export function waysOf({ terms }: Message, offer: (transcript: Entry[]) => Tool[]) {
  if (!terms) return {}
  const theirs = (terms.tools ?? []).map(toTool)
  const handBack = new Set(theirs.map(({ name }) => name))
  const all = (transcript: Entry[]) => [...offer(transcript).filter(({ name }) => !handBack.has(name)), ...theirs]
  return { offer: terms.choice === 'none' ? () => [] : all, handBack }
}

const toTool = (tool: NonNullable<Terms['tools']>[number]): Tool => ({
  ...tool,
  label: tool.name,
  server: 'caller',
  repeatable: false,
})

export function instructionsOf({ terms }: Message): string[] {
  return terms?.instructions ? [`The program that asks has laid down for this answer:\n${terms.instructions}`] : []
}

/** The calls with which the turn has ended, for the program to run. */
export function handedBack({ terms }: Message, said: Entry[]): ToolCall[] {
  const last = said.findLast(({ role }) => role === 'assistant')
  const theirs = new Set((terms?.tools ?? []).map(({ name }) => name))
  return last?.role === 'assistant' ? last.calls.filter(({ name }) => theirs.has(name)) : []
}

/** Of the entries that history would keep. */
export function keptOf({ terms }: Message, entries: Entry[]): Entry[] {
  if (terms?.keeps === 'nothing') return []
  const kept = terms
    ? entries.filter(entry => entry.role !== 'assistant' || entry.text !== '' || entry.calls.length > 0)
    : entries
  return terms?.keeps === 'answer' ? kept.filter(({ role }) => role !== 'user') : kept
}
