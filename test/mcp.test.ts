import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { ServerConfig, UrlTransport } from '../src/config/servers.ts'
import { silentLog } from '../src/log.ts'
import { createToolbox, type RunningToolbox } from '../src/mcp/toolbox.ts'
import type { ToolProgress, ToolResult } from '../src/toolbox.ts'
import { startV1Web, type V1Web } from './wire/mcp/v1-web.ts'

const here = import.meta.dirname
const defaults = { connectMs: 10_000, callMs: 10_000, maxCallMs: 20_000, include: [], exclude: [] }
const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map(one => one.close()))
})

function program(name: string, args: string[], more: Partial<ServerConfig> = {}, env: Record<string, string> = {}): ServerConfig {
  return { name, ...defaults, ...more, transport: { kind: 'stdio', command: process.execPath, args, env } }
}
const raw = (mode = '', more: Partial<ServerConfig> = {}, env = {}) =>
  program('raw', [`${here}/wire/mcp/raw.ts`, mode], more, env)
const v1 = (more: Partial<ServerConfig> = {}) => program('v1', [`${here}/wire/mcp/v1.ts`], more)
const sqlite = (name = 'db') =>
  program(
    name,
    [`${here}/../servers/sqlite/sqlite.ts`],
    {},
    { DB_PATH: join(mkdtempSync(join(tmpdir(), 'bellhop-')), 'hotel.db') },
  )
const remote = (url: string, kind: UrlTransport['kind'], headers = {}): ServerConfig => ({
  name: 'web',
  ...defaults,
  transport: { kind, url, headers },
})

async function start(...servers: ServerConfig[]): Promise<RunningToolbox> {
  const box = createToolbox(servers, { log: silentLog })
  open.push(box)
  await box.start()
  return box
}

async function startWeb(kind: 'http' | 'sse', port = 0): Promise<V1Web> {
  const web = await startV1Web(kind, port)
  open.push(web)
  return web
}

function call(
  box: RunningToolbox,
  name: string,
  input = {},
  signal?: AbortSignal,
  progress: ToolProgress[] = [],
): Promise<ToolResult> {
  return box.call(name, input, { signal: signal ?? new AbortController().signal, onProgress: step => progress.push(step) })
}
const namesOf = (box: RunningToolbox) => box.list().map(tool => tool.name)

describe('a local server', () => {
  test('the bundled sqlite server lists its tools and answers', async () => {
    const box = await start(sqlite())
    expect(namesOf(box)).toContain('db__read_query')
    expect(await call(box, 'db__read_query', { query: 'SELECT count(*) AS n FROM rooms' })).toEqual({
      ok: true,
      text: '| n |\n| --- |\n| 12 |\n\n1 row',
    })
    expect(box.servers()).toMatchObject([
      { name: 'db', state: 'active', tools: 6, instructions: expect.stringContaining('list_tables') },
    ])
  })

  test('a v1 server answers, with readable text for every kind of content', async () => {
    const box = await start(v1())
    expect(await call(box, 'v1__echo_loud', { text: 'hello' })).toEqual({ ok: true, text: 'HELLO' })
    expect(await call(box, 'v1__numbers')).toEqual({ ok: true, text: '{\n  "sum": 42\n}' })
    expect(await call(box, 'v1__media')).toEqual({ ok: true, text: '[image image/png, 12 KB]\n\nreport <file:///report.pdf>' })
    expect(await call(box, 'v1__nothing')).toEqual({ ok: true, text: '(the tool returned nothing)' })
    expect(await call(box, 'v1__refuse')).toEqual({ ok: false, text: 'not today' })
    const flood = await call(box, 'v1__flood')
    expect(flood.text).toContain('the result has 150000 characters')
    expect(flood.text.length).toBeLessThan(100_200)
  })

  test.each(['silent', 'fragile'])('an old server that is %s when asked for the newest protocol still connects', async mode => {
    const box = await start(raw(mode, { connectMs: 2000 }))
    expect(box.servers()).toMatchObject([{ state: 'active' }])
    expect(await call(box, 'raw__cancelled')).toEqual({ ok: true, text: '0' })
  })

  test('a bad tool does not take the good ones with it, on whichever page it stands', async () => {
    const box = await start(raw())
    expect(namesOf(box).map(name => name.slice(5))).toEqual([
      'crash',
      'hang',
      'flood',
      'drip',
      'cancelled',
      'family',
      'no_schema',
      'choice',
      'odd',
      'grow',
    ])
    expect(box.list().find(tool => tool.name === 'raw__choice')?.inputSchema).toEqual({ type: 'object', properties: { a: {} } })
  })

  test('a bad block of content does not take the good ones with it', async () => {
    const box = await start(raw())
    expect(await call(box, 'raw__odd')).toEqual({
      ok: true,
      text: 'fine\n\n[hologram content that cannot be shown]\n\n[image content that cannot be shown]',
    })
  })

  test('tools that come later are listed', async () => {
    const box = await start(raw())
    expect(namesOf(box)).not.toContain('raw__grown')
    await call(box, 'raw__grow')
    await expect.poll(() => namesOf(box)).toContain('raw__grown')
  })

  test('after a crash the next call finds it up again', async () => {
    const box = await start(raw())
    const crashed = await call(box, 'raw__crash')
    expect(crashed.ok).toBe(false)
    expect(crashed.text).toContain('stopped before it answered')
    expect(namesOf(box)).toContain('raw__cancelled')
    expect(await call(box, 'raw__cancelled')).toEqual({ ok: true, text: '0' })
    expect(box.servers()).toMatchObject([{ state: 'active' }])
  })

  test('many calls on a crashed server wait for one new process', async () => {
    const box = await start(raw())
    await call(box, 'raw__crash')
    const families = await Promise.all([1, 2, 3, 4].map(() => call(box, 'raw__family')))
    expect(new Set(families.map(({ text }) => JSON.parse(text)[0])).size).toBe(1)
  })

  test('closing ends the whole tree of processes, also of one that refuses to go', async () => {
    const box = await start(raw('stubborn'))
    const { text } = await call(box, 'raw__family')
    const family: number[] = JSON.parse(text)
    expect(family.map(isAlive)).toEqual([true, true])
    await box.close()
    await expect.poll(() => family.map(isAlive)).toEqual([false, false])
  })
})

describe('the time of a call', () => {
  test('a call without a sign of life is given up, and cancelled on the wire', async () => {
    const box = await start(raw('', { callMs: 150 }))
    expect(await call(box, 'raw__hang')).toEqual({ ok: false, text: 'Hang (raw__hang) failed: no sign of life for 150 ms' })
    expect(await call(box, 'raw__cancelled')).toEqual({ ok: true, text: '1' })
  })

  test('progress keeps a long call alive', async () => {
    const box = await start(raw('', { callMs: 300 }))
    const progress: ToolProgress[] = []
    expect(await call(box, 'raw__drip', { times: 12 }, undefined, progress)).toEqual({ ok: true, text: 'dripped' })
    expect(progress.at(-1)).toEqual({ done: 12, total: 100, message: 'step 12' })
  })

  test('progress does not keep it alive for ever', async () => {
    const box = await start(raw('', { callMs: 300, maxCallMs: 500 }))
    expect((await call(box, 'raw__drip', { times: 1000 })).text).toContain('not finished after 500 ms')
  })

  test('a flood of progress arrives and harms nothing', async () => {
    const box = await start(raw())
    const progress: ToolProgress[] = []
    expect(await call(box, 'raw__flood', {}, undefined, progress)).toEqual({ ok: true, text: 'flooded' })
    expect(progress.length).toBeGreaterThan(1000)
  })

  test('the caller can cancel, on the wire as well', async () => {
    const box = await start(raw())
    const stop = new AbortController()
    const result = call(box, 'raw__hang', {}, stop.signal)
    setTimeout(() => stop.abort(), 50)
    expect((await result).text).toContain('cancelled')
    expect(await call(box, 'raw__cancelled')).toEqual({ ok: true, text: '1' })
  })

  test('a call with an aborted signal, or after the house has closed, ends at once', async () => {
    const box = await start(raw())
    expect((await call(box, 'raw__hang', {}, AbortSignal.abort())).ok).toBe(false)
    const running = call(box, 'raw__hang')
    await box.close()
    expect((await running).ok).toBe(false)
    expect((await call(box, 'raw__hang')).ok).toBe(false)
  })
})

describe('a server that cannot start', () => {
  test('says why in one sentence, and does not take the others down', async () => {
    const missing: ServerConfig = {
      ...raw(),
      name: 'x',
      transport: { kind: 'stdio', command: 'no-such-command', args: [], env: {} },
    }
    const lost: ServerConfig = {
      ...raw(),
      name: 'y',
      transport: { kind: 'stdio', command: 'node', args: [], env: {}, cwd: '/no/such/folder' },
    }
    const box = await start(missing, raw('broken', {}, { VAULT_KEY: 'hunter2-hunter2' }), lost, v1())
    expect(box.servers().map(({ state, error }) => ({ state, error }))).toEqual([
      { state: 'error', error: 'server "x" could not start: command "no-such-command" was not found' },
      {
        state: 'error',
        error: 'server "raw" could not start: it ended with code 3; it said: cannot open the vault with [hidden]',
      },
      { state: 'error', error: 'server "y" could not start: its folder "/no/such/folder" does not exist' },
      { state: 'active', error: undefined },
    ])
    expect(namesOf(box)).toContain('v1__numbers')
  })

  test('is given up when it stays mute', async () => {
    const box = await start(raw('mute', { connectMs: 400 }))
    expect(box.servers()).toMatchObject([
      { state: 'error', error: 'server "raw" could not start: it did not answer within 400 ms' },
    ])
  })

  test('does not hold up what is up already', async () => {
    const box = createToolbox([raw('mute', { connectMs: 3000 }), v1()], { log: silentLog })
    open.push(box)
    const started = box.start()
    await expect.poll(() => namesOf(box)).toContain('v1__numbers')
    expect(box.servers()).toMatchObject([{ state: 'connecting' }, { state: 'active' }])
    await box.close()
    await started
  })
})

describe('a remote server', () => {
  test.each([
    ['http', 'http'],
    ['http', 'auto'],
    ['sse', 'sse'],
    ['sse', 'auto'],
  ] as const)('one that speaks %s is reached by %s, with its headers', async (spoken, kind) => {
    const web = await startWeb(spoken)
    const box = await start(remote(web.url, kind, { 'x-key': 'open sesame' }))
    expect(await call(box, 'web__echo_loud', { text: 'hi' })).toEqual({ ok: true, text: 'HI' })
    expect(web.heard.every(request => request.headers['x-key'] === 'open sesame')).toBe(true)
  })

  test('a session that the server has forgotten is opened anew', async () => {
    const web = await startWeb('http')
    const box = await start(remote(web.url, 'http'))
    web.forgetSessions()
    expect(await call(box, 'web__echo_loud', { text: 'again' })).toEqual({ ok: true, text: 'AGAIN' })
  })

  test('an answer lost on the way fails fast', async () => {
    const web = await startWeb('http')
    const box = await start(remote(web.url, 'http'))
    const result = call(box, 'web__wait')
    await expect.poll(() => web.heard.length).toBeGreaterThan(4)
    await sleep(50)
    web.cut()
    expect((await result).text).toContain('lost before the answer came')
  })

  test.each(['http', 'sse'] as const)('one that restarts is found again by %s', async kind => {
    const web = await startWeb(kind)
    const box = await start(remote(web.url, kind))
    await web.close()
    await startWeb(kind, Number(new URL(web.url).port))
    await sleep(50) // until the closed sockets are known to be closed
    expect(await call(box, 'web__echo_loud', { text: 'back' })).toEqual({ ok: true, text: 'BACK' })
  })

  test('one that is not there is told in a sentence', async () => {
    const web = await startWeb('http')
    await web.close()
    const box = await start(remote(web.url, 'auto'))
    expect(box.servers()).toMatchObject([
      { state: 'error', error: expect.stringContaining('could not be reached: connect ECONNREFUSED') },
    ])
  })
})

describe('the catalogue', () => {
  test('order and names are those of the configuration', async () => {
    const box = await start(v1(), raw('', { include: ['hang', 'flood'], exclude: ['flood'] }))
    expect(namesOf(box)).toEqual([
      ...['echo_loud', 'numbers', 'media', 'nothing', 'refuse', 'flood', 'wait'].map(name => `v1__${name}`),
      'raw__hang',
    ])
    expect(box.list()[0]).toMatchObject({ label: 'Echo', description: 'Repeats', server: 'v1' })
    expect(box.list()[1]).toMatchObject({ label: 'Numbers', inputSchema: { type: 'object', properties: {} } })
  })

  test.each(['v1__echo_loud', 'v1.echo.loud', 'v1_echo_loud'])('a tool answers to %s', async name => {
    expect(await call(await start(v1()), name, { text: 'hi' })).toEqual({ ok: true, text: 'HI' })
  })

  test('an unknown name is told the nearest ones', async () => {
    const box = await start(v1())
    const { ok, text } = await call(box, 'v1__number')
    expect(ok).toBe(false)
    expect(text).toMatch(/^there is no tool "v1__number"; the nearest are v1__numbers, /)
  })

  test('an excluded tool cannot be called', async () => {
    const box = await start(v1({ exclude: ['numbers'] }))
    expect((await call(box, 'v1__numbers')).text).toContain('there is no tool')
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
