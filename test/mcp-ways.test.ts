// What docs/mcp.md says of every way to a server: each protocol, over each transport that it has.
import { afterEach, describe, expect, test } from 'vitest'
import type { ServerConfig } from '../src/config/servers.ts'
import { type Log, silentLog } from '../src/log.ts'
import type { ToolProgress } from '../src/toolbox.ts'
import { closeAll, openHost } from './wire/mcp/start.ts'
import { openWhole, type Way, ways } from './wire/mcp/ways.ts'

afterEach(closeAll)

/** A host with this one server, as a model has it. */
async function open(way: Way, more?: Partial<ServerConfig>, { date, log = silentLog }: { date?: string; log?: Log } = {}) {
  const config = await openWhole(way, more, date)
  const host = openHost({ log })
  await host.start([config])
  const progress: ToolProgress[] = []
  const call = (name: string, signal = new AbortController().signal) =>
    host.call(`whole__${name}`, {}, { signal, onProgress: one => progress.push(one) })
  const names = async () => (await host.list()).map(({ name }) => name.replace('whole__', ''))
  const heard = async (): Promise<string[]> => JSON.parse((await call('said')).text)
  return { host, config, call, progress, names, heard }
}
const options = { signal: new AbortController().signal, onProgress() {} }

describe.each(ways)('a server %s', (_, way) => {
  test('has its tools listed from all pages', async () => {
    const { names } = await open(way)
    const all = ['said', 'sum', 'broken', 'refuse', 'media', 'drip', 'hang', 'crash', 'log', 'huge', 'grow']
    expect(await names()).toEqual([...all, 'slow', 'fails', 'endless', 'list_resources', 'read_resource'])
  })

  test('tells structured content, and by a remark that it is not what the tool promised', async () => {
    const { call } = await open(way)
    expect(await call('sum')).toEqual({ ok: true, text: '- sum: 42', structured: { sum: 42 } })
    const { ok, text } = await call('broken')
    expect(ok).toBe(true)
    expect(text).toContain('about 42')
    expect(text).toContain('the structured content is not what the tool promised')
  })

  test('that sends bad tools and blocks has the good ones kept', async () => {
    const { call, host, config, names } = await open(way)
    expect((await host.test(config)).rejected).toEqual([
      { name: '', reason: 'it has no name' },
      { name: '', reason: 'it has no name' },
    ])
    expect(await names()).toContain('media')
    expect((await call('media')).text).toMatch(/^Look:\s+\[hologram content that cannot be shown\]/)
  })

  test('is not asked for pages that lead in a circle for ever', async () => {
    const { host, heard } = await open(way)
    const [found] = await host.resources()
    expect(found?.templates).toHaveLength(1)
    expect((await heard()).filter(method => method === 'resources/templates/list')).toHaveLength(2)
  })

  test('has a tool that failed told as one', async () => {
    const { call } = await open(way)
    expect(await call('refuse')).toEqual({ ok: false, text: 'not today' })
  })

  test('sends words, pictures, recordings, links and embedded resources', async () => {
    const { call } = await open(way)
    const { text, files } = await call('media')
    for (const part of ['Look:', 'hotel://bill', 'No dogs.', 'hotel://plan.pdf']) expect(text).toContain(part)
    expect(files?.map(({ data }) => Buffer.from(data).toString('latin1').slice(1, 4))).toEqual(['PNG', 'ggS', 'PDF'])
  })

  test('tells how far it is, which keeps the call alive', async () => {
    const { call, progress } = await open(way, { callMs: 600 })
    expect(await call('drip')).toEqual({ ok: true, text: 'dripped' })
    expect(progress.at(-1)).toEqual({ done: 8, total: 8, message: 'step 8' })
  })

  test('hears that a call is given up', async () => {
    const { call, heard } = await open(way)
    const control = new AbortController()
    const result = call('hang', control.signal)
    await expect.poll(async () => (await heard()).filter(method => method === 'tools/call').length).toBeGreaterThan(1)
    control.abort()
    expect((await result).text).toContain('cancelled')
    // The newest protocol has the client hang up where it can.
    await expect.poll(heard).toContain(way.era === '2026' && way.by === 'http' ? 'hung up' : 'notifications/cancelled')
  })

  test('hears that a call has taken too long', async () => {
    const { call, heard } = await open(way, { callMs: 300 })
    expect(await call('hang')).toMatchObject({ ok: false, fault: 'timed-out', text: expect.stringContaining('no sign of life') })
    await expect.poll(heard).toContain(way.era === '2026' && way.by === 'http' ? 'hung up' : 'notifications/cancelled')
  })

  test('tells that its tools are others now', async () => {
    const { call, names, heard } = await open(way)
    if (way.era === '2026') await expect.poll(heard).toContain('subscriptions/listen')
    expect(await names()).not.toContain('grown')
    // Over Streamable HTTP before 2026 the stream may be open a moment later.
    await expect.poll(async () => (await call('grow')) && (await names()), { interval: 500 }).toContain('grown')
  })

  test('has its resources and addresses with gaps listed and read', async () => {
    const { host } = await open(way)
    const [found] = await host.resources()
    expect(found?.resources.map(({ uri }) => uri)).toEqual(['hotel://rules', 'hotel://map'])
    expect(found?.templates.map(({ uriTemplate }) => uriTemplate)).toEqual(['hotel://room/{number}'])
    expect((await host.readResource('whole', 'hotel://room/7', options)).text).toBe('All of hotel://room/7')
    expect((await host.readResource('whole', 'hotel://map', options)).files).toHaveLength(1)
  })

  test('has its prompts listed and had, and what is typed for them completed', async () => {
    const { host } = await open(way)
    expect((await host.prompts()).map(({ name }) => name)).toEqual(['letter', 'bill'])
    expect(await host.getPrompt('whole', 'letter', { to: 'Bob' }, options)).toEqual([{ role: 'user', text: 'Write to Bob.' }])
    expect(await host.complete('whole', 'letter', { argument: 'to', typed: 'E' }, options)).toEqual(['Eve'])
  })

  test('says how it wants to be used', async () => {
    const { host } = await open(way)
    expect(host.toolboxFor([]).servers()).toMatchObject([{ state: 'active', instructions: 'Say what you want.' }])
  })

  test('is heard when it writes for its operator', async () => {
    const lines: string[] = []
    const { call, heard } = await open(way, {}, { log: { ...silentLog, debug: facts => void lines.push(JSON.stringify(facts)) } })
    await call('log')
    await expect.poll(() => lines.join()).toContain('"logger":"desk","said":"Bob is here"')
    expect((await heard()).includes('logging/setLevel')).toBe(way.era === 'before')
  })

  test('is not heard to the end of a message that is larger than its entry allows', async () => {
    const { call } = await open(way, { limits: { resultBytes: 100_000 } })
    expect((await call('huge')).text).toContain('a message of more than 100000 bytes was refused')
    expect(await call('refuse')).toEqual({ ok: false, text: 'not today' })
  })

  test('that goes away in the midst of a call fails it at once, and is called again', async () => {
    const { call } = await open(way)
    expect(await call('crash')).toMatchObject({ ok: false, text: expect.stringMatching(/lost|stopped|hang up/) })
    expect(await call('refuse')).toEqual({ ok: false, text: 'not today' })
  })

  test('is followed in a call that becomes a task', async () => {
    const { call, progress, heard } = await open(way, { callMs: 600 })
    expect(await call('slow')).toEqual({ ok: true, text: 'done' })
    expect(progress.map(({ message }) => message)).toEqual(['step 1', 'step 2'])
    expect((await heard()).filter(method => method === 'tasks/result')).toHaveLength(way.era === 'before' ? 1 : 0)
  })

  test('tells of a task that failed, and hears of one that is given up', async () => {
    const { call, heard } = await open(way)
    expect(await call('fails')).toEqual({ ok: false, text: 'the task failed: no room' })
    const control = new AbortController()
    const result = call('endless', control.signal)
    await expect.poll(async () => (await heard()).filter(method => method === 'tasks/get').length).toBeGreaterThan(4)
    control.abort()
    expect((await result).text).toContain('cancelled')
    await expect.poll(heard).toContain('tasks/cancel')
  })

  test('is spoken to by the one protocol that its entry names', async () => {
    const era = way.era === 'before' ? 'legacy' : '2026-07-28'
    const { heard, host } = await open(way, { era })
    expect(host.toolboxFor([]).servers()).toMatchObject([{ state: 'active' }])
    const first = way.era === 'before' ? 'initialize' : 'server/discover'
    expect((await heard()).filter(method => ['initialize', 'server/discover'].includes(method))).toEqual([first])
  })
})

const older = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']
const beforeThen = ways.filter(([, { era }]) => era === 'before')

describe.each(beforeThen)('a server %s', (_, way) => {
  test.each(older)('of %s is understood', async date => {
    const { call, config, host } = await open(way, {}, { date })
    expect(await call('sum')).toEqual({ ok: true, text: '- sum: 42', structured: { sum: 42 } })
    expect(await host.test(config)).toMatchObject({ ok: true, era: 'legacy', version: date })
  })

  test('is not spoken to where its entry names the newest protocol', async () => {
    const { host, names } = await open(way, { era: '2026-07-28' })
    expect(host.toolboxFor([]).servers()).toMatchObject([{ state: 'error' }])
    expect(await names()).toEqual([])
  })
})

test.each(ways.filter(([, { era }]) => era === '2026'))('a server %s is understood by its date', async (_, way) => {
  const { config, host } = await open(way)
  expect(await host.test(config)).toMatchObject({ ok: true, era: 'modern', version: '2026-07-28' })
})

test.each(ways.filter(([, { era }]) => era === '2026'))(
  'a server %s is not spoken to where its entry names those before',
  async (_, way) => {
    const { host } = await open(way, { era: 'legacy' })
    expect(host.toolboxFor([]).servers()).toMatchObject([{ state: 'error' }])
  },
)
