import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { call, closeAll, namesOf, raw, remote, start, startWeb, v1 } from './wire/mcp/start.ts'

afterEach(closeAll)

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

  test('one that is away is said to be, offers nothing, and is found by the next call', async () => {
    const web = await startWeb('http')
    const box = await start(remote(web.url, 'http'))
    await web.close()
    await sleep(50) // until the closed sockets are known to be closed
    expect((await call(box, 'web__echo_loud', { text: 'hi' })).text).toContain('could not be reached: connect ECONNREFUSED')
    expect(box.servers()).toMatchObject([{ state: 'error' }])
    expect(namesOf(box)).toEqual([])
    await startWeb('http', Number(new URL(web.url).port))
    expect(await call(box, 'web__echo_loud', { text: 'hi' })).toEqual({ ok: true, text: 'HI' })
    expect(namesOf(box)).toContain('web__echo_loud')
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
