import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai'
import { ModelError } from '../errors.ts'
import { Fault } from './fault.ts'
import { refusedLength } from './window.ts'

export interface Place {
  host: string
  model: string
  apiKey: string
}

/**
 * What a failure means for whoever might ask again. `locked`: this model will not answer until the operator mends something. `away`: it may
 * in a while. `too-long`: it would, if it were told less. `refused`: it is about what was asked, not about the model.
 */
export type Why = 'locked' | 'away' | 'too-long' | 'refused'

/** One sentence that names the endpoint and the model and says what to do. The key is cut out of whatever the endpoint said. */
export function explain(error: unknown, place: Place): ModelError {
  const failure = tell(error, place)
  failure.cause ??= whyOfStatus(error)
  return failure
}

/** Of a ModelError that came from here. */
export function whyOf(error: ModelError): Why {
  return (error.cause as Why | undefined) ?? 'away'
}

/** True of what went wrong within an answer and may be gone a moment later; what went wrong before one the library has tried again. */
export function isPassing(error: unknown): error is Fault {
  return error instanceof Fault && (error.kind === 'broken' || (error.kind === 'error' && isBusy(error.status)))
}

const isBusy = (status: number | undefined) => status === 408 || status === 409 || status === 429 || (status ?? 0) >= 500

function whyOfStatus(error: unknown): Why {
  if (error instanceof Fault && error.kind === 'html') return 'locked'
  if (!(error instanceof APIError || error instanceof Fault)) return 'away'
  const { status } = error
  if (status === undefined) return error instanceof Fault && error.kind === 'error' ? 'refused' : 'away'
  if (status === 401 || status === 402 || status === 403 || status === 404 || status < 400) return 'locked'
  return isBusy(status) ? 'away' : 'refused'
}

function tell(error: unknown, place: Place): ModelError {
  const { host, model } = place
  const words = quote(error instanceof Error ? error.message : String(error), place.apiKey)
  if (error instanceof APIConnectionTimeoutError)
    return new ModelError(`${host} did not answer for the model "${model}" in time.`)
  if (error instanceof APIConnectionError) return new ModelError(connection(error, host, model))
  if (error instanceof APIError || (error instanceof Fault && error.kind === 'error')) return refusal(error, place)
  if (!(error instanceof Fault)) return new ModelError(`Asking ${host} for the model "${model}" failed: ${words}`)
  if (error.kind === 'html') return new ModelError(html(host))
  return new ModelError(`The answer of ${host} (model "${model}") broke off: ${words}`)
}

/** True if the conversation is longer than the model reads; a shorter one may succeed. */
export function isTooLong(error: unknown): boolean {
  return error instanceof ModelError && error.cause === 'too-long'
}

/** How long nothing was heard, in the same tone. */
export function explainSilence(place: Place, silenceMs: number): ModelError {
  const seconds = Math.round(silenceMs / 1000)
  return new ModelError(
    `${place.host} (model "${place.model}") said nothing for ${seconds} seconds, so the request was given up.`,
    { cause: 'away' },
  )
}

function refusal(error: APIError | Fault, place: Place): ModelError {
  const { status } = error
  const { host, model } = place
  if (status && status < 400)
    return new ModelError(`${host} sends us on to another address (${status}); set OPENAI_BASE_URL to that one.`)
  if (isHtml(error.message) && !(status && status >= 500)) return new ModelError(html(host))
  if (refusedLength(error))
    return new ModelError(`The conversation is too long for the model "${model}" at ${host}; \`/reset\` begins a new one.`, {
      cause: 'too-long',
    })
  return new ModelError(sentence(status, error, place))
}

function sentence(status: number | undefined, error: APIError | Fault, { host, model, apiKey }: Place): string {
  const words = isHtml(error.message) ? '' : `: ${quote(error.message.replace(/^\d{3} /, ''), apiKey)}`
  if (status === 401) return `${host} refused the key for the model "${model}" (401); check OPENAI_API_KEY.`
  if (status === 403) return `${host} does not let this key use the model "${model}" (403)${words}`
  if (status === 404) {
    return `${host} knows no model "${model}", or not this path (404); check MODEL, and that OPENAI_BASE_URL ends in /v1${words}`
  }
  if (status === 429)
    return `${host} wants fewer requests for the model "${model}" (429); wait a little, or check the account's credit${words}`
  if (status && status >= 500) return `${host} has trouble with the model "${model}" (${status}); try again later${words}`
  return `${host} refused the request for the model "${model}"${status ? ` (${status})` : ''}${words}`
}

const hints: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there; start it, or check OPENAI_BASE_URL',
  ENOTFOUND: 'no such host is known; check OPENAI_BASE_URL',
  EAI_AGAIN: 'its name could not be looked up; check the network',
  ECONNRESET: 'it closed the connection',
  ETIMEDOUT: 'it could not be reached in time',
}

function connection(error: APIConnectionError, host: string, model: string): string {
  const code = codeOf(error)
  const hint = hints[code] ?? (code || 'the connection failed')
  return `${host} cannot be reached for the model "${model}": ${hint}.`
}

/** The system's code, found in the error, its cause, or the attempts that Node bundles for a host of several addresses. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  if (!(error instanceof Error)) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  return codeOf(error.cause)
}

const html = (host: string) =>
  `${host} answers with a web page (HTML) instead of JSON; check OPENAI_BASE_URL: it should end in /v1.`

function isHtml(text: string): boolean {
  return /^(?:\d{3} )?\s*<(?:!doctype|html|head|body|\?xml|!--)/i.test(text)
}

const quoteChars = 300

function quote(words: string, apiKey: string): string {
  const clean = (apiKey === '' ? words : words.replaceAll(apiKey, '[hidden]')).replace(/\s+/g, ' ').trim()
  return clean.length > quoteChars ? `${clean.slice(0, quoteChars)}…` : clean
}
