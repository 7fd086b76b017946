import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import type { Entry, Model, ModelEvent, Prompt } from '../model.ts'
import { createAnswer } from './answer.ts'
import { compact, roomAfter, sizeOf } from './compact.ts'
import { createEndpoint, type Endpoint, type EndpointOptions } from './endpoint.ts'
import { explain, explainSilence, isPassing, type Place } from './failure.ts'
import { goOn } from './go-on.ts'
import { hasPictures } from './request.ts'
import { createSilenceClock, type SilenceClock } from './silence.ts'
import { readStream } from './stream.ts'
import { createTextCalls } from './text-calls.ts'
import { refusedLength } from './window.ts'

interface OpenAiOptions extends EndpointOptions {
  /** Give up when nothing was heard for so long, retries included. Default: two minutes, since slow machines read long prompts slowly. */
  silenceMs?: number
}

/** So often what broke off is asked for again, after so long, and twice as long the next time. */
const mostRetries = 2
const firstPauseMs = 250

/**
 * A model behind any endpoint that speaks OpenAI's chat completions. An answer that breaks off is asked for again, from where it broke; a
 * conversation that is too long is told once more with less of its past. Throws ModelError; once aborted, the signal's reason.
 */
export function createOpenAiModel(options: OpenAiOptions): Model {
  const { log, silenceMs = 120_000 } = options
  const endpoint = createEndpoint(options)
  const shorten = createShortener(endpoint.place, log)
  return async function* (prompt, signal) {
    signal.throwIfAborted()
    const clock = createSilenceClock(signal, silenceMs)
    try {
      yield* answerInSpite(endpoint, prompt, shorten, clock, log)
    } catch (error) {
      signal.throwIfAborted()
      throw clock.tooLong() ? explainSilence(endpoint.place, silenceMs) : explain(error, endpoint.place)
    } finally {
      clock.end()
    }
  }
}

/** The library tries again what fails before an answer begins; the rest is done here. */
async function* answerInSpite(
  endpoint: Endpoint,
  prompt: Prompt,
  shorten: Shortener,
  clock: SilenceClock,
  log: Log,
): AsyncGenerator<ModelEvent> {
  let asked = shorten.foreseen(prompt)
  let said = ''
  let mayShorten = true
  for (let retries = 0; ; ) {
    try {
      for await (const event of answerOnce(endpoint, goOn(asked, said), clock, log)) {
        if (event.type === 'text') said += event.delta
        yield event.type === 'usage' && asked !== prompt ? { ...event, shortened: true } : event
      }
      return
    } catch (error) {
      clock.rest()
      clock.signal.throwIfAborted()
      const less = said === '' && mayShorten ? shorten.after(error, asked) : undefined
      if (less) {
        asked = less
        mayShorten = false
      } else if (!isPassing(error) || retries === mostRetries) throw error
      else {
        log.info({ ...facts(endpoint), why: error.message, said: said.length }, 'model asked again')
        await sleep(firstPauseMs * 2 ** retries++, undefined, { signal: clock.signal })
      }
    }
  }
}

async function* answerOnce(endpoint: Endpoint, prompt: Prompt, clock: SilenceClock, log: Log): AsyncGenerator<ModelEvent> {
  clock.listen()
  const { contentType, body, inText } = await endpoint.open(prompt, clock.signal)
  const taken = idsOf(prompt.transcript)
  const answer = createAnswer(taken)
  const hidden = inText ? createTextCalls(new Set(prompt.tools.map(({ name }) => name)), taken) : undefined
  const shown = (text: string) => hidden?.push(text) ?? text
  for await (const delta of readStream(contentType, body, answer, clock)) yield* tell(shown(delta))
  clock.rest()
  clock.signal.throwIfAborted()
  const { text, calls, usage, ...beside } = answer.end()
  endpoint.remember({ calls, ...beside })
  const finish = answer.finish()
  if (finish === 'length' || finish === 'content_filter') log.warn({ ...facts(endpoint), finish }, 'model was cut off')
  yield* tell(shown(text))
  const rest = hidden?.end(finish !== undefined && finish !== 'length')
  yield* tell(rest?.text ?? '')
  for (const call of [...calls, ...(rest?.calls ?? [])]) yield { type: 'call', call }
  if (usage) yield { type: 'usage', ...usage }
}

function* tell(delta: string): Generator<ModelEvent> {
  if (delta !== '') yield { type: 'text', delta }
}

interface Shortener {
  /** The prompt, with less of its past if as much was too much before. */
  foreseen(prompt: Prompt): Prompt
  /** Undefined if its length was not what the endpoint refused, or if it cannot be made shorter. */
  after(error: unknown, prompt: Prompt): Prompt | undefined
}

/** Remembers, as long as the process lives, what was too much for the model. */
function createShortener({ host, model }: Place, log: Log): Shortener {
  let known: { tooMuch: number; room: number } | undefined
  return {
    foreseen: prompt => (known && sizeOf(prompt) >= known.tooMuch ? (compact(prompt, known.room) ?? prompt) : prompt),
    after(error, prompt) {
      const overflow = refusedLength(error)
      if (!overflow) return undefined
      const room = roomAfter(prompt, overflow)
      const less = compact(prompt, room)
      if (less && !hasPictures(prompt)) known = { tooMuch: sizeOf(prompt), room }
      log.info({ host, model, ...overflow, shortened: less !== undefined }, 'the conversation is too long for the model')
      return less
    },
  }
}

const facts = ({ place }: Endpoint) => ({ model: place.model, host: place.host })

function idsOf(transcript: Entry[]): Set<string> {
  return new Set(transcript.flatMap(entry => (entry.role === 'assistant' ? entry.calls.map(call => call.id) : [])))
}
