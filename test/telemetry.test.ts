import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { Gone, ModelError, RateLimited, Refused } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import { createOperator } from '../src/operator.ts'
import { createFigures } from '../src/telemetry/figures.ts'
import { createMetrics, depthMetrics } from '../src/telemetry/metrics.ts'
import { createTelemetry, type Telemetry, type TelemetryOptions } from '../src/telemetry/telemetry.ts'
import type { TurnReport } from '../src/telemetry/turn-report.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel } from './fakes.ts'
import { startOtlpWire } from './wire/otlp.ts'
import { answered, finals, hangs, testWorkers } from './workers.ts'

const { rooms, work, ask, clear, close } = await testWorkers()
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const closer of closers.splice(0).reverse()) await closer()
  await clear()
})
afterAll(close)

function open(more: Partial<TelemetryOptions> = {}): Telemetry {
  const { house, inbox, jobs } = rooms
  const telemetry = createTelemetry({ house, inbox, jobs, config: { role: 'worker' }, log: silentLog, beatMs: 50, ...more })
  closers.push(telemetry.close)
  return telemetry
}

/** Of one line of what Prometheus reads; labels in the order in which they stand there. */
const figureOf = (text: string, series: string) =>
  text
    .split('\n')
    .find(line => line.startsWith(`${series} `))
    ?.split(' ')[1]

const usage = (input: number, output: number) => ({ type: 'usage' as const, input, output })
const reportsOf = async (telemetry: Telemetry, count: number): Promise<TurnReport[]> => {
  await expect.poll(async () => (await telemetry.recentTurns(10)).length).toBe(count)
  return telemetry.recentTurns(10)
}

const twoTools = () =>
  scriptedModel(
    [call('clock', { zone: 'swordfish place' }), call('weather'), usage(100, 20)],
    [say('It is noon, and it rains.'), usage(150, 30)],
  )
const tools = fakeToolbox({
  clock: () => ({ ok: true, text: '12:00 sharp' }),
  weather: () => ({ ok: false, text: 'no umbrella' }),
})

test('a turn with two tools leaves one report', async () => {
  const telemetry = open()
  await work(fakeChat(), twoTools(), tools, silentLog, { telemetry, modelName: 'm-1' })
  const message = aMessage('what time?')
  await ask(message)
  const [report] = await reportsOf(telemetry, 1)
  expect(report).toMatchObject({
    ...{ id: message.id, conversation: 'fake:1', platform: 'fake', kind: 'chat', author: 'u', worker: telemetry.name },
    ...{ sentAt: message.sentAt, again: false, how: 'answered', model: 'm-1', tokens: { input: 250, output: 50 }, limited: 0 },
  })
  const { sentAt, keptAt = 0, beganAt = 0, endedAt = 0, firstPaintMs = -1 } = report ?? {}
  expect([sentAt, keptAt, beganAt, endedAt]).toEqual([sentAt, keptAt, beganAt, endedAt].toSorted())
  expect(firstPaintMs).toBeGreaterThanOrEqual(0)
  expect(firstPaintMs).toBeLessThanOrEqual(endedAt - keptAt)
  expect(report?.edits).toBeGreaterThan(0)
  const spans = report?.spans.map(({ what, name, server, ok, state }) => [what, name, server, ok, state]) ?? []
  expect(spans.filter(([what]) => what === 'post')).toEqual([['post', 'post', undefined, true, undefined]])
  expect(spans.filter(([what]) => what !== 'post')).toEqual([
    ['model', 'm-1', undefined, true, 'ok'],
    ['tool', 'clock', 'fake', true, 'ok'],
    ['tool', 'weather', 'fake', false, 'failed'],
    ['model', 'm-1', undefined, true, 'ok'],
  ])
  for (const { at, ms = -1 } of report?.spans ?? []) {
    expect(at).toBeGreaterThanOrEqual(beganAt)
    expect(ms).toBeGreaterThanOrEqual(0)
    expect(at + ms).toBeLessThanOrEqual(endedAt + 1)
  }
  expect(await telemetry.openTurns()).toEqual([])
})

test('from the same report come its metrics', async () => {
  const telemetry = open()
  await work(fakeChat(), twoTools(), tools, silentLog, { telemetry, modelName: 'm-1' })
  await ask(aMessage('what time?'))
  const [report] = await reportsOf(telemetry, 1)
  const text = await telemetry.forWeb.metrics()
  expect(figureOf(text, 'bellhop_turn_seconds_count{platform="fake",how="answered"}')).toBe('1')
  expect(figureOf(text, 'bellhop_queue_wait_seconds_count')).toBe('1')
  expect(figureOf(text, 'bellhop_first_paint_seconds_count{platform="fake"}')).toBe('1')
  expect(figureOf(text, 'bellhop_edits_total{platform="fake"}')).toBe(String(report?.edits))
  expect(figureOf(text, 'bellhop_tool_seconds_count{server="fake",tool="clock",state="ok"}')).toBe('1')
  expect(figureOf(text, 'bellhop_tool_seconds_count{server="fake",tool="weather",state="failed"}')).toBe('1')
  expect(figureOf(text, 'bellhop_model_seconds_count{model="m-1",state="ok"}')).toBe('2')
  expect(figureOf(text, 'bellhop_model_tokens_total{model="m-1",direction="input"}')).toBe('250')
  expect(figureOf(text, 'bellhop_model_tokens_total{model="m-1",direction="output"}')).toBe('50')
  expect(figureOf(text, 'bellhop_turns_lost_total')).toBe('0')
  expect(figureOf(text, 'bellhop_turns_set_aside_total')).toBe('0')
  expect(figureOf(text, 'bellhop_inbox_conversations')).toBe('0')
  expect(figureOf(text, 'bellhop_queue_jobs{state="waiting"}')).toBe('0')
  expect(figureOf(text, 'bellhop_processes{role="worker"}')).toBe('1')
  expect(text).toMatch(/^bellhop_build_info\{version="\d+\.\d+\.\d+",node="v\d+\.\d+\.\d+"\} 1$/m)
  expect(text).toMatch(/^nodejs_eventloop_lag_mean_seconds /m)
})

test('and one trace, in which no word of the chat stands', async () => {
  const wire = await startOtlpWire()
  closers.push(wire.close)
  const traces = { endpoint: `${wire.url}/`, headers: { authorization: 'Bearer abc' }, service: 'concierge' }
  const telemetry = open({ config: { role: 'worker', traces } })
  const chat = fakeChat()
  await work(chat, twoTools(), tools, silentLog, { telemetry, modelName: 'm-1' })
  await ask(aMessage('what time?'))
  const [report] = await reportsOf(telemetry, 1)
  await telemetry.close()
  expect(wire.headers.map(({ authorization }) => authorization)).toEqual(['Bearer abc'])
  const root = wire.spans.find(({ parentSpanId }) => parentSpanId === undefined)
  expect(root).toMatchObject({
    name: 'invoke_agent bellhop',
    to: report?.endedAt,
    status: 0,
    resource: { 'service.name': 'concierge', 'service.instance.id': telemetry.name },
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.conversation.id': 'fake:1',
      'gen_ai.usage.input_tokens': 250,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.response.model': 'm-1',
      'bellhop.how': 'answered',
    },
  })
  const children = wire.spans.filter(span => span !== root)
  for (const { traceId, parentSpanId, from, to } of children) {
    expect([traceId, parentSpanId]).toEqual([root?.traceId, root?.spanId])
    expect(from).toBeGreaterThanOrEqual(root?.from ?? 0)
    expect(to).toBeLessThanOrEqual((root?.to ?? 0) + 1)
  }
  const names = children.map(({ name }) => name).filter(name => name !== 'queue')
  expect(names.toSorted()).toEqual(['chat m-1', 'chat m-1', 'execute_tool clock', 'execute_tool weather', 'post'])
  expect(children.find(({ name }) => name === 'execute_tool weather')).toMatchObject({
    status: 2,
    attributes: { 'gen_ai.tool.name': 'weather', 'mcp.method.name': 'tools/call', 'error.type': 'failed' },
  })
  expect(finals(chat)[0]).toContain('it rains')
  for (const told of [wire.text(), JSON.stringify(report)]) {
    for (const said of ['what time', 'swordfish', 'sharp', 'umbrella', 'rains', 'Ann']) expect(told).not.toContain(said)
  }
})

test.each([
  ['is away', false],
  ['never answers', true],
])('a collector that %s costs traces, and holds nothing up', async (_, hangs) => {
  const wire = await startOtlpWire({ hangs })
  if (hangs) closers.push(wire.close)
  else await wire.close()
  const telemetry = open({ config: { role: 'worker', traces: { endpoint: wire.url, headers: {}, service: 'bellhop' } } })
  const chat = fakeChat()
  await work(chat, scriptedModel([say('Hello.')]), undefined, silentLog, { telemetry })
  await ask(aMessage('hi'))
  await answered(chat, 1)
  await reportsOf(telemetry, 1)
  await telemetry.close()
  if (hangs) await fetch(wire.url) // by now it has seen who went away before
  expect(wire.held()).toBe(hangs ? 1 : 0) // it was not waited for
})

test('a turn that fails is told with the id that the person was told', async () => {
  const telemetry = open()
  const chat = fakeChat()
  await work(chat, scriptedModel([new ModelError('the endpoint is tired')]), undefined, silentLog, { telemetry })
  await ask(aMessage('hi'))
  const [report] = await reportsOf(telemetry, 1)
  expect(report).toMatchObject({ how: 'failed', spans: expect.arrayContaining([expect.objectContaining({ state: 'failed' })]) })
  expect(finals(chat)[0]).toContain(report?.errorId)
})

test('what a platform refuses since there was too much is counted, what it foretells is not', async () => {
  const telemetry = open()
  const chat = fakeChat()
  chat.failNext(new RateLimited(1), new RateLimited(1, true), new RateLimited(1))
  await work(chat, scriptedModel([say('Hello.')]), undefined, silentLog, { telemetry })
  await ask(aMessage('hi'))
  expect(await reportsOf(telemetry, 1)).toMatchObject([{ limited: 2 }])
  expect(figureOf(await telemetry.forWeb.metrics(), 'bellhop_rate_limited_total{platform="fake"}')).toBe('2')
})

test('while a tool runs the turn is open, and told to be dead when its worker is', async () => {
  const [telemetry, other] = [open(), open()]
  let began = () => {}
  const begun = new Promise<void>(resolve => (began = resolve))
  await work(fakeChat(), scriptedModel([call('hang')], [say('Hello.')]), hangs(began), silentLog, { telemetry })
  const message = aMessage('hi')
  await ask(message)
  await begun
  const operator = createOperator({ ...rooms, telemetry: other })
  const running = expect.objectContaining({ what: 'tool', name: 'hang', server: 'fake' })
  await expect
    .poll(operator.openTurns)
    .toMatchObject([{ id: message.id, isDead: false, spans: expect.arrayContaining([running]) }])
  expect((await operator.openTurns())[0]?.spans.find(({ what }) => what === 'tool')).not.toHaveProperty('ms')
  await telemetry.close()
  expect(await operator.openTurns()).toMatchObject([{ id: message.id, isDead: true }])
  await rooms.signals.send({ conversation: 'fake:1', what: 'stop' })
  await expect.poll(operator.openTurns).toEqual([])
  expect(await operator.recentTurns(5)).toMatchObject([{ how: 'stopped' }])
  const tool = (await operator.recentTurns(5))[0]?.spans.find(({ what }) => what === 'tool')
  expect(tool).toMatchObject({ ok: false, ms: expect.any(Number) })
})

test('a turn that ended with nothing shown counts as lost, unless the chat is gone', async () => {
  const telemetry = open()
  const chat = fakeChat()
  chat.adapter.post = async () => {
    throw new Refused('never')
  }
  await work(chat, scriptedModel([say('Hello.')], [say('Hello.')]), undefined, silentLog, { telemetry })
  await ask(aMessage('hi'))
  await reportsOf(telemetry, 1)
  expect(figureOf(await telemetry.forWeb.metrics(), 'bellhop_turns_lost_total')).toBe('1')
  chat.adapter.post = async () => {
    throw new Gone('nobody is there')
  }
  await ask(aMessage('hi'))
  await reportsOf(telemetry, 2)
  expect(figureOf(await telemetry.forWeb.metrics(), 'bellhop_turns_lost_total')).toBe('1')
})

test("only so many tools have a name of their own, and members' tools have none", async () => {
  const telemetry = open()
  const many = Array.from({ length: 130 }, (_, at) => `tool-${at}`)
  const all = fakeToolbox(Object.fromEntries([...many, 'diary'].map(name => [name, () => ({ ok: true, text: 'x' })])))
  const own = { ...all.list()[130], owner: 'user:fake:u', server: 'my-secret-server' }
  const toolbox = { ...all, resolve: (name: string) => (name === 'diary' ? { ...all.list()[0], ...own } : all.resolve(name)) }
  const calls = [...many.slice(0, 60), 'diary', 'invented by the model']
  const rest = many.slice(60)
  const steps = [calls.map(name => call(name)), [say('a')], rest.map(name => call(name)), [say('b')]]
  await work(fakeChat(), scriptedModel(...steps), toolbox as typeof all, silentLog, { telemetry })
  await ask(aMessage('one'))
  await reportsOf(telemetry, 1)
  await ask(aMessage('two'))
  const reports = await reportsOf(telemetry, 2)
  const text = await telemetry.forWeb.metrics()
  const named = [...text.matchAll(/^bellhop_tool_seconds_count\{server="(.*?)",tool="(.*?)"/gm)].map(([, ...two]) =>
    two.join(' '),
  )
  expect(named).toHaveLength(101)
  expect(named).toEqual(expect.arrayContaining(['fake tool-0', 'own own', 'none unknown', 'fake other']))
  for (const told of [text, JSON.stringify(reports)]) expect(told).not.toMatch(/my-secret-server|diary|invented/)
})

test('what an ended process has counted is not lost, and what it was is not told any more', async () => {
  const { redis } = rooms
  const metricsOf = (edits: number) => {
    const metrics = createMetrics({ role: 'worker', version: '1', servers: () => [{ name: 'sqlite', state: 'active' }] })
    metrics.turn({ ...reportOf(), edits }, false)
    return metrics
  }
  const [one, two] = [metricsOf(3), metricsOf(4)]
  const [first, second, reader] = ['one', 'two', 'reader'].map(name => createFigures(redis, name))
  expect(await first?.post(await one.snapshot())).toBe(true)
  await second?.post(await two.snapshot())
  const told = async () => {
    const { living, ended } = (await reader?.read()) ?? { living: [], ended: [] }
    const text = await one.render([...living, ...ended])
    const series = ['bellhop_edits_total{platform="fake"}', 'bellhop_server_state{server="sqlite",state="active"}']
    return series.map(name => figureOf(text, name))
  }
  expect(await told()).toEqual(['7', '2'])
  await first?.leave(await one.snapshot())
  expect(await told()).toEqual(['7', '1'])
  await reader?.fold(one.add)
  expect(await redis.hkeys('bellhop:{telemetry}:processes')).toEqual(['two'])
  expect(await told()).toEqual(['7', '1'])
  expect(await first?.post(await one.snapshot())).toBe(false) // it was only asleep
  expect(await told()).toEqual(['7', '1'])
})

test('while Redis is away nothing is told, and nothing is thrown', async () => {
  const telemetry = open({ house: { redis: rooms.redis, isUp: false } })
  telemetry.open(reportOf())
  telemetry.ended(reportOf(), false)
  await expect(telemetry.forWeb.metrics()).rejects.toThrow('Redis is away')
  expect(await telemetry.recentTurns(5)).toEqual([])
})

test('only the last 200 turns are kept', async () => {
  const telemetry = open()
  for (let n = 0; n < 230; n++) telemetry.ended({ ...reportOf(), id: `m-${n}` }, false)
  await expect.poll(async () => (await telemetry.recentTurns(1))[0]?.id).toBe('m-229')
  expect(await rooms.redis.llen('bellhop:{telemetry}:ended')).toBe(200)
})

test('an operator sees the servers of each worker, and what was used today', async () => {
  await rooms.board.post({
    ...{ worker: 'w-1', model: 'm-1', tools: [] },
    servers: [{ name: 'sqlite', state: 'error', tools: 0, error: 'it is broken', instructions: 'use it well' }],
  })
  const paid = await rooms.budgets.take({ person: 'fake:u', place: 'fake:1' }, 'turns', 1)
  expect(paid.refused).toBeUndefined()
  const operator = createOperator({ ...rooms, telemetry: open() })
  expect(await operator.servers()).toEqual([
    { worker: 'w-1', model: 'm-1', tools: [], servers: [{ name: 'sqlite', state: 'error', tools: 0, error: 'it is broken' }] },
  ])
  expect(await operator.budgets()).toMatchObject({ spent: { turns: 1, tokens: 0 }, limits: { house: {} } })
})

const root = join(import.meta.dirname, '..')

/** Every metric that there is, by name. */
async function metricNames(): Promise<string[]> {
  const metrics = createMetrics({ role: 'all', version: '1', servers: () => [] })
  return [...(await metrics.snapshot()), ...depthMetrics({ conversations: 0, waiting: 0, active: 0 })].map(({ name }) => name)
}

test('docs/operating.md tells every metric of the house and no other, with its labels', async () => {
  const page = readFileSync(join(root, 'docs/operating.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `(bellhop_\w+)` \|/gm)].map(([, name]) => name)
  expect(rows.toSorted()).toEqual((await metricNames()).filter(name => name.startsWith('bellhop_')).toSorted())
})

test('every expression of docs/grafana.json is about metrics that there are', async () => {
  const names = new Set(await metricNames())
  const board = JSON.parse(readFileSync(join(root, 'docs/grafana.json'), 'utf8'))
  const exprs = board.panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
    targets.map(({ expr }) => expr),
  ) as string[]
  expect(exprs.length).toBeGreaterThan(20)
  for (const expr of exprs) {
    const used = [...expr.matchAll(/\b(?:bellhop|process|nodejs)_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''))
    expect(used.length, expr).toBeGreaterThan(0)
    for (const name of used) expect(names, expr).toContain(name)
  }
  const used = new Set(exprs.join(' ').match(/\bbellhop_\w+?(?=_bucket|_count|_sum|\{)/g))
  const unseen = [...names].filter(name => name.startsWith('bellhop_') && name !== 'bellhop_build_info' && !used.has(name))
  expect(unseen).toEqual([])
})

function reportOf(): TurnReport {
  const at = Date.now()
  return {
    ...{ id: 'm', conversation: 'fake:1', platform: 'fake', kind: 'chat', worker: 'w', author: 'u', sentAt: at, beganAt: at },
    ...{ endedAt: at, how: 'answered', again: false, tokens: { input: 0, output: 0 }, edits: 1, limited: 0, spans: [] },
  }
}
