import { afterEach, describe, expect, test } from 'vitest'
import type { ServerConfig } from '../src/config/servers.ts'
import { silentLog } from '../src/log.ts'
import type { ToolProgress } from '../src/toolbox.ts'
import { build, call, closeAll, namesOf, openHost, raw, sqlite, start, v1 } from './wire/mcp/start.ts'

afterEach(closeAll)

describe('a local server', () => {
  test('the bundled sqlite server lists its tools and answers', async () => {
    const box = await start(sqlite())
    expect(namesOf(box)).toContain('db__read_query')
    expect(await call(box, 'db__read_query', { query: 'SELECT count(*) AS n FROM rooms' })).toEqual({
      ok: true,
      text: '| n |\n| --- |\n| 12 |\n\n1 row',
      count: 1,
    })
    expect(box.servers()).toMatchObject([
      { name: 'db', state: 'active', tools: 6, instructions: expect.stringContaining('list_tables') },
    ])
  })

  test('a v1 server answers, with readable text for every kind of content', async () => {
    const box = await start(v1())
    expect(await call(box, 'v1__echo_loud', { text: 'hello' })).toEqual({ ok: true, text: 'HELLO' })
    expect(await call(box, 'v1__numbers')).toEqual({ ok: true, text: '- sum: 42', structured: { sum: 42 } })
    expect(await call(box, 'v1__media')).toEqual({
      ok: true,
      text: 'report <file:///report.pdf>',
      files: [{ data: Buffer.alloc(12_000) }],
    })
    expect(await call(box, 'v1__nothing')).toEqual({ ok: true, text: '(the tool returned nothing)' })
    expect(await call(box, 'v1__refuse')).toEqual({ ok: false, text: 'not today' })
    expect((await call(box, 'v1__flood')).text).toHaveLength(150_000)
  })

  test.each(['silent', 'fragile'])('an old server that is %s when asked for the newest protocol still connects', async mode => {
    const box = await start(raw(mode, { connectMs: 4000 }))
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

  test('a crashed server comes back by itself, its tools listed meanwhile', async () => {
    const box = await start(raw())
    await call(box, 'raw__crash')
    expect(box.servers()).toMatchObject([{ state: 'connecting', error: 'server "raw" is away: it ended with code 9' }])
    expect(namesOf(box)).toContain('raw__hang')
    await expect.poll(() => box.servers()).toMatchObject([{ state: 'active' }])
    expect(box.servers()[0]?.error).toBeUndefined()
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
    expect(await call(box, 'raw__hang')).toEqual({
      ok: false,
      text: 'Hang (raw__hang) failed: no sign of life for 150 ms',
      fault: 'timed-out',
    })
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
        error: 'server "raw" could not start: it ended with code 3',
      },
      { state: 'error', error: 'server "y" could not start: its folder "/no/such/folder" does not exist' },
      { state: 'active', error: undefined },
    ])
    expect(namesOf(box)).toContain('v1__numbers')
  })

  test('tells what it printed to the log alone, without the values of its environment', async () => {
    const logged: string[] = []
    const log = { ...silentLog, warn: (facts: object) => void logged.push(JSON.stringify(facts)) }
    await openHost({ log }).start([raw('broken', {}, { VAULT_KEY: 'hunter2-hunter2' })])
    expect(logged.join()).toContain('cannot open the vault with [hidden]')
  })

  test('is given up when it stays mute', async () => {
    const box = await start(raw('mute', { connectMs: 400 }))
    expect(box.servers()).toMatchObject([
      { state: 'error', error: 'server "raw" could not start: it did not answer within 400 ms' },
    ])
  })

  test('does not hold up what is up already', async () => {
    const box = build(raw('mute', { connectMs: 3000 }), v1())
    const started = box.start()
    await expect.poll(() => namesOf(box)).toContain('v1__numbers')
    expect(box.servers()).toMatchObject([{ state: 'connecting' }, { state: 'active' }])
    await box.close()
    await started
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
