import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ServerConfig } from '../src/config/servers.ts'
import { silentLog } from '../src/log.ts'
import type { Host, HostDeps } from '../src/mcp/host.ts'
import { createShelf } from '../src/mcp/shelf.ts'
import type { Owner, ToolProgress } from '../src/toolbox.ts'
import { testRooms } from './rooms.ts'
import type { Mood } from './wire/mcp/moody.ts'
import { call, closeAll, moody, openHost, raw } from './wire/mcp/start.ts'

let rooms: Awaited<ReturnType<typeof testRooms>>
beforeAll(async () => {
  rooms = await testRooms()
})
afterEach(async () => {
  await closeAll()
  await rooms.redis.flushall()
})
afterAll(() => rooms.close())

const reads = { annotations: { readOnlyHint: true } }
const ask = (host: Host, name: string, input = {}, owners: Owner[] = []) => call(host.toolboxFor(owners), name, input)

/** A server whose answers are numbered. */
async function numbered(more: Partial<ServerConfig> = { cacheTtlMs: 60_000 }, mood: Partial<Mood> = {}) {
  let count = 0
  const tools = [{ name: 'read', ...reads }, { name: 'write' }]
  return moody({ tools, answer: () => ({ text: `answer ${++count}` }), ...mood }, more)
}
async function hostOf(config: ServerConfig, deps: Partial<HostDeps> = {}): Promise<Host> {
  const host = openHost(deps)
  await host.start([config])
  return host
}

describe('results of tools that only read', () => {
  test('are not kept unless the operator says so', async () => {
    const { config } = await numbered({})
    const host = await hostOf(config)
    expect((await ask(host, 'moody__read')).text).toBe('answer 1')
    expect((await ask(host, 'moody__read')).text).toBe('answer 2')
    expect(host.cacheStats()).toMatchObject({ hits: 0, misses: 0, entries: 0 })
  })

  test('are told again while they are fresh, whatever the order of the arguments', async () => {
    let time = Date.now()
    const { config, calls } = await numbered()
    const host = await hostOf(config, { now: () => time })
    const first = await ask(host, 'moody__read', { a: 1, b: { c: [1, 2], d: null } })
    expect(await ask(host, 'moody.read', { b: { d: null, c: [1, 2] }, a: 1 })).toEqual(first)
    expect(await ask(host, 'moody__read', { a: 1, b: { c: [2, 1], d: null } })).toEqual({ ok: true, text: 'answer 2' })
    time += 59_999
    expect(await ask(host, 'moody__read', { a: 1, b: { c: [1, 2], d: null } })).toEqual(first)
    time += 1
    expect((await ask(host, 'moody__read', { a: 1, b: { c: [1, 2], d: null } })).text).toBe('answer 3')
    expect(calls).toHaveLength(3)
    expect(host.cacheStats()).toMatchObject({ hits: 2, memoryHits: 2, misses: 3, stored: 3, entries: 2, hitRate: 0.4 })
    expect(host.metrics()[0]?.calls).toBe(3)
  })

  test('of what may write is nothing kept', async () => {
    const { config, calls } = await numbered()
    const host = await hostOf(config)
    await ask(host, 'moody__write')
    await ask(host, 'moody__write')
    expect(calls).toHaveLength(2)
  })

  test('have the time of their own tool, by the word of the operator, unless the tool says that it writes', async () => {
    const tools = [{ name: 'read', ...reads }, { name: 'quiet' }, { name: 'writes', annotations: { readOnlyHint: false } }]
    const { config } = await numbered({ cacheTtlMs: 60_000, toolCacheMs: { read: 0, quiet: 60_000, writes: 60_000 } }, { tools })
    const host = await hostOf(config)
    const twice = async (name: string) => [(await ask(host, name)).text, (await ask(host, name)).text]
    expect(await twice('moody__read')).toEqual(['answer 1', 'answer 2'])
    expect(await twice('moody__quiet')).toEqual(['answer 3', 'answer 3'])
    expect(await twice('moody__writes')).toEqual(['answer 4', 'answer 5'])
  })

  test.each([
    ['a failure', { result: { isError: true, content: [{ type: 'text', text: 'no' }] } }],
    ['a file', { result: { content: [{ type: 'image', mimeType: 'image/png', data: 'AAAA' }] } }],
    ['a fault', { code: -32603 }],
  ])('are not kept when they are %s', async (_what, answer) => {
    const { config, calls } = await numbered({ cacheTtlMs: 60_000 }, { answer: () => answer })
    const host = await hostOf(config, { redis: rooms.redis })
    await ask(host, 'moody__read')
    await ask(host, 'moody__read')
    expect(calls).toHaveLength(2)
    expect(host.cacheStats()).toMatchObject({ stored: 0 })
  })

  test('of one owner are never told to another, nor those of a server that is configured otherwise', async () => {
    const { config } = await numbered()
    const host = openHost({ redis: rooms.redis, plainHosts: ['127.0.0.1'] })
    const [ann, ben]: Owner[] = ['user:fake:ann', 'user:fake:ben']
    if (!ann || !ben) throw new Error('two people')
    await host.register(config, ann)
    await host.register(config, ben)
    expect((await ask(host, 'moody__read', {}, [ann])).text).toBe('answer 1')
    expect((await ask(host, 'moody__read', {}, [ben])).text).toBe('answer 2')
    expect((await ask(host, 'moody__read', {}, [ann])).text).toBe('answer 1')
    await host.ensureRegistered(
      { ...config, transport: { ...config.transport, headers: { 'x-key': 'other' } } } as ServerConfig,
      ann,
    )
    expect((await ask(host, 'moody__read', {}, [ann])).text).toBe('answer 3')
  })
})

describe('a write', () => {
  test('makes what was read before void, also for other workers', async () => {
    const { config } = await numbered()
    const [one, two] = [await hostOf(config, { redis: rooms.redis }), await hostOf(config, { redis: rooms.redis })]
    expect((await ask(one, 'moody__read')).text).toBe('answer 1')
    expect((await ask(two, 'moody__read')).text).toBe('answer 1')
    await ask(one, 'moody__write')
    expect((await ask(two, 'moody__read')).text).toBe('answer 3')
    expect((await ask(one, 'moody__read')).text).toBe('answer 3')
    expect(one.cacheStats()).toMatchObject({ voided: 1 })
  })

  test('makes void what is being read meanwhile, and nobody joins that any more', async () => {
    let go = () => {}
    const gate = new Promise<void>(resolve => (go = resolve))
    let reading = 0
    const { config, running } = await numbered(
      { cacheTtlMs: 60_000 },
      {
        async answer(name) {
          if (name === 'read' && ++reading === 1) await gate
          return { text: name === 'read' ? `read ${reading}` : 'written' }
        },
      },
    )
    const host = await hostOf(config)
    const early = ask(host, 'moody__read')
    await expect.poll(running).toBe(1)
    await ask(host, 'moody__write')
    expect((await ask(host, 'moody__read')).text).toBe('read 2')
    go()
    await early
    expect((await ask(host, 'moody__read')).text).toBe('read 2')
  })
})

describe('the second layer', () => {
  test('is shared by all workers, and fades', async () => {
    const { config, calls } = await numbered({ cacheTtlMs: 60_000 })
    const [one, two] = [await hostOf(config, { redis: rooms.redis }), await hostOf(config, { redis: rooms.redis })]
    await ask(one, 'moody__read')
    expect((await ask(two, 'moody__read')).text).toBe('answer 1')
    expect((await ask(two, 'moody__read')).text).toBe('answer 1')
    expect(calls).toHaveLength(1)
    expect(two.cacheStats()).toMatchObject({ redisHits: 1, memoryHits: 1, misses: 0 })
    const [key = ''] = await rooms.redis.keys('bellhop:result:*')
    const fadesIn = await rooms.redis.pttl(key)
    expect(fadesIn).toBeGreaterThan(0)
    expect(fadesIn).toBeLessThanOrEqual(60_000)
  })

  test('is not waited for when it does not answer', async () => {
    const { config } = await numbered()
    const host = await hostOf(config, { redis: rooms.redis })
    await rooms.redis.client('PAUSE', 8000, 'ALL')
    let isDeaf = true
    const heard = rooms.redis.ping().then(() => {
      isDeaf = false
    })
    expect((await ask(host, 'moody__read')).text).toBe('answer 1')
    expect(host.cacheStats()).toMatchObject({ misses: 1, redisHits: 0, entries: 1 })
    expect((await ask(host, 'moody__read')).text).toBe('answer 1')
    expect(isDeaf).toBe(true)
    await heard
  }, 30_000)

  test('is done without when it is away, and what was written meanwhile is not forgotten', async () => {
    const { config, calls } = await numbered()
    const redis = rooms.house.open()
    const host = await hostOf(config, { redis })
    await ask(host, 'moody__read')
    redis.disconnect()
    await expect.poll(() => redis.status).toBe('end')
    expect((await ask(host, 'moody__read')).text).toBe('answer 1')
    await ask(host, 'moody__write')
    expect((await ask(host, 'moody__read')).text).toBe('answer 3')
    await redis.connect()
    expect((await ask(host, 'moody__read')).text).toBe('answer 4') // another worker may have written meanwhile
    expect(calls).toHaveLength(4)
    expect((await ask(await hostOf(config, { redis: rooms.redis }), 'moody__read')).text).not.toBe('answer 1')
  })
})

describe('equal calls at the same time', () => {
  const gated = async () => {
    let go = () => {}
    const gate = new Promise<void>(resolve => (go = resolve))
    const server = await numbered({ cacheTtlMs: 60_000 }, { answer: () => gate.then(() => ({ text: 'one answer' })) })
    return { server, go, host: await hostOf(server.config) }
  }

  test('are made once', async () => {
    const { server, go, host } = await gated()
    const results = Promise.all(Array.from({ length: 5 }, () => ask(host, 'moody__read')))
    await expect.poll(server.running).toBe(1)
    go()
    expect(new Set((await results).map(({ text }) => text))).toEqual(new Set(['one answer']))
    expect(server.calls).toHaveLength(1)
    expect(host.cacheStats()).toMatchObject({ misses: 1, shared: 4, hitRate: 0.8 })
  })

  test('go on for the others when one is cancelled', async () => {
    const { server, go, host } = await gated()
    const stop = new AbortController()
    const cancelled = call(host.toolboxFor([]), 'moody__read', {}, stop.signal)
    const other = ask(host, 'moody__read')
    await expect.poll(server.running).toBe(1)
    stop.abort()
    expect(await cancelled).toEqual({ ok: false, text: 'the call was cancelled' })
    go()
    expect(await other).toEqual({ ok: true, text: 'one answer' })
  })

  test('are cancelled when all are, and who comes later makes a new one', async () => {
    const { server, go, host } = await gated()
    const stop = new AbortController()
    const both = [1, 2].map(() => call(host.toolboxFor([]), 'moody__read', {}, stop.signal))
    await expect.poll(server.running).toBe(1)
    stop.abort()
    await Promise.all(both)
    await expect.poll(() => host.metrics()[0]?.failures.cancelled).toBe(1)
    go()
    expect(await ask(host, 'moody__read')).toEqual({ ok: true, text: 'one answer' })
  })

  test('all hear of the progress', async () => {
    const host = await hostOf({ ...raw(), toolCacheMs: { drip: 60_000 } })
    const heard: ToolProgress[][] = [[], []]
    const both = heard.map(progress => call(host.toolboxFor([]), 'raw__drip', { times: 3 }, undefined, progress))
    await Promise.all(both)
    expect(heard[0]).toHaveLength(3)
    expect(heard[1]).toEqual(heard[0])
  })
})

describe('the memory that it takes', () => {
  test('has an end: what was not wanted for longest goes first, and what is too large is not taken in', () => {
    const shelf = createShelf<string>(800, () => 0)
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) shelf.set(key, key, 100, 1)
    expect(shelf).toMatchObject({ entries: 8, bytes: 800, evicted: 0 })
    expect(shelf.get('a')).toBe('a')
    shelf.set('i', 'i', 100, 1)
    expect(['a', 'b', 'c', 'i'].map(shelf.get)).toEqual(['a', undefined, 'c', 'i'])
    shelf.set('large', 'large', 101, 1)
    expect(shelf.get('large')).toBeUndefined()
    expect(shelf).toMatchObject({ entries: 8, bytes: 800, evicted: 1 })
    shelf.set('i', 'longer', 100, 1)
    expect(shelf.bytes).toBe(800)
  })

  test('is given back when the time is over', () => {
    let time = 0
    const shelf = createShelf<string>(800, () => time)
    shelf.set('a', 'a', 100, 10)
    time = 10
    expect(shelf.get('a')).toBeUndefined()
    expect(shelf).toMatchObject({ entries: 0, bytes: 0 })
  })
})

test('a tool that was defined otherwise by an earlier process is told', async () => {
  const mood = { tools: [{ name: 'add', description: 'Adds.' }], answer: () => ({ text: '' }) }
  const { config } = await moody(mood)
  const first = await hostOf(config, { redis: rooms.redis })
  await expect.poll(() => rooms.redis.keys('bellhop:definitions:*')).toHaveLength(1)
  await first.close()
  mood.tools = [{ name: 'add', description: 'Adds, and sends.' }]
  const logged: unknown[] = []
  const second = await hostOf(config, { redis: rooms.redis, log: { ...silentLog, warn: facts => void logged.push(facts) } })
  await expect.poll(() => second.toolboxFor([]).servers()[0]?.note).toContain('defines add otherwise')
  expect(logged).toHaveLength(1)
  const third = await hostOf(config, { redis: rooms.redis })
  await sleep(50)
  expect(third.toolboxFor([]).servers()[0]?.note).toBeUndefined()
})
