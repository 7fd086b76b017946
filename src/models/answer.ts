import type { ToolCall } from '../model.ts'
import { isObject } from './arguments.ts'
import { Fault } from './fault.ts'
import { createThinkFilter } from './think.ts'
import { createCallCollector } from './tool-calls.ts'

/** One answer of a model, put together from the chunks of whatever dialect of chat completions the endpoint speaks. */
export interface Answer {
  /** Takes a chunk, or a whole completion, and returns the text that may be shown now. Throws Fault. */
  add(chunk: unknown): string
  /** Why the model stopped, as soon as it said so. */
  finish(): string | undefined
  end(): Ending
}

interface Ending {
  /** What was held back of the text. */
  text: string
  calls: ToolCall[]
  /** As in `Beside`. */
  thoughts: string
  extras: Map<string, unknown>
  usage?: { input: number; output: number }
}

/** `taken`: the ids of all calls of the conversation so far. */
export function createAnswer(taken: Set<string>): Answer {
  const think = createThinkFilter()
  const calls = createCallCollector(taken)
  let thoughts = ''
  let finish: string | undefined
  let usage: Ending['usage']

  function addMessage(delta: Record<string, unknown>): string {
    const called = delta['tool_calls'] // TGI sends one call without a list around it
    if (Array.isArray(called)) called.forEach(calls.add)
    else calls.add(called)
    if (isObject(delta['function_call'])) calls.add({ index: -1, function: delta['function_call'] })
    if (typeof delta['reasoning_content'] === 'string') thoughts += delta['reasoning_content']
    const said = textOf(delta['content']) + textOf(delta['refusal'])
    return said === '' ? '' : think.push(said)
  }

  return {
    add(chunk) {
      if (!isObject(chunk)) throw new Fault('broken', 'sent a chunk that is no JSON object')
      if (chunk['error']) throw faultOf(chunk['error'])
      if (chunk['object'] === 'error') throw faultOf(chunk) // vLLM, Mistral
      const choice: unknown = Array.isArray(chunk['choices']) ? chunk['choices'][0] : undefined
      usage = usageIn(chunk, choice) ?? usage
      if (!isObject(choice)) return ''
      if (typeof choice['finish_reason'] === 'string' && choice['finish_reason'] !== '') finish = choice['finish_reason']
      const delta = choice['delta'] ?? choice['message']
      return isObject(delta) ? addMessage(delta) : ''
    },
    finish: () => finish,
    end() {
      const ending = {
        text: think.end(),
        calls: calls.end(finish !== undefined && finish !== 'length'),
        thoughts,
        extras: calls.extras,
      }
      return usage ? { ...ending, usage } : ending
    },
  }
}

/** Text, or the parts of a text; parts of another type, such as Mistral's `thinking`, are not for the reader. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: unknown) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('')
}

/** Moonshot tells it within the choice, older Groq in a room of its own. */
function usageIn(chunk: Record<string, unknown>, choice: unknown): Ending['usage'] {
  const places = [chunk, choice, chunk['x_groq']]
  return places.map(place => (isObject(place) ? usageOf(place['usage']) : undefined)).find(Boolean)
}

function usageOf(usage: unknown): Ending['usage'] {
  if (!isObject(usage)) return undefined
  const { prompt_tokens: input, completion_tokens: output } = usage
  return typeof input === 'number' && typeof output === 'number' ? { input, output } : undefined
}

function faultOf(error: unknown): Fault {
  if (!isObject(error)) return new Fault('error', String(error))
  const { message, code, status } = error
  const number = [status, code].map(Number).find(one => one >= 400 && one < 600)
  const words = typeof message === 'string' ? message : JSON.stringify(error)
  return new Fault('error', words, { status: number, code: typeof code === 'string' ? code : undefined })
}
