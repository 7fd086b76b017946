import { APIError } from 'openai'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runAgent } from '../src/agent/agent.ts'
import { silentLog } from '../src/log.ts'
import type { Entry, Prompt } from '../src/model.ts'
import { compact, roomAfter, sizeOf } from '../src/models/compact.ts'
import { isTooLong } from '../src/models/failure.ts'
import { createOpenAiModel } from '../src/models/openai.ts'
import { refusedLength } from '../src/models/window.ts'
import { fakeToolbox } from './fakes.ts'
import { fc } from './properties.ts'
import { type OpenAiWire, startOpenAiWire, type WireBody, type WireReply } from './wire/openai.ts'

const wordings: [string, number, string, object][] = [
  [
    'OpenAI, DeepSeek',
    400,
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 130001 tokens. Please reduce the length of the messages.",
    { limit: 128_000, counted: 130_001 },
  ],
  [
    'vLLM',
    400,
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4500 in the messages, 500 in the completion).",
    { limit: 4096, counted: 5000 },
  ],
  [
    'vLLM of today',
    400,
    'The decoder prompt (length 9000) is longer than the maximum model length of 4096. Make sure that `max_model_len` is no smaller.',
    { limit: 4096, counted: 9000 },
  ],
  [
    'OpenRouter',
    400,
    "This endpoint's maximum context length is 32,768 tokens. However, you requested about 40,112 tokens (40,112 of text input).",
    { limit: 32_768, counted: 40_112 },
  ],
  ['Anthropic', 400, 'prompt is too long: 210000 tokens > 200000 maximum', { limit: 200_000, counted: 210_000 }],
  [
    'Gemini',
    400,
    'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
    { limit: 1_048_576, counted: 1_200_000 },
  ],
  [
    'Mistral',
    400,
    'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
    { limit: 32_768, counted: 40_000 },
  ],
  [
    'Groq',
    413,
    'Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 7000',
    { limit: 6000, counted: 7000 },
  ],
  ['Moonshot', 400, 'Invalid request: Your request exceeded model token limit: 8192', { limit: 8192 }],
  ['DashScope', 400, '<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]', { limit: 30_720 }],
  ['Zhipu', 400, 'Prompt 超长', {}],
  [
    'xAI',
    400,
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    { limit: 131_072, counted: 537_812 },
  ],
  [
    'TGI',
    422,
    'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens',
    { limit: 4096, counted: 5000 },
  ],
  [
    'LM Studio',
    400,
    'Trying to keep the first 6212 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens',
    { limit: 4096, counted: 6212 },
  ],
  ['Ollama', 400, 'input length exceeds maximum context length', {}],
]

const refusal = (status: number, message: string, more: object = {}) =>
  APIError.generate(status, { error: { message, ...more } }, undefined, new Headers())

test.each(wordings)('too long, in the words of %s', (_name, status, message, overflow) => {
  expect(refusedLength(refusal(status, message))).toEqual(overflow)
})

test('llama.cpp tells it beside its words, OpenAI by a code', () => {
  const beside = { type: 'exceed_context_size_error', n_prompt_tokens: 1407, n_ctx: 256 }
  expect(refusedLength(refusal(400, 'the request exceeds the available context size, try increasing it', beside))).toEqual({
    limit: 256,
    counted: 1407,
  })
  expect(refusedLength(refusal(400, 'Please shorten it.', { code: 'context_length_exceeded' }))).toEqual({})
})

test.each([
  [400, 'Unknown parameter: tokens'],
  [429, 'You exceeded your current quota, please check your plan and billing details.'],
  [401, 'Your token is too long'],
  [400, 'messages[0].content is required'],
])('not too long: %s %s', (status, message) => {
  expect(refusedLength(refusal(status, message))).toBeUndefined()
})

const turn = (number: number, resultChars = 1000): Entry[] => [
  { role: 'user', text: `question ${number}` },
  { role: 'assistant', text: '', calls: [{ id: `c${number}`, name: 'look', input: {} }] },
  { role: 'tool', callId: `c${number}`, name: 'look', text: 'r'.repeat(resultChars), ok: true },
  { role: 'assistant', text: `answer ${number}`, calls: [] },
]
const promptOf = (...turns: Entry[][]): Prompt => ({ system: 'Be brief.', transcript: turns.flat(), tools: [] })
const now: Entry = { role: 'user', text: 'and now?' }

describe('a shorter prompt', () => {
  const whole = promptOf(turn(1), turn(2), turn(3), [now])

  test('has its old results cut first', () => {
    const less = compact(whole, 2000)
    expect(less?.transcript).toHaveLength(13)
    expect(less?.transcript[2]?.text).toMatch(/^r{300}\n\(the rest, 700 characters, was left out/)
  })

  test('then its oldest turns left out, which the newest question tells', () => {
    const less = compact(whole, 900)
    expect(less?.transcript.map(({ text }) => text.slice(0, 10))).toEqual([
      'question 3',
      '',
      'rrrrrrrrrr',
      'answer 3',
      '[the begin',
    ])
    expect(less?.transcript.at(-1)?.text).toMatch(/left out[\s\S]*and now\?$/)
  })

  test('at last the results of its own turn cut, and never the question', () => {
    const own = turn(4, 9000).slice(0, 3)
    const less = compact(promptOf(turn(1), own), 100)
    expect(less?.transcript.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
    expect(less?.transcript[0]?.text).toContain('question 4')
    expect(less?.transcript[2]?.text.length).toBeLessThan(1700)
  })

  test('there is none when nothing can be taken away', () => {
    expect(compact(promptOf([now]), 1)).toBeUndefined()
  })

  test('is as short as the endpoint told, or half as long', () => {
    const size = sizeOf(whole)
    expect(roomAfter(whole, { limit: 1000, counted: 2000 })).toBe(Math.floor(size * 0.375))
    expect(roomAfter(whole, { limit: 1000, counted: 1001 })).toBeLessThanOrEqual(size * 0.75)
    expect(roomAfter(whole, {})).toBe(Math.floor(size * 0.5))
  })

  test('never tears a call from its result, begins with what a person said, and is shorter', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 6 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 9000 }), (results, room) => {
        const prompt = promptOf(...results.map((chars, at) => turn(at, chars)), [now])
        const less = compact(prompt, room)
        if (!less) return
        expect(sizeOf(less)).toBeLessThan(sizeOf(prompt))
        expect(less.transcript[0]?.role).toBe('user')
        const made = less.transcript.flatMap(entry => (entry.role === 'assistant' ? entry.calls.map(({ id }) => id) : []))
        const answered = less.transcript.flatMap(entry => (entry.role === 'tool' ? [entry.callId] : []))
        expect(answered).toEqual(made)
        expect(less.transcript.at(-1)?.text).toMatch(/and now\?$/)
      }),
    )
  })
})

describe('an endpoint with a window', () => {
  let wire: OpenAiWire
  beforeEach(async () => {
    wire = await startOpenAiWire()
  })
  afterEach(() => wire.close())

  /** It counts a token for every character of a message. */
  const windowed = (limit: number) => (body: WireBody) => {
    const counted = body.messages.reduce((sum, { content }) => sum + (content?.length ?? 0), 0)
    const message = `This model's maximum context length is ${limit} tokens. However, your messages resulted in ${counted} tokens.`
    const tooLong: WireReply = { trouble: 'status', status: 400, message, code: 'context_length_exceeded' }
    return counted > limit ? tooLong : { text: 'Short enough.' }
  }
  const aModel = () => createOpenAiModel({ baseUrl: wire.url, apiKey: 'k', model: 'm', log: silentLog })
  const hear = async (model: ReturnType<typeof aModel>, prompt: Prompt) => {
    let text = ''
    for await (const event of model(prompt, new AbortController().signal)) if (event.type === 'text') text += event.delta
    return text
  }
  const long = promptOf(turn(1), turn(2), turn(3), turn(4), [now])

  test('is asked once more with less, and from then on with less at once', async () => {
    wire.script(windowed(2500))
    const model = aModel()
    expect(await hear(model, long)).toBe('Short enough.')
    expect(wire.requests).toHaveLength(2)
    expect(await hear(model, promptOf(turn(0), turn(1), turn(2), turn(3), turn(4), [now]))).toBe('Short enough.')
    expect(wire.requests).toHaveLength(3)
    const short = promptOf(turn(1), [now])
    await hear(model, short)
    expect(wire.requests.at(-1)?.body.messages).toHaveLength(short.transcript.length + 1)
  })

  test('teaches nobody how many tokens a text is by what it counts of less', async () => {
    const learnt: number[][] = []
    const gauge = { tokens: (text: string) => text.length, learn: (...sizes: number[]) => void learnt.push(sizes) }
    const options = { toolbox: fakeToolbox(), system: '', maxSteps: 1, signal: new AbortController().signal, gauge }
    wire.script(windowed(2500))
    await Array.fromAsync(runAgent(long.transcript.slice(0, -1), [now], { model: aModel(), ...options }))
    expect(learnt).toEqual([])
    await Array.fromAsync(runAgent([], [now], { model: aModel(), ...options }))
    expect(learnt).toHaveLength(1)
  })

  test('that tells it within the stream is asked once more too', async () => {
    const told = `data: ${JSON.stringify({ error: { code: 500, message: 'Context size has been exceeded.', type: 'server_error' } })}\n\n`
    wire.script([{ trouble: 'raw', pieces: [told] }, { text: 'Short enough.' }])
    expect(await hear(aModel(), long)).toBe('Short enough.')
    expect(wire.requests[1]?.body.messages.length).toBeLessThanOrEqual(wire.requests[0]?.body.messages.length ?? 0)
  })

  test('that still finds it too long ends it in one sentence', async () => {
    wire.script(windowed(10))
    const failure = await hear(aModel(), long).catch((error: unknown) => error)
    expect(isTooLong(failure)).toBe(true)
    expect(wire.requests).toHaveLength(2)
  })
})
