// What the holder of one key tries with what belongs to another, and what pages and names elsewhere try with all of it.
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { keysOf } from '../src/redis/keys.ts'
import { apiHouse } from './api.house.ts'
import { type FakeTool, fakeToolbox } from './fakes.ts'
import { fine, house as plainHouse } from './web.house.ts'
import type { WireBody } from './wire/openai.ts'

let house: Awaited<ReturnType<typeof apiHouse>>
beforeAll(async () => {
  house = await apiHouse()
})
afterEach(() => house.clear())
afterAll(() => house.close())

const apiKeys = [
  { name: 'ada', key: 'key-of-ada' },
  { name: 'eve', key: 'key-of-eve' },
]
const ada = { authorization: 'Bearer key-of-ada' }
const eve = { authorization: 'Bearer key-of-eve' }
const accept = { accept: 'application/json, text/event-stream' }
const secret = 'tangerine'
const session = 'session-of-ada'

/** Whatever the model is given, it repeats: what is of another is found in the answer. */
function repeat({ messages, tools = [] }: WireBody) {
  const last = messages.at(-1)
  if (last?.role === 'tool') return { text: `It is ${secret}, and ${String(last.content)}` }
  if (String(last?.content).includes('my password')) return { calls: [{ name: 'wait', input: {} }] }
  return {
    text: `I was given ${JSON.stringify([messages.filter(({ role }) => role !== 'system'), tools.map(tool => tool.function.name)])}`,
  }
}

interface Scene {
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>
  /** The same, at a gateway where nobody waits long for what does not come. */
  hurried(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>
  url: string
  messageId: string
  /** Of the last event that ada was given. */
  eventId: string
  /** Of ada's Stop. */
  token: string
  mcpSession: string
}

/** Ada has asked, and her answer is under way; `end` lets it end, and gives what she reads of it. */
async function scene(): Promise<Scene & { end(): Promise<string> }> {
  const begun = Promise.withResolvers<() => void>()
  const wait: FakeTool = (_input, { signal }) =>
    new Promise(resolve => {
      begun.resolve(() => resolve({ ok: true, text: 'all is well' }))
      signal.addEventListener('abort', () => resolve({ ok: false, text: 'stopped' }), { once: true })
    })
  const servers = {
    of: async (person: string) => (person === 'ada' ? [{ name: 'Diary', url: `https://${secret}.example` }] : []),
  }
  const closed = async () => ({ how: 'unknown' as const, text: 'there is none', tools: [], ms: 0 })
  const web = { apiKeys, servers: { ...servers, add: closed, remove: closed, test: closed } }
  const { post, url } = await house.open({ toolbox: fakeToolbox({ wait }), web })
  const second = house.openDoor({ ...web, patienceMs: 400 })
  await second.start()
  onTestFinished(() => second.plain.stop())
  house.wire.script(repeat)
  const began = await post('/mcp', initialize, { ...accept, ...ada })
  await began.text()
  const stream = await post('/chat/stream', { message: `my password is ${secret}`, session_id: session }, ada)
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
  let read = ''
  const more = async () => {
    const { value = '', done = true } = (await reader?.read()) ?? {}
    read += value
    return !done
  }
  while (!(/^id: ./m.test(read) && read.includes('"stop"')) && (await more()));
  const release = await begun.promise
  return {
    ...{ post, url, hurried: (path, body, headers = {}) => ask(`${second.plain.url}${path}`, body, headers) },
    messageId: /"message_id":"([^"]+)"/.exec(read)?.[1] ?? '',
    eventId: /^id: (.*)$/m.exec(read)?.[1] ?? '',
    token: /"action":"stop","token":"([^"]+)"/.exec(read)?.[1] ?? '',
    mcpSession: began.headers.get('mcp-session-id') ?? '',
    async end() {
      release()
      while (await more());
      return read
    },
  }
}

const ask = (url: string, body: unknown, headers: Record<string, string>) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
const initialize = {
  ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
}
const rpc = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 2, method, params })

/** A session of eve's whose keys lie in the same bucket as those of ada's session: some are found by a token alone there. */
function besideAda(): string {
  const bucket = keysOf(`web:ada:${session}`).asks
  const names = Array.from({ length: 2000 }, (_, at) => `session-${at}`)
  return names.find(name => keysOf(`web:eve:${name}`).asks === bucket) ?? ''
}

const who = { role: 'user', content: 'What do you know of me?' }
const attempts: [string, (at: Scene) => Promise<Response>, number?][] = [
  ['to go on in the session', ({ post }) => post('/chat', { message: 'What did I say?', session_id: session }, eve)],
  ['to name it with its owner', ({ post }) => post('/chat', { message: 'hi', session_id: `ada:${session}` }, eve), 400],
  ['to name it as a path', ({ post }) => post('/chat', { message: 'hi', session_id: `../ada/${session}` }, eve), 400],
  ['to go on in it as OpenAI asks', ({ post }) => post('/v1/chat/completions', { messages: [who], user: session }, eve)],
  [
    'to go on in it by the header',
    ({ post }) => post('/v1/chat/completions', { messages: [who] }, { ...eve, 'x-session-id': session }),
  ],
  ['to name another as the user', ({ post }) => post('/v1/chat/completions', { messages: [who], user: `ada:${session}` }, eve)],
  ['to go on in it step by step', ({ post }) => post('/api/chat/stream', { session_id: session, content: 'And?' }, eve)],
  [
    'to follow the answer',
    ({ hurried, messageId }) => hurried('/chat/follow', { session_id: session, message_id: messageId }, eve),
  ],
  [
    'to follow it with the answer’s id for a session',
    ({ hurried, messageId }) => hurried('/chat/follow', { session_id: besideAda(), message_id: messageId }, eve),
  ],
  [
    'to take its stream up',
    ({ hurried, eventId }) => hurried('/chat/stream', { message: 'x' }, { ...eve, 'last-event-id': eventId }),
  ],
  [
    'to take it up from the beginning',
    ({ hurried, eventId }) =>
      hurried('/chat/stream', { message: 'x' }, { ...eve, 'last-event-id': eventId.replace(/\d+-\d+(?=\.\d+$)/, '0-0') }),
  ],
  [
    'to take it up as OpenAI streams',
    ({ hurried, eventId }) =>
      hurried('/v1/chat/completions', { messages: [who], stream: true }, { ...eve, 'last-event-id': eventId }),
  ],
  [
    'to take it up step by step',
    ({ hurried, eventId }) =>
      hurried('/api/chat/stream', { session_id: session, content: 'x' }, { ...eve, 'last-event-id': eventId }),
  ],
  ['to press Stop', ({ post, token }) => post('/chat/press', { session_id: session, action: 'stop', token }, eve)],
  [
    'to press Stop from beside',
    ({ post, token }) => post('/chat/press', { session_id: besideAda(), action: 'stop', token }, eve),
  ],
  [
    'to press Retry from beside',
    ({ post, token }) => post('/chat/press', { session_id: besideAda(), action: 'retry', token }, eve),
  ],
  ['to abort', ({ post }) => post('/api/chat/abort', { session_id: session }, eve)],
  ['to say /stop', ({ post }) => post('/chat', { message: '/stop', session_id: session }, eve)],
  ['to have it forgotten', ({ post }) => post('/chat', { message: '/reset', session_id: session }, eve)],
  [
    'to use the MCP session',
    ({ post, mcpSession }) => post('/mcp', rpc('tools/list'), { ...accept, ...eve, 'mcp-session-id': mcpSession }),
    404,
  ],
  [
    'to hear the MCP session',
    ({ url, mcpSession }) => fetch(`${url}/mcp`, { headers: { ...accept, ...eve, 'mcp-session-id': mcpSession } }),
    404,
  ],
  [
    'to end the MCP session',
    ({ url, mcpSession }) => fetch(`${url}/mcp`, { method: 'DELETE', headers: { ...eve, 'mcp-session-id': mcpSession } }),
    404,
  ],
  ['to see the servers', ({ url }) => fetch(`${url}/api/servers`, { headers: eve }), 200],
  ['to try a server', ({ url }) => fetch(`${url}/api/servers/Diary/test`, { method: 'POST', headers: eve }), 404],
  ['to take a server away', ({ url }) => fetch(`${url}/api/servers/Diary`, { method: 'DELETE', headers: eve }), 404],
  ['to get a file by its id', ({ url }) => fetch(`${url}/files/0`, { headers: eve }), 404],
  ['to follow without a key', ({ post, messageId }) => post('/chat/follow', { session_id: session, message_id: messageId }), 401],
  ['to follow with the name for a key', ({ post, messageId }) => followAs('ada', post, messageId), 401],
  ['to follow with name and key', ({ post, messageId }) => followAs('ada:key-of-ada', post, messageId), 401],
  ['to follow with two keys', ({ post, messageId }) => followAs('key-of-eve key-of-ada', post, messageId), 401],
  [
    'to follow with the key in the address',
    ({ post, messageId }) => post('/chat/follow?key=key-of-ada', { session_id: session, message_id: messageId }),
    401,
  ],
]

const followAs = (key: string, post: Scene['post'], message_id: string) =>
  post('/chat/follow', { session_id: session, message_id }, { authorization: `Bearer ${key}` })

test('all that another key tries is in vain, and she gets her answer', async () => {
  const at = await scene()
  expect([at.messageId, at.eventId, at.token, at.mcpSession, besideAda()]).not.toContain('')
  for (const [what, attempt, status] of attempts) {
    const response = await attempt(at)
    const text = await response.text()
    expect(text, what).not.toContain(secret)
    if (status !== undefined) expect(response.status, what).toBe(status)
  }
  expect(await at.end()).toMatch(new RegExp(`event: done\\ndata: .*It is ${secret}, and .*all is well`))
  const own = await (await at.post('/chat', { message: 'What did I say?', session_id: session }, ada)).text()
  expect(own).toContain(secret)
  const late = await at.hurried('/chat/follow', { session_id: session, message_id: at.messageId }, eve)
  expect(await late.text()).not.toContain(secret)
  const hers = await at.hurried('/chat/follow', { session_id: session, message_id: at.messageId }, ada)
  expect(await hers.text()).toContain(secret)
}, 60_000)

/** `fetch` writes some headers itself, so this speaks HTTP by hand. */
function statusOf(url: string, head: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', reject)
    socket.on('data', data => {
      resolve(Number(data.toString().split(' ')[1]))
      socket.destroy()
    })
    socket.end(`${head}\r\nConnection: close\r\n\r\n`)
  })
}

describe('a page elsewhere', () => {
  const preflight = (url: string, path: string, origin: string) =>
    fetch(url + path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    })
  const leave = (response: Response) => [...response.headers.keys()].filter(name => name.startsWith('access-control'))

  test.each([
    'https://evil.example',
    'null',
    'https://app.example.evil.example',
    'https://app.example:8443',
    'http://app.example',
    'https://APP.example',
    'https://evil-app.example',
  ])('at %s gets no leave, with keys or without', async origin => {
    for (const keys of [[], apiKeys]) {
      const { url, post, heard } = await plainHouse({ apiKeys: keys, corsOrigins: ['https://app.example'] })
      for (const path of ['/chat', '/mcp', '/v1/chat/completions', '/api/servers']) {
        expect(leave(await preflight(url, path, origin)), path).toEqual([])
        expect((await post(path, {}, { origin })).status, path).toBe(keys.length > 0 ? 401 : 403)
      }
      expect(leave(await fetch(`${url}/api/servers`, { headers: { origin, ...ada } }))).toEqual([])
      expect(heard).toEqual([])
    }
  })

  test('is not let in by a key that its browser holds, since a browser sends none by itself', async () => {
    const { url } = await plainHouse({ apiKeys })
    const cookie = { cookie: 'authorization=Bearer key-of-ada; key=key-of-ada' }
    expect((await fetch(`${url}/api/servers`, { headers: cookie })).status).toBe(401)
  })
})

describe('a name that leads here', () => {
  test.each<[string, number]>([
    ['Host: evil.example', 403],
    ['Host: evil.example:8000', 403],
    ['Host: localhost.', 403],
    ['Host: localhost.evil.example', 403],
    ['Host: 127.0.0.1.nip.io', 403],
    ['Host: 127.0.0.2', 403],
    ['Host: 0.0.0.0', 403],
    ['Host: [::ffff:127.0.0.1]', 400],
    ['Host: evil.example\r\nX-Forwarded-Host: localhost', 403],
    ['Host: localhost:8000', 200],
  ])('is answered or not: %s', async (head, status) => {
    for (const keys of [[], apiKeys]) {
      const { url } = await plainHouse({ apiKeys: keys, status: async () => fine })
      expect(await statusOf(url, `GET /api/servers HTTP/1.1\r\nAuthorization: Bearer key-of-ada\r\n${head}`)).toBe(status)
    }
  })
})
