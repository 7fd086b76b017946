import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { lastWord } from './words.ts'

export interface OpenAiWire {
  url: string
  /** Milliseconds until an answer begins. */
  delayMs: number
  /** When it last said all that it had to say, by `performance.now()`. */
  lastSaidAt: number
  /** How often it was asked. */
  calls: number
  close(): void
}

/** Asked for with a word in the message: an answer without a tool, in so many chunks that come at once; and one that takes two seconds. */
const streams = '[stream]'
const slow = '[slow]'
const slowMs = 2000
const counted = /\[tokens (\d+)\]/
/** The house's own tool, where there are more than are defined at once. */
const search = 'search_tools'
const echoCall = /"name":"[^"]*echo","arguments"/
const answerTokens = 50
const streamedTokens = 20

/**
 * A model that calls the tool whose name ends in `echo`, for which it searches where it was not given, and then answers in 50 tokens. It reads
 * no JSON: what it has to know of a request it finds in its text.
 */
export async function startOpenAiWire(): Promise<OpenAiWire> {
  const answers = new Map<number, Buffer>()
  const calls = new Map<string, Buffer>()
  let lastCall = 0

  function answerTo(body: string): Buffer {
    const asked = body.slice(Math.max(body.lastIndexOf('"role":"user"'), 0))
    const name = /"name":"([^"]*echo)"/.exec(body)?.[1]
    if (isAfterTool(body) && !(name && hasOnlySearched(asked))) return answerOf(answerTokens)
    const count = counted.exec(asked)?.[1]
    if (count !== undefined) return answerOf(Number(count))
    if (asked.includes(streams) || asked.includes(slow)) return answerOf(streamedTokens)
    const known = name ?? (body.includes(`"name":"${search}"`) ? search : undefined)
    return known === undefined ? answerOf(answerTokens) : callOf(known)
  }
  function answerOf(tokens: number): Buffer {
    const known = answers.get(tokens) ?? completion([...texts(tokens), { finish_reason: 'stop', delta: {} }])
    answers.set(tokens, known)
    return known
  }
  /** An id of its own for each call, as any endpoint gives it. */
  function callOf(name: string): Buffer {
    const id = `call_${(++lastCall).toString(36).padStart(12, '0')}`
    const whole = calls.get(name) ?? completion(toolCall(name, '#'.repeat(id.length)))
    calls.set(name, whole)
    const buffer = Buffer.from(whole)
    buffer.write(id, whole.indexOf('#'.repeat(id.length)))
    return buffer
  }
  function say(response: ServerResponse, body: Buffer): void {
    stream(response, body)
    wire.lastSaidAt = performance.now()
  }
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      wire.calls++
      const body = Buffer.concat(pieces).toString()
      const waitMs = body.includes(slow) ? slowMs : wire.delayMs
      if (waitMs > 0) setTimeout(say, waitMs, response, answerTo(body))
      else say(response, answerTo(body))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const wire: OpenAiWire = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    delayMs: 0,
    lastSaidAt: 0,
    calls: 0,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  return wire
}

/** The last entry of the transcript is a tool's result. Tools are defined behind the transcript, and have no roles. */
function isAfterTool(body: string): boolean {
  const mark = '"role":"'
  return body.startsWith('tool"', body.lastIndexOf(mark) + mark.length)
}

/** In this turn it has looked for tools, and not yet called the one that it looked for. */
const hasOnlySearched = (asked: string) => asked.includes(`"name":"${search}","arguments"`) && !echoCall.test(asked)

const texts = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    finish_reason: null,
    delta: { content: at === count - 1 ? lastWord : `word${at} ` },
  }))

const toolCall = (name: string, id: string) => [
  {
    finish_reason: null,
    delta: {
      role: 'assistant',
      content: null,
      tool_calls: [{ index: 0, id, type: 'function', function: { name, arguments: '' } }],
    },
  },
  ...(name === search ? ['{"query"', ':"say a text ', 'again"}'] : ['{"text"', ':"hel', 'lo"}']).map(part => ({
    finish_reason: null,
    delta: { tool_calls: [{ index: 0, function: { arguments: part } }] },
  })),
  { finish_reason: 'tool_calls', delta: {} },
]

function completion(choices: object[]): Buffer {
  const head = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_760_000_000, model: 'bench' }
  const lines = choices.map(choice => ({ ...head, choices: [{ index: 0, ...choice }] }))
  const usage = { ...head, choices: [], usage: { prompt_tokens: 500, completion_tokens: 50, total_tokens: 550 } }
  return Buffer.from([...[...lines, usage].map(line => JSON.stringify(line)), '[DONE]'].map(line => `data: ${line}\n\n`).join(''))
}

function stream(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(body)
}
