import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { afterEach, describe, expect, test } from 'vitest'
import type { Connection } from '../src/mcp/connection.ts'
import { startDeadline } from '../src/mcp/deadline.ts'
import type { Line } from '../src/mcp/line.ts'
import { attempt } from '../src/mcp/retry.ts'
import type { Reply } from './wire/mcp/raw-web.ts'
import { said } from './wire/mcp/raw-web.ts'
import { closeSessions, openSession, openWeb, wild } from './wire/mcp/session.ts'
import { remote } from './wire/mcp/start.ts'

afterEach(closeSessions)

const eras = ['legacy', 'modern'] as const
const fine = { resultType: 'complete', ...said('fine') }
const folder = () => mkdtempSync(join(tmpdir(), 'bellhop-'))
const heardIn = (ledger: string): { pid: number; method: string; id: unknown }[] =>
  readFileSync(ledger, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

/** The answer to the first call breaks off in its stream; the next ones are good. */
const breakFirst = () => {
  let calls = 0
  return (reply: Reply, { id }: { id?: unknown }) => {
    if (++calls > 1) return reply.event({ id, result: fine })
    reply.event({ method: 'notifications/message', params: { level: 'info', data: 'begun' } })
    setTimeout(reply.cut, 20)
  }
}

describe('1. a lost response stream fails fast', () => {
  test.each(eras)('%s: a call that may have had an effect is not made again', async era => {
    const web = await openWeb(era, { 'tools/call': breakFirst() })
    const session = await openSession(remote(web.url, 'http'))
    expect(await session.use('write')).toEqual({ ok: false, text: 'the connection was lost before the answer came' })
    expect(web.count('tools/call')).toBe(1)
  })

  test.each(eras)('%s: one that only reads is made again under a new id', async era => {
    const web = await openWeb(era, { 'tools/call': breakFirst() })
    const session = await openSession(remote(web.url, 'http'))
    expect(await session.use('read')).toEqual({ ok: true, text: 'fine' })
    const ids = web.heard.filter(({ method }) => method === 'tools/call').map(({ message }) => message?.id)
    expect(new Set(ids).size).toBe(2)
  })

  test.each(eras)('%s: but no third time', async era => {
    const web = await openWeb(era, { 'tools/call': reply => setTimeout(reply.cut, 10) })
    const session = await openSession(remote(web.url, 'http'))
    expect((await session.use('read')).ok).toBe(false)
    expect(web.count('tools/call')).toBe(2)
  })

  test('what a server that is not trusted says of its tools does not count', async () => {
    const web = await openWeb('legacy', { 'tools/call': breakFirst() })
    const session = await openSession(remote(web.url, 'http'), false)
    expect((await session.use('read')).ok).toBe(false)
    expect(web.count('tools/call')).toBe(1)
  })

  test.each(eras)('%s: an answer in JSON that breaks off fails as well', async era => {
    const half = (reply: Reply) => {
      reply.response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"jsonrpc":')
      setTimeout(reply.cut, 20)
    }
    const web = await openWeb(era, { 'tools/call': half })
    const session = await openSession(remote(web.url, 'http'))
    expect((await session.use('write')).ok).toBe(false)
    expect(web.count('tools/call')).toBe(1)
    expect((await session.use('read')).ok).toBe(false)
    expect(web.count('tools/call')).toBe(3)
  })

  test.each(['', 'modern'])('over stdio, a call that only reads is made again by the next process (%s)', async mode => {
    const session = await openSession(wild(mode))
    const mark = join(folder(), 'crashed')
    expect(await session.use('read', { do: 'crash once', with: mark })).toEqual({ ok: true, text: 'this time it worked' })
    expect((await session.use('write', { do: 'crash once', with: `${mark}-2` })).text).toBe(
      'the server stopped before it answered (it ended with code 9); whether the call had an effect is not known',
    )
  })
})

describe('2. a session that the server has forgotten is opened anew', () => {
  test('many calls at once need one new handshake, and all of them succeed', async () => {
    const web = await openWeb('legacy')
    const session = await openSession(remote(web.url, 'http'))
    expect(web.count('initialize')).toBe(1)
    web.forget()
    const results = await Promise.all(Array.from({ length: 8 }, () => session.use('write')))
    expect(results.map(({ ok }) => ok)).toEqual(Array(8).fill(true))
    expect(web.count('initialize')).toBe(2)
  })

  test('what others still wait for is not cut off', async () => {
    let slow: Reply | undefined
    const web = await openWeb('legacy', {
      'tools/call'(reply, { params }) {
        if (params?.arguments?.['slow']) slow = reply
        else reply.json(said('fine'))
      },
    })
    const session = await openSession(remote(web.url, 'http'))
    const waiting = session.use('write', { slow: true })
    await expect.poll(() => slow).toBeDefined()
    web.forget()
    expect((await session.use('write')).ok).toBe(true)
    slow?.json(said('late but here'))
    expect(await waiting).toEqual({ ok: true, text: 'late but here' })
  })

  test('so is one that answers 400 and speaks of the session, as many do', async () => {
    let lost = true
    const web = await openWeb('legacy', {
      'tools/call'(reply) {
        if (!lost) return reply.json(said('fine'))
        lost = false
        reply.status(400, {}, '{"error":{"message":"Bad Request: No valid session ID provided"}}')
      },
    })
    const session = await openSession(remote(web.url, 'http'))
    expect(await session.use('write')).toEqual({ ok: true, text: 'fine' })
    expect(web.count('initialize')).toBe(2)
  })

  test('a server that never knows any session is not asked for ever', async () => {
    const web = await openWeb('legacy', { 'tools/call': reply => reply.status(404) })
    const session = await openSession(remote(web.url, 'http'))
    expect(await session.use('write')).toEqual({ ok: false, text: 'it answered HTTP 404' })
    expect(web.count('tools/call')).toBe(2)
  })
})

describe('12. finding out which protocol a server speaks', () => {
  test.each([500, 502])('one that answers %i when asked for the newest is reached by the old handshake', async status => {
    const web = await openWeb('legacy', { 'server/discover': reply => reply.status(status) })
    const session = await openSession(remote(web.url, 'http'))
    expect(session.status().state).toBe('active')
    web.forget()
    expect((await session.use('write')).ok).toBe(true)
    expect(web.count('initialize')).toBe(2)
    expect(web.count('server/discover')).toBe(1)
  })

  test('a silent one over stdio is waited for once, not after every crash', async () => {
    const ledger = join(folder(), 'heard')
    const session = await openSession(wild('silent', { connectMs: 1500 }, { LEDGER: ledger }))
    await session.use('write', { do: 'crash' })
    expect((await session.use('write', { do: 'answer', with: said('back') })).text).toBe('back')
    const heard = heardIn(ledger)
    expect(new Set(heard.map(({ pid }) => pid)).size).toBe(2)
    expect(heard.filter(({ method }) => method === 'server/discover')).toHaveLength(1)
  })

  test('one that has become a new one meanwhile is found all the same', async () => {
    const web = await openWeb('legacy')
    const session = await openSession(remote(web.url, 'http'))
    const port = Number(new URL(web.url).port)
    await web.close()
    const next = await openWeb('modern', { initialize: reply => reply.error(-32601, 'Method not found') }, port)
    await expect.poll(() => session.use('read')).toEqual({ ok: true, text: 'fine' })
    expect(next.count('server/discover')).toBe(1)
  })
})

/** The older transport: requests by POST, all answers on one stream by GET. `post` is what a POST to the address of that stream gets. */
async function openOlder(post: number) {
  const streams: Reply[] = []
  const refuse = (reply: Reply) => reply.status(post)
  const answer =
    (result: object) =>
    (reply: Reply, { id }: { id?: unknown }) => {
      reply.status(202)
      streams.at(-1)?.event({ id, result })
    }
  const readOnly = { name: 'read', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }
  const welcome = { protocolVersion: '2024-11-05', capabilities: { tools: {} }, serverInfo: { name: 'old', version: '1' } }
  const web = await openWeb('legacy', {
    GET(reply) {
      streams.push(reply)
      reply.response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: endpoint\ndata: /messages\n\n')
      web.script['initialize'] = answer(welcome)
    },
    'server/discover': refuse,
    initialize: refuse,
    'tools/list': answer({ tools: [readOnly, { name: 'write', inputSchema: { type: 'object' } }] }),
    'tools/call': answer(said('by events')),
  })
  return { web, streams }
}

describe('the older transport of events', () => {
  test.each([400, 404, 405])('is tried where a POST is answered with %i', async status => {
    const { web } = await openOlder(status)
    const session = await openSession(remote(web.url, 'auto'))
    expect(await session.use('read')).toEqual({ ok: true, text: 'by events' })
    expect(web.heard[0]?.http).toBe('POST')
  })

  test.each([
    ['read', { ok: true, text: 'by events' }],
    ['write', { ok: false, text: expect.stringMatching(/^the server stopped before it answered/) }],
  ])('1. when its stream is lost, a call to %s does not hang', async (tool, result) => {
    const { web, streams } = await openOlder(405)
    const session = await openSession(remote(web.url, 'sse'))
    const usual = web.script['tools/call']
    web.script['tools/call'] = reply => {
      reply.status(202)
      if (usual) web.script['tools/call'] = usual
      streams.at(-1)?.cut()
    }
    expect(await session.use(tool)).toEqual(result)
    expect(web.count('tools/call')).toBe(tool === 'read' ? 2 : 1)
  })
})

test('18. a call on a connection that has just closed was not sent, and is made on the next one', async () => {
  const [closed, next] = [1, 2].map(() => new Client({ name: 'bellhop', version: '0' }))
  const connections = [closed, next].flatMap(client => (client ? [connectionOf(client)] : []))
  const line: Line<Connection> = {
    current: () => connections[0],
    open: async () => connections[0] ?? Promise.reject(new Error('there is no third')),
    lose: () => void connections.shift(),
    close: async () => {},
  }
  const deadline = startDeadline(5000, 5000, new AbortController().signal)
  const call = async (client: Client) => (client === next ? 'fine' : client.callTool({ name: 'write' }))
  expect(await attempt(line, call, { deadline, repeatable: false })).toBe('fine')
  deadline.end()
})

function connectionOf(client: Client): Connection {
  return { client, closed: new Promise(() => {}), close: async () => {}, enter: () => () => {}, retire() {} }
}
