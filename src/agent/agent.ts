import type { Entry, Model, Prompt } from '../model.ts'
import type { Toolbox } from '../toolbox.ts'
import type { AgentEvent } from './events.ts'
import { type AskPerson, type DoneBefore, nothingDone, runTools } from './run-tools.ts'

export interface AgentOptions {
  model: Model
  toolbox: Toolbox
  system: string
  /** How often the model may speak; the last time it has no tools and must answer. */
  maxSteps: number
  signal: AbortSignal
  /** Asked between the tools and the model: what the person has said meanwhile. */
  hear?(): Promise<Entry | undefined>
  /** The transcript as the model is to read it now: with the pictures that its tools have just returned. */
  illustrate?(transcript: Entry[]): Promise<Entry[]>
  /** Of an earlier attempt that ended within the step that the transcript ends with. */
  before?: DoneBefore
  ask?: AskPerson
}

/**
 * Lets the model speak and use tools until it has nothing more to call. `turn` is what was said in this turn so far; when it ends with
 * calls, it goes on with those.
 * Throws ModelError when the model could not answer, Parked when it waits for a person, and what aborted the signal.
 */
export async function* runAgent(past: Entry[], turn: Entry[], options: AgentOptions): AsyncGenerator<AgentEvent> {
  const { model, toolbox, system, maxSteps, signal, hear, illustrate = async all => all, before = nothingDone, ask } = options
  const transcript = [...past, ...turn]
  let answer = transcript.at(-1)
  let spoken = turn.filter(({ role }) => role === 'assistant').length
  while (true) {
    if (answer?.role === 'assistant') {
      if (answer.calls.length === 0) return
      for await (const event of runTools({
        calls: answer.calls,
        tools: toolbox.list(),
        toolbox,
        signal,
        before,
        ...(ask && { ask }),
      })) {
        if (event.type === 'entry') transcript.push(event.entry)
        yield event
      }
      const heard = await hear?.()
      if (heard) {
        transcript.push(heard)
        yield { type: 'entry', entry: heard }
      }
    }
    if (spoken >= maxSteps) return
    const mustAnswer = ++spoken === maxSteps
    if (mustAnswer && maxSteps > 1) yield { type: 'notice', notice: { kind: 'step-limit', steps: maxSteps - 1 } }
    const tools = mustAnswer ? [] : toolbox.list()
    answer = yield* speak(model, { system, transcript: await illustrate(transcript), tools }, signal)
    transcript.push(answer)
    yield { type: 'entry', entry: answer }
  }
}

type Answer = Extract<Entry, { role: 'assistant' }>

/** One step of the model. What it calls although it was offered nothing is dropped: it would never be run. */
async function* speak(model: Model, prompt: Prompt, signal: AbortSignal): AsyncGenerator<AgentEvent, Answer> {
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
