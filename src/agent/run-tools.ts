import type { Answer, AskDraft } from '../ask.ts'
import { Parked } from '../errors.ts'
import { wordsFor } from '../i18n/i18n.ts'
import type { Tool, ToolCall, ToolEntry } from '../model.ts'
import type { CallOptions, Toolbox, ToolResult } from '../toolbox.ts'
import { lookUp } from '../tools/list.ts'
import type { Watch } from './digest.ts'
import type { AgentEvent } from './events.ts'
import { drain } from './merge.ts'
import { classify, remarkOf } from './sources.ts'

/** What an earlier attempt at the same step left behind. */
export interface DoneBefore {
  results: Map<string, ToolEntry>
  /** Ids of calls that were under way when the worker died: nobody knows whether they had an effect. */
  begun: Set<string>
  /** Calls that waited for a person, with what they go on with. */
  asked: Map<string, unknown>
}

export const nothingDone: DoneBefore = { results: new Map(), begun: new Set(), asked: new Map() }

/** Asks for one call, and tells `push` what is to be seen of it. Otherwise as `CallOptions.ask`. */
export type AskPerson = (callId: string, draft: AskDraft, later: unknown, push: (event: AgentEvent) => void) => Promise<Answer>

export interface ToolRun {
  calls: ToolCall[]
  tools: Tool[]
  toolbox: Toolbox
  signal: AbortSignal
  before: DoneBefore
  /** Absent where nobody can be asked. */
  ask?: AskPerson
  /** What the model reads of a result that may be long. */
  shorten?(result: ToolResult, watch: Watch): Promise<ToolResult>
  /** Calls that are not to be run, by id, with what the model is told in place of a result. */
  refused?: ReadonlyMap<string, string>
  /** A program asks, which is given results as data as well. */
  asData?: boolean
  /** Aborted when the turn has taken too long: the calls are cut off, and the turn goes on with what there is. */
  limit?: { over: AbortSignal; call: AbortSignal }
}

/**
 * Runs the calls of one step side by side. Their results enter the transcript in the order of the calls. Throws what aborted the signal,
 * and Parked when all that is left waits for a person.
 */
export async function* runTools(run: ToolRun): AsyncGenerator<AgentEvent> {
  const { calls, tools, signal, before } = run
  const results = new Map(before.results)
  const parked: Parked[] = []
  const toRun = calls.filter(call => !results.has(call.id))
  for (const call of toRun) yield { type: 'tool-start', call, label: labelOf(call, tools) }
  yield* drain<AgentEvent>(push =>
    Promise.all(
      toRun.map(async call => {
        const began = performance.now()
        const outcome = fateUnknown(call, tools, before) ?? (await runTool(call, run, push))
        if (outcome instanceof Parked) return void parked.push(outcome)
        const result = await toEntry(call, outcome, run, push)
        results.set(call.id, result)
        void push({ type: 'tool-end', result, ms: Math.round(performance.now() - began) })
      }),
    ),
  )
  signal.throwIfAborted()
  for (const waiting of parked) throw waiting
  for (const call of calls) {
    const entry = results.get(call.id)
    if (entry) yield { type: 'entry', entry }
  }
}

/** With what the house makes of it, which no tool can say of itself. */
async function toEntry(
  { id, name }: ToolCall,
  result: ToolResult,
  { tools, shorten, signal, limit, asData }: ToolRun,
  push: (event: AgentEvent) => void,
): Promise<ToolEntry> {
  const outcome = classify(result, lookUp(tools).byName.get(name) ?? { name, label: name, server: '' })
  const watch: Watch = {
    signal: limit?.call ?? signal,
    onGrowth: digest => push({ type: 'tool-progress', callId: id, progress: { done: digest.length, message: endOf(digest) } }),
  }
  const { ok, text, kept, more } = (await shorten?.(result, watch)) ?? result
  const remark = [remarkOf(outcome, wordsFor('en', 'en')), more].filter(Boolean).join('; ')
  const data = asData && result.structured ? { structured: result.structured } : {}
  return { role: 'tool', callId: id, name, text, ok, outcome, remark, ...(kept && { files: kept }), ...data }
}

/** Of what grows the end says more than the beginning; so much has room in a line of a card. */
const shownEnd = 70
const endOf = (text: string) => (text.length > shownEnd ? `…${[...text].slice(-shownEnd).join('')}` : text)

export function labelOf(call: ToolCall, tools: Tool[]): string {
  return lookUp(tools).byName.get(call.name)?.label ?? call.name
}

/** A call that was cut off is made again only where that does no harm. */
function fateUnknown(call: ToolCall, tools: Tool[], { begun }: DoneBefore): ToolResult | undefined {
  if (!begun.has(call.id) || lookUp(tools).byName.get(call.name)?.repeatable) return undefined
  return {
    ok: false,
    text: 'Outcome unknown: this call was under way when the bot was interrupted, so it may or may not have had its effect. It was not made again. Tell the person so.',
  }
}

async function runTool(
  call: ToolCall,
  { tools, toolbox, signal, ask, before, refused, limit }: ToolRun,
  push: (event: AgentEvent) => Promise<void>,
): Promise<ToolResult | Parked> {
  if (call.broken !== undefined) {
    return {
      ok: false,
      text: `The arguments of this call are not a JSON object, so it was not run. You wrote: ${call.broken.slice(0, 500)}`,
    }
  }
  const refusal = refused?.get(call.id)
  if (refusal !== undefined) return { ok: false, text: refusal }
  const options: CallOptions = {
    signal: limit?.call ?? signal,
    onProgress: progress => push({ type: 'tool-progress', callId: call.id, progress }),
    ...(ask && { ask: (draft, later) => ask(call.id, draft, later, push) }),
    begin: () => push({ type: 'tool-start', call, label: labelOf(call, tools) }),
    ...(before.asked.has(call.id) && { resume: before.asked.get(call.id) }),
  }
  try {
    const result = await toolbox.call(call.name, call.input, options)
    return !result.ok && limit?.over.aborted ? { ...result, fault: 'timed-out' } : result
  } catch (error) {
    if (error instanceof Parked) return error
    throw error
  }
}
