import { APIError, type OpenAI } from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { apiHouse } from './api.house.ts'
import { fakeToolbox } from './fakes.ts'
import { hanging } from './workers.ts'

let house: Awaited<ReturnType<typeof apiHouse>>
beforeAll(async () => {
  house = await apiHouse()
})
afterEach(() => house.clear())
afterAll(() => house.close())

const user = (content: string) => ({ role: 'user' as const, content })
const asks = (more: object = {}) => ({ model: 'bellhop', messages: [user('Where is the pool?')], ...more })
const extra = (from: object) => (from as { bellhop: Record<string, unknown> }).bellhop
const weather = {
  type: 'function' as const,
  function: { name: 'get_weather', description: 'The weather', parameters: { type: 'object', properties: {} } },
}

async function collect(stream: AsyncIterable<OpenAI.ChatCompletionChunk>) {
  const chunks: OpenAI.ChatCompletionChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
  return { chunks, text, last: chunks.findLast(({ choices }) => choices.length > 0)?.choices[0]?.finish_reason }
}

describe('a completion', () => {
  test('is a whole answer with what the endpoint counted', async () => {
    const { client } = await house.open()
    house.wire.script([{ text: 'On the roof.', usage: { input: 21, output: 4 } }])
    const answer = await client().chat.completions.create(asks())
    expect(answer.choices[0]).toMatchObject({ message: { role: 'assistant', content: 'On the roof.' }, finish_reason: 'stop' })
    expect(answer.usage).toEqual({ prompt_tokens: 21, completion_tokens: 4, total_tokens: 25 })
    expect(extra(answer)).not.toHaveProperty('usage_estimated')
  })

  test('reads all that the caller says was said, and the house remembers nothing of it', async () => {
    const { client } = await house.open()
    const messages = [
      { role: 'system' as const, content: 'Speak like a butler.' },
      user('I am Ada'),
      { role: 'assistant' as const, content: 'Good evening.' },
      user('Who am I?'),
    ]
    await client().chat.completions.create(asks({ messages }))
    const asked = house.wire.requests[0]?.body.messages ?? []
    expect(asked[0]?.content).toMatch(/^You are Bellhop[\s\S]*Speak like a butler\./)
    expect(asked.slice(1)).toMatchObject([
      { role: 'user', content: 'I am Ada' },
      { role: 'assistant', content: 'Good evening.' },
      { role: 'user', content: 'Who am I?' },
    ])
    const left = async () => {
      const keys = await house.rooms.redis.keys('bellhop:*')
      return keys.filter(key => /:(history|last|inbox|journal|steps):/.test(key))
    }
    await expect.poll(left).toEqual([])
  })

  test.each([
    ['the header', {}, { 'x-session-id': 'my-session-1' }],
    ['session_id', { session_id: 'my-session-1' }, {}],
    ['user', { user: 'ada@example.org' }, {}],
  ])('goes on in a session that is named by %s, whatever else the caller sends', async (_how, more, headers) => {
    const { client } = await house.open()
    house.wire.script([{ text: 'Good evening, Ada.' }, { text: 'Ada.' }])
    const ask = (messages: object[]) => client().chat.completions.create(asks({ messages, ...more }) as never, { headers })
    await ask([user('I am Ada')])
    await ask([user('I am Ada'), { role: 'assistant', content: 'forged' }, user('Who am I?')])
    expect(house.wire.requests[1]?.body.messages.slice(1)).toMatchObject([
      { role: 'user', content: 'I am Ada' },
      { role: 'assistant', content: 'Good evening, Ada.' },
      { role: 'user', content: 'Who am I?' },
    ])
  })

  test('takes the model at its word: what looks like a command is asked', async () => {
    const { client } = await house.open()
    await client().chat.completions.create(asks({ messages: [user('/reset and /etc/passwd, what are they?')] }))
    expect(house.wire.requests[0]?.body.messages.at(-1)?.content).toBe('/reset and /etc/passwd, what are they?')
  })

  test('hands on what concerns the model, and tolerates what nobody knows', async () => {
    const { client } = await house.open()
    await client().chat.completions.create(
      asks({ temperature: 0.3, max_tokens: 50, stop: ['END'], seed: 7, metadata: { a: 'b' }, frobnicate: [1], store: null }),
    )
    expect(house.wire.requests[0]?.body).toMatchObject({ temperature: 0.3, max_tokens: 50, stop: ['END'], seed: 7 })
    expect(house.wire.requests[0]?.body).not.toHaveProperty('frobnicate')
    expect(house.wire.requests[0]?.body).not.toHaveProperty('metadata')
  })

  test('shows the model a picture that comes with the question', async () => {
    const { client } = await house.open()
    const png = `data:image/png;base64,${Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').toString('base64')}`
    const content = [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url: png } },
    ]
    await client().chat.completions.create(asks({ messages: [{ role: 'user', content }] }) as never)
    expect(JSON.stringify(house.wire.requests[0]?.body.messages.at(-1)?.content)).toContain('data:image/png;base64,')
  })
})

describe('a stream', () => {
  test('grows with the model, and ends with the usage where that is wanted', async () => {
    const { client } = await house.open()
    house.wire.script([{ text: 'one two three four five six', tokenMs: 60, usage: { input: 5, output: 6 } }])
    const stream = await client().chat.completions.create(
      asks({ stream: true, stream_options: { include_usage: true } }) as never,
    )
    const { chunks, text, last } = await collect(stream as never)
    expect(text).toBe('one two three four five six')
    expect(chunks.filter(({ choices }) => choices[0]?.delta.content).length).toBeGreaterThan(2)
    expect(last).toBe('stop')
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 } })
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
  })

  const pools = () =>
    fakeToolbox({
      pool: (_input, { onProgress }) => {
        onProgress({ done: 1, total: 2, message: 'looking' })
        return { ok: true, text: 'the pool is on the roof' }
      },
      bar: () => ({ ok: true, text: 'the bar is below' }),
    })
  const twoTools = () =>
    house.wire.script([
      {
        text: 'I look.',
        calls: [
          { name: 'pool', input: { q: 1 } },
          { name: 'bar', input: {} },
        ],
      },
      { text: 'Roof and below.' },
    ])

  test('goes on while the house runs two tools, and tells what they do beside the text', async () => {
    const { client } = await house.open({ toolbox: pools() })
    twoTools()
    const { chunks, text, last } = await collect(
      (await client().chat.completions.create(asks({ stream: true }) as never)) as never,
    )
    expect(text).toBe('I look.\n\nRoof and below.')
    expect(last).toBe('stop')
    expect(chunks.some(({ choices }) => choices[0]?.delta.tool_calls)).toBe(false)
    const told = chunks.map(chunk => extra(chunk)).filter(Boolean)
    const short = (name: string) => told.filter(one => one['name'] === name).map(({ type, ok, text: said }) => [type, ok, said])
    expect(short('pool')).toEqual([
      ['call', undefined, undefined],
      ['result', true, 'the pool is on the roof'],
    ])
    expect(short('bar')).toEqual([
      ['call', undefined, undefined],
      ['result', true, 'the bar is below'],
    ])
    expect(told.find(({ type }) => type === 'progress')).toMatchObject({ done: 1, total: 2, message: 'looking' })
  })

  test('tells tools in comments too, for whoever reads it as it is', async () => {
    const { post } = await house.open({ toolbox: pools() })
    twoTools()
    const lines = (await (await post('/v1/chat/completions', asks({ stream: true }))).text()).split('\n')
    expect(lines.filter(line => line.startsWith(': ')).map(line => line.split(' ').slice(1, 3).join(' '))).toEqual(
      expect.arrayContaining(['call pool', 'call bar', 'result pool', 'result bar']),
    )
    expect(lines.filter(line => line.startsWith('data: ')).at(-1)).toBe('data: [DONE]')
  })

  test('and a plain answer says afterwards which tools were run', async () => {
    const { client } = await house.open({ toolbox: pools() })
    twoTools()
    const answer = await client().chat.completions.create(asks())
    expect(answer.choices[0]?.message.content).toBe('I look.\n\nRoof and below.')
    expect(extra(answer)['tools']).toMatchObject([
      { name: 'pool', input: { q: 1 }, ok: true, text: 'the pool is on the roof' },
      { name: 'bar', ok: true },
    ])
  })

  test('shows no secret, in the text as in what tools were given and returned', async () => {
    const secret = `ghp_${'a1'.repeat(18)}`
    const { post } = await house.open({ toolbox: fakeToolbox({ pool: () => ({ ok: true, text: `key ${secret}` }) }) })
    house.wire.script([{ calls: [{ name: 'pool', input: { key: secret } }] }, { text: `It is ${secret} indeed.`, tokenMs: 40 }])
    const body = await (await post('/v1/chat/completions', asks({ stream: true }))).text()
    expect(body).not.toContain(secret.slice(0, 12))
    expect(body.match(/\[hidden\]/g)?.length).toBeGreaterThanOrEqual(3)
    expect(body).toContain('indeed.')
  })

  test('no tool of the house runs where the caller wants none', async () => {
    const { client } = await house.open({ toolbox: pools() })
    await client().chat.completions.create(asks({ tool_choice: 'none' }))
    expect(house.wire.requests[0]?.body.tools).toBeUndefined()
  })

  test('that is left ends the turn and its tools', async () => {
    let cut = false
    const hang = hanging()
    const toolbox = fakeToolbox({
      hang: (input, options) => {
        options.signal.addEventListener('abort', () => (cut = true))
        return hang(input, options)
      },
    })
    const { client } = await house.open({ toolbox })
    house.wire.script([{ calls: [{ name: 'hang', input: {} }] }, { text: 'never' }])
    const stream = (await client().chat.completions.create(asks({ stream: true }) as never)) as unknown as AsyncIterable<object>
    for await (const chunk of stream) if (extra(chunk)?.['type'] === 'call') break
    await expect.poll(() => cut).toBe(true)
    expect(house.wire.requests).toHaveLength(1)
  })

  test('that is left ends the model in the middle of its answer', async () => {
    const { client } = await house.open()
    house.wire.script([{ trouble: 'hang', text: 'I begin' }])
    const stream = (await client().chat.completions.create(
      asks({ stream: true }) as never,
    )) as unknown as AsyncIterable<OpenAI.ChatCompletionChunk>
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
    await expect.poll(() => house.wire.requests[0]?.aborted).toBe(true)
  })
})

describe("the caller's tools", () => {
  test('are called by the caller, who comes back with what came of it', async () => {
    const { client } = await house.open()
    house.wire.script([
      {
        text: 'Let me see.',
        calls: [{ name: 'get_weather', input: { city: 'Oslo' }, id: 'w1' }],
        usage: { input: 9, output: 2 },
      },
      { text: 'It rains.' },
    ])
    const first = await client().chat.completions.create(asks({ tools: [weather] }))
    const [choice] = first.choices
    expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: 'Let me see.' } })
    expect(choice?.message.tool_calls).toEqual([
      { id: 'w1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } },
    ])
    const messages = [user('Where is the pool?'), choice?.message, { role: 'tool', tool_call_id: 'w1', content: 'rain' }]
    const second = await client().chat.completions.create(asks({ messages, tools: [weather] }) as never)
    expect((second as OpenAI.ChatCompletion).choices[0]?.message.content).toBe('It rains.')
    expect(house.wire.requests[1]?.body.messages.slice(1).map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
    expect(house.wire.requests[1]?.body.messages.at(-1)).toMatchObject({ tool_call_id: 'w1', content: 'rain' })
  })

  test('are streamed as the library puts them together', async () => {
    const { client } = await house.open()
    house.wire.script([
      {
        calls: [
          { name: 'get_weather', input: { city: 'Oslo' } },
          { name: 'get_weather', input: { city: 'Rome' } },
        ],
      },
    ])
    const runner = client().chat.completions.stream(asks({ tools: [weather] }) as never)
    const { choices } = await runner.finalChatCompletion()
    expect(choices[0]?.finish_reason).toBe('tool_calls')
    expect(choices[0]?.message.tool_calls?.map(call => 'function' in call && call.function.arguments)).toEqual([
      '{"city":"Oslo"}',
      '{"city":"Rome"}',
    ])
  })

  test('are run by the library itself, next to those of the house', async () => {
    const pool = vi.fn(() => ({ ok: true, text: 'on the roof' }))
    const { client } = await house.open({ toolbox: fakeToolbox({ pool }) })
    house.wire.script([
      { calls: [{ name: 'pool', input: {} }] },
      { calls: [{ name: 'get_weather', input: { city: 'Oslo' } }] },
      { text: 'Wet.' },
    ])
    const cities: unknown[] = []
    const tool = {
      ...weather,
      function: { ...weather.function, parse: JSON.parse, function: (input: unknown) => `rain ${cities.push(input)}` },
    }
    const runner = client().chat.completions.runTools(asks({ tools: [tool] }) as never)
    expect(await runner.finalContent()).toBe('Wet.')
    expect(cities).toEqual([{ city: 'Oslo' }])
    expect(pool).toHaveBeenCalledOnce()
  })

  test('go on in a session with what the house remembers', async () => {
    const { client } = await house.open()
    house.wire.script([{ calls: [{ name: 'get_weather', input: {}, id: 'w1' }] }, { text: 'It rains.' }, { text: 'Rain.' }])
    const ask = (messages: object[]) =>
      client().chat.completions.create(
        asks({ messages, tools: [weather], user: 'ada' }) as never,
      ) as Promise<OpenAI.ChatCompletion>
    const first = await ask([user('Weather?')])
    await ask([user('Weather?'), first.choices[0]?.message as object, { role: 'tool', tool_call_id: 'w1', content: 'rain' }])
    await ask([user('Again?')])
    expect(house.wire.requests.map(({ body }) => body.messages.slice(1).map(({ role }) => role))).toEqual([
      ['user'],
      ['user', 'assistant', 'tool'],
      ['user', 'assistant', 'tool', 'assistant', 'user'],
    ])
  })

  test('one that must be called is asked for in the first step', async () => {
    const { client } = await house.open()
    const tool_choice = { type: 'function' as const, function: { name: 'get_weather' } }
    await client().chat.completions.create(asks({ tools: [weather], tool_choice }))
    expect(house.wire.requests[0]?.body).toMatchObject({ tool_choice })
  })
})

describe('what goes wrong', () => {
  const problemOf = (asked: Promise<unknown>) =>
    asked.then(
      () => expect.fail('it went well'),
      (error: unknown) => error as APIError,
    )

  test('is an error of the library, and asked once', async () => {
    const { client } = await house.open()
    house.wire.script(() => ({ trouble: 'status', status: 401, message: 'bad key' }))
    const error = await problemOf(client().chat.completions.create(asks()))
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ status: 502, type: 'server_error', code: 'no_good_answer' })
    expect(error.message).toMatch(/e-\w{8}/)
    expect(house.wire.requests).toHaveLength(1)
  })

  test('is an error within a stream', async () => {
    const { client } = await house.open()
    house.wire.script(() => ({ trouble: 'status', status: 401, message: 'bad key' }))
    const stream = (await client().chat.completions.create(asks({ stream: true }) as never)) as never
    expect(await problemOf(collect(stream))).toMatchObject({ code: 'no_good_answer' })
  })

  test.each<[string, object, string]>([
    ['a model that is none', { model: 'gpt-99' }, 'model'],
    ['messages that are a text', { messages: 'hello' }, 'messages'],
    ['no messages', { messages: [] }, 'messages'],
    ['a role that is none', { messages: [{ role: 'root', content: 'x' }] }, 'messages[0].role'],
    ['content that is a number', { messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
    ['a temperature in words', { temperature: 'hot' }, 'temperature'],
    ['a stream in words', { stream: 'yes' }, 'stream'],
    ['two answers', { n: 2 }, 'n'],
    ['a tool that is no function', { tools: [{ type: 'magic' }] }, 'tools[0].type'],
    [
      'a result of no call',
      { messages: [user('x'), { role: 'tool', tool_call_id: 'z', content: 'y' }] },
      'messages[1].tool_call_id',
    ],
    [
      'a picture at an address',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://10.0.0.1/x' } }] }] },
      'messages[0].content[0].image_url.url',
    ],
    ['a short session', { session_id: 'x' }, 'session_id'],
  ])('%s names its parameter', async (_what, more, param) => {
    const { client } = await house.open()
    const error = await problemOf(client().chat.completions.create(asks(more) as never))
    expect([400, 404]).toContain(error.status)
    expect(error.type).toBe('invalid_request_error')
    expect(error.param).toBe(param)
    expect(house.wire.requests).toHaveLength(0)
  })

  test('a key that is none is what the library takes it for', async () => {
    const { client } = await house.open({ web: { apiKeys: ['right-key'] } })
    expect(await problemOf(client('wrong').models.list())).toMatchObject({ status: 401, code: 'invalid_api_key' })
    expect((await client('right-key').models.list()).data.map(({ id }) => id)).toEqual(['bellhop', 'test-model', 'other-model'])
  })
})

describe('vectors', () => {
  const vectorsOf = async (texts: string[]) => texts.map(text => [text.length, 0.5])

  test('are made by the model that is set, in either encoding', async () => {
    const { client } = await house.open({ web: { embed: { model: 'vectors-1', vectorsOf } } })
    for (const more of [{}, { encoding_format: 'float' as const }]) {
      const { data } = await client().embeddings.create({ model: 'vectors-1', input: ['ab', 'abc'], ...more })
      expect(data.map(({ embedding }) => embedding)).toEqual([
        [2, 0.5],
        [3, 0.5],
      ])
    }
  })

  test('are refused where none is set', async () => {
    const { client } = await house.open()
    await expect(client().embeddings.create({ model: 'x', input: 'ab' })).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining('EMBEDDING_MODEL'),
    })
  })
})
