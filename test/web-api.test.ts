import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '../src/log.ts'
import { createModelElsewhere, createSeal } from '../src/models/elsewhere.ts'
import { apiHouse } from './api.house.ts'
import { fakeToolbox, say, scriptedModel } from './fakes.ts'
import { errorOf } from './web.house.ts'
import { hangs } from './workers.ts'

let house: Awaited<ReturnType<typeof apiHouse>>
beforeAll(async () => {
  house = await apiHouse()
})
afterEach(() => house.clear())
afterAll(() => house.close())

interface Told {
  id?: string
  type: string
  data: Record<string, unknown>
}

/** Comments left out. */
async function* told(response: Response): AsyncGenerator<Told> {
  let rest = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1]
      const id = /^id: (.*)$/m.exec(block)?.[1]
      if (data !== undefined) yield { ...(JSON.parse(data) as Told), ...(id !== undefined && { id }) }
    }
  }
}
const text = (events: Told[]) => events.flatMap(({ type, data }) => (type === 'chunk' ? [data['content']] : [])).join('')

const session_id = 'session-1'
const tools = () =>
  fakeToolbox({
    pool: (_input, { onProgress }) => {
      onProgress({ done: 1, total: 4 })
      return { ok: true, text: 'on the roof' }
    },
    bar: () => ({ ok: false, text: 'closed' }),
  })

describe('POST /api/chat/stream', () => {
  test('tells each step, in a session that is remembered', async () => {
    const { post } = await house.open({ toolbox: tools() })
    house.wire.script([
      { calls: [{ name: 'pool', input: { q: 1 } }] },
      { calls: [{ name: 'bar', input: {} }] },
      { text: 'Roof.', usage: { input: 3, output: 1 } },
      { text: 'Again: roof.' },
    ])
    const events = await Array.fromAsync(told(await post('/api/chat/stream', { session_id, content: 'Where?' })))
    const kinds = events.map(({ type }) => type)
    expect(kinds).toEqual(['tool_call', 'tool_stream_chunk', 'tool_result', 'tool_call', 'tool_result', 'chunk', 'complete'])
    expect(events[0]?.data).toMatchObject({ name: 'pool', arguments: { q: 1 } })
    expect(events[1]?.data).toMatchObject({ done: 1, total: 4 })
    expect(events[2]?.data).toMatchObject({ name: 'pool', ok: true, content: 'on the roof', state: 'ok' })
    expect(events[4]?.data).toMatchObject({ name: 'bar', ok: false, content: 'closed', state: 'failed' })
    expect(events.at(-1)?.data).toMatchObject({ content: 'Roof.', session_id, how: 'answered' })
    await (await post('/api/chat/stream', { session_id, content: 'Sure?' })).text()
    expect(
      house.wire.requests
        .at(-1)
        ?.body.messages.slice(1)
        .map(({ role }) => role),
    ).toEqual([...['user', 'assistant', 'tool', 'assistant', 'tool', 'assistant'], 'user'])
  })

  test('ends with an error when the model cannot answer', async () => {
    const { post } = await house.open()
    house.wire.script(() => ({ trouble: 'status', status: 401, message: 'bad key' }))
    const events = await Array.fromAsync(told(await post('/api/chat/stream', { session_id, content: 'Where?' })))
    expect(events.at(-1)).toMatchObject({
      type: 'error',
      data: { code: 'no_good_answer', message: expect.stringMatching(/e-\w{8}/) },
    })
  })

  test('direct reads the messages it is given, and keeps the answer alone', async () => {
    const { post } = await house.open()
    house.wire.script([{ text: 'Ada.' }, { text: 'Yes.' }])
    const messages = [
      { role: 'user', content: 'I am Ada' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: 'Who am I?' },
    ]
    await (await post('/api/chat/stream/direct', { session_id, messages })).text()
    expect(house.wire.requests[0]?.body.messages.slice(1).map(({ content }) => content)).toEqual([
      'I am Ada',
      'Hello',
      'Who am I?',
    ])
    const kept = async () => {
      const [key = ''] = await house.rooms.redis.keys('bellhop:*:history:*')
      return (await house.rooms.redis.lrange(key, 0, -1)).map(line => JSON.parse(line))
    }
    await expect.poll(kept).toEqual([{ role: 'assistant', text: 'Ada.', calls: [] }])
  })

  test('obeys what is harmless of model_config, and refuses the rest in one sentence', async () => {
    const { post } = await house.open()
    const ask = (model_config: object) => post('/api/chat/stream', { session_id, content: 'Where?', model_config })
    await (await ask({ temperature: 0.1, max_tokens: 9, base_url: '', api_key: null })).text()
    expect(house.wire.requests[0]?.body).toMatchObject({ temperature: 0.1, max_tokens: 9 })
    for (const refused of [{ base_url: 'http://10.0.0.1/v1' }, { api_key: 'sk-mine' }]) {
      const response = await ask(refused)
      expect(response.status).toBe(403)
      expect((await errorOf(response)).message).toMatch(/model_config\.\w+" is not allowed/)
    }
    expect((await ask({ model_name: 'gpt-99' })).status).toBe(404)
    expect((await ask({ temperature: 'hot' })).status).toBe(400)
    expect(house.wire.requests).toHaveLength(1)
  })
})

describe('a model of the program', () => {
  const secretKey = 'k'.repeat(32)
  const model_config = () => ({ base_url: `${house.wire.url}/`, api_key: 'sk-of-the-caller', model_name: 'theirs' })
  const ask = (post: Awaited<ReturnType<typeof house.open>>['post'], config: object) =>
    post('/api/chat/stream', { session_id, content: 'Hi', model_config: config })

  test('is asked where the operator allows it, and its key lies in Redis only sealed', async () => {
    const baseUrls = [house.wire.url]
    const modelElsewhere = createModelElsewhere({ modelUrls: baseUrls, secretKey }, silentLog)
    const elsewhere = { baseUrls, seal: createSeal(secretKey) }
    const { post } = await house.open({
      model: scriptedModel([say('The one of the operator.')]),
      web: { elsewhere },
      worker: { modelElsewhere },
    })
    let kept = ''
    house.wire.script(async () => {
      const [key = ''] = await house.rooms.redis.keys('bellhop:*:inbox:*')
      kept = (await house.rooms.redis.lrange(key, 0, -1)).join()
      return { text: 'From elsewhere.' }
    })
    const events = await Array.fromAsync(told(await ask(post, model_config())))
    expect(text(events)).toBe('From elsewhere.')
    expect(house.wire.requests[0]).toMatchObject({
      body: { model: 'theirs' },
      headers: { authorization: 'Bearer sk-of-the-caller' },
    })
    expect(kept).toContain('sealedKey')
    expect(kept).not.toContain('sk-of-the-caller')
  })

  test('is not asked by a worker whose operator does not allow it', async () => {
    const elsewhere = { baseUrls: [house.wire.url], seal: createSeal(secretKey) }
    const modelElsewhere = createModelElsewhere({ modelUrls: [], secretKey }, silentLog)
    const { post } = await house.open({ web: { elsewhere }, worker: { modelElsewhere } })
    const events = await Array.fromAsync(told(await ask(post, model_config())))
    expect(events.at(-1)).toMatchObject({ type: 'error', data: { message: expect.stringContaining('MODEL_BASE_URLS') } })
    expect(house.wire.requests).toHaveLength(0)
  })

  test('needs a name, and a key that can be sealed', async () => {
    const { post } = await house.open({ web: { elsewhere: { baseUrls: [house.wire.url] } } })
    expect((await ask(post, { base_url: house.wire.url })).status).toBe(400)
    const noKey = await ask(post, model_config())
    expect(noKey.status).toBe(403)
    expect((await errorOf(noKey)).message).toContain('SECRET_KEY')
  })
})

describe('POST /api/chat/abort', () => {
  test('stops what runs in the session, and says so', async () => {
    let running = false
    const { post } = await house.open({ toolbox: hangs(() => (running = true)) })
    house.wire.script([{ text: 'I look.', calls: [{ name: 'hang', input: {} }] }])
    const events = Array.fromAsync(told(await post('/api/chat/stream', { session_id, content: 'Where?' })))
    await expect.poll(() => running).toBe(true)
    const response = await post('/api/chat/abort', { session_id })
    expect(await response.json()).toMatchObject({ ok: true, message: expect.stringMatching(/\w/) })
    expect((await events).at(-1)).toMatchObject({ type: 'complete', data: { how: 'stopped', content: 'I look.' } })
  })

  test('stops nothing of another key', async () => {
    let running = false
    const { post, turns } = await house.open({
      toolbox: hangs(() => (running = true)),
      web: { apiKeys: ['key-one', 'key-two'] },
    })
    house.wire.script([{ calls: [{ name: 'hang', input: {} }] }])
    const as = (key: string) => ({ authorization: `Bearer ${key}` })
    const stream = await post('/api/chat/stream', { session_id, content: 'Where?' }, as('key-one'))
    await expect.poll(() => running).toBe(true)
    await post('/api/chat/abort', { session_id }, as('key-two'))
    const first = await told(stream).next()
    expect(first.value).toMatchObject({ type: 'tool_call' })
    expect(await house.rooms.redis.keys('bellhop:*:journal:*')).toHaveLength(1)
    await turns.close(0)
  })
})

describe('a stream that broke', () => {
  const slow = () => house.wire.script([{ text: 'one two three four five six seven eight', tokenMs: 80 }])

  test('goes on behind the last event, at another server too', async () => {
    const { post } = await house.open()
    slow()
    const first = await post('/api/chat/stream', { session_id, content: 'Count' })
    const before: Told[] = []
    for await (const event of told(first)) {
      before.push(event)
      if (before.length === 2) break
    }
    const other = house.openDoor()
    await other.start()
    try {
      const again = await fetch(`${other.plain.url}/api/chat/stream`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'last-event-id': before.at(-1)?.id ?? '' },
        body: JSON.stringify({ session_id, content: 'Count' }),
      })
      const after = await Array.fromAsync(told(again))
      expect(text([...before, ...after])).toBe('one two three four five six seven eight')
      expect(after.at(-1)?.type).toBe('complete')
      expect(house.wire.requests).toHaveLength(1)
    } finally {
      await other.adapter.stop()
    }
  })

  test("is nobody else's, and no made-up place is one", async () => {
    const { post } = await house.open({ web: { apiKeys: ['key-one', 'key-two'], patienceMs: 500 } })
    house.wire.script([{ text: 'secret' }])
    const as = (key: string) => ({ authorization: `Bearer ${key}` })
    const events = await Array.fromAsync(told(await post('/api/chat/stream', { session_id, content: 'x' }, as('key-one'))))
    const place = events[0]?.id?.replace(/\.\d+$/, '.0') ?? ''
    const again = (key: string) => post('/api/chat/stream', { session_id, content: 'x' }, { ...as(key), 'last-event-id': place })
    expect(await (await again('key-two')).text()).not.toContain('secret')
    expect(await (await again('key-one')).text()).toContain('secret')
    const madeUp = await post('/api/chat/stream', { session_id, content: 'x' }, { ...as('key-one'), 'last-event-id': 'x' })
    expect(madeUp.status).toBe(400)
  })
})

describe('POST /agent', () => {
  test.each(['/agent', '/gpt_agent'])('%s tells the whole record of a run', async path => {
    const { post } = await house.open({ toolbox: tools() })
    house.wire.script([
      { calls: [{ name: 'pool', input: {}, id: 'p' }] },
      { calls: [{ name: 'bar', input: {}, id: 'b' }] },
      { text: 'On the roof; the bar is closed.' },
    ])
    const record = (await (await post(path, { task: 'Where?' })).json()) as Record<string, unknown>
    expect(record).toMatchObject({
      original_task: 'Where?',
      stages: [
        { name: 'parse', status: 'ok', tools: ['pool'] },
        { name: 'call', status: 'ok', tool: 'pool', result: 'on the roof' },
        { name: 'follow_up_call', status: 'failed', tool: 'bar', result: 'closed' },
        { name: 'final_processing', status: 'answered' },
      ],
      final_gpt_processed_result: 'On the roof; the bar is closed.',
    })
    expect((record['redis_log'] as { type: string }[]).map(({ type }) => type)).toEqual([
      ...['call', 'progress', 'result', 'call', 'result'],
      'end',
    ])
  })

  test('answers directly where no tool is needed', async () => {
    const { post } = await house.open({ toolbox: tools() })
    house.wire.script([{ text: 'Four.' }])
    expect(await (await post('/agent', { task: '2 + 2?' })).json()).toMatchObject({
      stages: [
        { name: 'parse', tools: [] },
        { name: 'direct_answer', status: 'answered' },
      ],
      final_gpt_processed_result: 'Four.',
    })
  })

  test('tells how far a run came that failed', async () => {
    const { post } = await house.open({ toolbox: tools() })
    house.wire.script([{ calls: [{ name: 'pool', input: {} }] }, { trouble: 'status', status: 401, message: 'bad' }])
    const response = await post('/agent', { task: 'Where?' })
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({
      error: { code: 'no_good_answer' },
      stages: [{ name: 'parse' }, { name: 'call', status: 'ok' }, { name: 'final_processing', status: 'failed' }],
    })
  })

  test.each([[{}], [{ task: '  ' }], [{ task: 7 }]])('refuses %j', async body => {
    const { post } = await house.open()
    const response = await post('/agent', body)
    expect(response.status).toBe(400)
    expect((await errorOf(response)).message).toMatch(/^"task"/)
  })
})
