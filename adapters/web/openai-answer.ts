import { randomUUID } from 'node:crypto'
import type { TurnEnd } from '../../src/adapter.ts'
import type { TurnStep } from './turn.ts'

/** What a program is given of one turn, in OpenAI's shapes; what the house adds stands in the field `bellhop`. */
export interface CompletionShape {
  /** The first piece of a stream. */
  opening(): object
  /** Undefined for what is told only at the end. */
  piece(step: TurnStep): object | undefined
  /** The last pieces, of a turn that ended well. */
  ending(end: TurnEnd, withUsage: boolean): object[]
  /** All at once, with what tools of the house did. */
  whole(end: TurnEnd, tools: ToolRecord[]): object
}

/** What a tool of the house was given, and what came of it. */
export interface ToolRecord {
  id: string
  name: string
  label: string
  input: Record<string, unknown>
  ok?: boolean
  state?: string
  count?: number
  text?: string
  ms?: number
}

const finishes = { answered: 'stop', stopped: 'stop', calls: 'tool_calls', limit: 'length', failed: 'stop', 'used-up': 'stop' }

export function openCompletion(model: string, session: string | undefined): CompletionShape {
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000) }
  const place = session === undefined ? {} : { session_id: session }
  const chunk = (delta: object, finish: string | null, more: object = {}) => ({
    ...head,
    object: 'chat.completion.chunk',
    model,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...more,
  })
  return {
    opening: () => chunk({ role: 'assistant', content: '' }, null, { bellhop: { type: 'begin', ...place } }),
    piece(step) {
      if (step.type === 'end') return undefined
      return step.type === 'text' ? chunk({ content: step.delta }, null) : chunk({}, null, { bellhop: step })
    },
    ending(end, withUsage) {
      const calls = callsOf(end).map((call, index) => ({ index, ...call }))
      const pieces: object[] = calls.length > 0 ? [chunk({ tool_calls: calls }, null)] : []
      pieces.push(chunk({}, finishes[end.how], { bellhop: { type: 'end', ...about(end) } }))
      if (withUsage) pieces.push({ ...chunk({}, null), choices: [], usage: usageOf(end) })
      return pieces
    },
    whole(end, tools) {
      const calls = callsOf(end)
      const content = calls.length > 0 && end.text === '' ? null : end.text
      const message = { role: 'assistant', content, refusal: null, ...(calls.length > 0 && { tool_calls: calls }) }
      return {
        ...head,
        object: 'chat.completion',
        model: end.model ?? model,
        choices: [{ index: 0, message, logprobs: null, finish_reason: finishes[end.how] }],
        usage: usageOf(end),
        bellhop: { ...place, ...about(end), tools },
      }
    },
  }
}

const about = ({ how, problem, model, usage }: TurnEnd) => ({
  how,
  ...(problem !== undefined && { problem }),
  ...(model !== undefined && { model }),
  ...(usage.estimated && { usage_estimated: true }),
})

const usageOf = ({ usage: { input, output } }: TurnEnd) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
})

function callsOf({ calls = [] }: TurnEnd) {
  return calls.map(({ id, name, input, broken }) => ({
    id,
    type: 'function',
    function: { name, arguments: broken ?? JSON.stringify(input) },
  }))
}

/** What the tools of the house did, from the steps of a turn. */
export function createToolRecords() {
  const records = new Map<string, ToolRecord>()
  return {
    add(step: TurnStep): void {
      if (step.type === 'call') records.set(step.id, { id: step.id, name: step.name, label: step.label, input: step.input })
      if (step.type !== 'result') return
      const { type: _, ...result } = step
      records.set(step.id, { label: step.name, input: {}, ...records.get(step.id), ...result })
    },
    list: () => [...records.values()],
  }
}
