import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { HouseStatus } from '../adapters/web/status.ts'
import { ConfigError } from '../src/errors.ts'
import { isMessage } from '../src/message.ts'
import { errorOf, fine, house, silence } from './web.house.ts'

describe('bad requests get one clear sentence', () => {
  const long = 'x'.repeat(70)
  const user = (content: unknown) => ({ messages: [{ role: 'user', content }] })
  test.for<[string, string, unknown, number, RegExp]>([
    ['no message', '/chat', {}, 400, /"message" is missing/],
    ['an empty message', '/chat', { message: '' }, 400, /"message" is empty/],
    ['a message of spaces', '/chat/stream', { message: ' \n\t　' }, 400, /"message" is empty/],
    ['a message that is a number', '/chat', { message: 7 }, 400, /"message" is missing/],
    ['a short session', '/chat', { message: 'a', session_id: 'short' }, 400, /"session_id" must be 8 to 64/],
    ['a session with a colon', '/chat', { message: 'a', session_id: 'aaaa:bbbbb' }, 400, /"session_id" must be 8 to 64/],
    ['a long session', '/chat', { message: 'a', session_id: long }, 400, /"session_id" must be 8 to 64/],
    ['a session that is null', '/chat', { message: 'a', session_id: null }, 400, /"session_id" must be 8 to 64/],
    ['no messages', '/chat', { messages: [] }, 400, /"messages" must be a list/],
    ['messages without a user', '/chat', { messages: [{ role: 'system', content: 'a' }] }, 400, /no message of the role "user"/],
    ['a foreign role', '/chat', { messages: [{ role: 'root', content: 'a' }] }, 400, /"messages\[0\].role"/],
    ['content in parts', '/chat', user([{ type: 'text', text: 'a' }]), 400, /"messages\[0\].content" must be a string/],
    ['an empty last message', '/chat', user(' '), 400, /"messages\[0\].content" is empty/],
    ['a body that is no JSON', '/chat', '{"message":', 400, /not valid JSON/],
    ['a body that is a list', '/chat', '[]', 400, /must be a JSON object/],
    ['a body of 2 MB', '/chat', { message: 'x'.repeat(2 ** 21) }, 413, /at most 1 MB/],
    ['a press without a session', '/chat/press', { action: 'stop', token: 't' }, 400, /"session_id"/],
    ['a press without an action', '/chat/press', { session_id: 'session-1', token: 't' }, 400, /"action"/],
    ['a press without a token', '/chat/press', { session_id: 'session-1', action: 'stop' }, 400, /"token"/],
    ['a lost stream without its question', '/chat/follow', { session_id: 'session-1' }, 400, /"message_id"/],
    ['a press too long', '/chat/press', { session_id: 'session-1', action: 'stop', token: long }, 400, /at most 63 bytes/],
    ['an unknown path', '/nowhere', {}, 404, /nothing at \/nowhere/],
    ['a POST to a page', '/health', {}, 405, /use GET/],
  ])('%s', async ([, path, body, status, sentence]) => {
    const { post, heard } = await house()
    const response = await post(path, body)
    expect(response.status).toBe(status)
    const { code, message } = await errorOf(response)
    expect(message).toMatch(sentence)
    expect(code).toMatch(/^[a-z_]+$/)
    expect(heard).toEqual([])
  })

  test.for(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ''])('content type "%s"', async mime => {
    const { post, heard } = await house()
    const response = await post('/chat', { message: 'hi' }, { 'content-type': mime })
    expect(response.status).toBe(415)
    expect((await errorOf(response)).message).toContain('only application/json is accepted')
    expect(heard).toEqual([])
  })

  test('GET /chat says which method is allowed', async () => {
    const { url } = await house()
    const response = await fetch(`${url}/chat`)
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
  })
})

describe('GET /', () => {
  test('is a page for browsers that runs nothing but its own script', async () => {
    const { url } = await house()
    const response = await fetch(url, { headers: { accept: 'text/html,*/*;q=0.8' } })
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'; style-src 'self'/)
    const page = await response.text()
    expect(page).toContain('<title>Bellhop</title>')
    const parts = [...page.matchAll(/(?:src|href)="([^"#]+)"/g)].map(match => match[1] ?? '')
    expect(parts.length).toBeGreaterThan(1)
    for (const part of parts) expect((await fetch(`${url}/${part}`)).status, part).toBe(200)
    expect(page).not.toMatch(/<script>| style="| on[a-z]+="/)
  })

  test('is a list of what there is for programs', async () => {
    const { url } = await house()
    const body = (await (await fetch(url)).json()) as { endpoints: { path: string }[] }
    const paths = body.endpoints.map(endpoint => endpoint.path)
    expect(paths).toEqual(
      expect.arrayContaining(['/', '/health', '/chat/press', '/v1/chat/completions', '/agent', '/openapi.json']),
    )
  })
})

describe('health', () => {
  const sick = { name: 'video', state: 'error', tools: 0, error: 'spawn yt-dlp ENOENT' }
  test.for<[string, Partial<HouseStatus>, string, number]>([
    ['all is well', {}, 'ok', 200],
    ['a server is in error', { servers: [sick] }, 'degraded', 200],
    ['a server is switched off', { servers: [{ name: 'x', state: 'disabled', tools: 0 }] }, 'ok', 200],
    ['the queue is away', { queue: 'away' }, 'degraded', 503],
    ['it still starts', { ready: false }, 'degraded', 503],
  ])('when %s', async ([, change, status, ready]) => {
    const { url } = await house({ status: async () => ({ ...fine, ...change }) })
    const response = await fetch(`${url}/health`)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ status, model: 'm', servers: change.servers ?? fine.servers })
    expect((await fetch(`${url}/ready`)).status).toBe(ready)
  })

  test('names no server to a stranger when there are keys', async () => {
    const { url } = await house({ apiKeys: ['k-1'] })
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok', ready: true, queue: 'ok' })
    const known = await fetch(`${url}/health`, { headers: { authorization: 'Bearer k-1' } })
    expect(await known.json()).toMatchObject({ servers: fine.servers })
  })
})

describe('keys', () => {
  test.for<[string, Record<string, string>, number]>([
    ['none', {}, 401],
    ['a wrong one', { authorization: 'Bearer wrong' }, 401],
    ['a part of one', { authorization: 'Bearer key-on' }, 401],
    ['an empty one', { authorization: 'Bearer ' }, 401],
    ['one in another scheme', { authorization: 'Basic key-one' }, 401],
    ['the first', { authorization: 'Bearer key-one' }, 200],
    ['the second', { authorization: 'bearer key-two' }, 200],
  ])('%s', async ([, headers, status]) => {
    const { post, heard, url } = await house({ apiKeys: ['key-one', 'key-two'] })
    const response = await post('/chat', { message: 'hi' }, headers)
    expect(response.status).toBe(status)
    expect(heard).toHaveLength(status === 200 ? 1 : 0)
    if (status === 401) expect((await errorOf(response)).code).toBe('unauthorized')
    expect(JSON.stringify(heard)).not.toContain('key-one')
    for (const path of ['/', '/health', '/ready', '/page/app.js']) expect((await fetch(url + path)).status).toBe(200)
  })

  test('two keys are two people', async () => {
    const { post, heard } = await house({ apiKeys: ['key-one', 'key-two'] })
    for (const key of ['key-one', 'key-two', 'key-one'])
      await post('/chat', { message: 'hi' }, { authorization: `Bearer ${key}` })
    const [first, second, third] = heard.filter(isMessage).map(message => message.author.id)
    expect(first).not.toBe(second)
    expect(third).toBe(first)
  })

  test('the session of one key is not that of another, even by the same id', async () => {
    const { post, heard } = await house({ apiKeys: ['key-one', 'key-two'] })
    for (const key of ['key-one', 'key-two', 'key-one']) {
      await post('/chat', { message: 'hi', session_id: 'same-session' }, { authorization: `Bearer ${key}` })
    }
    const [first, second, third] = heard.map(({ conversation }) => conversation)
    expect(first).not.toBe(second)
    expect(third).toBe(first)
  })

  test('are needed beyond loopback', async () => {
    const start = house({ host: '0.0.0.0' })
    await expect(start).rejects.toThrow(ConfigError)
    await expect(start).rejects.toThrow(/HTTP_API_KEYS/)
  })
})

describe('names', () => {
  /** `fetch` writes the Host header itself, so this speaks HTTP by hand. */
  function statusFor(url: string, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      socket.on('error', reject)
      socket.on('data', data => {
        resolve(Number(data.toString().split(' ')[1]))
        socket.destroy()
      })
      socket.end(`GET /ready HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    })
  }
  test.for<[string, number]>([
    ['localhost:8000', 200],
    ['LOCALHOST', 200],
    ['127.0.0.1', 200],
    ['[::1]:9', 200],
    ['evil.example', 403],
    ['localhost.evil.example', 403],
    ['127.0.0.1.nip.io:8000', 403],
    ['10.0.0.1', 403],
  ])('Host: %s', async ([host, status]) => {
    const { url } = await house()
    expect(await statusFor(url, host)).toBe(status)
  })

  test('any name is answered beyond loopback', async () => {
    const { url } = await house({ host: '0.0.0.0', apiKeys: ['k'] })
    expect(await statusFor(url, 'bot.example')).toBe(200)
  })
})

test('gives no foreign page a leave', async () => {
  const { url } = await house()
  const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
  const response = await fetch(`${url}/chat`, { method: 'OPTIONS', headers })
  expect(response.status).toBe(405)
  expect([...response.headers.keys()].filter(name => name.startsWith('access-control'))).toEqual([])
})

test('a port in use is a sentence for the operator', async () => {
  const { url } = await house()
  const port = Number(new URL(url).port)
  await expect(house({ port })).rejects.toThrow(
    new ConfigError(`port ${port} on 127.0.0.1 is already in use: stop the other process or set PORT`),
  )
})

test('stops although a client keeps its connection open, and can start again', async () => {
  const { adapter, url } = await house({}, silence)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write('POST /chat HTTP/1.1\r\nHost: localhost\r\n')
  await new Promise(resolve => socket.once('connect', resolve))
  await adapter.stop()
  expect(adapter.url).toBeUndefined()
  await adapter.start(async () => {})
  expect((await fetch(`${adapter.url}/ready`)).status).toBe(200)
})
