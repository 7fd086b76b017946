// Keys at the web door: named, made and revoked while it runs, those of admins, and what each may have.
import { createHash, timingSafeEqual } from 'node:crypto'
import { Hono } from 'hono'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { adminNeeded } from '../adapters/web/guard.ts'
import { createKeyRing, type MadeKey } from '../adapters/web/key-ring.ts'
import type { WebOptions } from '../adapters/web/web.ts'
import { isAdmin } from '../src/admins.ts'
import { createKeys } from '../src/keys.ts'
import { silentLog } from '../src/log.ts'
import { isMessage } from '../src/message.ts'
import { createPosting } from '../src/posting.ts'
import { createSessions } from '../src/sessions.ts'
import { apiHouse } from './api.house.ts'
import { fakeChat } from './fakes.ts'
import { errorOf, house, silence } from './web.house.ts'

let rooms: Awaited<ReturnType<typeof apiHouse>>['rooms']
let api: Awaited<ReturnType<typeof apiHouse>>
beforeAll(async () => {
  api = await apiHouse()
  rooms = api.rooms
})
afterEach(() => api.clear())
afterAll(() => api.close())

const as = (key: string) => ({ authorization: `Bearer ${key}` })
const openKeys = () => createKeys(rooms.redis, { log: silentLog, lookEveryMs: 20 })
const madeHash = (key: string) => createHash('sha256').update(key).digest('hex')
const add = async (name: string, options: { admin?: boolean; again?: boolean } = {}) =>
  (await openKeys().add(name, { admin: false, again: false, ...options })) ?? ''
const withKeys = (more: Partial<WebOptions> = {}) => ({ apiKeys: ['bare-key'], madeKeys: openKeys(), ...more })

describe('the holder of a key', () => {
  test('that has a name goes by it, and by the same one with another key of it', async () => {
    const apiKeys = [{ name: 'ada', key: 'old-key' }, { name: 'ada', key: 'new-key' }, 'bare-key']
    const { post, heard } = await house({ apiKeys })
    for (const key of ['old-key', 'new-key', 'bare-key']) {
      await post('/chat', { message: 'hi', session_id: 'same-session' }, as(key))
    }
    expect(heard.map(({ conversation }) => conversation)).toEqual([
      'web:ada:same-session',
      'web:ada:same-session',
      expect.stringMatching(/^web:key-[0-9a-f]{12}:same-session$/),
    ])
    expect((await post('/chat', { message: 'hi' }, as('ada:old-key'))).status).toBe(401)
    expect((await post('/chat', { message: 'hi' }, as('ada'))).status).toBe(401)
  })

  test('that is made while the door is open comes in soon, and stays out once it is revoked', async () => {
    const { post, heard } = await house(withKeys())
    const key = await add('ada')
    const status = async () => (await post('/chat', { message: 'hi', session_id: 'my-session' }, as(key))).status
    await expect.poll(status).toBe(200)
    expect(heard[0]?.conversation).toBe('web:ada:my-session')
    await openKeys().revoke('ada')
    await expect.poll(status).toBe(401)
    expect((await post('/chat', { message: 'hi' }, as('bare-key'))).status).toBe(200)
  })

  test('on loopback without HTTP_API_KEYS is known by it, and others are answered as before', async () => {
    const key = await add('ada')
    const { post, heard } = await house(withKeys({ apiKeys: [] }))
    await post('/chat', { message: 'hi' }, as(key))
    await post('/chat', { message: 'hi' }, as('none'))
    await post('/chat', { message: 'hi' })
    expect(heard.filter(isMessage).map(({ author }) => author.id)).toEqual(['ada', expect.stringMatching(/^key-/), 'local'])
  })

  test('has what it held open cut off within seconds when it is revoked, and no other has', async () => {
    const { post, feed } = await house(withKeys(), silence)
    const key = await add('ada')
    await expect.poll(async () => (await post('/chat/press', {}, as(key))).status).toBe(400)
    const cut = await post('/chat/stream', { message: 'hi' }, as(key))
    const plain = post('/chat', { message: 'hi' }, as(key)).then(
      () => 'answered',
      () => 'cut',
    )
    const other = await post('/chat/stream', { message: 'hi' }, as('bare-key'))
    await expect.poll(() => feed.listeners()).toBe(3)
    const read = cut.text().then(
      () => 'ended',
      () => 'cut',
    )
    await openKeys().revoke('ada')
    expect(await read).toBe('cut')
    expect(await plain).toBe('cut')
    await expect.poll(() => feed.listeners()).toBe(1)
    await other.body?.cancel()
  })

  test('has what it held open cut off when another key gets its name', async () => {
    const { post } = await house(withKeys(), silence)
    const key = await add('ada')
    await expect.poll(async () => (await post('/chat/press', {}, as(key))).status).toBe(400)
    const open = await post('/chat/stream', { message: 'hi' }, as(key))
    const next = await add('ada', { again: true })
    await expect(open.text()).rejects.toThrow()
    expect((await post('/chat/stream', { message: 'hi' }, as(next))).status).toBe(200)
  })
})

describe('a key is looked for', () => {
  const named = [{ name: 'ada', key: 'first-key' }, 'second-key']
  const made: MadeKey[] = ['third-key', 'fourth-key'].map((key, at) => ({ name: `m${at}`, hash: madeHash(key), admin: false }))

  test.each<[string, string | undefined, string | undefined]>([
    ['the first of the settings', 'Bearer first-key', 'ada'],
    ['the last of those that were made', 'Bearer fourth-key', 'm1'],
    ['one with a first letter that is right', 'Bearer fXXXXXXXX', undefined],
    ['all wrong', 'Bearer XXXXXXXXX', undefined],
    ['a longer one', `Bearer first-key${'X'.repeat(500)}`, undefined],
    ['a shorter one', 'Bearer f', undefined],
    ['none', undefined, undefined],
  ])('at every key there is, by hashes of one length: %s', (_which, authorization, found) => {
    const looked: [number, number][] = []
    const isSame = (known: Buffer, given: Buffer) => {
      looked.push([known.length, given.length])
      return timingSafeEqual(known, given)
    }
    const ring = createKeyRing({ apiKeys: named, isSame })
    ring.change(made)
    expect(ring.find(authorization)?.id).toBe(found)
    expect(looked).toEqual(Array.from({ length: 4 }, () => [32, 32]))
  })
})

describe("an admin's key", () => {
  const door = (apiKeys: WebOptions['apiKeys'], admins: string[] = [], made: MadeKey[] = []) => {
    const ring = createKeyRing({ apiKeys, admins })
    ring.change(made)
    const app = new Hono()
    app.use('/admin/*', adminNeeded(ring))
    app.get('/admin/queue', c => c.text('the queue'))
    return async (key?: string) => (await app.request('/admin/queue', key === undefined ? {} : { headers: as(key) })).status
  }
  const boss = { name: 'boss', hash: madeHash('boss-key'), admin: true }
  const clerk = { name: 'clerk', hash: madeHash('clerk-key'), admin: false }

  test('is needed even where nobody else needs one', async () => {
    const ask = door([], ['web:local', `web:key-${madeHash('any-key').slice(0, 12)}`], [boss, clerk])
    expect([await ask(), await ask('any-key'), await ask('clerk-key'), await ask('boss-key')]).toEqual([401, 401, 403, 200])
  })

  test('is one that was made so, or whose holder is named in ADMINS', async () => {
    const bare = `web:key-${madeHash('bare-key').slice(0, 12)}`
    const keys = [{ name: 'ada', key: 'ada-key' }, { name: 'eve', key: 'eve-key' }, 'bare-key', 'other-key']
    const ask = door(keys, ['web:ada', bare, 'discord:1', 'web:clerk'], [clerk])
    expect(await Promise.all(['ada-key', 'bare-key', 'clerk-key', 'eve-key', 'other-key'].map(ask))).toEqual([
      200, 200, 200, 403, 403,
    ])
  })

  test('makes an admin of whoever asks with it, in all that he asks', async () => {
    const [boss, clerk] = [await add('boss', { admin: true }), await add('clerk')]
    const { post, heard } = await house(withKeys())
    for (const key of [boss, clerk]) await post('/chat', { message: 'hi', admin: true, author: { admin: true } }, as(key))
    const [first, second] = heard.filter(isMessage)
    expect([first, second].map(one => one && isAdmin(one.conversation, one.author, []))).toEqual([true, false])
  })

  test('runs the commands of admins and posts into chats, and another key does not', async () => {
    const [boss, clerk] = [await add('boss', { admin: true }), await add('clerk')]
    const chat = fakeChat()
    const posting = createPosting({ ...rooms, platform: 'web', chats: () => [chat.adapter], admins: [], log: silentLog })
    const { post } = await api.open({ web: withKeys({ posting }) })
    const say = async (key: string) => (await post('/chat', { message: '/permit deny pool everyone' }, as(key))).text()
    expect(await say(clerk)).toMatch(/Only an admin/)
    expect(await rooms.permits.rules()).toEqual([])
    await say(boss)
    expect(await rooms.permits.rules()).toMatchObject([{ permission: 'deny', whom: 'everyone' }])
    await post('/chat', { message: '/permit allow pool web:clerk' }, as(boss))
    expect((await rooms.permits.rules()).map(({ whom }) => whom)).toContain('person:web:clerk')
    const asked = { conversation: 'fake:1', text: 'Breakfast!' }
    const params = { name: 'post_message', arguments: asked }
    for (const key of [clerk, boss]) {
      const began = await post('/mcp', initialize, { ...accept, ...as(key) })
      await began.text()
      const session = { 'mcp-session-id': began.headers.get('mcp-session-id') ?? '' }
      await (
        await post('/mcp', { jsonrpc: '2.0', id: 2, method: 'tools/call', params }, { ...accept, ...session, ...as(key) })
      ).text()
      expect(chat.shown.size).toBe(key === boss ? 1 : 0)
    }
  })

  test('that becomes a plain one does not go on as an admin in its MCP session', async () => {
    const key = await add('boss', { admin: true })
    const { post } = await api.open({ web: withKeys() })
    const began = await post('/mcp', initialize, { ...accept, ...as(key) })
    await began.text()
    const session = { 'mcp-session-id': began.headers.get('mcp-session-id') ?? '' }
    const next = await add('boss', { again: true })
    const ping = () => post('/mcp', { jsonrpc: '2.0', id: 2, method: 'ping' }, { ...accept, ...session, ...as(next) })
    await expect.poll(async () => (await ping()).status).toBe(404)
  })
})

const accept = { accept: 'application/json, text/event-stream' }
const initialize = {
  ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
}

describe('sessions of one key', () => {
  const limited = () => ({ apiKeys: ['key-one', 'key-two'], sessions: createSessions(rooms.redis, 2) })
  const chat = (message: string, session_id: string) => ['/chat', { message, session_id }] as const

  test('are so many, those that it has go on, and another key has its own', async () => {
    const { post, heard } = await house(limited())
    const ask = (key: string, session: string) => post(...chat('hi', session), as(key))
    expect([(await ask('key-one', 'session-1')).status, (await ask('key-one', 'session-2')).status]).toEqual([200, 200])
    const refused = await ask('key-one', 'session-3')
    expect(refused.status).toBe(429)
    const { code, message } = await errorOf(refused)
    expect([code, message]).toEqual(['too_many_sessions', expect.stringMatching(/as many sessions as it may.*session_id/)])
    expect([(await ask('key-one', 'session-1')).status, (await ask('key-two', 'session-3')).status]).toEqual([200, 200])
    expect(heard).toHaveLength(4)
  })

  test.each<[string, object]>([
    ['/chat', { message: 'hi' }],
    ['/chat/stream', { message: 'hi', session_id: 'session-3' }],
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'x' }], user: 'ada' }],
    ['/api/chat/stream', { session_id: 'session-3', content: 'x' }],
    ['/api/chat/stream/direct', { session_id: 'session-3', messages: [{ role: 'user', content: 'x' }] }],
  ])('are counted at every door that remembers one: %s', async (path, body) => {
    const { post, heard } = await house(limited())
    for (const session of ['session-1', 'session-2']) await post(...chat('hi', session), as('key-one'))
    expect((await post(path, body, as('key-one'))).status).toBe(429)
    expect(heard).toHaveLength(2)
  })

  test('are not counted where nothing is remembered, nor where no key is asked for', async () => {
    const { post } = await api.open({ web: limited() })
    const once = { messages: [{ role: 'user', content: 'x' }] }
    for (let n = 0; n < 4; n++) expect((await post('/v1/chat/completions', once, as('key-one'))).status).toBe(200)
    const free = await house({ ...limited(), apiKeys: [] })
    for (let n = 0; n < 4; n++) expect((await free.post('/chat', { message: 'hi' })).status).toBe(200)
  })
})
