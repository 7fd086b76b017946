// What the host keeps of a server's prompts and resources, and when it asks for them anew.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { type RawWeb, type Reply, type Script, said } from './wire/mcp/raw-web.ts'
import { closeSessions, openSession, openWeb } from './wire/mcp/session.ts'
import { closeAll, openHost, remote } from './wire/mcp/start.ts'

afterEach(async () => {
  await closeAll()
  await closeSessions()
})

const complete = { resultType: 'complete', ttlMs: 300_000, cacheScope: 'private' }
const capabilities = { prompts: { listChanged: true }, resources: { listChanged: true } }
const subscription = 'io.modelcontextprotocol/subscriptionId'

/** A server of this era whose lists grow, and how it tells so to whoever listens. */
async function openGrowing(era: 'legacy' | 'modern', more: Script = {}) {
  let count = 1
  const listening: { reply: Reply; id: unknown; wanted: unknown }[] = []
  const names = () => Array.from({ length: count }, (_, at) => `n${at}`)
  const web: RawWeb = await openWeb(era, {
    'server/discover': reply =>
      era === 'modern'
        ? reply.json({ ...complete, supportedVersions: ['2026-07-28'], capabilities })
        : reply.error(-32601, 'Method not found'),
    'prompts/list': reply => reply.json({ ...complete, prompts: names().map(name => ({ name })) }),
    'resources/list': reply => reply.json({ ...complete, resources: names().map(name => ({ name, uri: `hotel://${name}` })) }),
    'resources/templates/list': reply => reply.json({ ...complete, resourceTemplates: [] }),
    'subscriptions/listen'(reply, { id, params }) {
      const wanted = (params as { notifications?: object } | undefined)?.notifications
      const acknowledged = { _meta: { [subscription]: id }, notifications: wanted }
      reply.event({ method: 'notifications/subscriptions/acknowledged', params: acknowledged })
      listening.push({ reply, id, wanted })
    },
    ...more,
  })
  const usual = web.usual['initialize']
  if (era === 'legacy') {
    web.script['initialize'] = (reply, message) =>
      usual?.({ ...reply, json: result => reply.json({ ...result, capabilities }) }, message)
  }
  const isHeard = () => expect.poll(() => listening.length + web.streams.length).toBeGreaterThan(0)
  function tell(what: 'prompts' | 'resources'): void {
    const method = `notifications/${what}/list_changed`
    const at = listening.at(-1)
    at?.reply.event({ method, params: { _meta: { [subscription]: at.id } } })
    web.streams[0]?.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method })}\n\n`)
  }
  return { web, listening, isHeard, tell, grow: () => void count++ }
}

async function openHotel(web: RawWeb, now = Date.now) {
  const host = openHost({ now })
  await host.start([remote(web.url, 'http')])
  const prompts = async () => (await host.prompts()).map(({ name }) => name)
  const resources = async () => (await host.resources())[0]?.resources.map(({ name }) => name)
  return { prompts, resources }
}

describe.each(['legacy', 'modern'] as const)('a %s server', era => {
  test('is asked for its prompts once, and again as soon as it says that they are others', async () => {
    const { web, isHeard, tell, grow } = await openGrowing(era)
    const { prompts } = await openHotel(web)
    await isHeard()
    expect(await prompts()).toEqual(['n0'])
    grow()
    expect(await prompts()).toEqual(['n0'])
    tell('prompts')
    await expect.poll(prompts).toEqual(['n0', 'n1'])
    const asked = web.count('prompts/list')
    await prompts()
    expect(web.count('prompts/list')).toBe(asked)
  })

  test('that tells of other resources has them listed, however long it let the old list be kept', async () => {
    const { web, isHeard, tell, grow } = await openGrowing(era)
    const { resources } = await openHotel(web)
    await isHeard()
    expect(await resources()).toEqual(['n0'])
    grow()
    tell('resources')
    await expect.poll(resources).toEqual(['n0', 'n1'])
  })

  test('that could not tell its prompts is asked again soon', async () => {
    const { web, isHeard, grow } = await openGrowing(era)
    let at = Date.now()
    const { prompts } = await openHotel(web, () => at)
    await isHeard()
    const list = web.script['prompts/list'] ?? (() => {})
    web.script['prompts/list'] = reply => reply.error(-32603, 'not now')
    expect(await prompts()).toEqual([])
    web.script['prompts/list'] = list
    expect(await prompts()).toEqual([])
    at += 31_000
    expect(await prompts()).toEqual(['n0'])
    grow()
    at += 31_000
    expect(await prompts()).toEqual(['n0'])
    at += 300_000
    expect(await prompts()).toHaveLength(2)
  })
})

test('a server of 2026 is listened to for all that it tells of, also when the stream was away, and what it said then is asked for', async () => {
  const { web, listening, isHeard, grow } = await openGrowing('modern')
  const { prompts } = await openHotel(web)
  await isHeard()
  expect(await prompts()).toEqual(['n0'])
  grow()
  listening[0]?.reply.cut()
  await expect.poll(prompts).toEqual(['n0', 'n1'])
  const all = { promptsListChanged: true, resourcesListChanged: true }
  expect(listening.map(({ wanted }) => wanted)).toEqual([all, all])
})

test('a server that has forgotten its session is asked anew, though it does not say that it would tell', async () => {
  const { web, grow } = await openGrowing('legacy')
  const usual = web.usual['initialize'] ?? (() => {})
  web.script['initialize'] = (reply, message) =>
    usual({ ...reply, json: result => reply.json({ ...result, capabilities: { prompts: {} } }) }, message)
  const host = openHost()
  await host.start([remote(web.url, 'http')])
  const prompts = async () => (await host.prompts()).map(({ name }) => name)
  expect(await prompts()).toEqual(['n0'])
  grow()
  expect(await prompts()).toEqual(['n0'])
  web.forget()
  await host.reach('web', (client, ways) => client.ping(ways), { signal: new AbortController().signal })
  await expect.poll(prompts).toEqual(['n0', 'n1'])
})

test('one that does not say that it would tell is listened to by no stream', async () => {
  const { web, listening } = await openGrowing('modern', {
    'server/discover': reply =>
      reply.json({ ...complete, supportedVersions: ['2026-07-28'], capabilities: { prompts: {}, resources: {} } }),
  })
  const { prompts } = await openHotel(web)
  expect(await prompts()).toEqual(['n0'])
  await sleep(300)
  expect(listening).toEqual([])
})

test('13. a list that comes late, of a connection that was lost meanwhile, does not count', async () => {
  const late: Reply[] = []
  const slow: Reply[] = []
  const tool = (name: string) => ({ name, inputSchema: { type: 'object' } })
  const lists: Script[string][] = [
    reply => reply.json({ tools: [tool('write')] }),
    reply => late.push(reply),
    reply => reply.json({ tools: [tool('write'), tool('new')] }),
  ]
  const seen: number[] = []
  const web = await openWeb('legacy', {
    'tools/list'(reply, message) {
      const list = lists.shift()
      if (list) return list(reply, message)
      seen.push(session.tools().length)
      reply.json({ tools: [] })
    },
    'tools/call': (reply, { params }) => (params?.arguments?.['slow'] ? slow.push(reply) : reply.json(said('fine'))),
  })
  const session = await openSession(remote(web.url, 'http'))
  const waiting = session.use('write', { slow: true }) // which keeps the old connection open
  await expect.poll(() => slow.length).toBe(1)
  const relisted = session.relist()
  await expect.poll(() => late.length).toBe(1)
  web.forget()
  expect((await session.use('write')).ok).toBe(true)
  expect(session.tools()).toHaveLength(2)
  late[0]?.json({ tools: [tool('write')] })
  await relisted
  await session.relist()
  expect(seen).toEqual([2])
  slow[0]?.json(said('at last'))
  expect(await waiting).toEqual({ ok: true, text: 'at last' })
})
