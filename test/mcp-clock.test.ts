import { getEventListeners } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { startDeadline } from '../src/mcp/deadline.ts'
import { type Reply, said } from './wire/mcp/raw-web.ts'
import { closeSessions, openSession, openWeb, wild } from './wire/mcp/session.ts'
import { remote } from './wire/mcp/start.ts'

afterEach(closeSessions)

const never = () => new AbortController().signal

describe('5. a call has a time of its own, and its end is told to the server', () => {
  test.each(['', 'modern'])('over stdio (%s)', async mode => {
    const ledger = join(mkdtempSync(join(tmpdir(), 'bellhop-')), 'heard')
    const session = await openSession(wild(mode, { callMs: 200 }, { LEDGER: ledger }))
    expect((await session.use('write', { do: 'hang' })).text).toBe('no sign of life for 200 ms')
    const heard = () =>
      readFileSync(ledger, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
    const call = heard().find(({ method }) => method === 'tools/call')
    await expect.poll(heard).toContainEqual(expect.objectContaining({ method: 'notifications/cancelled', about: call.id }))
  })

  test('over the web before 2026, by a message', async () => {
    const web = await openWeb('legacy', { 'tools/call': () => {} })
    const session = await openSession({ ...remote(web.url, 'http'), callMs: 200 })
    expect((await session.use('write')).text).toBe('no sign of life for 200 ms')
    const asked = web.heard.find(({ method }) => method === 'tools/call')?.message?.id
    await expect
      .poll(() => web.heard.find(({ method }) => method === 'notifications/cancelled')?.message?.params?.requestId)
      .toBe(asked)
  })

  test.each(['before its answer begins', 'in the midst of it'])('over the web from 2026 on, by hanging up %s', async when => {
    let hungUp = false
    const web = await openWeb('modern', {
      'tools/call'(reply) {
        reply.response.on('close', () => (hungUp = true))
        if (when === 'in the midst of it') reply.event({ method: 'notifications/message', params: { level: 'info', data: 'x' } })
      },
    })
    const session = await openSession({ ...remote(web.url, 'http'), callMs: 200 })
    expect((await session.use('write')).text).toBe('no sign of life for 200 ms')
    await expect.poll(() => hungUp).toBe(true)
    expect(web.count('notifications/cancelled')).toBe(0)
  })

  test.each(['legacy', 'modern'] as const)('%s: progress extends it up to the absolute end', async era => {
    const web = await openWeb(era, {
      'tools/call'(reply, { params }) {
        let progress = 0
        const timer = setInterval(() => {
          const progressToken = params?._meta?.['progressToken']
          reply.event({ method: 'notifications/progress', params: { progressToken, progress: ++progress } })
        }, 50)
        reply.response.on('close', () => clearInterval(timer))
      },
    })
    const session = await openSession({ ...remote(web.url, 'http'), callMs: 300, maxCallMs: 1000 })
    const steps: unknown[] = []
    expect((await session.use('write', {}, never(), steps as never)).text).toBe('not finished after 1 s')
    expect(steps.length).toBeGreaterThan(6)
  })

  test('a stream that stays quiet for long is not cut by the clock of the global fetch', async () => {
    const dispatcher = Symbol.for('undici.globalDispatcher.1')
    await fetch('http://127.0.0.1:1').catch(() => {}) // which makes it
    const usual = Reflect.get(globalThis, dispatcher)
    Reflect.set(globalThis, dispatcher, new usual.constructor({ headersTimeout: 300, bodyTimeout: 300 }))
    try {
      const late = (reply: Reply) => setTimeout(() => reply.json({ resultType: 'complete', ...said('late') }), 2500)
      const web = await openWeb('modern', { 'tools/call': late })
      await expect(fetch(web.url, { method: 'POST', body: '{"method":"tools/call"}' })).rejects.toThrow('fetch failed')
      const session = await openSession(remote(web.url, 'http'))
      expect(await session.use('write')).toEqual({ ok: true, text: 'late' })
    } finally {
      Reflect.set(globalThis, dispatcher, usual)
    }
  })
})

describe('6. while a person is asked, no clock runs', () => {
  test('the time of silence and the whole time both stand still', async () => {
    const deadline = startDeadline(100, 150, never())
    deadline.pause()
    expect(deadline.leftMs()).toBe(Infinity)
    await sleep(400)
    deadline.touch()
    await sleep(300)
    expect(deadline.signal.aborted).toBe(false)
    deadline.resume()
    await expect.poll(() => deadline.signal.aborted).toBe(true)
    expect(deadline.signal.reason.message).toBe('no sign of life for 100 ms')
  })

  test('what was left of the whole time goes on, and does not begin anew', async () => {
    const deadline = startDeadline(10_000, 10_000, never())
    await sleep(300)
    const before = deadline.leftMs()
    deadline.pause()
    await sleep(300)
    deadline.resume()
    expect(Math.abs(before - deadline.leftMs())).toBeLessThan(200)
    deadline.end()
  })

  test('two questions at a time are two pauses', async () => {
    const deadline = startDeadline(100, 10_000, never())
    deadline.pause()
    deadline.pause()
    deadline.resume()
    await sleep(300)
    expect(deadline.signal.aborted).toBe(false)
    deadline.resume()
    await expect.poll(() => deadline.signal.aborted).toBe(true)
  })

  test('who waits can still give up', () => {
    const caller = new AbortController()
    const deadline = startDeadline(10_000, 10_000, caller.signal)
    deadline.pause()
    caller.abort()
    expect(deadline.signal.reason.message).toBe('cancelled')
    deadline.end()
  })

  test.each([0, 1])(
    'any of those who wait can give up, before the call and in it, and none is listened to afterwards: %i',
    at => {
      const callers = [new AbortController(), new AbortController()]
      const signals = callers.map(({ signal }) => signal)
      const listening = () => signals.map(signal => getEventListeners(signal, 'abort').length)
      const deadline = startDeadline(10_000, 10_000, ...signals)
      expect([deadline.signal.aborted, listening()]).toEqual([false, [1, 1]])
      callers[at]?.abort()
      expect(deadline.signal.reason.message).toBe('cancelled')
      const late = startDeadline(10_000, 10_000, ...signals)
      expect(late.signal.reason.message).toBe('cancelled')
      deadline.end()
      late.end()
      expect(listening()).toEqual([0, 0])
    },
  )

  test('after its end nothing starts it again', async () => {
    const deadline = startDeadline(50, 50, never())
    deadline.pause()
    deadline.end()
    deadline.resume()
    deadline.touch()
    await sleep(200)
    expect(deadline.signal.aborted).toBe(false)
  })

  test('a session holds the calls that are under way, and those alone', async () => {
    const waiting: Reply[] = []
    const web = await openWeb('legacy', { 'tools/call': reply => waiting.push(reply) })
    const session = await openSession({ ...remote(web.url, 'http'), callMs: 300 })
    const asked = session.use('write')
    await expect.poll(() => waiting.length).toBe(1)
    const first = session.hold()
    session.hold()
    first()
    first() // which says nothing of the other question
    expect((await session.use('write')).text).toBe('no sign of life for 300 ms')
    await sleep(200)
    waiting[0]?.json(said('the person said yes'))
    expect(await asked).toEqual({ ok: true, text: 'the person said yes' })
  })

  test('and lets them go again', async () => {
    const web = await openWeb('legacy', { 'tools/call': () => {} })
    const session = await openSession({ ...remote(web.url, 'http'), callMs: 300 })
    const asked = session.use('write')
    await expect.poll(() => web.count('tools/call')).toBe(1)
    const release = session.hold()
    await sleep(600)
    release()
    expect((await asked).text).toBe('no sign of life for 300 ms')
  })
})
