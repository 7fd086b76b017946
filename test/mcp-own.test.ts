import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createCallback } from '../src/callback.ts'
import { type Config, loadConfig, rereadServers } from '../src/config/config.ts'
import { serverDefaults } from '../src/config/servers.ts'
import { silentLog } from '../src/log.ts'
import { createArrivals } from '../src/mcp/arrivals.ts'
import { createHost, type Host } from '../src/mcp/host.ts'
import { mostServers } from '../src/mcp/members.ts'
import { openOwn } from '../src/mcp/own.ts'
import type { Message } from '../src/message.ts'
import { createReceive } from '../src/receive.ts'
import { startShift } from '../src/shift.ts'
import type { Desk } from '../src/sign-in.ts'
import type { Owner } from '../src/toolbox.ts'
import { aMessage, fakeChat } from './fakes.ts'
import { testRooms } from './rooms.ts'
import { house } from './web.house.ts'
import { serveByToken, startTokenWeb, type TokenWeb } from './wire/mcp/by-token.ts'
import { type OAuthWire, startOAuthWire } from './wire/oauth.ts'

let rooms: Awaited<ReturnType<typeof testRooms>>
let web: TokenWeb
let guarded: OAuthWire
let folder: string
beforeAll(async () => {
  rooms = await testRooms()
  web = await startTokenWeb()
  guarded = await startOAuthWire(serveByToken)
  folder = mkdtempSync(join(tmpdir(), 'bellhop-own-'))
})
beforeEach(() => {
  web.heard.length = 0
})
afterEach(() => rooms.redis.flushall())
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await Promise.all([web.close(), guarded.close(), rooms.close()])
})

const key = { SECRET_KEY: 'k'.repeat(32), ALLOW_PRIVATE_HOSTS: '127.0.0.1' }
function deskOf(env: Record<string, string> = key): { config: Config; desk: Desk } {
  const config = loadConfig(folder, env)
  const own = openOwn(config, rooms.redis)
  onTestFinished(() => own.guard.close())
  return { config, desk: { own, news: rooms.news, houseServers: () => rereadServers(config) } }
}

type Over = Partial<Message>
const ann: Over = { author: { id: 'u', name: 'Ann' } }
const inGroup: Over = { ...ann, conversation: 'fake:g', shared: true }
const bossInGroup: Over = { ...inGroup, author: { id: 'boss', name: 'Boss' } }

async function say(text: string, over: Over = ann, { desk } = deskOf()): Promise<string> {
  const chat = fakeChat()
  const tools = { ...rooms, desk, isUp: () => true, admins: ['fake:boss'], locale: 'en', log: silentLog }
  await createReceive(chat.adapter, { ...tools, closing: new AbortController().signal })(aMessage(text, over))
  await expect.poll(() => chat.calls.length, { timeout: 15_000 }).toBeGreaterThan(0)
  return chat.calls.map(({ out }) => out.text).join('\n')
}
const kept = (owner: Owner) => deskOf().desk.own.kept?.members.of(owner)

describe('/mcp', () => {
  test('adds a server that answers, tells what it offers, and never says its secrets again', async () => {
    const added = await say(`/mcp add Notes ${web.url}?key=hush-hush Authorization: Bearer top-secret`)
    expect(added).toMatch(/^Added `Notes`\. It answers: 2 tools, protocol 20\d\d-\d\d-\d\d \(legacy\), \d+ ms\.\n`of_top_secret`/)
    expect(await kept('user:fake:u')).toMatchObject([{ name: 'Notes', headers: { Authorization: 'Bearer top-secret' } }])
    const said = [await say('/mcp list'), await say('/mcp test Notes'), await say(`/mcp add Notes ${web.url}`)]
    expect(said[0]).toContain(`**Notes** · ${new URL(web.url).host}`)
    expect(said[1]).toContain('It answers: 2 tools')
    expect(said[2]).toContain('There is a server `Notes` here already')
    expect([said[0], said[2], added].join()).not.toMatch(/hush-hush|Bearer top-secret/)
    expect(await say('/mcp remove Notes')).toContain('Taken out: `Notes`')
    expect(await say('/mcp list')).toContain('no servers of your own')
  })

  test.each<[string, string, Over, RegExp]>([
    ['a program', 'npx -y @evil/server', ann, /Only the operator may start programs/],
    ['an address inside', 'https://10.0.0.7/mcp', ann, /cannot be used: 10\.0\.0\.7 is an address inside a network/],
    ['an address without TLS', 'http://notes.example/mcp', ann, /must begin with https/],
    ['headers that are none', 'https://notes.example/mcp so secret', ann, /must be headers such as/],
    ['a header that only the connection may say', 'https://notes.example/mcp Host: x', ann, /"Host" is no header/],
    ['a secret in a group', 'https://notes.example/mcp X-Key: hush', bossInGroup, /everybody here has seen .* known to all/],
    ['a secret in the address, in a group', 'https://notes.example/mcp?key=hush', bossInGroup, /everybody here has seen/],
    [
      'a secret in a group, which only the bot got to see',
      'https://a.example X-K: y',
      { ...bossInGroup, alone: true },
      /private chat/,
    ],
    ['a server for a group, by anybody', 'https://notes.example/mcp', inGroup, /only an admin can do this/],
    ['nothing', '', ann, /`\/mcp add <name>/],
  ])('refuses %s', async (_what, typed, over, sentence) => {
    const said = await say(`/mcp add x ${typed}`, over)
    expect(said).toMatch(sentence)
    expect(said).not.toContain('hush')
    expect(await rooms.redis.keys('bellhop:servers:*')).toEqual([])
  })

  test('says what is missing where nothing secret can be kept', async () => {
    expect(await say(`/mcp add x ${web.url}`, ann, deskOf({}))).toContain('an operator has to set `SECRET_KEY`')
  })

  test('says of what was sealed with another key that it has to be entrusted anew, and nothing else is held up by it', async () => {
    await say(`/mcp add notes ${web.url} Authorization: Bearer top-secret`)
    const other = deskOf({ ...key, SECRET_KEY: 'o'.repeat(32) })
    await say(`/mcp add other ${web.url} X-Key: one`, ann, other)
    const listed = await say('/mcp list', ann, other)
    expect(listed).toMatch(/\*\*notes\*\* · .* 🔒 .*SECRET_KEY/)
    expect(listed.match(/🔒/g)).toHaveLength(1)
    expect(await say('/mcp test other', ann, other)).toContain('It answers')
    expect(await say('/mcp test notes', ann, other)).toContain('There is no server `notes` here that you could do this to')
    expect(await say('/mcp remove notes', ann, other)).toContain('Taken out: `notes`')
    await say('/mcp remove other', ann, other)
  })

  test('does not keep what does not answer, and says why', async () => {
    const said = await say('/mcp add gone http://127.0.0.1:1/mcp X-Key: hush-hush')
    expect(said).toMatch(/^`gone` was not added\. It does not answer: /)
    expect(said).not.toContain('hush-hush')
    expect(await kept('user:fake:u')).toEqual([])
  })

  test('brings so many servers and no more', async () => {
    for (let n = 0; n < mostServers; n++) {
      const server = { name: `n${n}`, url: web.url, headers: {}, addedBy: { id: 'u', name: 'Ann' } }
      await deskOf().desk.own.kept?.members.add('user:fake:u', server)
    }
    expect(await say(`/mcp add more ${web.url}`)).toContain(`at most ${mostServers} servers`)
    expect(web.heard).toEqual([])
  })

  test('of an admin in a group is for the group, and nobody else takes it out', async () => {
    expect(await say(`/mcp add team ${web.url}`, bossInGroup)).toContain('Added `team`')
    expect(await say('/mcp list', inGroup)).toContain('**team**')
    expect(await say('/mcp list', ann)).not.toContain('team')
    expect(await say('/mcp remove team', inGroup)).toContain('only an admin')
    expect(await kept('place:fake:g')).toMatchObject([{ name: 'team' }])
    expect(await say('/mcp remove team', bossInGroup)).toContain('Taken out')
  })
})

describe('/tools', () => {
  const sqlite = { name: 'sqlite', state: 'active' as const, tools: 1 }
  const tools = [{ name: 'sqlite__list_tables', description: 'Lists all tables.', label: 'List tables', server: 'sqlite' }]
  const bob: Over = { author: { id: 'v', name: 'Bob' }, conversation: 'fake:2' }
  const mine = '**mine** · yours · up · 2 tools'
  beforeEach(() => rooms.board.post({ worker: 'w', model: 'm', servers: [sqlite], tools }))

  test('shows who has added a server what it offers, beside what the house has, and nobody else', async () => {
    await say(`/mcp add mine ${web.url} Authorization: Bearer ann`)
    const shown = await say('/tools')
    expect(shown).toContain('- `sqlite__list_tables` Lists all tables.')
    expect(shown).toContain(mine)
    expect(shown).toContain('- `mine__of_ann` Of ann')
    expect(await say('/tools mine')).toMatch(/^\*\*mine/)
    expect(await say('/tools', bob)).not.toMatch(/mine|ann/)
    expect(await say('/tools mine', bob)).toBe('There is no server `mine`. There is: `sqlite`.')
  })

  test('shows it in a group only where nobody else reads the answer', async () => {
    await say(`/mcp add mine ${web.url} Authorization: Bearer ann`)
    expect(await say('/tools', inGroup)).not.toMatch(/mine|ann/)
    expect(await say('/tools mine', inGroup)).not.toMatch(/mine\*|ann/)
    expect(await say('/tools', { ...inGroup, alone: true })).toContain(mine)
  })

  test('shows the server of a group to all who are there', async () => {
    await say(`/mcp add ours ${web.url}`, bossInGroup)
    for (const over of [inGroup, { ...inGroup, conversation: 'fake:g:7' }, { ...inGroup, ...bob, conversation: 'fake:g' }])
      expect(await say('/tools', over)).toContain("**ours** · this chat's · up · 2 tools")
    expect(await say('/tools')).not.toContain('ours')
  })

  test('says what is wrong with one that does not answer, and who signs in to it', async () => {
    await say(`/mcp add drive ${guarded.url}`)
    const gone = await startTokenWeb()
    await say(`/mcp add gone ${gone.url}`)
    await gone.close()
    const shown = await say('/tools')
    expect(shown).toMatch(/\*\*drive\*\* · yours · .*sign in with `\/mcp login drive`/)
    expect(shown).toMatch(/\*\*gone\*\* · yours · .*could not be reached/)
    expect(shown).not.toContain(gone.url)
  })

  test('calls the tools of one that is named like a server of the house as the worker does', async () => {
    await say(`/mcp add sqlite ${web.url}`)
    const [name] = /sqlite_[0-9a-f]{6}__whoami/.exec(await say('/tools')) ?? []
    const { webFor, plainHosts, kept: store } = deskOf().desk.own
    const host = createHost({ log: silentLog, web: webFor, plainHosts })
    onTestFinished(() => host.close())
    await host.register({ ...serverDefaults, name: 'sqlite', transport: { kind: 'stdio', command: 'none', args: [], env: {} } })
    if (store) await createArrivals({ members: store.members, host, plainHosts, log: silentLog }).bring(['user:fake:u'])
    expect(name).toBeDefined()
    expect(host.toolboxFor(['user:fake:u']).resolve(name ?? '')).toMatchObject({ name, owner: 'user:fake:u' })
    expect(await say('/tools sqlite')).not.toContain('whoami')
  })
})

describe('/mcp login', () => {
  const linkIn = (text: string) => new URL(/http\S+\/authorize\S+/.exec(text)?.[0] ?? '')

  /** Where the web door brings browsers back to. */
  async function door({ desk } = deskOf()) {
    const told: [string, string][] = []
    const mounts = createCallback({ desk, say: async (...one) => told.push(one), locale: 'en', log: silentLog })
    const { url } = await house({ mounts, apiKeys: ['a-key'] })
    return { told, open: (back: URL) => fetch(`${url}${back.pathname}${back.search}`) }
  }

  test('gives the link, and the browser that comes back signs in', async () => {
    const news: unknown[] = []
    await rooms.news.listen(one => news.push(one))
    expect(await say(`/mcp add drive ${guarded.url}`)).toBe('Added `drive`. It wants you to sign in: `/mcp login drive`.')
    const said = await say('/mcp login drive')
    const { open, told } = await door()
    const answer = await open(await guarded.agree(linkIn(said)))
    expect(answer.status).toBe(200)
    expect(await answer.text()).toMatch(/<h1>Signed in<\/h1><p>Ann can now use &#34;drive&#34;/)
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(told).toEqual([['fake:1', expect.stringContaining('Signed in to `drive`')]])
    expect(await say('/mcp test drive')).toContain('It answers: 2 tools')
    await expect.poll(() => news.length).toBeGreaterThan(1)
    expect(news.at(-1)).toEqual({ what: 'changed', owner: 'user:fake:u', server: 'drive' })
    expect(await say('/mcp logout drive')).toContain('Signed out')
    expect(await rooms.redis.keys('bellhop:sign-in:*')).toEqual([])
    expect(await say('/mcp test drive')).toContain('It wants you to sign in')
  })

  test('a worker that connects meanwhile does not spoil the link', async () => {
    await say(`/mcp add drive ${guarded.url}`)
    const link = linkIn(await say('/mcp login drive'))
    expect(await say('/mcp test drive')).toContain('It wants you to sign in')
    const { open } = await door()
    expect((await open(await guarded.agree(link))).status).toBe(200)
  })

  test.each<[string, (back: URL) => string]>([
    ['the address', back => back.href],
    ['what follows its question mark', back => back.search],
  ])('takes %s that was pasted', async (_what, pick) => {
    await say(`/mcp add drive ${guarded.url}`)
    const back = await guarded.agree(linkIn(await say('/mcp login drive')))
    expect(await say(`/mcp login drive ${pick(back)}`)).toContain('Signed in to `drive`')
    expect(await say(`/mcp login drive ${pick(back)}`)).toContain('did not work')
  })

  test('of somebody else cannot be finished by what was pasted', async () => {
    await say(`/mcp add drive ${guarded.url}`)
    const bob: Over = { conversation: 'fake:2', author: { id: 'b', name: 'Bob' } }
    await say(`/mcp add drive ${guarded.url}`, bob)
    const back = await guarded.agree(linkIn(await say('/mcp login drive')))
    await say('/mcp login drive', bob)
    expect(await say(`/mcp login drive ${back.href}`, bob)).toContain('did not work')
  })

  test('is refused where others read, and where the answer is for one alone it is not', async () => {
    await deskOf().desk.own.kept?.members.add('place:fake:g', {
      ...{ name: 'drive', url: guarded.url, headers: {} },
      addedBy: { id: 'boss', name: 'Boss' },
    })
    expect(await say('/mcp login drive', bossInGroup)).toContain('in a private chat')
    expect(await say('/mcp login drive', { ...bossInGroup, alone: true })).toContain('/authorize')
    expect(await say('/mcp login drive', { ...inGroup, alone: true })).toContain('only an admin')
  })

  test('to a server of the house is for admins', async () => {
    const file = join(folder, 'house.json')
    writeFileSync(file, JSON.stringify({ mcpServers: { shared: { url: guarded.url } } }))
    const there = deskOf({ ...key, SERVERS_CONFIG: file })
    expect(await say('/mcp login shared', ann, there)).toContain('There is no server `shared`')
    const boss: Over = { author: { id: 'boss', name: 'Boss' } }
    expect(await say('/mcp login shared', boss, there)).toContain('/authorize')
  })

  test.each<[string, (back: URL) => void, RegExp]>([
    ['an unknown state', back => back.searchParams.set('state', '<script>'), /This sign-in is over/],
    ['a refusal', back => back.searchParams.set('error', '<b>no</b>'), /was declined/],
    ['another code', back => back.searchParams.set('code', '<i>x</i>'), /did not work/],
  ])('tells a browser that comes back with %s what went wrong', async (_what, forge, sentence) => {
    await say(`/mcp add drive ${guarded.url}`, { author: { id: 'u', name: 'An<n>' } })
    const back = await guarded.agree(linkIn(await say('/mcp login drive')))
    forge(back)
    const { open, told } = await door()
    const answer = await open(back)
    expect(answer.status).toBe(400)
    const text = await answer.text()
    expect(text).toMatch(sentence)
    expect(text).not.toMatch(/<script>|<b>|<i>/)
    expect(told).toEqual([])
  })
})

describe('the servers of whoever asks', () => {
  let host: Host
  beforeEach(() => {
    const { webFor, plainHosts } = deskOf().desk.own
    host = createHost({ log: silentLog, redis: rooms.redis, web: webFor, plainHosts })
  })
  afterEach(() => host.close())

  function arrivals(mostMs?: number) {
    const { kept: store, plainHosts } = deskOf().desk.own
    if (!store) throw new Error('there is a key')
    const deps = { members: store.members, host, plainHosts, log: silentLog }
    return { ...createArrivals({ ...deps, ...(mostMs !== undefined && { mostMs }) }), members: store.members }
  }
  const server = (name: string, url: string, headers = {}) => ({ name, url, headers, addedBy: { id: 'u', name: 'Ann' } })
  const names = (...owners: Owner[]) =>
    host
      .toolboxFor(owners)
      .list()
      .map(({ name }) => name)

  test('are there when his turn begins, and gone when they were taken out', async () => {
    const { bring, members } = arrivals()
    await members.add('user:fake:u', server('mine', web.url, { Authorization: 'Bearer ann' }))
    await bring(['house', 'user:fake:u'])
    expect(names('user:fake:u')).toEqual(['mine__of_ann', 'mine__whoami'])
    const before = web.heard.length
    await bring(['house', 'user:fake:u'])
    expect(web.heard.length).toBe(before)
    await members.remove('user:fake:u', 'mine')
    await bring(['user:fake:u'])
    expect(names('user:fake:u')).toEqual([])
  })

  test('that do not answer hold up neither the others nor the turn', async () => {
    const silent = createServer(() => {})
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      silent.closeAllConnections()
      silent.close()
    })
    const { bring, members } = arrivals(300)
    await members.add('user:fake:u', server('slow', `http://127.0.0.1:${(silent.address() as AddressInfo).port}/mcp`))
    await members.add('user:fake:u', server('inside', 'https://10.0.0.7/mcp'))
    await members.add('user:fake:u', server('odd', 'ftp://x'))
    await members.add('user:fake:u', server('mine', web.url))
    const states = () => host.toolboxFor(['user:fake:u']).servers()
    await bring(['user:fake:u'])
    expect(states().find(({ name }) => name === 'slow')?.state).toBe('connecting')
    await expect.poll(() => names('user:fake:u')).toContain('mine__whoami')
  })

  test('that cannot be opened any more do not fail the turn', async () => {
    const { bring, members } = arrivals()
    await members.add('user:fake:u', server('mine', web.url))
    const [stored = ''] = await rooms.redis.hvals('bellhop:servers:user:fake:u')
    await rooms.redis.hset('bellhop:servers:user:fake:v', 'mine', stored)
    await expect(bring(['user:fake:v'])).resolves.toBeUndefined()
  })

  test('with two tokens of one server show neither the tools, nor the results, nor the cache of the other', async () => {
    const config = (token: string) => ({
      ...serverDefaults,
      name: 'drive',
      cacheTtlMs: 60_000,
      trust: true,
      transport: { kind: 'http' as const, url: web.url, headers: { Authorization: `Bearer ${token}` } },
      auth: { type: 'bearer' as const },
    })
    await host.register(config('ann'), 'user:fake:a')
    await host.register(config('bob'), 'user:fake:b')
    expect(names('user:fake:a')).toEqual(['drive__of_ann', 'drive__whoami'])
    expect(names('user:fake:b')).toEqual(['drive__of_bob', 'drive__whoami'])
    expect(names()).toEqual([])
    const options = { signal: new AbortController().signal, onProgress() {} }
    const whoami = async (owner: Owner) => (await host.toolboxFor([owner]).call('drive__whoami', {}, options)).text
    for (const round of [1, 2]) {
      expect(await whoami('user:fake:a'), String(round)).toBe('you are ann')
      expect(await whoami('user:fake:b'), String(round)).toBe('you are bob')
    }
    expect(host.cacheStats()).toMatchObject({ misses: 2 })
    expect(await host.toolboxFor(['user:fake:b']).call('drive__of_ann', {}, options)).toMatchObject({ ok: false })
    expect(await host.toolboxFor([]).call('drive__whoami', {}, options)).toMatchObject({ ok: false })
  })
})

test('a worker that could not sign in connects anew once somebody has', async () => {
  const { config, desk } = deskOf()
  const chat = fakeChat()
  await rooms.permits.set({ permission: 'allow', target: '*', whom: 'everyone', by: 'the test' })
  const shift = await startShift({ ...rooms, config, adapters: new Map([['fake', chat.adapter]]), log: silentLog })
  onTestFinished(() => shift.close())
  const tools = { ...rooms, desk, isUp: () => true, admins: [], locale: 'en', log: silentLog }
  const receive = createReceive(chat.adapter, { ...tools, closing: new AbortController().signal })
  const texts = () => [...chat.shown.values()].map(({ text }) => text)
  await say(`/mcp add drive ${guarded.url}`)
  await receive(aMessage('/call drive__whoami', ann))
  await expect.poll(() => texts().join(), { timeout: 10_000 }).toContain('no tool')
  const back = await guarded.agree(new URL(/http\S+\/authorize\S+/.exec(await say('/mcp login drive'))?.[0] ?? ''))
  expect(await say(`/mcp login drive ${back.href}`)).toContain('Signed in')
  // The worker hears of it a moment later: who asks at once asks again.
  const asked = async () => {
    await receive(aMessage('/call drive__whoami', ann))
    return texts().join()
  }
  await expect.poll(asked, { timeout: 15_000, interval: 500 }).toMatch(/you are [\w-]{36}/)
})

test('two who have signed in to one server, configured alike, are not given the results of each other', async () => {
  const { desk } = deskOf()
  const { webFor, plainHosts } = desk.own
  const host = createHost({ log: silentLog, redis: rooms.redis, web: webFor, plainHosts })
  onTestFinished(() => host.close())
  const whoami = async (id: string) => {
    const over: Over = { conversation: `fake:${id}`, author: { id, name: id } }
    await say(`/mcp add drive ${guarded.url}`, over)
    const back = await guarded.agree(new URL(/http\S+\/authorize\S+/.exec(await say('/mcp login drive', over))?.[0] ?? ''))
    expect(await say(`/mcp login drive ${back.href}`, over)).toContain('Signed in')
    const owner = `user:fake:${id}` as const
    const transport = { kind: 'http' as const, url: guarded.url, headers: {} }
    const more = { cacheTtlMs: 60_000, trust: true, auth: { type: 'oauth' as const, scopes: [] } }
    await host.register({ ...serverDefaults, name: 'drive', transport, ...more }, owner)
    const options = { signal: new AbortController().signal, onProgress() {} }
    return (await host.toolboxFor([owner]).call('drive__whoami', {}, options)).text
  }
  const [a, b] = [await whoami('a'), await whoami('b')]
  expect([a, b]).toEqual([expect.stringMatching(/^you are [\w-]{36}$/), expect.stringMatching(/^you are [\w-]{36}$/)])
  expect(a).not.toBe(b)
})

test('an authorization server that reads who we are is told', async () => {
  const { desk } = deskOf({ ...key, PUBLIC_URL: 'https://bot.example/' })
  const mounts = createCallback({ desk, say: async () => {}, locale: 'en', log: silentLog })
  const { url } = await house({ mounts, apiKeys: ['a-key'] })
  const client = (await (await fetch(`${url}/oauth/client.json`)).json()) as Record<string, unknown>
  expect(client).toMatchObject({
    client_id: 'https://bot.example/oauth/client.json',
    redirect_uris: ['https://bot.example/oauth/callback'],
    token_endpoint_auth_method: 'none',
  })
})

test('a whole shift has the servers of who asks, and of nobody else', async () => {
  const { config, desk } = deskOf()
  const chat = fakeChat()
  await rooms.permits.set({ permission: 'allow', target: '*', whom: 'everyone', by: 'the test' })
  const shift = await startShift({ ...rooms, config, adapters: new Map([['fake', chat.adapter]]), log: silentLog })
  onTestFinished(() => shift.close())
  expect(await say(`/mcp add mine ${web.url} Authorization: Bearer ann`, ann, { config, desk })).toContain('Added')
  const tools = { ...rooms, desk, isUp: () => true, admins: [], locale: 'en', log: silentLog }
  const receive = createReceive(chat.adapter, { ...tools, closing: new AbortController().signal })
  const texts = () => [...chat.shown.values()].map(({ text }) => text).join('\n')
  await receive(aMessage('/call mine__whoami', ann))
  await expect.poll(texts, { timeout: 10_000 }).toContain('you are ann')
  await receive(aMessage('/call mine__whoami', { conversation: 'fake:2', author: { id: 'v', name: 'Vic' } }))
  await expect.poll(texts, { timeout: 10_000 }).toContain('there is no tool "mine__whoami"')
})
