import type { Log } from '../log.ts'
import type { Entry, Model, ModelEvent, Prompt } from '../model.ts'
import { createAnswer } from './answer.ts'
import { createEndpoint, type Endpoint, type EndpointOptions } from './endpoint.ts'
import { explain, explainSilence, Fault } from './failure.ts'
import { createSilenceClock, type SilenceClock } from './silence.ts'
import { readStream } from './stream.ts'

interface OpenAiOptions extends EndpointOptions {
  /** Give up when nothing was heard for so long, retries included. Default: two minutes, since slow machines read long prompts slowly. */
  silenceMs?: number
}

/** A model behind any endpoint that speaks OpenAI's chat completions. Throws ModelError; once aborted, the signal's reason. */
export function createOpenAiModel(options: OpenAiOptions): Model {
  const { log, silenceMs = 120_000 } = options
  const endpoint = createEndpoint(options)
  return async function* (prompt, signal) {
    signal.throwIfAborted()
    const clock = createSilenceClock(signal, silenceMs)
    try {
      yield* answerOrAskAgain(endpoint, prompt, clock, log)
    } catch (error) {
      signal.throwIfAborted()
      throw clock.tooLong() ? explainSilence(endpoint.place, silenceMs) : explain(error, endpoint.place)
    } finally {
      clock.rest()
    }
  }
}

/** The endpoint retries what fails before an answer begins; one that breaks off before its first word is asked for once more here. */
async function* answerOrAskAgain(endpoint: Endpoint, prompt: Prompt, clock: SilenceClock, log: Log): AsyncGenerator<ModelEvent> {
  let spoken = false
  try {
    for await (const event of answerOnce(endpoint, prompt, clock, log)) {
      spoken = true
      yield event
    }
  } catch (error) {
    if (spoken || clock.signal.aborted || !(error instanceof Fault && error.kind === 'broken')) throw error
    log.info({ ...facts(endpoint), why: error.message }, 'model asked again')
    yield* answerOnce(endpoint, prompt, clock, log)
  }
}

async function* answerOnce(endpoint: Endpoint, prompt: Prompt, clock: SilenceClock, log: Log): AsyncGenerator<ModelEvent> {
  clock.listen()
  const { contentType, body } = await endpoint.open(prompt, clock.signal)
  const answer = createAnswer(idsOf(prompt.transcript))
  yield* readStream(contentType, body, answer, clock)
  clock.rest()
  clock.signal.throwIfAborted()
  const { text, calls, usage } = answer.end()
  const finish = answer.finish()
  if (finish === 'length' || finish === 'content_filter') log.warn({ ...facts(endpoint), finish }, 'model was cut off')
  if (text !== '') yield { type: 'text', delta: text }
  for (const call of calls) yield { type: 'call', call }
  if (usage) yield { type: 'usage', ...usage }
}

const facts = ({ place }: Endpoint) => ({ model: place.model, host: place.host })

function idsOf(transcript: Entry[]): Set<string> {
  return new Set(transcript.flatMap(entry => (entry.role === 'assistant' ? entry.calls.map(call => call.id) : [])))
}
