import type { Entry, Model, Tool } from '../model.ts'
import type { Toolbox } from '../toolbox.ts'
import type { AgentEvent } from './events.ts'
import { runTools } from './run-tools.ts'

export interface AgentOptions {
  model: Model
  toolbox: Toolbox
  system: string
  /** How often the model may speak; the last time it has no tools and must answer. */
  maxSteps: number
  signal: AbortSignal
}

/**
 * Lets the model speak and use tools until it has nothing more to call.
 * Throws ModelError when the model could not answer, and what aborted the signal.
 */
export async function* runAgent(past: Entry[], options: AgentOptions): AsyncGenerator<AgentEvent> {
  const { model, toolbox, system, maxSteps, signal } = options
  const transcript = [...past]
  for (let step = 1; step <= maxSteps; step++) {
    const mustAnswer = step === maxSteps
    const tools = mustAnswer ? [] : toolbox.list()
    if (mustAnswer && maxSteps > 1) yield { type: 'notice', notice: { kind: 'step-limit', steps: maxSteps - 1 } }
    const answer = yield* speak(model, { system, transcript, tools }, signal)
    transcript.push(answer)
    yield { type: 'entry', entry: answer }
    if (answer.calls.length === 0) return
    for await (const event of runTools(answer.calls, tools, toolbox, signal)) {
      if (event.type === 'entry') transcript.push(event.entry)
      yield event
    }
  }
}

type Answer = Extract<Entry, { role: 'assistant' }>

/** One step of the model. What it calls although it was offered nothing is dropped: it would never be run. */
async function* speak(
  model: Model,
  prompt: { system: string; transcript: Entry[]; tools: Tool[] },
  signal: AbortSignal,
): AsyncGenerator<AgentEvent, Answer> {
  const answer: Answer = { role: 'assistant', text: '', calls: [] }
  for await (const event of model(prompt, signal)) {
    if (event.type === 'text') {
      answer.text += event.delta
      yield event
    } else if (event.type === 'call' && prompt.tools.length > 0) answer.calls.push(event.call)
  }
  signal.throwIfAborted()
  return answer
}
