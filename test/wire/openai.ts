import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { picturesIn, readRecording, type WireRecording } from './openai-media.ts'
import { mistakeInBody } from './openai-mistakes.ts'
import { type Embeds, sendVectors } from './openai-vectors.ts'

/** A local server that speaks OpenAI's chat completions, says what a script tells it, and misbehaves on demand. */
export interface OpenAiWire {
  /** For `OPENAI_BASE_URL`: ends in `/v1`. */
  url: string
  /** Every chat completion that was asked for, in the order of arrival. */
  requests: WireRequest[]
  /** Every recording that was to be transcribed. */
  recordings: WireRecording[]
  /** Every list of texts that vectors were asked for. */
  embedded: string[][]
  /** Replaces what it will say: a list is used up one reply a request; a function is asked every time. */
  script(script: WireScript): void
  close(): Promise<void>
}

interface OpenAiWireOptions {
  script?: WireScript
  /** Default: any free one. */
  port?: number
  /** Any other key gets a 401. Default: every key is good. */
  apiKey?: string
  /** What `/v1/models` lists, and the only models that exist. Default: `test-model` is listed, every model exists. */
  models?: string[]
  /** How it refuses pictures. Default: it takes them. */
  noPictures?: { status: number; message: string }
  /** What it hears in a recording. Default: it has no path for recordings. */
  hears?: (recording: WireRecording) => string | { status: number; message: string }
  /** The vector of a text. Default: it has no path for texts. */
  embeds?: Embeds
}

interface WireRequest {
  /** Milliseconds since 1970. */
  at: number
  headers: IncomingMessage['headers']
  /** The client's port: two requests of the same one share a connection. */
  port: number | undefined
  body: WireBody
  /** True once the client has gone away before the reply was whole. */
  aborted: boolean
  /** When the last of the reply left, or the connection ended. */
  endedAt?: number
}

export interface WireBody {
  model: string
  stream?: boolean
  stream_options?: { include_usage?: boolean }
  messages: WireMessage[]
  tools?: { type: string; function: { name: string; description?: string; parameters?: Record<string, unknown> } }[]
}

export interface WireMessage {
  role: string
  /** A list of parts where there are pictures: `picturesIn` finds them. */
  content: string | null
  tool_call_id?: string
  tool_calls?: { id: string; type: string; function: { name: string; arguments: string } }[]
}

type WireScript = WireReply[] | ((body: WireBody, number: number) => WireReply | Promise<WireReply>)

/** An answer as a model gives it, or one of the ways in which endpoints fail. */
export type WireReply = WireAnswer | WireTrouble

interface WireAnswer {
  text?: string
  /** Between two tokens (words, or single characters of Chinese). Default: none, and all tokens arrive together. */
  tokenMs?: number
  calls?: { name: string; input: unknown; id?: string }[]
  /** Arguments are streamed in pieces of so many characters. Default: whole. */
  pieceChars?: number
  usage?: { input: number; output: number }
  finish?: string
}

type WireTrouble =
  /** An answer that is not 200; `retryAfter` in seconds, `error` in OpenAI's shape. */
  | { trouble: 'status'; status: number; retryAfter?: number; message?: string; code?: string }
  | { trouble: 'html'; status: number }
  /** The connection is closed before any answer, or after `text`, which is sent as one token a word. */
  | { trouble: 'drop'; text?: string }
  /** Nothing more comes after `text` (without it: not even headers) until the client goes away. */
  | { trouble: 'hang'; text?: string }
  /** Exactly these pieces, each written by itself, as one `text/event-stream` unless `type` says otherwise. */
  | { trouble: 'raw'; pieces: (string | Uint8Array)[]; type?: string; status?: number; pieceMs?: number }

export async function startOpenAiWire(options: OpenAiWireOptions = {}): Promise<OpenAiWire> {
  const requests: WireRequest[] = []
  const recordings: WireRecording[] = []
  const embedded: string[][] = []
  let script: WireScript = options.script ?? (() => ({ text: 'Hello.' }))

  async function next(body: WireBody): Promise<WireReply> {
    if (typeof script === 'function') return script(body, requests.length)
    return script.shift() ?? { trouble: 'status', status: 400, message: 'the script of this wire has ended' }
  }

  async function complete(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await readAll(request)) as WireBody
    const asked: WireRequest = { at: Date.now(), headers: request.headers, port: request.socket.remotePort, body, aborted: false }
    requests.push(asked)
    response.on('close', () => {
      asked.endedAt = Date.now()
      asked.aborted = !response.writableEnded && !response.errored && !droppedByUs.has(response)
    })
    const mistake = mistakeIn(request, body, options)
    await reply(response, body, mistake ?? (await next(body)))
  }

  async function transcribe(request: IncomingMessage, response: ServerResponse, hears: NonNullable<typeof options.hears>) {
    const recording = await readRecording(request)
    recordings.push(recording)
    const heard = hears(recording)
    if (typeof heard === 'string') sendJson(response, { text: heard })
    else sendError(response, heard)
  }

  const server = createServer((request, response) => {
    response.on('error', () => {}) // a client that goes away is what some tests are about
    const { hears, embeds } = options
    const route = () => {
      if (request.url?.startsWith('/v1/chat/completions')) return complete(request, response)
      if (hears && request.url === '/v1/audio/transcriptions') return transcribe(request, response, hears)
      if (embeds && request.url === '/v1/embeddings')
        return sendVectors(request, response, embeds).then(texts => void embedded.push(texts))
      return replyToOthers(request, response, options.models ?? ['test-model'])
    }
    const done = route()
    done.catch((error: unknown) => sendError(response, { status: 400, message: `wire: ${error}` }))
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0

  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    recordings,
    embedded,
    script: newScript => {
      script = newScript
    },
    async close() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

const droppedByUs = new WeakSet<ServerResponse>()

async function readAll(request: IncomingMessage): Promise<string> {
  let text = ''
  request.setEncoding('utf8')
  for await (const piece of request) text += piece
  return text
}

async function replyToOthers(request: IncomingMessage, response: ServerResponse, models: string[]): Promise<void> {
  if (!request.url?.startsWith('/v1/models')) return sendError(response, { status: 404, message: `no such path: ${request.url}` })
  sendJson(response, { object: 'list', data: models.map(id => ({ id, object: 'model', created: 0, owned_by: 'wire' })) })
}

/** What OpenAI itself would refuse, so that a test does not pass on requests that nobody else would answer. */
function mistakeIn(request: IncomingMessage, body: WireBody, options: OpenAiWireOptions): WireTrouble | undefined {
  const key = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
  if (key === '' || (options.apiKey && key !== options.apiKey)) {
    return { trouble: 'status', status: 401, message: `Incorrect API key provided: ${key}`, code: 'invalid_api_key' }
  }
  if (options.models && !options.models.includes(body.model)) {
    return { trouble: 'status', status: 404, message: `The model ${body.model} does not exist`, code: 'model_not_found' }
  }
  if (options.noPictures && picturesIn(body.messages).length > 0) return { trouble: 'status', ...options.noPictures }
  const message = mistakeInBody(body)
  return message === undefined ? undefined : { trouble: 'status', status: 400, message }
}

async function reply(response: ServerResponse, body: WireBody, what: WireReply): Promise<void> {
  if (!('trouble' in what)) return body.stream ? streamAnswer(response, body, what) : sendJson(response, completion(body, what))
  if (what.trouble === 'status') return sendError(response, what)
  if (what.trouble === 'html') {
    response
      .writeHead(what.status, { 'content-type': 'text/html' })
      .end('<!doctype html><html><body>Welcome to nginx</body></html>')
  } else if (what.trouble === 'raw') await sendRaw(response, what)
  else {
    if (what.text !== undefined) await sendStart(response, body, what.text)
    if (what.trouble === 'hang') return
    droppedByUs.add(response)
    response.destroy()
  }
}

function sendError(
  response: ServerResponse,
  trouble: { status: number; message?: string; code?: string; retryAfter?: number },
): void {
  const { status, message = `wire says ${status}`, code = null, retryAfter } = trouble
  const headers = {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  }
  response.writeHead(status, headers).end(JSON.stringify({ error: { message, type: 'wire_error', param: null, code } }))
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

async function sendRaw(response: ServerResponse, raw: Extract<WireTrouble, { trouble: 'raw' }>): Promise<void> {
  response.writeHead(raw.status ?? 200, { 'content-type': raw.type ?? 'text/event-stream' })
  for (const piece of raw.pieces) {
    response.write(piece)
    if (raw.pieceMs !== undefined) await sleep(raw.pieceMs)
  }
  response.end()
}

async function sendStart(response: ServerResponse, body: WireBody, text: string): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const start = [{ role: 'assistant', content: '' }, ...tokensOf(text).map(content => ({ content }))]
  response.write(start.map(delta => sse(chunk(body, delta, null))).join(''))
  await sleep(5) // so that the client has read it when the connection closes
}

async function streamAnswer(response: ServerResponse, body: WireBody, answer: WireAnswer): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const { tokenMs } = answer
  const events = deltasOf(answer).map(delta => sse(chunk(body, delta, null)))
  events.push(sse(chunk(body, {}, finishOf(answer))))
  if (body.stream_options?.include_usage)
    events.push(sse({ ...chunk(body, {}, null), choices: [], usage: usageOf(body, answer) }))
  events.push(sse('[DONE]'))
  if (tokenMs === undefined) return void response.end(events.join(''))
  const began = performance.now()
  for (const [index, event] of events.entries()) {
    if (response.destroyed) return
    response.write(event)
    await sleep(Math.max(0, began + (index + 1) * tokenMs - performance.now())) // timers are late, and lateness adds up
  }
  response.end()
}

function deltasOf({ text = '', calls = [], pieceChars }: WireAnswer): object[] {
  const deltas: object[] = [{ role: 'assistant', content: '' }, ...tokensOf(text).map(content => ({ content }))]
  for (const [index, call] of wireCalls(calls).entries()) {
    const { name, arguments: whole } = call.function
    deltas.push({ tool_calls: [{ index, id: call.id, type: 'function', function: { name, arguments: '' } }] })
    const size = pieceChars ?? (whole.length || 1)
    for (let at = 0; at < whole.length; at += size) {
      deltas.push({ tool_calls: [{ index, function: { arguments: whole.slice(at, at + size) } }] })
    }
  }
  return deltas
}

let lastCall = 0

function wireCalls(calls: NonNullable<WireAnswer['calls']>) {
  return calls.map(({ name, input, id = `call_${++lastCall}` }) => ({
    id,
    type: 'function',
    function: { name, arguments: typeof input === 'string' ? input : JSON.stringify(input) },
  }))
}

const tokensOf = (text: string) => text.match(/\s*(?:\p{Script=Han}|[^\s\p{Script=Han}]+)|\s+$/gu) ?? []
const finishOf = ({ finish, calls = [] }: WireAnswer) => finish ?? (calls.length > 0 ? 'tool_calls' : 'stop')
const sse = (data: unknown) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`

function chunk({ model }: WireBody, delta: object, finish_reason: string | null) {
  return {
    id: 'chatcmpl-wire',
    object: 'chat.completion.chunk',
    created: 0,
    model,
    choices: [{ index: 0, delta, finish_reason }],
  }
}

function completion(body: WireBody, answer: WireAnswer) {
  const tool_calls = wireCalls(answer.calls ?? [])
  const message = { role: 'assistant', content: answer.text ?? null, ...(tool_calls.length > 0 ? { tool_calls } : {}) }
  const choices = [{ index: 0, message, finish_reason: finishOf(answer) }]
  return { id: 'chatcmpl-wire', object: 'chat.completion', created: 0, model: body.model, choices, usage: usageOf(body, answer) }
}

/** Without numbers in the script: about four characters a token. */
function usageOf(body: WireBody, answer: WireAnswer) {
  const input = answer.usage?.input ?? Math.ceil(JSON.stringify(body.messages).length / 4)
  const output = answer.usage?.output ?? Math.ceil(JSON.stringify([answer.text, answer.calls]).length / 4)
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
}
