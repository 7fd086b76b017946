import type { Entry, Model, Prompt, Tool } from '../model.ts'
import type { Toolbox } from '../toolbox.ts'
import type { AgentEvent, Notice } from './events.ts'
import { findCircles, type Spending, startSpending, type TurnLimits } from './limits.ts'
import { type AskPerson, type DoneBefore, nothingDone, runTools, type ToolRun } from './run-tools.ts'
import { estimatePrompt, type Gauge, showsPictures } from './tokens.ts'

export interface AgentOptions {
  model: Model
  toolbox: Toolbox
  /** What the model is given of it with this transcript; absent: all. The rest can be called as well. */
  offer?(transcript: Entry[]): Tool[]
  system: string
  /** How often the model may speak; the last time it has no tools and must answer. */
  maxSteps: number
  /** Absent: no limits but the steps. */
  limits?: TurnLimits
  signal: AbortSignal
  /** Asked between the tools and the model: what the person has said meanwhile. */
  hear?(): Promise<Entry | undefined>
  /** The transcript as the model is to read it now: with the pictures that its tools have just returned. */
  illustrate?(transcript: Entry[]): Promise<Entry[]>
  /** As in `ToolRun`. */
  shorten?: ToolRun['shorten']
  /** Learns from what the endpoint counts. */
  gauge?: Gauge
  /** Names of tools that who asks runs himself: once one is called, and the others of that step have run, it ends. */
  handBack?: ReadonlySet<string>
  /** Of an earlier attempt that ended within the step that the transcript ends with. */
  before?: DoneBefore
  ask?: AskPerson
}

const noLimits: TurnLimits = { seconds: 2_000_000, tokens: Infinity }

/**
 * Lets the model speak and use tools until it has nothing more to call, or has used up what a turn may cost. `turn` is what was said in
 * this turn so far; when it ends with calls, it goes on with those.
 * Throws ModelError when the model could not answer, Parked when it waits for a person, and what aborted the signal.
 */
export async function* runAgent(past: Entry[], turn: Entry[], options: AgentOptions): AsyncGenerator<AgentEvent> {
  const spending = startSpending(options.limits ?? noLimits, options.signal)
  try {
    yield* work(past, turn, spending, options)
  } finally {
    spending.close()
  }
}

async function* work(past: Entry[], turn: Entry[], spending: Spending, options: AgentOptions): AsyncGenerator<AgentEvent> {
  const { maxSteps, limits = noLimits } = options
  const said = [...turn]
  let answer = said.at(-1)
  let spoken = turn.filter(({ role }) => role === 'assistant').length
  while (true) {
    if (answer?.role === 'assistant') {
      if (answer.calls.length === 0) return
      yield* use(answer, said, spending, options)
      if (answer.calls.some(({ name }) => options.handBack?.has(name))) return
    }
    if (spoken >= maxSteps) return
    const isLast = ++spoken === maxSteps
    const end: Notice | undefined = isLast && maxSteps > 1 ? { kind: 'step-limit', steps: maxSteps - 1 } : spending.usedUp()
    if (end) yield { type: 'notice', notice: end }
    const ended = yield* answerOrEnd([...past, ...said], isLast || end !== undefined, spending, options)
    if (!ended) {
      if (!end) yield { type: 'notice', notice: { kind: 'time-limit', seconds: limits.seconds } }
      return
    }
    answer = ended
    said.push(answer)
    yield { type: 'entry', entry: answer }
    if (end) return
  }
}

/** Runs what the model called, and hears what was said meanwhile; both go to what was said. */
async function* use(answer: Answer, said: Entry[], { over, call }: Spending, options: AgentOptions): AsyncGenerator<AgentEvent> {
  const { toolbox, signal, before = nothingDone, ask, shorten, hear, handBack } = options
  const calls = handBack ? answer.calls.filter(({ name }) => !handBack.has(name)) : answer.calls
  const refused = findCircles(said, answer.calls)
  const run = { calls, tools: toolbox.list(), toolbox, signal, before, refused, limit: { over, call } }
  for await (const event of runTools({ ...run, ...(ask && { ask }), ...(shorten && { shorten }) })) {
    if (event.type === 'entry') said.push(event.entry)
    yield event
  }
  const heard = await hear?.()
  if (!heard) return
  said.push(heard)
  yield { type: 'entry', entry: heard }
}

const nudge = 'Your answer just now was empty. Answer in words.'

/** The next step of the model; an empty one is asked for once more. Undefined when even a last answer took too long. */
async function* answerOrEnd(
  transcript: Entry[],
  mustAnswer: boolean,
  spending: Spending,
  { model, toolbox, offer = () => toolbox.list(), system, signal, illustrate = async all => all, gauge }: AgentOptions,
): AsyncGenerator<AgentEvent, Answer | undefined> {
  const tools = mustAnswer ? [] : offer(transcript)
  const prompt = { system, transcript: await illustrate(transcript), tools }
  try {
    const answer = yield* speak(model, prompt, spending.answer, spending, gauge)
    if (answer.text.trim() !== '' || answer.calls.length > 0) return answer
    return yield* speak(model, { ...prompt, system: `${system}\n\n${nudge}`.trim() }, spending.answer, spending, gauge)
  } catch (error) {
    signal.throwIfAborted()
    if (spending.end.aborted) return undefined
    throw error
  }
}

type Answer = Extract<Entry, { role: 'assistant' }>

/** One step of the model. What it calls although it was offered nothing is dropped: it would never be run. */
async function* speak(
  model: Model,
  prompt: Prompt,
  signal: AbortSignal,
  spending: Spending,
  gauge?: Gauge,
): AsyncGenerator<AgentEvent, Answer> {
  const answer: Answer = { role: 'assistant', text: '', calls: [] }
  for await (const event of model(prompt, signal)) {
    if (event.type === 'text') {
      answer.text += event.delta
      yield event
    } else if (event.type === 'model') yield event
    else if (event.type === 'usage') {
      spending.add(event.input + event.output)
      if (!event.shortened && !showsPictures(prompt)) gauge?.learn(estimatePrompt(prompt), event.input)
    } else if (prompt.tools.length > 0) answer.calls.push(event.call)
  }
  signal.throwIfAborted()
  return answer
}
