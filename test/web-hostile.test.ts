import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as patience } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { WebOptions } from '../adapters/web/web.ts'
import { createRandom, type Random } from './chaos/random.ts'
import { exchange, head, jsonHead, openLine, posting, pour, residentOf, statusesIn } from './raw-http.ts'

/** A web door in a process of its own; see there what it answers. */
async function startHouse(options: Partial<WebOptions> = {}) {
  const bench = join(import.meta.dirname, '../bench/report-memory.ts')
  const args = ['--expose-gc', '--import', bench, join(import.meta.dirname, 'hostile-house.ts')]
  const child = spawn(process.execPath, [...args, JSON.stringify({ perMinute: 1_000_000, ...options })])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
  const end = async () => {
    child.kill()
    if (child.exitCode === null) await once(child, 'exit')
  }
  const found = (what: RegExp, from = 0) =>
    vi.waitFor(() => what.exec(output.slice(from))?.[1] ?? expect.fail(`it never said ${what}: ${output}`), { timeout: 20_000 })
  const url = await found(/\[listening\] (\S+)/)
  return {
    ...{ url, port: Number(new URL(url).port), pid: child.pid, output: () => output, end },
    isWell: async () => child.exitCode === null && (await fetch(`${url}/health`)).status === 200,
    count: (what: RegExp) => output.match(what)?.length ?? 0,
    /** Of the heap, garbage collected. */
    async heap(): Promise<number> {
      const from = output.length
      child.kill('SIGUSR2')
      return Number(await found(/\[memory\] .*"heapUsed":(\d+)/, from))
    },
    post: (path: string, body: string) =>
      fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
  }
}

type House = Awaited<ReturnType<typeof startHouse>>
let house: House
beforeAll(async () => {
  house = await startHouse({ patienceMs: 500, corsOrigins: ['https://app.example'] })
}, 30_000)
afterAll(() => house.end())

async function routes(): Promise<{ method: string; path: string }[]> {
  return ((await (await fetch(house.url)).json()) as { endpoints: { method: string; path: string }[] }).endpoints
}
const postPaths = async () => (await routes()).filter(({ method }) => method === 'POST').map(({ path }) => path)
const megabyte = 1_000_000

describe('a request that could be read in two ways', () => {
  const second = `GET /health HTTP/1.1\r\n${head}\r\n`
  test.for<[string, string]>([
    ['with a length and chunks', `${jsonHead}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`],
    ['with chunks and a length', `${jsonHead}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${second}`],
    ['with two lengths', `${jsonHead}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}${second}`],
    ['with the same length twice', `${jsonHead}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}${second}`],
    ['in a foreign coding', `${jsonHead}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${second}`],
    ['in two codings', `${jsonHead}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${second}`],
    ['with a space before the colon', `${jsonHead}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${second}`],
    ['with a folded header', `${jsonHead}Transfer-Encoding:\r\n xchunked\r\n\r\n0\r\n\r\n${second}`],
    ['with a negative length', `${jsonHead}Content-Length: -1\r\n\r\n{}${second}`],
    ['with a length in hex', `${jsonHead}Content-Length: 0x2\r\n\r\n{}${second}`],
    ['with a chunk of a bad size', `${jsonHead}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n${second}`],
    ['with bare line feeds', `${jsonHead}Content-Length: 2\r\n\r\n{}${second}`.replaceAll('\r', '')],
  ])('%s is refused, and what stands behind it is not read', async ([, rest]) => {
    expect(statusesIn(await exchange(house.port, `POST /chat HTTP/1.1\r\n${rest}`))).toEqual([400])
    expect(await house.isWell()).toBe(true)
  })

  test.for<[string, string, number]>([
    ['a header of 1 MB', `GET /health HTTP/1.1\r\n${head}X: ${'a'.repeat(megabyte)}\r\n\r\n`, 431],
    ['a URL of 100 kB', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n${head}\r\n`, 431],
    ['no Host', 'GET /health HTTP/1.1\r\n\r\n', 400],
    ['the beginning of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['no method that anybody knows', `JUMP /health HTTP/1.1\r\n${head}\r\n`, 400],
  ])('%s is refused', async ([, text, status]) => {
    expect(statusesIn(await exchange(house.port, text))).toEqual([status])
    expect(await house.isWell()).toBe(true)
  })

  test('of which many come at once is answered in order', async () => {
    const line = openLine(house.port, `GET /health HTTP/1.1\r\n${head}\r\nGET /nowhere HTTP/1.1\r\n${head}\r\n`.repeat(25))
    const expected = Array.from({ length: 25 }, () => [200, 404]).flat()
    await expect.poll(() => statusesIn(line.received()), { timeout: 10_000 }).toEqual(expected)
    line.socket.destroy()
  })
})

test('every path says of every method whether it is meant', async () => {
  for (const { path } of [...(await routes()), { path: '/nowhere' }])
    for (const method of ['HEAD', 'OPTIONS', 'TRACE', 'PUT', 'PATCH', 'DELETE', 'CONNECT']) {
      const received = await exchange(house.port, `${method} ${path} HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
      const where = `${method} ${path}: ${received}`
      if (method === 'CONNECT') expect(received, where).toBe('')
      else expect([200, 400, 403, 404, 405], where).toContain(statusesIn(received)[0])
      if (method === 'HEAD') expect(received.split('\r\n\r\n')[1], where).toBe('')
      if (method === 'TRACE') expect(received, where).not.toMatch(/TRACE .* HTTP/)
    }
  expect(await house.isWell()).toBe(true)
})

test('no trick with a path leads anywhere else', async () => {
  const tricks = [
    '//',
    '//etc/passwd',
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/page/..%2fpackage.json',
    '/page/..%5cweb.ts',
  ]
  tricks.push(
    '/page/%2e%2e/web.ts',
    '/health%00',
    '/chat%0d%0aX: y',
    '/%',
    '/%ff',
    '/%c0%ae%c0%ae/',
    '/v1/models/%E0%A4%A',
    '/\u0000',
    '*',
  )
  for (const path of [...tricks, `/${'%2e%2e%2f'.repeat(500)}etc/passwd`]) {
    const received = await exchange(house.port, `GET ${path} HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
    expect([400, 404], `${path}: ${received}`).toContain(statusesIn(received)[0])
    expect(received, path).not.toMatch(/root:|createWebAdapter|"dependencies"/)
  }
  expect(await house.isWell()).toBe(true)
})

describe('a body', () => {
  test.for<[string, boolean]>([
    ['that says its length', false],
    ['in chunks', true],
  ])('of 256 MB %s is refused and not kept', async ([, isChunked]) => {
    const before = residentOf(house.pid).peak
    for (const path of ['/chat', '/v1/chat/completions']) {
      const { status, sent } = await pour(house.port, path, 256 * megabyte, isChunked)
      expect(status).toBe(413)
      expect(sent).toBeLessThan(200 * megabyte)
    }
    expect(residentOf(house.pid).peak - before).toBeLessThan(120 * megabyte)
    expect(await house.isWell()).toBe(true)
  })

  test.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('of a hundred thousand "%s" is refused', async (open, close) => {
    const body = `{"message":${open.repeat(100_000)}1${close.repeat(100_000)}}`
    const ask = `HTTP/1.1\r\n${jsonHead}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    for (const path of await postPaths())
      expect(await exchange(house.port, `POST ${path} ${ask}`), path).toMatch(/too deep|nobody can bring servers/)
    expect(await house.isWell()).toBe(true)
  })

  const session_id = 'session-1'
  const file = (url: string) => ({ message: 'hi', attachments: [{ name: 'a', url }] })
  const many = (one: string, count: number) => JSON.parse(`[${Array(count).fill(one).join()}]`) as unknown
  const v1 = (message: object, count = 1) => ({ messages: Array(count).fill(message) })
  test.for<[string, string, object, number, RegExp]>([
    ['a file that ends with no end', '/chat', file(`data:a/b;base64,${'='.repeat(300_000)}x`), 200, /echo/],
    ['a file of many sorts', '/chat', file(`data:a/b${';a'.repeat(3_500_000)};base64,YQ==`), 400, /must be a data: URL/],
    [
      'an address that ends with no end',
      '/api/chat/stream',
      { session_id, content: 'hi', model_config: { base_url: `${'/'.repeat(300_000)}x` } },
      400,
      /base_url/,
    ],
    ['a million calls', '/v1/chat/completions', v1({ role: 'assistant', tool_calls: many('{}', 1_000_000) }), 400, /too many/],
    ['many lists of many parts', '/v1/chat/completions', v1({ role: 'user', content: many('1', 200) }, 5000), 400, /too many/],
  ])('with %s costs as little as any', { timeout: 30_000 }, async ([, path, body, status, said]) => {
    const own = await startHouse()
    onTestFinished(own.end)
    const asked = own.post(path, JSON.stringify(body)).then(async answer => `${answer.status} ${await answer.text()}`)
    const answer = await Promise.race([asked, patience(8000)]) // each could hold the whole house up
    expect(answer).toMatch(new RegExp(`^${status} `))
    expect(answer).toMatch(said)
    expect(own.output()).not.toContain('"level":50')
    expect(residentOf(own.pid).peak).toBeLessThan(400 * megabyte)
  })

  test('that breaks off is nothing that an operator is told', async () => {
    for (const rest of ['Content-Length: 100\r\n\r\n{"mess', 'Transfer-Encoding: chunked\r\n\r\n5\r\n{"mes']) {
      const line = openLine(house.port, `POST /chat HTTP/1.1\r\n${jsonHead}${rest}`)
      await once(line.socket, 'connect')
      await house.isWell()
      line.socket.destroy()
      await line.closed
    }
    await exchange(house.port, `POST /chat HTTP/1.1\r\n${jsonHead}Transfer-Encoding: chunked\r\n\r\nzz\r\n`)
    await house.isWell()
    expect(house.output()).not.toContain('"level":50')
  })
})

const seed = 20_260_101

/** Anything that JSON can say, and some of it where it is expected. */
function anything(random: Random, depth = 0): unknown {
  const texts = [
    '',
    ' ',
    'x',
    '\u0000',
    '\ud800',
    '\u202e‮',
    '𠮷'.repeat(50),
    'session-1',
    'bellhop',
    'user',
    '2.0',
    'tools/list',
    'text',
    '1e999',
  ]
  const leaf = () =>
    random.pick<unknown>([
      null,
      true,
      false,
      0,
      -1,
      1.5,
      2 ** 53,
      1e308,
      ...texts,
      'y'.repeat(Math.floor(random.between(1, 2000))),
    ])
  if (depth > 3 || random.chance(0.4)) return leaf()
  const size = Math.floor(random.between(0, 4))
  if (random.chance(0.4)) return Array.from({ length: size }, () => anything(random, depth + 1))
  return Object.fromEntries(Array.from({ length: size }, () => [random.pick(fields), anything(random, depth + 1)]))
}
const fields = [
  'message',
  'messages',
  'session_id',
  'content',
  'role',
  'task',
  'tools',
  'tool_choice',
  'model',
  'model_config',
  'stream',
]
fields.push(
  'input',
  'name',
  'url',
  'type',
  'text',
  'image_url',
  'action',
  'token',
  'message_id',
  'jsonrpc',
  'method',
  'params',
  'id',
)
fields.push('__proto__', 'constructor', 'toString', 'max_tokens', 'temperature', 'function', 'parameters', 'stop', 'n', '')

/** One in five is cut, spoilt or no JSON at all. */
function bodyOf(random: Random): string {
  const whole = JSON.stringify(Object.fromEntries(Array.from({ length: 4 }, () => [random.pick(fields), anything(random)])))
  if (random.chance(0.8)) return whole
  const at = Math.floor(random.between(0, whole.length))
  return random.pick([whole.slice(0, at), `${whole.slice(0, at)}\u0001${whole.slice(at)}`, `[${whole}]`, '', '0', '"\\u00'])
}

test('six hundred bodies that chance wrote get an answer each that is documented', async () => {
  const random = createRandom(seed)
  const asked = (await postPaths()).flatMap(path => Array.from({ length: 45 }, () => ({ path, body: bodyOf(random) })))
  expect(asked.length).toBeGreaterThanOrEqual(600)
  const tried: Record<number, number> = {}
  for (let at = 0; at < asked.length; at += 40)
    await Promise.all(
      asked.slice(at, at + 40).map(async ({ path, body }) => {
        const response = await house.post(path, body)
        const text = await response.text()
        const where = `${path} ${body.slice(0, 300)} → ${response.status} ${text.slice(0, 300)}`
        tried[response.status] = (tried[response.status] ?? 0) + 1
        expect([200, 400, 403, 404, 504], where).toContain(response.status)
        if (response.status === 200 || path === '/mcp') return
        const error = (JSON.parse(text) as { error: object }).error
        const keys = path.startsWith('/v1/') ? ['code', 'message', 'param', 'type'] : ['code', 'message']
        expect(Object.keys(error).toSorted(), where).toEqual(keys)
      }),
    )
  expect(tried[400], JSON.stringify(tried)).toBeGreaterThan(300)
  expect(house.output()).not.toContain('"level":50')
  expect(await house.isWell()).toBe(true)
}, 60_000)

test('who asks many things at once and goes away keeps no place, and his questions are taken back', async () => {
  const before = house.count(/\[withdrawn\]/g)
  const v1 = { model: 'bellhop', messages: [{ role: 'user', content: 'never' }] }
  const line = openLine(
    house.port,
    posting('/v1/chat/completions', v1).repeat(10) + posting('/chat', { message: 'never' }).repeat(100),
  )
  await once(line.socket, 'connect')
  await house.isWell()
  line.socket.destroy()
  await expect.poll(() => house.count(/\[withdrawn\]/g) - before, { timeout: 10_000 }).toBe(10)
  const statuses = async () =>
    (await Promise.all(Array.from({ length: 60 }, () => house.post('/chat', '{"message":"hi"}')))).map(({ status }) => status)
  await expect.poll(statuses, { timeout: 10_000 }).toEqual(Array(60).fill(200))
})

describe('who takes what he asked for slowly, or not at all', () => {
  let sessions = 0
  const doors: [string, (text: string) => object][] = [
    ['/chat/stream', message => ({ message })],
    ['/api/chat/stream', content => ({ session_id: `session-${++sessions}`, content })],
    ['/v1/chat/completions', content => ({ model: 'bellhop', stream: true, messages: [{ role: 'user', content }] })],
  ]

  test('is let go after a while, and holds up nobody', async () => {
    const own = await startHouse({ heartbeatEveryMs: 200 })
    onTestFinished(own.end)
    const before = residentOf(own.pid).now
    const lines = doors.map(([path, body]) => {
      const line = openLine(own.port, posting(path, body('long 6000'))) // more than the system takes on their behalf
      line.socket.pause()
      return line
    })
    const letGo = () => own.count(/takes nothing any more/g)
    for (let n = 0; letGo() < lines.length && n < 2000; n++)
      expect(await (await own.post('/chat', '{"message":"hi"}')).json()).toMatchObject({ response: 'echo: hi' })
    expect(letGo()).toBe(lines.length)
    for (const { socket } of lines) socket.resume()
    await Promise.all(lines.map(({ closed }) => closed))
    expect(lines.every(({ received }) => !/event: done|"complete"|\[DONE\]/.test(received()))).toBe(true)
    expect(residentOf(own.pid).peak - before).toBeLessThan(400 * megabyte)
    expect(await own.isWell()).toBe(true)
  }, 60_000)

  test.each(doors)('but takes it gets the whole: %s', async (path, body) => {
    const own = await startHouse()
    onTestFinished(own.end)
    const line = openLine(own.port, posting(path, body('long 1500')))
    const pauses = setInterval(() => (line.socket.isPaused() ? line.socket.resume() : line.socket.pause()), 20)
    onTestFinished(() => clearInterval(pauses))
    await expect.poll(() => /event: done|"complete"|\[DONE\]/.test(line.received()), { timeout: 20_000 }).toBe(true)
    expect(line.received()).not.toMatch(/event: error|"error"/)
    line.socket.destroy()
  })
})

test('what was answered is forgotten, although a question could have taken much longer', async () => {
  const own = await startHouse()
  onTestFinished(own.end)
  const asks = [
    ['/chat/stream', { message: 'long 50' }],
    ['/api/chat/stream', { session_id: 'session-1', content: 'long 50' }],
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'long 50' }], model: 'bellhop', stream: true }],
    ['/agent', { task: 'long 50' }],
  ] as const
  const round = async (times: number) => {
    for (let n = 0; n < times; n++)
      await Promise.all(asks.map(async ([path, body]) => (await own.post(path, JSON.stringify(body))).text()))
  }
  await round(10)
  const before = await own.heap()
  await round(50)
  expect((await own.heap()) - before).toBeLessThan(3 * megabyte) // 10 MB were said
}, 60_000)

describe('connections that are never used', () => {
  const sockets = { connections: 100, headersMs: 1500, requestMs: 2000 }
  let own: House
  beforeAll(async () => {
    own = await startHouse({ sockets })
  }, 30_000)
  afterAll(() => own.end())
  const health = (from: string) => exchange(own.port, `GET /health HTTP/1.1\r\n${head}Connection: close\r\n\r\n`, from)

  /** Those that were let in, which is told when their time is over. */
  async function admitted(text: string, from: (at: number) => string): Promise<number> {
    const halves = Array.from({ length: 300 }, (_, at) => openLine(own.port, at % 2 ? text : '', from(at)))
    if (from(0) === from(1)) await expect.poll(async () => statusesIn(await health('127.0.0.8'))).toEqual([200])
    await Promise.all(halves.map(({ closed }) => closed))
    await expect.poll(async () => statusesIn(await health(from(0)))).toEqual([200])
    return halves.filter(({ received }) => statusesIn(received())[0] === 408).length
  }

  test('are so many to an address, which is all that others notice, and end', async () => {
    expect(await admitted('POST /chat HTTP/1.1\r\nHost: loc', () => '127.0.0.7')).toBe(50)
    expect(own.count(/too many connections/g)).toBe(1)
  })

  test('are so many in all, and end', async () => {
    expect(await admitted('GET /', at => `127.0.1.${at % 50}`)).toBe(100)
  })

  test('nor those of which a byte comes now and then', async () => {
    const line = openLine(own.port, `POST /chat HTTP/1.1\r\n${jsonHead}Content-Length: 100000\r\n\r\n`)
    const drip = setInterval(() => line.socket.write(' '), 100)
    await line.closed
    clearInterval(drip)
    expect(statusesIn(line.received())).toEqual([408])
    expect(await own.isWell()).toBe(true)
  })
})
