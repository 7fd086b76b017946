import type { Words } from '../i18n/i18n.ts'
import { reason } from '../log.ts'
import type { ToolCall } from '../model.ts'
import type { Toolbox, ToolResult } from '../toolbox.ts'
import type { AgentEvent } from './events.ts'
import { type AskPerson, type DoneBefore, runTools } from './run-tools.ts'

export interface CallOptions {
  toolbox: Toolbox
  words: Words
  signal: AbortSignal
  /** Of this turn and no other; the same in every attempt. */
  callId: string
  before: DoneBefore
  ask?: AskPerson
  /** As in `ToolRun`; what it says of the rest is told to the person. */
  shorten?(result: ToolResult): Promise<ToolResult>
  /** As in `ToolRun`. */
  asData?: boolean
}

/** Runs the one tool that a person named, `<tool> [json]`, with no model in between; its result is the answer. */
export async function* runCall(argument: string, options: CallOptions): AsyncGenerator<AgentEvent> {
  const { words, shorten = async result => result } = options
  const [, name, json = ''] = /^(\S+)\s*(.*)$/s.exec(argument) ?? []
  if (name === undefined) return yield* say(words.callUsage)
  const input = readInput(json)
  if (typeof input === 'string') return yield* say(words.callBadJson(input))
  const shortenFor = async (result: ToolResult) => {
    const { more, ...short } = await shorten(result)
    return more === undefined ? short : { ...short, text: `${short.text}\n\n(${more})` }
  }
  for await (const event of runNamed({ name, input }, { ...options, shorten: shortenFor })) {
    yield event
    if (event.type === 'entry' && event.entry.role === 'tool') yield* say(event.entry.text)
  }
}

/** Runs one call, and says nothing about it. */
export async function* runNamed(
  { name, input }: Pick<ToolCall, 'name' | 'input'>,
  { toolbox, signal, callId, before, ask, shorten, asData = false }: Omit<CallOptions, 'words'>,
): AsyncGenerator<AgentEvent> {
  const call = { id: callId, name, input }
  if (!before.begun.has(callId) && !before.asked.has(callId))
    yield { type: 'entry', entry: { role: 'assistant', text: '', calls: [call] } }
  const run = { calls: [call], tools: toolbox.list(), toolbox, signal, before, asData }
  yield* runTools({ ...run, ...(shorten && { shorten }), ...(ask && { ask }) })
}

async function* say(text: string): AsyncGenerator<AgentEvent> {
  yield { type: 'text', delta: text }
  yield { type: 'entry', entry: { role: 'assistant', text, calls: [] } }
}

/** The object, or what is wrong with it. */
function readInput(json: string): Record<string, unknown> | string {
  if (json.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value }
      : `it is ${JSON.stringify(value).slice(0, 60)}`
  } catch (error) {
    return reason(error)
  }
}
