import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError, embedMany, generateText, isStepCount, streamText, tool } from 'ai'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { apiHouse } from './api.house.ts'
import { fakeToolbox } from './fakes.ts'
import { aiModel, clients, question, twoCalls, twoServers } from './http-clients.ts'
import { closeAll, type RunningToolbox } from './wire/mcp/start.ts'
import { hanging } from './workers.ts'

let house: Awaited<ReturnType<typeof apiHouse>>
let toolbox: RunningToolbox
beforeAll(async () => {
  house = await apiHouse()
  toolbox = await twoServers()
})
afterEach(() => house.clear())
afterAll(async () => {
  await closeAll()
  await house.close()
})

const heardBy = (request: number) => house.wire.requests[request]?.body.messages.slice(1) ?? []

describe.each(clients)('$name', ({ ask, streams }) => {
  test('gets one answer of a turn in which the house runs two tools of two servers', async () => {
    const { url } = await house.open({ toolbox })
    const begun = Promise.withResolvers<void>()
    house.wire.script(async (_body, number) => {
      if (number === 1) return { ...twoCalls, usage: { input: 30, output: 4 } }
      if (streams) await begun.promise // the rest is said once the beginning was heard
      return { text: 'Four, and it is.', usage: { input: 50, output: 6 } }
    })
    const heard = await ask(url, line => line.includes('I look.') && begun.resolve())
    expect(heard).toEqual({ text: 'I look.\n\nFour, and it is.', finish: 'stop', input: 80, output: 10, calls: 0 })
    const results = heardBy(1).filter(({ role }) => role === 'tool')
    expect(results.map(({ content }) => content)).toEqual([expect.stringMatching(/4 tables/), expect.stringMatching(/^done$/m)])
  })
})

describe('a tool of the caller', () => {
  const rain = vi.fn(async ({ city }: { city: string }) => ({ city, sky: 'rain' }))
  const tools = {
    get_weather: tool({ description: 'The weather', inputSchema: z.object({ city: z.string() }), execute: rain }),
  }
  const weather = { name: 'get_weather', input: { city: 'Oslo' } }
  const asking = (url: string) => ({ model: aiModel(url), prompt: question, tools, stopWhen: isStepCount(4) })
  const rolesOf = (request: number) => heardBy(request).map(({ role }) => role)
  beforeEach(() => void rain.mockClear())

  test.each<[string, (url: string) => PromiseLike<string>]>([
    ['generateText', async url => (await generateText(asking(url))).text],
    ['streamText', url => streamText(asking(url)).text],
  ])('is run by %s of ai, after those of the house', async (_how, ask) => {
    const { url } = await house.open({ toolbox })
    house.wire.script([twoCalls, { text: 'And the sky?', calls: [weather] }, { text: 'Wet.' }])
    expect(await ask(url)).toBe('Wet.')
    expect(rain.mock.calls.map(([input]) => input)).toEqual([{ city: 'Oslo' }])
    expect(rolesOf(1)).toEqual(['user', 'assistant', 'tool', 'tool'])
    expect(heardBy(2).at(-1)).toMatchObject({ role: 'tool', content: '{"city":"Oslo","sky":"rain"}' })
  })

  test('is run by ai next to one of the house in the same step, of which a session remembers what came', async () => {
    const { url } = await house.open({ toolbox })
    house.wire.script([{ ...twoCalls, calls: [weather, ...twoCalls.calls] }, { text: 'Wet.' }])
    const { text } = await generateText({ ...asking(url), maxRetries: 0, providerOptions: { bellhop: { user: 'ada' } } })
    expect(text).toBe('Wet.')
    expect(rain).toHaveBeenCalledOnce()
    expect(rolesOf(1)).toEqual(['user', 'assistant', 'tool', 'tool', 'assistant', 'assistant', 'tool'])
    expect(heardBy(1)[1]?.tool_calls?.map(call => call.function.name)).toEqual(twoCalls.calls.map(({ name }) => name))
  })
})

describe('the ai library', () => {
  test('that goes away ends the turn and its tools', async () => {
    let cut = false
    const hang = hanging()
    const box = fakeToolbox({
      hang: (input, options) => {
        options.signal.addEventListener('abort', () => (cut = true))
        return hang(input, options)
      },
    })
    const { url } = await house.open({ toolbox: box })
    house.wire.script([{ text: 'I look.', calls: [{ name: 'hang', input: {} }] }, { text: 'never' }])
    const stop = new AbortController()
    const { stream } = streamText({ model: aiModel(url), prompt: question, abortSignal: stop.signal })
    for await (const { type } of stream) if (type === 'text-delta') stop.abort()
    await expect.poll(() => cut).toBe(true)
    expect(house.wire.requests).toHaveLength(1)
  })

  test('throws the sentence that the house says when there is no good answer', async () => {
    const { url } = await house.open()
    house.wire.script(() => ({ trouble: 'status', status: 401, message: 'bad key' }))
    const whole = generateText({ model: aiModel(url), prompt: question, maxRetries: 0 })
    const error = await whole.catch((thrown: unknown) => thrown)
    expect(APICallError.isInstance(error)).toBe(true)
    expect(error).toMatchObject({ statusCode: 502, message: expect.stringMatching(/e-\w{8}/) })
    const onError = vi.fn()
    await streamText({ model: aiModel(url), prompt: question, onError }).consumeStream()
    expect(onError.mock.calls[0]?.[0]).toMatchObject({
      error: { code: 'no_good_answer', message: expect.stringMatching(/e-\w{8}/) },
    })
  })

  test('reads vectors', async () => {
    const vectorsOf = async (texts: string[]) => texts.map(text => [text.length, 0.5])
    const { url } = await house.open({ web: { embed: { model: 'vectors-1', vectorsOf } } })
    const model = createOpenAICompatible({ name: 'bellhop', baseURL: `${url}/v1` }).embeddingModel('vectors-1')
    const { embeddings } = await embedMany({ model, values: ['ab', 'abc'] })
    expect(embeddings).toEqual([
      [2, 0.5],
      [3, 0.5],
    ])
  })
})
