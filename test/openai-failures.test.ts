import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigError, ModelError } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import { isTooLong } from '../src/models/failure.ts'
import { createOpenAiModel } from '../src/models/openai.ts'
import { type OpenAiWire, startOpenAiWire, type WireReply } from './wire/openai.ts'

let wire: OpenAiWire
beforeEach(async () => {
  wire = await startOpenAiWire()
})
afterEach(() => wire.close())

const key = 'sk-very-secret-1234'
const never = new AbortController().signal

/** What the model says when it fails. */
async function failure(baseUrl = wire.url, model = 'test-model', apiKey = key): Promise<ModelError> {
  const ask = createOpenAiModel({ baseUrl, apiKey, model, log: silentLog })
  const error: unknown = await Array.fromAsync(
    ask({ system: '', transcript: [{ role: 'user', text: 'Hi' }], tools: [] }, never),
  ).then(
    events => new Error(`no failure but ${JSON.stringify(events)}`),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ModelError)) throw error
  return error
}

const delta = (content: string) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })
const host = () => new URL(wire.url).host
const raw = (...chunks: unknown[]): WireReply => ({
  trouble: 'raw',
  pieces: [
    ...chunks.map(chunk => (typeof chunk === 'string' ? chunk : `data: ${JSON.stringify(chunk)}\n\n`)),
    'data: [DONE]\n\n',
  ],
})

const gone: [string, WireReply, string][] = [
  ['401', { trouble: 'status', status: 401, message: `Incorrect API key provided: ${key}` }, 'refused the key'],
  ['403', { trouble: 'status', status: 403, message: 'no access' }, 'does not let this key use'],
  ['404', { trouble: 'status', status: 404, message: 'no such model' }, 'check MODEL, and that OPENAI_BASE_URL ends in /v1'],
  [
    '400',
    { trouble: 'status', status: 400, message: `bad thing, ${key}` },
    'refused the request for the model "test-model" (400): bad thing, [hidden]',
  ],
  ['429', { trouble: 'status', status: 429, retryAfter: 0, message: 'slow down' }, 'wants fewer requests'],
  ['500', { trouble: 'status', status: 500, retryAfter: 0, message: 'oops' }, 'has trouble with the model "test-model" (500)'],
  [
    'HTML with 200',
    { trouble: 'html', status: 200 },
    'answers with a web page (HTML) instead of JSON; check OPENAI_BASE_URL: it should end in /v1',
  ],
  ['HTML with 404', { trouble: 'html', status: 404 }, 'answers with a web page (HTML)'],
  ['HTML without its type', { trouble: 'raw', pieces: ['<ht', 'ml></html>'] }, 'answers with a web page (HTML)'],
  ['a redirect', { trouble: 'status', status: 308 }, 'sends us on to another address (308)'],
  [
    'an error in the stream',
    raw(delta('Hel'), { error: { message: 'overloaded', code: 529 } }),
    'has trouble with the model "test-model" (529)',
  ],
  ['an error that is a text', raw({ error: 'model crashed' }), 'refused the request for the model "test-model": model crashed'],
  ['a chunk that is no JSON', raw(delta('Hel'), 'data: {"choices\n\n'), 'broke off: it sent a chunk that is no JSON'],
  ['a dropped connection in the middle', { trouble: 'drop', text: 'Hel lo' }, 'broke off: the connection was closed'],
  [
    'a stream that just ends',
    { trouble: 'raw', pieces: ['data: {"choices":[{"delta":{"content":"Hel"}}]}\n\n'] },
    'broke off: the stream ended too early',
  ],
  ['an empty stream', { trouble: 'raw', pieces: [] }, 'broke off: the stream ended too early'],
  ['an empty JSON answer', { trouble: 'raw', pieces: [], type: 'application/json' }, 'broke off'],
]

test.each(gone)('%s: one sentence that names the host and the model, never the key', async (_name, reply, words) => {
  wire.script(() => reply)
  const { message } = await failure()
  expect(message).toContain(host())
  expect(message).toContain(words)
  expect(message).not.toContain(key)
  if (!words.includes('HTML') && !words.includes('address')) expect(message).toContain('test-model')
})

test('nobody listens there', async () => {
  await wire.close()
  const { message } = await failure()
  expect(message).toBe(
    `${host()} cannot be reached for the model "test-model": nothing listens there; start it, or check OPENAI_BASE_URL.`,
  )
})

test('a conversation that is too long is recognised', async () => {
  const message = "This model's maximum context length is 8192 tokens"
  wire.script(() => ({ trouble: 'status', status: 400, message, code: 'context_length_exceeded' }))
  const error = await failure()
  expect(isTooLong(error)).toBe(true)
  expect(error.message).toMatch(/too long for the model "test-model" at .*`\/reset`/)
  wire.script(() => ({ trouble: 'status', status: 400, message: 'unknown field' }))
  expect(isTooLong(await failure())).toBe(false)
})

test('a wrong path, a wrong key, an unknown model, as a strict endpoint says them', async () => {
  expect((await failure(wire.url.replace('/v1', ''))).message).toContain('ends in /v1')
  await wire.close()
  wire = await startOpenAiWire({ apiKey: 'sk-right', models: ['small'] })
  expect((await failure()).message).toContain('refused the key')
  expect((await failure(wire.url, 'large', 'sk-right')).message).toMatch(/knows no model "large".*does not exist/)
  expect(wire.requests).toHaveLength(2)
})

test('a base URL that is none is said at once', () => {
  expect(() => createOpenAiModel({ baseUrl: 'localhost', apiKey: key, model: 'm', log: silentLog })).toThrow(ConfigError)
})
