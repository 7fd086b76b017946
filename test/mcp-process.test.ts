import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { createProcessTransport } from '../src/mcp/stdio.ts'
import { said } from './wire/mcp/raw-web.ts'
import { closeSessions, openSession, type TestSession, wild } from './wire/mcp/session.ts'
import { raw, start } from './wire/mcp/start.ts'

afterEach(closeSessions)

/** As `/proc` tells it: `Z` is a zombie, undefined is gone. */
function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[0]
  } catch {
    return undefined
  }
}
const states = (pids: number[]) => pids.map(stateOf)
const gone = (pids: number[]) => pids.map(() => undefined)

function zombiesOfOurs(): string[] {
  const stats = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        return [readFileSync(`/proc/${name}/stat`, 'latin1')]
      } catch {
        return []
      }
    })
  return stats.filter(stat => stat.slice(stat.lastIndexOf(')') + 2).startsWith(`Z ${process.pid} `))
}

/** Ways in which a helper leaves its family, each printing its id; the last clears the mark as well, and is found by its parent. */
const helpers = [
  'echo $$; sleep 60; true',
  'sh -c "echo \\$\\$; sleep 60; true" & wait',
  'setsid sh -c "echo \\$\\$; exec sleep 60"',
  'setsid sh -c "echo \\$\\$; exec sleep 60" >&1 & exit',
  'env -i setsid -w sh -c "echo \\$\\$; exec sleep 60"',
]

async function family(session: TestSession, commands = helpers): Promise<number[]> {
  const { text } = await session.use('write', { do: 'start', with: commands })
  const pids: number[] = JSON.parse(text)
  expect(pids).toHaveLength(commands.length + 1)
  expect(states(pids)).not.toContain(undefined)
  return pids
}

describe('3. the whole tree of processes ends', () => {
  test.each(['', 'modern'])('with its helpers, wherever they have gone (%s)', async mode => {
    const session = await openSession(wild(mode))
    const pids = await family(session)
    await session.close()
    await expect.poll(() => states(pids)).toEqual(gone(pids))
    expect(zombiesOfOurs()).toEqual([])
  })

  test('also when it crashes, for what carries its mark', async () => {
    const session = await openSession(wild())
    const pids = await family(session, helpers.slice(0, 4))
    await session.use('write', { do: 'crash' })
    await expect.poll(() => states(pids)).toEqual(gone(pids))
    expect(zombiesOfOurs()).toEqual([])
  })

  test('and behind a shell, as behind npx', async () => {
    const config = wild()
    const line = `"${process.execPath}" "${import.meta.dirname}/wire/mcp/wild.ts"; true`
    const session = await openSession({ ...config, transport: { kind: 'stdio', command: 'sh', args: ['-c', line], env: {} } })
    const pids = await family(session)
    await session.close()
    await expect.poll(() => states(pids)).toEqual(gone(pids))
  })

  test('of ten that crash again and again nothing is left', async () => {
    const sessions = await Promise.all(Array.from({ length: 10 }, () => openSession(wild())))
    const all = await Promise.all(sessions.map(session => family(session, helpers.slice(2, 4))))
    await Promise.all(sessions.map(session => session.use('write', { do: 'crash' })))
    const second = await Promise.all(sessions.map(session => family(session, helpers.slice(0, 2))))
    await Promise.all(sessions.map(session => session.close()))
    const pids = [...all, ...second].flat()
    await expect.poll(() => states(pids)).toEqual(gone(pids))
    expect(zombiesOfOurs()).toEqual([])
  }, 60_000)

  test('those that refuse to go are ended side by side', async () => {
    const began = performance.now()
    const one = await openSession(raw('stubborn'))
    await one.close()
    const alone = performance.now() - began
    const many = await Promise.all(Array.from({ length: 4 }, () => openSession(raw('stubborn'))))
    const before = performance.now()
    await Promise.all(many.map(session => session.close()))
    expect(performance.now() - before).toBeLessThan(3 * alone)
  })

  test('and so are all those of a host that closes', async () => {
    async function closing(names: string[]): Promise<number> {
      const host = await start(...names.map(name => raw('stubborn', { name })))
      const began = performance.now()
      await host.close()
      return performance.now() - began
    }
    const alone = await closing(['one'])
    expect(await closing(['one', 'two', 'three', 'four'])).toBeLessThan(3 * alone)
  }, 60_000)
})

describe('4. what a local server is given and what it says', () => {
  test.each(['', 'modern'])(
    'its environment is what the configuration says and a few harmless names: none of our secrets (%s)',
    async mode => {
      process.env['TELEGRAM_TOKEN'] = 'secret'
      const session = await openSession(wild(mode, {}, { LANG: 'C', HTTPS_PROXY: 'http://proxy' }))
      const names: string[] = JSON.parse((await session.use('write', { do: 'environment' })).text)
      delete process.env['TELEGRAM_TOKEN']
      expect(names).toEqual(expect.arrayContaining(['LANG', 'HTTPS_PROXY', 'PATH']))
      const allowed = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER', 'LANG', 'HTTPS_PROXY', 'BELLHOP_SERVER']
      expect(names.filter(name => !allowed.includes(name))).toEqual([])
    },
  )

  test('a flood on stderr blocks nothing, and its last 64 KB are kept', async () => {
    const { transport } = wild()
    if (transport.kind !== 'stdio') throw new Error('it is')
    const line = createProcessTransport(transport, 1_000_000)
    const heard: unknown[] = []
    line.onmessage = message => heard.push(message)
    await line.start()
    const call = { jsonrpc: '2.0' as const, id: 1, method: 'tools/call', params: { name: 'write', arguments: { do: 'noise' } } }
    await line.send(call)
    await expect.poll(() => heard).toHaveLength(1)
    await expect.poll(() => line.stderr().endsWith('the last words')).toBe(true)
    expect(line.stderr()).toHaveLength(64 * 1024)
    await line.close()
  })

  test('its last words after a crash are for the log, without the values of its environment, and for nobody else', async () => {
    const session = await openSession(wild('', {}, { VAULT_KEY: 'hunter2-hunter2' }))
    const { text } = await session.use('write', { do: 'crash', with: 'I fell over hunter2-hunter2' })
    expect(text).toContain('it ended with code 9')
    expect(text).not.toContain('I fell over')
    await expect.poll(() => session.warnings.join()).toContain('I fell over [hidden]')
    expect(session.status().error ?? '').not.toContain('I fell over')
  })

  test('one that ends when it is asked for its tools has ended, and does not merely fail', async () => {
    const session = await openSession(wild('dying'))
    expect(session.status().error).toBe('server "wild" could not list its tools: it ended with code 9')
    expect(session.warnings.join()).toContain('no tools today')
  })

  test('lines that are no messages are passed over', async () => {
    const session = await openSession(wild())
    expect((await session.use('write', { do: 'noise' })).text).toBe('done')
    expect(session.murmurs.filter(line => line.includes('no message')).length).toBeGreaterThanOrEqual(3)
  })

  test('a batch, as one older protocol allows it, is heard', async () => {
    const session = await openSession(wild())
    expect((await session.use('write', { do: 'batch' })).text).toBe('in a batch')
  })
})

describe('14. the size of a message over stdio', () => {
  test('one that is too large ends the server, says so, and is not asked for again', async () => {
    const session = await openSession(wild())
    const { text } = await session.use('write', { do: 'huge', with: 33_000_000 })
    expect(text).toContain('a message of more than 32000000 bytes was refused')
    expect(await session.use('write', { do: 'answer', with: said('back') })).toEqual({ ok: true, text: 'back' })
  })

  test('one that is only large arrives', async () => {
    const session = await openSession(wild())
    expect((await session.use('write', { do: 'huge', with: 20_000_000 })).text).toContain('the result has 20000000 characters')
  })
})
