import type { IncomingMessage } from 'node:http'
import { APIError, OpenAI } from 'openai'
import { ConfigError } from '../errors.ts'
import { type Log, reason } from '../log.ts'
import type { Prompt } from '../model.ts'
import { type Beside, createEchoes, type Wanted } from './echoes.ts'
import type { Place } from './failure.ts'
import { createNodeFetch } from './node-fetch.ts'
import { type Abilities, hasPictures, toRequest } from './request.ts'
import { refusedPictures } from './sight.ts'
import { refusedTools, toText, usesTools } from './text-tools.ts'

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
  /** What came with an answer, for when the endpoint wants to read it again. */
  remember(beside: Beside): void
}

interface Reply {
  contentType: string
  body: IncomingMessage
  /** The model knows no tools: what it calls stands in its text. */
  inText: boolean
}

const openAiUrl = 'https://api.openai.com/v1'

/** Throws ConfigError for a base URL that is none. */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { model, log } = options
  const { fetch, bodyOf } = createNodeFetch()
  const place = placeOf(options)
  const client = createClient(options, fetch)
  /** What it has not refused yet. */
  const takes: Abilities & Wanted = {
    usage: true,
    pictures: true,
    tools: true,
    limit: 'max_tokens',
    thoughts: false,
    signatures: false,
  }
  const echoes = createEchoes()

  async function send(prompt: Prompt, asked: Abilities & Wanted, signal: AbortSignal): Promise<Reply> {
    const inText = !asked.tools && usesTools(prompt)
    const request = toRequest(inText ? toText(prompt) : prompt, model, asked)
    echoes.add(request, asked)
    const response = await client.chat.completions.create(request, { signal }).asResponse()
    const body = bodyOf(response)
    if (!body) throw new Error('the response has no body')
    return { contentType: response.headers.get('content-type') ?? '', body, inText }
  }

  /** Older endpoints do not take the wish to hear the usage, some models no pictures or no tools: from now on they get less. */
  async function sendLess(error: unknown, prompt: Prompt, asked: Abilities & Wanted, signal: AbortSignal): Promise<Reply> {
    if (asked.tools && usesTools(prompt) && refusedTools(error)) {
      takes.tools = false
      log.info({ model, host: place.host, why: reason(error) }, 'the model was asked again with its tools as text')
      return sendPatiently(prompt, { ...asked, tools: false }, signal)
    }
    const wanted = misses(error)
    if (wanted && !asked[wanted]) {
      takes[wanted] = true
      return sendPatiently(prompt, { ...asked, [wanted]: true }, signal)
    }
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
  function sendPatiently(prompt: Prompt, asked: Abilities & Wanted, signal: AbortSignal): Promise<Reply> {
    return send(prompt, asked, signal).catch((error: unknown) => sendLess(error, prompt, asked, signal))
  }

  return { place, open: (prompt, signal) => sendPatiently(prompt, { ...takes }, signal), remember: echoes.remember }
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

/** What some models insist on reading again, once they have called a tool. */
function misses(error: unknown): keyof Wanted | undefined {
  if (refuses(error, 'reasoning_content')) return 'thoughts'
  return refuses(error, 'thought_signature') ? 'signatures' : undefined
}

function refuses(error: unknown, parameter: string): boolean {
  return error instanceof APIError && (error.status === 400 || error.status === 422) && error.message.includes(parameter)
}
