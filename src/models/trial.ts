import type { Prompt } from '../model.ts'
import { createAnswer } from './answer.ts'
import { createEndpoint, type Endpoint, type EndpointOptions } from './endpoint.ts'
import { explain } from './failure.ts'
import { createSilenceClock } from './silence.ts'
import { readStream } from './stream.ts'
import { createTextCalls } from './text-calls.ts'

/** What came of asking a model twice, for a few words and for a call. */
export interface ModelTrial {
  /** It answers. */
  ok: boolean
  /** Why not, or why not with tools, in one sentence without secrets. */
  error?: string
  /** The answer comes as it is made, not in one piece. */
  streams: boolean
  /** `in-text`: the endpoint refuses tools, but the model calls what it is told of in words. */
  tools: 'native' | 'in-text' | 'none'
  /** Until the few words were there. */
  latencyMs: number
}

/** Local servers load a model when it is asked for the first time. */
const patienceMs = 90_000
/** One word would do; models that think first spend tokens on that, and some endpoints refuse to be given only one. */
const fewTokens = 16
const enoughForACall = 1024

const words: Prompt = {
  system: 'You are asked whether you are there.',
  transcript: [{ role: 'user', text: 'Say: ok' }],
  tools: [],
  maxTokens: fewTokens,
}

const ping = 'ping'
const call: Prompt = {
  system: 'You are asked whether you can call tools.',
  transcript: [{ role: 'user', text: `Call the tool ${ping} now, with the text "ok".` }],
  tools: [
    {
      name: ping,
      description: 'Tells that the tool was called.',
      inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
      label: 'Ping',
      server: 'bellhop',
      repeatable: true,
      readOnly: true,
    },
  ],
  maxTokens: enoughForACall,
}

/** Never rejects, except with ConfigError for a base URL that is none. */
export async function tryModel(options: EndpointOptions): Promise<ModelTrial> {
  const endpoint = createEndpoint(options)
  const began = performance.now()
  const nothing: ModelTrial = { ok: false, streams: false, tools: 'none', latencyMs: 0 }
  try {
    const { streams } = await ask(endpoint, words)
    const answered = { ...nothing, ok: true, streams, latencyMs: Math.round(performance.now() - began) }
    try {
      const { called, inText } = await ask(endpoint, call)
      return called ? { ...answered, tools: inText ? 'in-text' : 'native' } : answered
    } catch (error) {
      return { ...answered, error: explain(error, endpoint.place).message }
    }
  } catch (error) {
    return { ...nothing, error: explain(error, endpoint.place).message }
  }
}

async function ask(endpoint: Endpoint, prompt: Prompt): Promise<{ streams: boolean; called: boolean; inText: boolean }> {
  const clock = createSilenceClock(AbortSignal.timeout(patienceMs), patienceMs)
  try {
    const { contentType, body, inText } = await endpoint.open(prompt, clock.signal)
    const answer = createAnswer(new Set())
    const hidden = createTextCalls(new Set([ping]), new Set())
    for await (const delta of readStream(contentType, body, answer, clock)) hidden.push(delta)
    const { text, calls } = answer.end()
    hidden.push(text)
    const called = [...calls, ...(inText ? hidden.end(true).calls : [])].some(({ name }) => name === ping)
    return { streams: !contentType.includes('json'), called, inText }
  } finally {
    clock.end()
  }
}
