import type { IncomingMessage } from 'node:http'
import { APIError, OpenAI } from 'openai'
import { ConfigError } from '../errors.ts'
import { type Log, reason } from '../log.ts'
import type { Prompt } from '../model.ts'
import type { Place } from './failure.ts'
import { createNodeFetch } from './node-fetch.ts'
import { type Abilities, hasPictures, toRequest } from './request.ts'
import { refusedPictures } from './sight.ts'

export interface EndpointOptions {
  /** Ends in `/v1` as a rule. Default: OpenAI's own. */
  baseUrl?: string
  apiKey: string
  model: string
  log: Log
}

export interface Endpoint {
  place: Place
  /**
   * Sends the prompt and returns as soon as an answer begins. Retried by the library, and by it alone: twice, on 408, 409, 429,
   * 5xx and broken connections, after `Retry-After` or half a second and more.
   */
  open(prompt: Prompt, signal: AbortSignal): Promise<Reply>
}

interface Reply {
  contentType: string
  body: IncomingMessage
}

const openAiUrl = 'https://api.openai.com/v1'

/** Throws ConfigError for a base URL that is none. */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { model, log } = options
  const { fetch, bodyOf } = createNodeFetch()
  const place = placeOf(options)
  const client = createClient(options, fetch)
  /** What it has not refused yet. */
  const takes: Abilities = { usage: true, pictures: true, limit: 'max_tokens' }

  async function send(prompt: Prompt, asked: Abilities, signal: AbortSignal): Promise<Reply> {
    const response = await client.chat.completions.create(toRequest(prompt, model, asked), { signal }).asResponse()
    const body = bodyOf(response)
    if (!body) throw new Error('the response has no body')
    return { contentType: response.headers.get('content-type') ?? '', body }
  }

  /** Older endpoints do not take the wish to hear the usage, models that cannot see no pictures: from now on they get less. */
  async function sendLess(error: unknown, prompt: Prompt, asked: Abilities, signal: AbortSignal): Promise<Reply> {
    const refused = asked.pictures && hasPictures(prompt) ? refusedPictures(error) : undefined
    if (refused) {
      if (refused === 'any') takes.pictures = false
      log.info({ model, host: place.host, refused, why: reason(error) }, 'the model was asked again without pictures')
      return sendPatiently(prompt, { ...asked, pictures: false }, signal)
    }
    if (prompt.maxTokens !== undefined && asked.limit === 'max_tokens' && refuses(error, 'max_tokens')) {
      takes.limit = 'max_completion_tokens'
      return sendPatiently(prompt, { ...asked, limit: 'max_completion_tokens' }, signal)
    }
    if (!asked.usage || !refuses(error, 'stream_options')) throw error
    takes.usage = false
    return sendPatiently(prompt, { ...asked, usage: false }, signal)
  }
  function sendPatiently(prompt: Prompt, asked: Abilities, signal: AbortSignal): Promise<Reply> {
    return send(prompt, asked, signal).catch((error: unknown) => sendLess(error, prompt, asked, signal))
  }

  return { place, open: (prompt, signal) => sendPatiently(prompt, { ...takes }, signal) }
}

/** Throws ConfigError for a base URL that is none. */
export function placeOf({ baseUrl = openAiUrl, apiKey, model }: EndpointOptions): Place {
  return { host: hostOf(baseUrl), model, apiKey }
}

type Fetch = ReturnType<typeof createNodeFetch>['fetch']

/** The library, told not to look into the environment. Default: with the fetch of the platform. */
export function createClient({ baseUrl: baseURL = openAiUrl, apiKey, log }: EndpointOptions, fetch?: Fetch): OpenAI {
  return new OpenAI({
    baseURL,
    // Local servers want no key, but the library insists on one.
    apiKey: apiKey || 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    ...(fetch && { fetch }),
    maxRetries: 2,
    logLevel: 'warn',
    logger: {
      debug() {},
      info() {},
      warn: text => log.warn({ text: reason(text) }, 'openai library'),
      error: text => log.error({ text: reason(text) }, 'openai library'),
    },
  })
}

function hostOf(baseUrl: string): string {
  if (!/^https?:\/\//i.test(baseUrl) || !URL.canParse(baseUrl)) {
    throw new ConfigError('OPENAI_BASE_URL is no http(s) URL; it should look like http://localhost:11434/v1')
  }
  return new URL(baseUrl).host
}

function refuses(error: unknown, parameter: string): boolean {
  return error instanceof APIError && (error.status === 400 || error.status === 422) && error.message.includes(parameter)
}
