import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { serverDefaults } from '../src/config/servers.ts'
import { silentLog } from '../src/log.ts'
import { createHost } from '../src/mcp/host.ts'
import { createMembers, mostServers } from '../src/mcp/members.ts'
import { createSignIns } from '../src/mcp/sign-ins.ts'
import { createWebs, signInFor } from '../src/mcp/web.ts'
import { createGuard } from '../src/net/guard.ts'
import { createVault } from '../src/vault.ts'
import { testRooms } from './rooms.ts'
import { type OAuthWire, startOAuthWire } from './wire/oauth.ts'

const { redis, close } = await testRooms()
const vault = createVault('k'.repeat(32))
const signIns = createSignIns(redis, vault)
const members = createMembers(redis, vault)
let wire: OAuthWire
beforeAll(async () => {
  wire = await startOAuthWire()
})
afterEach(() => redis.flushall())
afterAll(async () => {
  await wire.close()
  await close()
})

const ann = 'user:telegram:1' as const
const server = {
  name: 'notes',
  url: 'https://notes.example/mcp',
  headers: { 'x-key': 'very-secret' },
  addedBy: { id: '1', name: 'Ann' },
}

test('what a member has added is there again, and its headers lie sealed', async () => {
  expect(await members.add(ann, server)).toBe('added')
  expect(await members.of(ann)).toEqual([server])
  expect(await members.of('user:telegram:2')).toEqual([])
  const stored = await Promise.all((await redis.keys('*')).map(key => redis.hgetall(key)))
  expect(JSON.stringify(stored)).not.toContain('very-secret')
})

test('a name is taken once, and a member has so many servers and no more', async () => {
  await members.add(ann, server)
  expect(await members.add(ann, server)).toBe('taken')
  for (let n = 1; n < mostServers; n++) expect(await members.add(ann, { ...server, name: `n${n}` })).toBe('added')
  expect(await members.add(ann, { ...server, name: 'last' })).toBe('full')
  expect(await members.remove(ann, 'n1')).toBe(true)
  expect(await members.remove(ann, 'n1')).toBe(false)
  expect(await members.add(ann, { ...server, name: 'last' })).toBe('added')
})

test('a sealed header does not open for another owner or address', async () => {
  await members.add(ann, server)
  const [key = ''] = await redis.keys('*')
  await redis.hset('bellhop:servers:user:telegram:2', 'notes', (await redis.hget(key, 'notes')) ?? '')
  expect(await members.of('user:telegram:2')).toMatchObject([{ name: 'notes', headers: {}, locked: true }])
})

test('a sign-in is kept sealed, found by its state, and forgotten', async () => {
  const place = { owner: ann, server: 'notes' }
  const store = signIns.of(place)
  await store.set('state', 'abc')
  await store.set('tokens', 'very-secret')
  expect(await signIns.of(place).get('tokens')).toBe('very-secret')
  expect(await signIns.find('abc')).toEqual(place)
  expect(await signIns.find('abd')).toBeUndefined()
  expect(await signIns.of({ ...place, owner: 'user:telegram:2' }).get('tokens')).toBeUndefined()
  const values = await Promise.all((await redis.keys('*')).map(key => redis.get(key)))
  expect(values.join()).not.toContain('very-secret')
  await signIns.forget(place)
  expect(await store.get('tokens')).toBeUndefined()
})

test('of two that want the same lock one waits', async () => {
  const order: string[] = []
  const one = signIns.of({ owner: ann, server: 'notes' })
  const work = (name: string) => async () => {
    order.push(`${name} in`)
    await new Promise(resolve => setTimeout(resolve, 30))
    order.push(`${name} out`)
  }
  await Promise.all([one.alone(work('a')), one.alone(work('b'))])
  expect(order.map(line => line.split(' ')[1])).toEqual(['in', 'out', 'in', 'out'])
})

test('a server of a member that leads inside is not called', async () => {
  const guard = createGuard({ allow: [], secureOnly: true })
  const host = createHost({
    log: silentLog,
    web: createWebs({ guard, signIns, redirectUrl: 'https://bot.example/oauth/callback' }),
  })
  const transport = { kind: 'http' as const, url: 'https://127.0.0.1:1/mcp', headers: {} }
  const report = await host.test({ ...serverDefaults, name: 'inside', transport, connectMs: 2000 }, ann)
  expect(report).toMatchObject({ ok: false, error: expect.stringContaining('inside a network') })
  await host.close()
})

test('a server that a person has to sign in to is not taken for a broken one', async () => {
  const host = createHost({
    log: silentLog,
    web: createWebs({ guard: createGuard({ allow: [] }), signIns, redirectUrl: 'http://127.0.0.1:8000/oauth/callback' }),
  })
  wire.asked.length = 0
  const transport = { kind: 'auto' as const, url: wire.url, headers: {} }
  const status = await host.register({ ...serverDefaults, name: 'drive', transport, auth: { type: 'oauth', scopes: [] } })
  expect(status).toMatchObject({ state: 'needs_auth', error: expect.stringContaining('it wants a sign-in') })
  expect(wire.asked.filter(line => line === 'POST /mcp')).toHaveLength(1) // no other way leads around a sign-in
  await host.close()
})

test('who has signed in on one process is signed in on all', async () => {
  const guard = createGuard({ allow: ['127.0.0.1'] })
  const options = { guard, signIns, redirectUrl: 'http://127.0.0.1:8000/oauth/callback' }
  const config = {
    ...serverDefaults,
    name: 'drive',
    transport: { kind: 'http' as const, url: wire.url, headers: {} },
    auth: { type: 'oauth' as const, scopes: [] },
  }
  const links: URL[] = []
  const begun = signInFor(
    config,
    ann,
    (url, init) => guard.fetch(url, init),
    options,
    link => links.push(link),
  )
  expect(await begun?.begin()).toBe(false)
  const back = await wire.agree(links[0] as URL)
  expect(await signIns.find(back.searchParams.get('state') ?? '')).toEqual({ owner: ann, server: 'drive' })
  const other = signInFor(config, ann, (url, init) => guard.fetch(url, init), options)
  await other?.finish(back.searchParams)
  expect(await createWebs(options)(config, ann).authProvider?.tokens()).toMatchObject({ token_type: 'Bearer' })
})
