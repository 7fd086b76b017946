import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { HouseStatus } from '../adapters/web/status.ts'
import { createBudgets } from '../src/budgets.ts'
import { Gone, Refused } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import { houseServer } from '../src/model.ts'
import { createPosting } from '../src/posting.ts'
import { apiHouse } from './api.house.ts'
import { type FakeTool, fakeChat, fakeToolbox } from './fakes.ts'
import { fine } from './web.house.ts'
import { closeAll, program, raw, start } from './wire/mcp/start.ts'

let house: Awaited<ReturnType<typeof apiHouse>>
beforeAll(async () => {
  house = await apiHouse()
})
afterEach(() => house.clear())
afterAll(() => house.close())

const idOf = (key: string) => `key-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`
const pool: FakeTool = ({ floor }) => ({ ok: true, text: `the pool is on floor ${String(floor)}` })
const headersOf = (key: string | undefined): Record<string, string> => (key ? { authorization: `Bearer ${key}` } : {})

interface Listed {
  name: string
  title?: string | undefined
  inputSchema: object
  outputSchema?: object | undefined
  annotations?: object | undefined
}
interface Result {
  content: unknown
  isError?: boolean | undefined
  structuredContent?: unknown
}
interface Ways {
  signal?: AbortSignal
  onprogress?: (progress: { progress: number; total?: number | undefined; message?: string | undefined }) => void
}
/** What both libraries have. */
interface AnyClient {
  tools(): Promise<Listed[]>
  call(name: string, input?: Record<string, unknown>, ways?: Ways): Promise<Result>
}

async function oldClient(url: string, key?: string, onChange = () => {}): Promise<AnyClient> {
  const client = new OldClient({ name: 'old', version: '1' })
  client.setNotificationHandler(ToolListChangedNotificationSchema, onChange)
  await client.connect(new OldTransport(new URL(`${url}/mcp`), { requestInit: { headers: headersOf(key) } }) as never)
  onTestFinished(() => client.close())
  return {
    tools: async () => (await client.listTools()).tools,
    call: async (name, input = {}, ways = {}) =>
      (await client.callTool({ name, arguments: input }, undefined, ways as object)) as Result,
  }
}
async function newClient(url: string, key?: string, onChange = () => {}): Promise<AnyClient> {
  const listChanged = { tools: { autoRefresh: false, onChanged: onChange } }
  const client = new NewClient({ name: 'new', version: '1' }, { versionNegotiation: { mode: 'auto' }, listChanged })
  await client.connect(new NewTransport(new URL(`${url}/mcp`), { requestInit: { headers: headersOf(key) } }))
  expect(client.getProtocolEra()).toBe('modern')
  onTestFinished(() => client.close())
  return {
    tools: async () => (await client.listTools({}, { cacheMode: 'bypass' })).tools,
    call: async (name, input = {}, ways = {}) => (await client.callTool({ name, arguments: input }, ways as object)) as Result,
  }
}
const eras: [string, typeof oldClient][] = [
  ['before 2026', oldClient],
  ['of 2026', newClient],
]
const namesOf = async (client: AnyClient) => (await client.tools()).map(({ name }) => name)
const textOf = ({ content }: Result) => (content as { text?: string }[]).map(({ text }) => text).join('|')
const deeds = () => house.rooms.audit.last(10)

describe.each(eras)('a client of the protocol %s', (_era, connect) => {
  test('lists the tools with their schemas and what their server says of them, and asks no model for it', async () => {
    const box = fakeToolbox({ pool, bar: pool, load_skill: pool }, ['pool'])
    const schema = { type: 'object', properties: { floor: { type: 'integer' } }, required: ['floor'] }
    Object.assign(box.list()[0] ?? {}, { inputSchema: schema, label: 'Find the pool', readOnly: true, openWorld: false })
    Object.assign(box.list()[2] ?? {}, { server: houseServer })
    const { url } = await house.open({ toolbox: box })
    const tools = await (await connect(url)).tools()
    expect(tools.map(({ name }) => name)).toEqual(['ask', 'pool', 'bar'])
    expect(tools[1]).toMatchObject({
      title: 'Find the pool',
      inputSchema: schema,
      annotations: { title: 'Find the pool', readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    })
    expect(tools[2]?.annotations).toMatchObject({ readOnlyHint: false, idempotentHint: false })
    expect(house.wire.requests).toHaveLength(0)
  })

  test('calls a tool, hears how far it is, and the audit log has it', async () => {
    const dive: FakeTool = async ({ depth }, { onProgress }) => {
      onProgress({ done: 1, total: 2, message: 'down' })
      onProgress({ done: 2, total: 2, message: 'up' })
      onProgress({ done: 2, total: 2, message: 'dry' })
      return { ok: true, text: `dived ${String(depth)}`, files: [{ name: 'fish.png', data: png }, { data: notes }] }
    }
    const left = async () =>
      (await house.rooms.redis.keys('bellhop:*')).filter(key => /:(history|last|inbox|journal|steps):/.test(key))
    const fileOf = async (conversation: string, id: string) => {
      await expect.poll(left).toEqual([]) // however late it is
      const data = await house.rooms.files.load(conversation, id)
      return data === 'posted' ? undefined : data
    }
    const { url } = await house.open({ toolbox: fakeToolbox({ dive }), web: { apiKeys: ['key-one'], fileOf } })
    const heard: unknown[] = []
    const client = await connect(url, 'key-one')
    const result = await client.call('dive', { depth: 3 }, { onprogress: progress => void heard.push(progress) })
    expect(result.isError ?? false).toBe(false)
    expect(result.content).toMatchObject([
      { type: 'text', text: expect.stringMatching(/^dived 3/) },
      { type: 'image', mimeType: 'image/png', data: png.toString('base64') },
      { type: 'resource', resource: { uri: expect.stringMatching(/^bellhop:/), blob: notes.toString('base64') } },
    ])
    expect(heard).toMatchObject([
      { progress: 1, total: 2, message: 'down' },
      { progress: 2, total: 2, message: 'up' },
    ])
    expect(await deeds()).toMatchObject([
      { person: `web:${idOf('key-one')}`, tool: 'dive', input: '{"depth":3}', decision: 'rule', outcome: 'ok' },
    ])
    expect(house.wire.requests).toHaveLength(0)
  })

  test('cancels a call, which the tool hears', async () => {
    const cut = vi.fn()
    const begun = vi.fn()
    const wait: FakeTool = (_input, { signal }) =>
      new Promise(resolve => {
        begun()
        const end = () => {
          cut()
          resolve({ ok: false, text: 'cut' })
        }
        signal.addEventListener('abort', end, { once: true })
      })
    const { url } = await house.open({ toolbox: fakeToolbox({ wait, pool }) })
    const client = await connect(url)
    const stop = new AbortController()
    const call = client.call('wait', {}, { signal: stop.signal }).catch(() => 'cancelled')
    await expect.poll(() => begun.mock.calls.length, { timeout: 10_000 }).toBe(1)
    expect(cut).not.toHaveBeenCalled()
    stop.abort()
    expect(await call).toBe('cancelled')
    await expect.poll(() => cut.mock.calls.length, { timeout: 10_000 }).toBe(1)
    expect(textOf(await client.call('pool', { floor: 1 }))).toBe('the pool is on floor 1')
  })

  test('cancels a call on the wire of its server', async () => {
    onTestFinished(closeAll)
    const ledger = join(mkdtempSync(join(tmpdir(), 'bellhop-')), 'heard')
    writeFileSync(ledger, '')
    const server = raw('', { permissions: { '*': 'allow' } }, { LEDGER: ledger })
    const { url } = await house.open({ toolbox: await start(server) })
    const client = await connect(url)
    const stop = new AbortController()
    const call = client.call('raw__hang', {}, { signal: stop.signal }).catch(() => 'cancelled')
    const heard = () => readFileSync(ledger, 'utf8')
    await expect.poll(heard, { timeout: 10_000 }).toContain('tools/call')
    expect(heard()).not.toContain('notifications/cancelled')
    stop.abort()
    expect(await call).toBe('cancelled')
    await expect.poll(heard, { timeout: 10_000 }).toContain('notifications/cancelled')
  })

  test('is given results as data, which keep to what their tools promise', async () => {
    onTestFinished(closeAll)
    const allowed = { permissions: { '*': 'allow' as const } }
    const wire = `${import.meta.dirname}/wire/mcp`
    const toolbox = await start(
      program('v1', [`${wire}/v1.ts`], allowed),
      program('whole', [`${wire}/whole.ts`, '2025-11-25'], allowed),
    )
    const { url } = await house.open({ toolbox })
    const client = await connect(url)
    const tools = new Map((await client.tools()).map(one => [one.name, one]))
    expect(tools.get('v1__numbers')?.outputSchema).toMatchObject({
      ...{ type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] },
    })
    expect(tools.get('v1__nothing')).not.toHaveProperty('outputSchema')
    const numbers = await client.call('v1__numbers')
    expect(numbers.isError ?? false).toBe(false)
    expect(numbers.structuredContent).toEqual({ sum: 42 })
    expect(textOf(numbers)).toContain('42')
    const broken = await client.call('whole__broken')
    expect(broken).not.toHaveProperty('structuredContent')
    expect(broken.isError).toBe(true)
    expect(textOf(broken)).toMatch(/^about 42[\s\S]*was called, but/)
  })

  test('is given no secret in data, and the words alone where hiding it has broken a promise', async () => {
    const secret = `ghp_${'a1'.repeat(18)}`
    const keys: FakeTool = () => ({ ok: true, text: `key ${secret}`, structured: { list: [{ key: secret, floor: 2 }] } })
    const toolbox = fakeToolbox({ free: keys, promised: keys })
    const key = { type: 'object', properties: { key: { type: 'string', minLength: 20 } } }
    const outputSchema = { type: 'object', properties: { list: { type: 'array', items: key } } }
    Object.assign(toolbox.list()[1] ?? {}, { outputSchema })
    const { url } = await house.open({ toolbox })
    const client = await connect(url)
    await client.tools()
    const [free, promised] = [await client.call('free'), await client.call('promised')]
    expect(free).toMatchObject({ structuredContent: { list: [{ key: '[hidden]', floor: 2 }] } })
    expect(promised).not.toHaveProperty('structuredContent')
    expect(promised.isError).toBe(true)
    expect(textOf(promised)).toMatch(/^key \[hidden\]/)
    expect(JSON.stringify([free, promised])).not.toContain(secret.slice(0, 12))
  })

  test('is not told of a tool that it may not call, and is refused it', async () => {
    const run = vi.fn(pool)
    const box = fakeToolbox({ pool, secret: run, asked: run })
    Object.assign(box.list()[2] ?? {}, { permission: 'ask' })
    await house.rooms.permits.set({ permission: 'deny', target: 'tool:secret', whom: 'everyone', by: 'boss' })
    const { url } = await house.open({ toolbox: box })
    const client = await connect(url)
    expect(await namesOf(client)).toEqual(['ask', 'pool'])
    for (const name of ['nothing', 'constructor', '__proto__', 'toString']) {
      const unknown = await client.call(name)
      expect([unknown.isError, textOf(unknown)], name).toEqual([true, expect.stringContaining(name)])
    }
    for (const [name, why] of [
      ['secret', /rule/],
      ['asked', /admin|asked|permit/],
    ] as const) {
      const refused = await client.call(name)
      expect(refused.isError).toBe(true)
      expect(textOf(refused)).toMatch(why)
    }
    expect(run).not.toHaveBeenCalled()
    expect(await deeds()).toMatchObject([
      { tool: 'asked', decision: 'unasked' },
      { tool: 'secret', decision: 'deny' },
    ])
    await house.rooms.permits.set({ permission: 'allow', target: 'tool:asked', whom: 'person:web:local', by: 'boss' })
    expect(await namesOf(client)).toContain('asked')
    expect((await client.call('asked', { floor: 2 })).isError ?? false).toBe(false)
  })

  test('asks the bot, hears its steps, and goes on in the talk', async () => {
    const { url } = await house.open({ toolbox: fakeToolbox({ pool }) })
    house.wire.script([{ calls: [{ name: 'pool', input: { floor: 9 } }] }, { text: 'On the roof.' }, { text: 'The pool.' }])
    const heard: string[] = []
    const client = await connect(url)
    const onprogress: Ways['onprogress'] = ({ message = '' }) => void heard.push(message)
    const first = await client.call('ask', { question: 'Where is the pool?' }, { onprogress })
    expect(textOf(first)).toBe('On the roof.')
    expect(heard).toEqual(['⏳ pool', '✅ pool'])
    const { session_id } = first.structuredContent as { session_id: string }
    await client.call('ask', { question: 'What did I ask for?', session_id })
    expect(JSON.stringify(house.wire.requests.at(-1)?.body.messages)).toContain('Where is the pool?')
  })

  test('hears that there are other tools now', async () => {
    let tools: NonNullable<HouseStatus['tools']> = []
    const { url } = await house.open({ web: { status: async () => ({ ...fine, tools }), watchEveryMs: 50 } })
    const changed = vi.fn()
    await connect(url, undefined, changed)
    await vi.waitFor(
      () => {
        tools = [{ name: `n${randomUUID()}`, description: '', label: '', server: 's' }]
        expect(changed).toHaveBeenCalled()
      },
      { timeout: 15_000, interval: 1000 }, // the client gathers such news for a moment
    )
  })

  test('without a key that is known is nobody', async () => {
    const { url } = await house.open({ web: { apiKeys: ['key-one'] } })
    await expect(connect(url, 'key-two')).rejects.toThrow(/401|needs an API key|Unauthorized/i)
  })

  test('pays for a call as for any question', async () => {
    const budgets = createBudgets(house.rooms.redis, { person: { turns: 1 }, place: {}, house: {} })
    const { url } = await house.open({ toolbox: fakeToolbox({ pool }), worker: { budgets } })
    const client = await connect(url)
    await client.tools()
    expect((await client.call('pool', { floor: 1 })).isError ?? false).toBe(false)
    const refused = await client.call('pool', { floor: 1 })
    expect(refused.isError).toBe(true)
    expect(textOf(refused)).toMatch(/used up/)
    expect(await namesOf(client)).toContain('pool')
  })
})

const notes = Buffer.from('three fish, one boot')
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

describe('a key', () => {
  const initialize = {
    ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
  }
  const accept = { accept: 'application/json, text/event-stream' }

  test('cannot use the MCP session of another', async () => {
    const { post, url } = await house.open({ web: { apiKeys: ['key-one', 'key-two'] } })
    const begun = await post('/mcp', initialize, { ...accept, ...headersOf('key-one') })
    await begun.text()
    const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' }
    const list = (key: string) =>
      post('/mcp', { jsonrpc: '2.0', id: 2, method: 'tools/list' }, { ...accept, ...session, ...headersOf(key) })
    expect((await list('key-two')).status).toBe(404)
    const looks = await fetch(`${url}/mcp`, { headers: { ...accept, ...session, ...headersOf('key-two') } })
    expect(looks.status).toBe(404)
    const ends = await fetch(`${url}/mcp`, { method: 'DELETE', headers: { ...session, ...headersOf('key-two') } })
    expect(ends.status).toBe(404)
    expect(await (await list('key-one')).text()).toContain('"ask"')
    expect((await fetch(`${url}/mcp`, { method: 'DELETE', headers: { ...session, ...headersOf('key-one') } })).status).toBe(200)
    expect((await list('key-one')).status).toBe(404)
  })

  test('cannot read the talk of another', async () => {
    const { url } = await house.open({ web: { apiKeys: ['key-one', 'key-two'] } })
    const [one, two] = [await newClient(url, 'key-one'), await newClient(url, 'key-two')]
    const session_id = 'my-session-1'
    await one.call('ask', { question: 'My room is 712', session_id })
    await two.call('ask', { question: 'Which is my room?', session_id })
    expect(JSON.stringify(house.wire.requests.at(-1)?.body.messages)).not.toContain('712')
  })

  const postings = (admins: string[]) => {
    const chat = fakeChat()
    const chats = () => [chat.adapter]
    return { chat, posting: createPosting({ ...house.rooms, platform: 'web', chats, admins, log: silentLog }) }
  }

  test('of an admin posts into a chat', async () => {
    const { chat, posting } = postings([`web:${idOf('key-one')}`])
    const { url } = await house.open({ web: { apiKeys: ['key-one'], posting } })
    const client = await newClient(url, 'key-one')
    expect(await namesOf(client)).toContain('post_message')
    const result = await client.call('post_message', { conversation: 'fake:1', text: 'Breakfast, with swordfish-1234!' })
    expect(result.isError ?? false).toBe(false)
    const shown = [...chat.shown.values()].map(({ text }) => text)
    expect(shown).toEqual([expect.stringMatching(/^Breakfast, with (?!swordfish-1234)/)])
    expect(await deeds()).toMatchObject([{ tool: 'post_message', decision: 'admin', outcome: 'ok' }])
    for (const [conversation, why] of [
      ['nowhere:1', /platforms here are fake/],
      ['fake:../2', /"conversation"/],
    ] as const) {
      const refused = await client.call('post_message', { conversation, text: 'hello' })
      expect(refused.isError).toBe(true)
      expect(textOf(refused)).toMatch(why)
    }
    expect(chat.shown.size).toBe(1)
    chat.failNext(new Gone('fake:2'), new Gone('fake:2'))
    expect(textOf(await client.call('post_message', { conversation: 'fake:2', text: 'hello' }))).toMatch(/bot is not in it/)
    chat.failNext(new Refused('too rude'))
    expect(textOf(await client.call('post_message', { conversation: 'fake:1', text: 'hello' }))).toMatch(/did not take it/)
    await client.call('post_message', { conversation: 'fake:1', text: 'word '.repeat(1000) })
    expect(chat.shown.size).toBeGreaterThan(2)
  })

  test('of anybody else posts nothing, and is not told that it could', async () => {
    const { chat, posting } = postings([`web:${idOf('key-two')}`])
    const { url } = await house.open({ web: { apiKeys: ['key-one'], posting } })
    const client = await newClient(url, 'key-one')
    expect(await namesOf(client)).not.toContain('post_message')
    const refused = await client.call('post_message', { conversation: 'fake:1', text: 'Breakfast!' })
    expect(refused.isError).toBe(true)
    expect(textOf(refused)).toMatch(/only admins/)
    expect(chat.shown.size).toBe(0)
    expect(await deeds()).toMatchObject([{ tool: 'post_message', decision: 'deny' }])
  })
})

test('a gateway without tools of its own lists and calls those of a worker elsewhere', async () => {
  await house.open({ toolbox: fakeToolbox({ pool }) })
  const gateway = house.openDoor()
  await gateway.start()
  onTestFinished(() => gateway.plain.stop())
  const client = await newClient(gateway.plain.url ?? '')
  expect(await namesOf(client)).toEqual(['ask', 'pool'])
  expect(textOf(await client.call('pool', { floor: 4 }))).toBe('the pool is on floor 4')
})

test('while no worker runs a list is refused at once, with one sentence', async () => {
  const gateway = house.openDoor({ status: async () => ({ ...fine, ready: false }) })
  await gateway.start()
  onTestFinished(() => gateway.plain.stop())
  const client = await newClient(gateway.plain.url ?? '')
  await expect(client.tools()).rejects.toThrow(/no worker is running/)
})

test('a page elsewhere may not speak with it, unless it is listed', async () => {
  const { post } = await house.open({ web: { corsOrigins: ['https://good.example'] } })
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  expect((await post('/mcp', ping, { origin: 'https://bad.example' })).status).toBe(403)
  const listed = await post('/mcp', ping, { origin: 'https://good.example' })
  expect(listed.status).toBe(400)
  expect(listed.headers.get('access-control-expose-headers')).toContain('Mcp-Session-Id')
})
