import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { TurnEvent } from '../src/adapter.ts'
import { isMessage, type Message } from '../src/message.ts'
import { errorOf, final, house, silence } from './web.house.ts'

const asked = { messages: [{ role: 'user', content: 'x' }] }
const end = (text: string): TurnEvent => ({ type: 'end', how: 'answered', text, usage: { input: 1, output: 1 } })
const text = (at: number, piece: string): TurnEvent => ({ type: 'text', at, text: piece })

/** A house whose worker tells these events. */
const telling = (...told: TurnEvent[]) =>
  house({}, async ({ conversation, replyTo }, worker) => {
    for (const event of told) await worker.tell?.(conversation, replyTo ?? '', event)
  })

async function streamed(post: (path: string, body: unknown) => Promise<Response>): Promise<string> {
  const body = await (await post('/v1/chat/completions', { ...asked, stream: true })).text()
  const chunks = [...body.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => JSON.parse(json ?? ''))
  return chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('')
}

describe('the text of a stream', () => {
  test.each<[string, TurnEvent[], string]>([
    ['comes in pieces', [text(0, 'one '), text(4, 'two'), end('one two')], 'one two'],
    [
      'is whole when a piece was lost',
      [text(0, 'one '), text(8, 'three'), text(0, 'one two three'), end('one two three')],
      'one two three',
    ],
    ['is whole when only its beginning was told', [text(0, 'one '), end('one two')], 'one two'],
    [
      'goes on when another worker says the same again',
      [text(0, 'one tw'), text(0, 'one '), text(4, 'two'), end('one two')],
      'one two',
    ],
    [
      'stands below what a dead worker had said otherwise',
      [text(0, 'one tw'), text(0, 'uno'), end('uno due')],
      'one tw\n\nuno due',
    ],
    ['is what the house adds below, too', [text(0, 'one'), end('one\n\n*two*')], 'one\n\n*two*'],
  ])('%s', async (_how, told, whole) => {
    const { post } = await telling(...told)
    expect(await streamed(post)).toBe(whole)
  })

  test('is the whole reply of a house that tells nothing', async () => {
    const { post } = await house({}, async ({ conversation, replyTo }, worker) => {
      await worker.post(conversation, { text: '💭', buttons: [], final: false }, replyTo)
      await worker.post(conversation, final('You are too early.'), replyTo)
    })
    expect(await streamed(post)).toBe('You are too early.')
  })
})

test('a call that is told again by another worker is told once', async () => {
  const call: TurnEvent = { type: 'call', id: 'c1', name: 'pool', label: 'Pool', input: {} }
  const { post } = await telling(call, call, end('done'))
  const body = await (await post('/v1/chat/completions', { ...asked, stream: true })).text()
  expect(body.match(/"type":"call"/g)).toHaveLength(1)
})

test('a reader who takes nothing is let go, and what waits for him with it', async () => {
  let asking: Message | undefined
  const { url, feed, worker } = await house({}, async message => {
    asking = message
  })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  const body = JSON.stringify({ ...asked, stream: true })
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  socket.pause()
  await expect.poll(() => asking).toBeDefined()
  const { conversation = '', replyTo = '' } = asking ?? {}
  const result = (id: string): TurnEvent => ({ type: 'result', id, name: 'pool', ok: true, text: 'x'.repeat(8000), ms: 1 })
  for (let n = 0; n < 3000; n++) {
    await worker.tell?.(conversation, replyTo, result(`c${n}`))
    if (n % 100 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  let received = ''
  socket.on('data', data => (received += data.toString()))
  socket.resume()
  await expect.poll(() => received, { timeout: 10_000 }).toMatch(/read too slowly.*Last-Event-ID/)
  await expect.poll(() => feed.listeners(), { timeout: 10_000 }).toBe(0)
  socket.destroy()
})

describe('limits of a key', () => {
  const as = (key: string) => ({ authorization: `Bearer ${key}` })
  const keys = { apiKeys: ['key-one', 'key-two'] }

  test('so many requests a minute, and the other key is not held up', async () => {
    const { post } = await house({ ...keys, perMinute: 3 })
    const ask = async (key: string) => (await post('/chat', { message: 'hi' }, as(key))).status
    const statuses = [await ask('key-one'), await ask('key-one'), await ask('key-one'), await ask('key-one')]
    // The minute may end in between.
    if (!statuses.includes(429)) statuses.push(await ask('key-one'), await ask('key-one'), await ask('key-one'))
    expect(statuses).toContain(429)
    expect(await ask('key-two')).toBe(200)
  })

  test('so many streams at once, and room again when one is left', async () => {
    const { post } = await house({ ...keys, atOnce: 2 }, silence)
    const open = () => post('/chat/stream', { message: 'hi' }, as('key-one'))
    const [first] = [await open(), await open()]
    const refused = await open()
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect((await errorOf(refused)).message).toMatch(/at the same time/)
    expect((await post('/chat/stream', { message: 'hi' }, as('key-two'))).status).toBe(200)
    await first?.body?.cancel()
    await expect.poll(async () => (await open()).status).toBe(200)
  })
})

describe('pages of other servers', () => {
  const from = (origin: string) => ({ origin })

  test('that are listed may speak with it, and are told so before', async () => {
    const { url, post } = await house({ corsOrigins: ['https://app.example'] })
    const headers = {
      ...from('https://app.example'),
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    }
    const before = await fetch(`${url}/v1/chat/completions`, { method: 'OPTIONS', headers })
    expect(before.status).toBe(204)
    expect(before.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(before.headers.get('access-control-allow-headers')).toBe('authorization')
    const answer = await post('/chat', { message: 'hi' }, from('https://app.example'))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example')
  })

  test('that are not listed may not, not even blindly', async () => {
    const { url, heard, post } = await house({ corsOrigins: ['https://app.example'] })
    for (const origin of ['https://app.example.evil', 'http://app.example', 'null']) {
      const answer = await post('/chat', { message: 'hi' }, from(origin))
      expect(answer.status).toBe(403)
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
    expect((await fetch(`${url}/api/servers/x/test`, { method: 'POST', headers: from('https://evil.example') })).status).toBe(403)
    expect(heard).toEqual([])
  })

  test('its own page may', async () => {
    const { url, post } = await house()
    expect((await post('/chat', { message: 'hi' }, from(new URL(url).origin))).status).toBe(200)
    const behindProxy = { ...from('https://localhost:8443'), 'sec-fetch-site': 'same-origin' }
    expect((await post('/chat', { message: 'hi' }, behindProxy)).status).toBe(200)
  })

  test.for([
    ['at another port', {}],
    ['that its browser tells of', { 'sec-fetch-site': 'same-site' }],
  ] as const)('of another program on this machine may not, %s, unless it is listed', async ([, told]) => {
    const { url, heard, post } = await house({ corsOrigins: ['http://localhost:5173'] })
    for (const origin of ['http://localhost:3000', 'http://127.0.0.1:1', new URL(url).origin.replace('127.0.0.1', 'localhost')]) {
      expect((await post('/chat', { message: 'hi' }, { ...from(origin), ...told })).status, origin).toBe(403)
      const tried = await fetch(`${url}/api/servers/x/test`, { method: 'POST', headers: { ...from(origin), ...told } })
      expect(tried.status, origin).toBe(403)
    }
    expect(heard).toEqual([])
    expect((await post('/chat', { message: 'hi' }, { ...from('http://localhost:5173'), ...told })).status).toBe(200)
  })
})

describe('a session is that of its key', () => {
  test.each([
    ['/v1/chat/completions', { ...asked, session_id: 'same-session' }],
    ['/v1/chat/completions', { ...asked, user: 'ada' }],
    ['/api/chat/stream', { session_id: 'same-session', content: 'x' }],
    ['/api/chat/stream/direct', { session_id: 'same-session', ...asked }],
    ['/api/chat/abort', { session_id: 'same-session' }],
  ])('%s %j', async (path, body) => {
    const { post, heard } = await house({ apiKeys: ['key-one', 'key-two'] }, async ({ conversation, replyTo }, worker) => {
      await worker.post(conversation, final('ok'), replyTo)
    })
    for (const key of ['key-one', 'key-two', 'key-one']) await (await post(path, body, { authorization: `Bearer ${key}` })).text()
    const [first, second, third] = heard.filter(isMessage).map(({ conversation }) => conversation)
    expect(first).toMatch(/^web:key-/)
    expect(second).not.toBe(first)
    expect(third).toBe(first)
  })
})

test('a body that is too deep is refused before anybody walks through it', async () => {
  const { post } = await house()
  const nested = (depth: number) =>
    JSON.stringify({ message: 'hi', more: 0 }).replace('0', `${'['.repeat(depth)}${']'.repeat(depth)}`)
  expect((await post('/chat', nested(60))).status).toBe(200)
  const refused = await post('/chat', nested(64))
  expect(refused.status).toBe(400)
  expect((await errorOf(refused)).message).toMatch(/too deep/)
})

test('wrong bodies by the hundred get a clean refusal each, and the house stays up', async () => {
  const { post, url, heard } = await house({ perMinute: 100_000 })
  const paths = [
    '/chat',
    '/chat/stream',
    '/chat/press',
    '/chat/follow',
    '/v1/chat/completions',
    '/v1/embeddings',
    '/api/chat/stream',
  ]
  paths.push('/api/chat/stream/direct', '/api/chat/abort', '/api/servers', '/agent', '/gpt_agent')
  const deep = (open: string, close: string) => open.repeat(5000) + close.repeat(5000)
  const values = [null, -1, '', '\ud800', [], {}, 'x'.repeat(300), [{ role: 'user', content: null }]]
  const fields = ['message', 'messages', 'session_id', 'content', 'task', 'tools', 'name', '__proto__']
  const bodies: string[] = [
    '',
    '{',
    '[',
    'null',
    '"x"',
    '1',
    '[]',
    '{}',
    deep('[', ']'),
    deep('{"a":', '}').replace('}', '1}'),
    `{"messages":${deep('[', ']')}}`,
    '{"a":1}}',
    '\u0000',
    '"'.repeat(9999),
  ]
  for (const field of fields) bodies.push(...values.map(value => `{${JSON.stringify(field)}:${JSON.stringify(value)}}`))
  const goodOnes = /^\{"(task|message)":"(x+|\\u0000|\\ud800)"\}$|^\{"input":"(x+|\\u0000|\\ud800)"\}$/
  let count = 0
  for (const path of paths) {
    for (const body of bodies.filter(one => !goodOnes.test(one))) {
      const response = await post(path, body)
      const where = `${path} ${body.slice(0, 80)} → ${response.status}`
      expect(response.status >= 400 && response.status < 500, where).toBe(true)
      const { error } = (await response.json()) as { error: { message: string; code: string } }
      expect(error.message, where).toMatch(/^[^\n]{5,600}$/)
      expect(error.message, where).not.toMatch(/ at .*\.ts|node_modules|undefined/)
      count++
    }
  }
  expect(count).toBeGreaterThanOrEqual(500)
  expect(heard).toEqual([])
  expect((await fetch(`${url}/ready`)).status).toBe(200)
}, 60_000)
