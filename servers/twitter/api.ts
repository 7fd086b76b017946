import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint } from './endpoints.ts'

/** The HTTP API behind the tools. */
export interface Api {
  /** The answer as it came. Throws an Error whose message says what is wrong and what helps. */
  ask(endpoint: Endpoint, params: Record<string, string>, signal: AbortSignal): Promise<Record<string, unknown>>
}

export interface ApiOptions {
  baseUrl: string
  /** Of RapidAPI. */
  key: string | undefined
  timeoutMs: number
}

const mostBytes = 5_000_000
/** A limit that ends within so long is waited for; a longer one is told. */
const mostPatienceMs = 5000

export function createApi({ baseUrl, key, timeoutMs }: ApiOptions): Api {
  const base = new URL(baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`)
  return {
    async ask({ path }, params, caller) {
      if (!key)
        throw new Error('no API key is set here: the operator has to set RAPIDAPI_KEY (a key of RapidAPI for "twitter-api45")')
      const url = new URL(path, base)
      for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
      const signal = AbortSignal.any([caller, AbortSignal.timeout(timeoutMs)])
      const get = () => fetch(url, { headers: { 'x-rapidapi-key': key, 'x-rapidapi-host': base.host }, signal })
      try {
        let response = await get()
        const waitMs = response.status === 429 ? (secondsUntilReset(response.headers) ?? 0) * 1000 : 0
        if (waitMs > 0 && waitMs <= mostPatienceMs) {
          await response.body?.cancel()
          await sleep(waitMs, undefined, { signal })
          response = await get()
        }
        return await read(response)
      } catch (error) {
        throw caller.aborted ? caller.reason : inWords(error, timeoutMs)
      }
    },
  }
}

/** RapidAPI tells the seconds until the quota begins anew; others the moment, in seconds since 1970 or as a date. */
function secondsUntilReset(headers: Headers): number | undefined {
  const names = ['retry-after', 'x-ratelimit-requests-reset', 'x-ratelimit-reset']
  const said = names.map(name => headers.get(name)).find(value => value !== null && value.trim() !== '')
  if (said === undefined || said === null) return undefined
  const number = Number(said)
  const now = Date.now() / 1000
  const seconds = Number.isNaN(number) ? Date.parse(said) / 1000 - now : number > 1e9 ? number - now : number
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds)
}

function inUnits(seconds: number): string {
  const [size, unit] = [[86_400, 'days'] as const, [3600, 'hours'] as const, [60, 'minutes'] as const].find(
    ([size]) => seconds >= size * 2,
  ) ?? [1, 'seconds']
  return `in ${Math.ceil(seconds / size)} ${unit}`
}

async function read(response: Response): Promise<Record<string, unknown>> {
  const text = await readText(response)
  if (!response.ok) throw new Refusal(sentenceFor(response, text))
  if (text.trim() === '') throw new Refusal(`the API answered with nothing at all (HTTP ${response.status}); try again later`)
  const answer = parse(text)
  if (answer === undefined) throw new Refusal('the API answered with a page in place of data; try again later')
  if (Array.isArray(answer)) return { timeline: answer }
  if (typeof answer !== 'object' || answer === null) return {}
  return answer as Record<string, unknown>
}

/** A sentence that is told as it is. */
class Refusal extends Error {
  override name = 'Refusal'
}

function sentenceFor(response: Response, text: string): string {
  const { status } = response
  const said = parse(text)
  const message =
    typeof said === 'object' && said !== null && 'message' in said ? ` It says: ${String(said.message).slice(0, 200)}` : ''
  if (status === 401) return `the API does not know the key (HTTP 401): the operator has to set a valid RAPIDAPI_KEY.${message}`
  if (status === 403)
    return `the API does not allow it (HTTP 403): the operator has to subscribe to "twitter-api45" on RapidAPI with this key.${message}`
  if (status === 404) return `nothing is there (HTTP 404): it does not exist, was deleted, or is private.${message}`
  if (status === 429) {
    const seconds = secondsUntilReset(response.headers)
    const when = seconds === undefined ? 'later' : inUnits(seconds)
    return `the API's limit is used up (HTTP 429): try again ${when}, or the operator takes a larger plan.${message}`
  }
  if (status >= 500) return `the API is out of order (HTTP ${status}): try again in some minutes.`
  return `the API refused it (HTTP ${status}): check what was asked.${message}`
}

function inWords(error: unknown, timeoutMs: number): Error {
  if (error instanceof Refusal) return error
  if (error instanceof Error && error.name === 'TimeoutError')
    return new Error(`the API did not answer within ${timeoutMs / 1000} seconds: try again later`)
  return new Error('the API could not be reached: try again later, or the operator looks at TWITTER_API_URL')
}

async function readText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of response.body ?? []) {
    bytes += piece.length
    if (bytes > mostBytes) throw new Refusal(`the API sent more than ${mostBytes / 1_000_000} MB`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
