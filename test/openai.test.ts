import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ModelError } from '../src/errors.ts'
import { type Log, silentLog } from '../src/log.ts'
import type { ModelEvent, Prompt, ToolCall } from '../src/model.ts'
import { createOpenAiModel } from '../src/models/openai.ts'
import { type OpenAiWire, startOpenAiWire, type WireReply } from './wire/openai.ts'

let wire: OpenAiWire
beforeEach(async () => {
  wire = await startOpenAiWire()
})
afterEach(() => wire.close())

const never = new AbortController().signal
const prompt: Prompt = { system: 'Be brief.', transcript: [{ role: 'user', text: 'Hi' }], tools: [] }
const key = 'sk-very-secret-1234'

function aModel(over: { baseUrl?: string; silenceMs?: number; log?: Log } = {}) {
  return createOpenAiModel({ baseUrl: wire.url, apiKey: key, model: 'test-model', log: silentLog, ...over })
}

interface Heard {
  text: string
  calls: ToolCall[]
  usage: { input: number; output: number } | undefined
}

async function collect(events: AsyncIterable<ModelEvent>): Promise<Heard> {
  const heard: Heard = { text: '', calls: [], usage: undefined }
  for await (const event of events) {
    if (event.type === 'text') heard.text += event.delta
    else if (event.type === 'call') heard.calls.push(event.call)
    else if (event.type === 'usage') heard.usage = { input: event.input, output: event.output }
  }
  return heard
}

const ask = (over: Parameters<typeof aModel>[0] = {}, what = prompt) => collect(aModel(over)(what, never))

/** What it says when it fails. */
async function failure(over: Parameters<typeof aModel>[0] = {}): Promise<ModelError> {
  const error: unknown = await ask(over).then(
    heard => new Error(`no failure but ${JSON.stringify(heard)}`),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ModelError)) throw error
  return error
}

const delta = (delta: object, finish_reason: string | null = null) => ({ choices: [{ index: 0, delta, finish_reason }] })

test('streams text and tells the usage', async () => {
  wire.script([{ text: 'Hello there, Ann', tokenMs: 5, usage: { input: 12, output: 3 } }])
  const deltas: string[] = []
  for await (const event of aModel()(prompt, never)) if (event.type === 'text') deltas.push(event.delta)
  expect(deltas.join('')).toBe('Hello there, Ann')
  expect(deltas.length).toBeGreaterThan(1)
  wire.script([{ text: 'Hi', usage: { input: 12, output: 3 } }])
  expect(await ask()).toEqual({ text: 'Hi', calls: [], usage: { input: 12, output: 3 } })
  expect(wire.requests[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } })
  expect(wire.requests[0]?.headers.authorization).toBe(`Bearer ${key}`)
})

test('asks for several tool calls at once, their arguments in odd pieces', async () => {
  const calls = [
    { id: 'a', name: 'find', input: { word: 'naïve "quotes" 表' } },
    { id: 'b', name: 'list', input: {} },
  ]
  wire.script([{ text: 'Let me look.', calls, pieceChars: 3 }])
  expect(await ask()).toMatchObject({ text: 'Let me look.', calls })
})

test('tells the endpoint the whole transcript and the tools, in a form that it accepts', async () => {
  const call = { id: 'a', name: 'db__list tables', input: { n: 1 } }
  await ask(
    {},
    {
      system: 'Be brief.',
      transcript: [
        { role: 'user', text: 'Hi' },
        { role: 'assistant', text: '', calls: [call, { id: 'b', name: 'x', input: {}, broken: '{"n": ' }] },
        { role: 'tool', callId: 'a', name: 'db__list tables', text: 'rooms', ok: true },
        { role: 'tool', callId: 'b', name: 'x', text: 'bad arguments', ok: false },
        { role: 'assistant', text: '', calls: [] },
      ],
      tools: [
        { name: 'x', description: 'X', inputSchema: { type: 'object', anyOf: [{}] }, label: 'X', server: 's', repeatable: false },
      ],
    },
  )
  const { messages, tools } = wire.requests[0]?.body ?? {}
  const made = (id: string, name: string, text: string) => ({ id, type: 'function', function: { name, arguments: text } })
  expect(messages).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: null, tool_calls: [made('a', 'db__list_tables', '{"n":1}'), made('b', 'x', '{}')] },
    { role: 'tool', tool_call_id: 'a', content: 'rooms' },
    { role: 'tool', tool_call_id: 'b', content: 'bad arguments' },
    { role: 'assistant', content: '' },
  ])
  const parameters = { type: 'object', properties: {} }
  expect(tools).toEqual([{ type: 'function', function: { name: 'x', description: 'X', parameters } }])
})

test('an id that the conversation knows already is not used twice', async () => {
  const transcript: Prompt['transcript'] = [
    { role: 'user', text: 'Hi' },
    { role: 'assistant', text: '', calls: [{ id: 'call_0', name: 'x', input: {} }] },
    { role: 'tool', callId: 'call_0', name: 'x', text: 'ok', ok: true },
  ]
  wire.script([{ calls: ['x', 'x'].map(name => ({ name, id: 'call_0', input: {} })) }])
  const { calls } = await ask({}, { ...prompt, transcript })
  expect(calls.length).toBeGreaterThan(0)
  expect(calls.map(call => call.id)).not.toContain('call_0')
})

test('429, 5xx and dropped connections before an answer are retried, twice at most', async () => {
  const retryAfter = 0
  wire.script([
    { trouble: 'status', status: 429, retryAfter },
    { trouble: 'status', status: 502, retryAfter },
    { text: 'at last' },
  ])
  expect(await ask()).toMatchObject({ text: 'at last' })
  wire.script([{ trouble: 'drop' }, { text: 'again' }])
  expect(await ask()).toMatchObject({ text: 'again' })
  expect(wire.requests).toHaveLength(5)
  wire.script(() => ({ trouble: 'status', status: 500, retryAfter }))
  await failure()
  expect(wire.requests).toHaveLength(8)
})

test('Retry-After is waited for', async () => {
  wire.script([{ trouble: 'status', status: 429, retryAfter: 0.2 }, { text: 'ok' }])
  await ask()
  const [first, second] = wire.requests
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(190)
})

test('a stream that breaks before its first word is asked for again, twice at most', async () => {
  wire.script([{ trouble: 'drop', text: '' }, { text: 'again' }])
  expect(await ask()).toMatchObject({ text: 'again' })
  expect(wire.requests[1]?.body).toEqual(wire.requests[0]?.body)
  wire.script(() => ({ trouble: 'drop', text: '' }))
  await failure()
  expect(wire.requests).toHaveLength(5)
})

test.each<[string, WireReply]>([
  ['the connection is dropped', { trouble: 'drop', text: 'Hello th' }],
  [
    'the endpoint says in it that it is overloaded',
    {
      trouble: 'raw',
      pieces: [delta({ content: 'Hello th' }), { error: { message: 'Overloaded', code: 529 } }].map(
        chunk => `data: ${JSON.stringify(chunk)}\n\n`,
      ),
    },
  ],
])('an answer that breaks off after its first words, since %s, goes on where it broke', async (_name, trouble) => {
  wire.script([trouble, { text: 'ere, Ann.', usage: { input: 9, output: 2 } }])
  expect(await ask()).toEqual({ text: 'Hello there, Ann.', calls: [], usage: { input: 9, output: 2 } })
  const [first, second] = wire.requests.map(({ body }) => body.messages)
  expect(second?.slice(0, -2)).toEqual(first)
  expect(second?.slice(-2)).toEqual([
    { role: 'assistant', content: 'Hello th' },
    { role: 'user', content: expect.stringContaining('Go on exactly where it ends') },
  ])
})

test('silence before and within an answer ends in one sentence, and the endpoint is let go', async () => {
  for (const reply of [{ trouble: 'hang' }, { trouble: 'hang', text: 'Hel' }] as const) {
    wire.script(() => reply)
    expect((await failure({ silenceMs: 60 })).message).toContain('said nothing for 0 seconds')
  }
  expect(wire.requests).toHaveLength(2)
  await vi.waitFor(() => expect(wire.requests.map(one => one.aborted)).toEqual([true, true]))
})

test('an answer may take longer than the silence that is allowed, and so may whoever reads it', async () => {
  wire.script([{ text: 'one two three four five six', tokenMs: 20 }])
  const heard: string[] = []
  for await (const event of aModel({ silenceMs: 90 })(prompt, never)) {
    if (event.type === 'text') heard.push(event.delta)
    if (heard.length === 1) await sleep(120)
  }
  expect(heard.join('')).toBe('one two three four five six')
})

test.each([
  ['before the answer', { trouble: 'hang' }],
  ['in the middle', { trouble: 'hang', text: 'Hello' }],
  ['while a retry waits', { trouble: 'status', status: 429, retryAfter: 30 }],
] as [string, WireReply][])(
  'stop %s: the reason of the signal is thrown and the endpoint sees the client go',
  async (_name, reply) => {
    wire.script([reply])
    const stop = new AbortController()
    const answer = collect(aModel()(prompt, stop.signal))
    answer.catch(() => {})
    await vi.waitFor(() => expect(wire.requests).toHaveLength(1))
    const why = new Error('stopped by Ann')
    stop.abort(why)
    await expect(answer).rejects.toBe(why)
    if (reply !== undefined && 'trouble' in reply && reply.trouble === 'hang') {
      await vi.waitFor(() => expect(wire.requests[0]?.aborted).toBe(true))
    }
  },
)

test('whoever stops reading closes the connection', async () => {
  wire.script([{ text: 'one two three four', tokenMs: 30 }])
  for await (const event of aModel()(prompt, never)) if (event.type === 'text') break
  await vi.waitFor(() => expect(wire.requests[0]?.aborted).toBe(true))
})

test('a signal that is aborted already asks nobody', async () => {
  await expect(collect(aModel()(prompt, AbortSignal.abort()))).rejects.toThrow(/abort/)
  expect(wire.requests).toHaveLength(0)
})

test('stopping after an answer does not disturb the next one on the same connection', async () => {
  const stop = new AbortController()
  const model = aModel()
  await collect(model(prompt, stop.signal))
  await sleep(20) // the last bytes of the answer free the connection
  wire.script([{ text: 'one two three', tokenMs: 20 }])
  const second = collect(model(prompt, never))
  await vi.waitFor(() => expect(wire.requests).toHaveLength(2))
  stop.abort()
  expect(await second).toMatchObject({ text: 'one two three' })
  expect(wire.requests[1]?.port).toBe(wire.requests[0]?.port)
})

test('an answer is whole once the model said why it stopped, with or without [DONE]', async () => {
  const chunks = [delta({ content: 'Hi' }), delta({}, 'stop')].map(chunk => `data: ${JSON.stringify(chunk)}\n\n`)
  wire.script([{ trouble: 'raw', pieces: chunks }])
  expect(await ask()).toMatchObject({ text: 'Hi' })
})

test('an endpoint that refuses stream_options is asked without, from then on', async () => {
  wire.script(body =>
    body.stream_options
      ? { trouble: 'status', status: 422, message: 'stream_options: extra inputs are not permitted' }
      : { text: 'ok' },
  )
  const model = aModel()
  expect(await collect(model(prompt, never))).toEqual({ text: 'ok', calls: [], usage: undefined })
  await collect(model(prompt, never))
  expect(wire.requests).toHaveLength(3)
})

test('an endpoint that answers in one piece although it should stream', async () => {
  const message = {
    role: 'assistant',
    content: 'whole',
    tool_calls: [{ id: 'a', function: { name: 'x', arguments: '{"n":1}' } }],
  }
  const usage = { prompt_tokens: 1, completion_tokens: 2 }
  const pieces = [JSON.stringify({ choices: [{ message, finish_reason: 'tool_calls' }], usage })]
  wire.script([{ trouble: 'raw', type: 'application/json; charset=utf-8', pieces }])
  expect(await ask()).toEqual({ text: 'whole', calls: [{ id: 'a', name: 'x', input: { n: 1 } }], usage: { input: 1, output: 2 } })
})

test('an answer that was cut off for its length is logged and left as it is', async () => {
  const events: string[] = []
  wire.script([{ text: 'half a sent', finish: 'length' }])
  const log = { ...silentLog, warn: (_facts: object, event: string) => void events.push(event) }
  expect(await ask({ log })).toMatchObject({ text: 'half a sent' })
  expect(events).toEqual(['model was cut off'])
})

test('the pieces of the network do not change the answer, wherever they are cut', async () => {
  const chunks = [
    delta({ content: '<think>小心' }),
    delta({ content: '</think>Grüße, 世界 🌍' }),
    delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'find', arguments: '{"word":' } }] }),
    delta({ tool_calls: [{ index: 0, function: { arguments: '"é"}' } }] }, 'tool_calls'),
    { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } },
  ]
  const bytes = Buffer.from(
    `: keep-alive\r\n\r\n${chunks.map(chunk => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join('')}data: [DONE]\n\n`,
  )
  const model = aModel()
  for (let cut = 1; cut < bytes.length; cut += 7) {
    wire.script([{ trouble: 'raw', pieces: [bytes.subarray(0, cut), bytes.subarray(cut)], pieceMs: 0 }])
    expect(await collect(model(prompt, never))).toEqual({
      text: 'Grüße, 世界 🌍',
      calls: [{ id: 'a', name: 'find', input: { word: 'é' } }],
      usage: { input: 3, output: 4 },
    })
  }
})
