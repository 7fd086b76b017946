import type { IncomingMessage } from 'node:http'
import { APIError, OpenAI } from 'openai'
import { ConfigError } from '../errors.ts'
import { type Log, reason } from '../log.ts'
import type { Prompt } from '../model.ts'
import type { Place } from './failure.ts'
import { createNodeFetch } from './node-fetch.ts'
import { toRequest } from './request.ts'

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
export function createEndpoint({ baseUrl = openAiUrl, apiKey, model, log }: EndpointOptions): Endpoint {
  const { fetch, bodyOf } = createNodeFetch()
  const client = createClient(baseUrl, apiKey, log, fetch)
  let withUsage = true

  async function send(prompt: Prompt, signal: AbortSignal): Promise<Reply> {
    const response = await client.chat.completions.create(toRequest(prompt, model, withUsage), { signal }).asResponse()
    const body = bodyOf(response)
    if (!body) throw new Error('the response has no body')
    return { contentType: response.headers.get('content-type') ?? '', body }
  }

  return {
    place: { host: hostOf(baseUrl), model, apiKey },
    async open(prompt, signal) {
      try {
        return await send(prompt, signal)
      } catch (error) {
        if (!refusesUsage(error)) throw error
        // Older endpoints refuse the wish to hear the usage: they are asked without it from now on.
        withUsage = false
        return send(prompt, signal)
      }
    },
  }
}

function createClient(baseURL: string, apiKey: string, log: Log, fetch: ReturnType<typeof createNodeFetch>['fetch']): OpenAI {
  return new OpenAI({
    baseURL,
    // Local servers want no key, but the library insists on one.
    apiKey: apiKey || 'none',
    // Given so that the library does not look into the environment.
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    fetch,
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

function refusesUsage(error: unknown): boolean {
  return error instanceof APIError && (error.status === 400 || error.status === 422) && error.message.includes('stream_options')
}
