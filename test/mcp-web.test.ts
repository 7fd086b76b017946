import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { readRetryAfter } from '../src/mcp/busy.ts'
import { type Message, type Reply, type Script, said } from './wire/mcp/raw-web.ts'
import { closeSessions, openSession, openWeb } from './wire/mcp/session.ts'
import { remote } from './wire/mcp/start.ts'

afterEach(closeSessions)

const eras = ['legacy', 'modern'] as const
const complete = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
const tool = (name: string) => ({ name, inputSchema: { type: 'object' } })
const changed = 'notifications/tools/list_changed'

/** A list whose number of tools is told by `count`. */
const growing = (count: () => number): Script => ({
  'tools/list': reply => reply.json({ ...complete, tools: Array.from({ length: count() }, (_, i) => tool(`t${i}`)) }),
})

/** A server of 2026 that tells on a stream when its tools change. */
function listening(streams: { reply: Reply; id: unknown }[]): Script {
  return {
    'server/discover': reply =>
      reply.json({ ...complete, supportedVersions: ['2026-07-28'], capabilities: { tools: { listChanged: true } } }),
    'subscriptions/listen'(reply, { id }) {
      const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
      reply.event({
        method: 'notifications/subscriptions/acknowledged',
        params: { _meta, notifications: { toolsListChanged: true } },
      })
      streams.push({ reply, id })
    },
  }
}

describe('13. when its tools change', () => {
  test('news that never stops is heard, and asks for no more lists than it has to', async () => {
    let count = 1
    let asked = 0
    const web = await openWeb('legacy', {
      'tools/list'(reply) {
        asked++
        reply.json({ tools: Array.from({ length: count }, (_, i) => tool(`t${i}`)) })
      },
    })
    const session = await openSession(remote(web.url, 'http'))
    await expect.poll(() => web.streams.length).toBe(1)
    count = 3
    let told = 0
    const news = setInterval(() => {
      told++
      web.streams[0]?.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method: changed })}\n\n`)
    }, 5)
    onTestFinished(() => clearInterval(news))
    await expect.poll(() => session.tools().length).toBe(3)
    await expect.poll(() => told).toBeGreaterThan(100)
    expect(asked).toBeLessThan(told / 3)
  })

  test('a burst of news and slow lists are one list at a time, and the last one counts', async () => {
    let count = 1
    let asked = 0
    let atOnce = 0
    let most = 0
    const web = await openWeb('legacy', {
      'tools/list'(reply) {
        const tools = Array.from({ length: count }, (_, i) => tool(`t${i}`))
        most = Math.max(most, ++atOnce)
        setTimeout(
          () => {
            atOnce--
            reply.json({ tools })
          },
          asked++ === 0 ? 0 : 400,
        )
      },
    })
    const session = await openSession(remote(web.url, 'http'))
    await expect.poll(() => web.streams.length).toBe(1)
    for (let i = 0; i < 6; i++) {
      count++
      web.streams[0]?.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method: changed })}\n\n`)
      await new Promise(resolve => setTimeout(resolve, 150))
    }
    await expect.poll(() => session.tools().length).toBe(7)
    expect(most).toBe(1)
    expect(web.count('tools/list')).toBeLessThan(7)
  })

  test('a stream of 2026 that drops is opened again, however often, and what was missed is asked for', async () => {
    const streams: { reply: Reply; id: unknown }[] = []
    let count = 1
    const web = await openWeb('modern', { ...listening(streams), ...growing(() => count) })
    const session = await openSession(remote(web.url, 'http'))
    for (let round = 1; round <= 3; round++) {
      await expect.poll(() => streams.length).toBe(round)
      count++
      streams.at(-1)?.reply.cut()
      await expect.poll(() => session.tools().length).toBe(count)
    }
    await expect.poll(() => streams.length).toBe(4)
    count++
    const { reply, id } = streams[3] ?? {}
    reply?.event({ method: changed, params: { _meta: { 'io.modelcontextprotocol/subscriptionId': id } } })
    await expect.poll(() => session.tools().length).toBe(count)
  })

  test('a stream of 2026 that is refused for a while is tried again', async () => {
    const streams: { reply: Reply; id: unknown }[] = []
    const web = await openWeb('modern', { ...listening(streams), ...growing(() => 1) })
    const listen = web.script['subscriptions/listen'] ?? (() => {})
    await openSession(remote(web.url, 'http'))
    let refusals = 0
    web.script['subscriptions/listen'] = reply => {
      refusals++
      reply.error(-32603, 'too many')
    }
    streams[0]?.reply.cut()
    await expect.poll(() => refusals).toBeGreaterThan(2)
    web.script['subscriptions/listen'] = listen
    await expect.poll(() => streams.length).toBe(2)
  })

  test('a stream by GET that stays away longer than the SDK tries is opened again', async () => {
    let count = 1
    const web = await openWeb(
      'legacy',
      growing(() => count),
    )
    const session = await openSession(remote(web.url, 'http'))
    await expect.poll(() => web.streams.length).toBe(1)
    web.script['GET'] = reply => reply.status(500)
    web.streams[0]?.destroy()
    await expect.poll(() => web.count('GET'), { timeout: 15_000 }).toBeGreaterThan(3)
    delete web.script['GET']
    count++
    await expect.poll(() => web.streams.length, { timeout: 15_000 }).toBe(1)
    await expect.poll(() => session.tools().length).toBe(count)
    expect(web.count('initialize')).toBe(1)
  }, 40_000)

  test('when the whole session turns out to be forgotten, it is opened anew before anybody calls', async () => {
    const web = await openWeb('legacy')
    const session = await openSession(remote(web.url, 'http'))
    await expect.poll(() => web.streams.length).toBe(1)
    web.forget()
    web.streams[0]?.destroy()
    await expect.poll(() => web.count('initialize'), { timeout: 15_000 }).toBe(2)
    await expect.poll(() => session.status().state).toBe('active')
    await expect.poll(() => web.streams.length).toBe(1)
  }, 30_000)

  test('a server that offers no such stream is not asked again and again', async () => {
    const web = await openWeb('legacy', { GET: reply => reply.status(404) })
    const session = await openSession(remote(web.url, 'http'))
    await new Promise(resolve => setTimeout(resolve, 5500))
    expect(web.count('GET')).toBe(1)
    expect(web.count('initialize')).toBe(1)
    expect(session.status().state).toBe('active')
  })
})

describe('18. what web servers do', () => {
  const busy = (times: number, headers: Record<string, string> = {}) => {
    let left = times
    return (reply: Reply) => (left-- > 0 ? reply.status(503, headers, 'later') : reply.json({ ...complete, ...said('fine') }))
  }

  test.each(eras)('%s: a busy one is asked again when it says, whatever the tool', async era => {
    const web = await openWeb(era, { 'tools/call': busy(2, { 'retry-after': '1' }) })
    const session = await openSession(remote(web.url, 'http'))
    const began = performance.now()
    expect(await session.use('write')).toEqual({ ok: true, text: 'fine' })
    expect(performance.now() - began).toBeGreaterThan(1900)
    expect(web.count('tools/call')).toBe(3)
  })

  test('one that is busy for longer than there is time is not waited for', async () => {
    const web = await openWeb('legacy', { 'tools/call': reply => reply.status(429, { 'retry-after': '3600' }) })
    const session = await openSession({ ...remote(web.url, 'http'), callMs: 1000 })
    expect((await session.use('write')).text).toBe('it is busy (HTTP 429) and wants to be asked again in 3600 s')
    expect(web.count('tools/call')).toBe(1)
  })

  test('nor one that is busy for ever', async () => {
    const web = await openWeb('legacy', { 'tools/call': reply => reply.status(429, { 'retry-after': '0' }) })
    const session = await openSession(remote(web.url, 'http'))
    expect((await session.use('write')).ok).toBe(false)
    expect(web.count('tools/call')).toBeLessThan(20)
  })

  test('a handshake is put off as well, and no caller hastens it', async () => {
    let quietUntil = 0
    let hasty = 0
    const web = await openWeb('legacy', {
      initialize(reply, message) {
        const usual = quietUntil > 0 && performance.now() > quietUntil
        if (usual) return web.usual['initialize']?.(reply, message)
        if (quietUntil > 0) hasty++
        quietUntil ||= performance.now() + 1900
        reply.status(503, { 'retry-after': '2' })
      },
    })
    const session = await openSession(remote(web.url, 'http'))
    expect(session.status().error).toContain('it is busy (HTTP 503)')
    const results = await Promise.all([1, 2, 3, 4].map(() => session.use('write')))
    expect(results.map(({ text }) => text)).toEqual(['fine', 'fine', 'fine', 'fine'])
    expect(hasty).toBe(0)
    expect(web.count('initialize')).toBe(2)
  })

  test.each([
    [null, 1000],
    ['7', 7000],
    ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['soon', 1000],
    ['99999999', 3_600_000],
  ])('Retry-After: %s', (header, ms) => {
    expect(readRetryAfter(header, Date.parse('2026-11-21T12:00:00Z'))).toBe(ms)
  })

  test.each(eras)('%s: a page in place of an answer is told in a sentence, without the page', async era => {
    const page = `<html>${'<p>sign in here</p>'.repeat(1000)}</html>`
    const web = await openWeb(era, { 'tools/call': reply => reply.status(200, { 'content-type': 'text/html' }, page) })
    const session = await openSession(remote(web.url, 'http'))
    expect((await session.use('write')).text).toBe(
      'it answered with something else than a message (Unexpected content type: text/html)',
    )
    web.script['tools/call'] = reply => reply.status(500, { 'content-type': 'text/html' }, page)
    expect((await session.use('write')).text).toBe('it answered HTTP 500')
  })

  test('a gateway that has lost its server: what only reads is asked again', async () => {
    let calls = 0
    const web = await openWeb('legacy', {
      'tools/call': reply => (++calls % 2 === 1 ? reply.status(502) : reply.json(said('fine'))),
    })
    const session = await openSession(remote(web.url, 'http'))
    expect((await session.use('read')).text).toBe('fine')
    expect((await session.use('write')).text).toBe('it answered HTTP 502')
  })

  test.each(eras)('%s: a redirect within the server is followed', async era => {
    const web = await openWeb(era)
    const to = { location: '/elsewhere' }
    web.script['tools/call'] = reply => {
      delete web.script['tools/call']
      reply.status(308, to)
    }
    const session = await openSession(remote(web.url, 'http'))
    expect(await session.use('write')).toEqual({ ok: true, text: 'fine' })
    expect(web.heard.at(-1)?.path).toBe('/elsewhere')
  })

  test('one to somewhere else is not, no secret goes there, and it is said', async () => {
    const strangers: unknown[] = []
    const stranger = createServer((request, response) => {
      strangers.push(request.headers)
      response.end()
    })
    await new Promise<void>(resolve => stranger.listen(0, '127.0.0.1', resolve))
    const location = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}/mcp`
    const redirect = (reply: Reply) => reply.status(307, { location })
    const web = await openWeb('legacy', { 'server/discover': redirect, initialize: redirect })
    const session = await openSession(remote(web.url, 'http', { authorization: 'Bearer secret' }))
    expect(session.status().error).toContain(`it answered HTTP 307 and sends on to ${location}; if that is meant`)
    expect(strangers).toEqual([])
    stranger.close()
  })

  test('a server of 2026 that restarts needs nothing of us', async () => {
    const web = await openWeb('modern')
    const session = await openSession(remote(web.url, 'http'))
    await web.close()
    await expect.poll(async () => (await session.use('write')).text).toContain('connect ECONNREFUSED')
    const next = await openWeb('modern', {}, Number(new URL(web.url).port))
    await expect.poll(() => session.use('write')).toEqual({ ok: true, text: 'fine' })
    expect(next.count('tools/call')).toBeGreaterThan(0)
  })
})

describe('lists come to an end', () => {
  const paged = (next: (cursor: string | undefined) => unknown) => {
    let pages = 0
    return (reply: Reply, { params }: Message) =>
      reply.json({ ...complete, tools: [tool(`t${pages++}`)], nextCursor: next(params?.cursor) })
  }

  test.each<[string, (cursor: string | undefined) => unknown, number]>([
    ['null', () => null, 1],
    ['nothing', () => '', 1],
    ['itself', () => 'a', 2],
    ['a circle', cursor => (cursor === 'a' ? 'b' : cursor === 'b' ? 'c' : 'a'), 4],
    ['ever new pages', cursor => String(Number(cursor ?? 0) + 1), 64],
  ])('one that leads to %s', async (_, next, pages) => {
    const web = await openWeb('legacy', { 'tools/list': paged(next) })
    const session = await openSession(remote(web.url, 'http'))
    expect(session.tools()).toHaveLength(pages)
    expect(web.count('tools/list')).toBe(pages)
  })
})
