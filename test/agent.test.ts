import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { runAgent } from '../src/agent/agent.ts'
import { runCall } from '../src/agent/call.ts'
import type { AgentEvent, Notice } from '../src/agent/events.ts'
import { findCircles, type TurnLimits } from '../src/agent/limits.ts'
import { openLongResults } from '../src/agent/long-results.ts'
import { systemPrompt, toEntry } from '../src/agent/prompt.ts'
import { nothingDone } from '../src/agent/run-tools.ts'
import { wordsFor } from '../src/i18n/i18n.ts'
import { silentLog } from '../src/log.ts'
import type { Entry, Model } from '../src/model.ts'
import type { Toolbox } from '../src/toolbox.ts'
import { finalCard } from './cards.ts'
import { aMessage, call, type FakeTool, fakeToolbox, say, scriptedModel, texts } from './fakes.ts'

const never = new AbortController().signal

async function collect(events: AsyncIterable<AgentEvent>): Promise<AgentEvent[]> {
  const all: AgentEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

function run(model: Model, toolbox: Toolbox, { maxSteps = 12, signal = never } = {}) {
  return collect(runAgent([], [{ role: 'user', text: 'question' }], { model, toolbox, system: 'be good', maxSteps, signal }))
}

const entries = (events: AgentEvent[]) => events.flatMap(event => (event.type === 'entry' ? [event.entry] : []))

test('calls a tool, reads its result and answers', async () => {
  const model = scriptedModel([say('Let me see. '), call('clock', { zone: 'UTC' })], [say('It is '), say('noon.')])
  const toolbox = fakeToolbox({ clock: input => ({ ok: true, text: `12:00 ${input['zone']}` }) })
  const events = await run(model, toolbox)
  expect(texts(entries(events))).toEqual(['assistant: Let me see. ', 'tool: 12:00 UTC', 'assistant: It is noon.'])
  expect(model.heard[1]?.transcript.at(-1)).toMatchObject({ role: 'tool', callId: 'clock', name: 'clock', ok: true })
  expect(model.heard[0]?.system).toBe('be good')
})

test('leaves no clock running when it has ended, or was left', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const options = { toolbox: fakeToolbox({}), system: '', maxSteps: 2, signal: never, limits: { seconds: 600, tokens: 1000 } }
  await collect(runAgent([], [{ role: 'user', text: 'q' }], { ...options, model: scriptedModel([say('a')]) }))
  for await (const _ of runAgent([], [{ role: 'user', text: 'q' }], { ...options, model: scriptedModel([say('a')]) })) break
  expect(vi.getTimerCount()).toBe(0)
})

test('runs the calls of one step side by side, and keeps the order of their results', async () => {
  const model = scriptedModel([call('slow'), call('fast')], [say('done')])
  let fastRan = () => {}
  const fastDone = new Promise<void>(resolve => (fastRan = resolve))
  const toolbox = fakeToolbox({
    slow: async () => {
      await fastDone // hangs for ever if the other waits for its turn
      return { ok: true, text: 'slow' }
    },
    fast: () => {
      fastRan()
      return { ok: true, text: 'fast' }
    },
  })
  const events = await run(model, toolbox)
  expect(events.flatMap(event => (event.type === 'tool-end' ? [event.result.callId] : []))).toEqual(['fast', 'slow'])
  expect(texts(entries(events)).slice(1, 3)).toEqual(['tool: slow', 'tool: fast'])
})

test('passes on progress while the tool runs', async () => {
  const model = scriptedModel([call('download')], [say('done')])
  const toolbox = fakeToolbox({
    download: async (_input, { onProgress }) => {
      onProgress({ done: 1, total: 2 })
      await Promise.resolve()
      onProgress({ done: 2, total: 2, message: 'saving' })
      return { ok: true, text: 'saved' }
    },
  })
  const events = await run(model, toolbox)
  expect(events.map(({ type }) => type)).toEqual([
    'entry',
    'tool-start',
    'tool-progress',
    'tool-progress',
    'tool-end',
    'entry',
    'text',
    'entry',
  ])
})

test('a failed tool is a result that the model reads', async () => {
  const model = scriptedModel([call('broken')], [say('it failed')])
  const events = await run(model, fakeToolbox({ broken: () => ({ ok: false, text: '403, set COOKIES' }) }))
  expect(events.find(({ type }) => type === 'tool-end')).toMatchObject({ result: { ok: false } })
  expect(model.heard[1]?.transcript.at(-1)).toMatchObject({ text: '403, set COOKIES', ok: false })
})

test('a call with broken arguments is not run, and the model is told so', async () => {
  let ran = false
  const model = scriptedModel([{ type: 'call', call: { id: '1', name: 'write', input: {}, broken: '{"a":' } }], [say('sorry')])
  const toolbox = fakeToolbox({
    write: () => {
      ran = true
      return { ok: true, text: '' }
    },
  })
  await run(model, toolbox)
  expect(ran).toBe(false)
  expect(model.heard[1]?.transcript.at(-1)?.text).toContain('not a JSON object')
})

test('a model that calls for ever is made to answer without tools, and the house says so', async () => {
  const model = scriptedModel([call('again')], [call('again')], [say('that is all'), call('again')])
  const events = await run(model, fakeToolbox({ again: () => ({ ok: true, text: 'more' }) }), { maxSteps: 3 })
  expect(model.heard.map(({ tools }) => tools.length)).toEqual([1, 1, 0])
  expect(events.filter(({ type }) => type === 'notice')).toEqual([{ type: 'notice', notice: { kind: 'step-limit', steps: 2 } }])
  expect(entries(events).at(-1)).toEqual({ role: 'assistant', text: 'that is all', calls: [] })
})

test('a stop ends the turn in the middle of a tool', async () => {
  const controller = new AbortController()
  const model = scriptedModel([call('hang')], [say('never')])
  const toolbox = fakeToolbox({
    hang: (_input, { signal }) =>
      new Promise(resolve => signal.addEventListener('abort', () => resolve({ ok: false, text: 'cancelled' }))),
  })
  const running = run(model, toolbox, { signal: controller.signal })
  setTimeout(() => controller.abort(new Error('stopped')), 5)
  await expect(running).rejects.toThrow('stopped')
  expect(model.heard).toHaveLength(1)
})

test.each<[string, string, string]>([
  ['runs the tool with its arguments', 'add {"a": 1}', 'got {"a":1}'],
  ['runs a tool without arguments', 'add', 'got {}'],
  ['says how it is used', '', '`/call <tool>'],
  ['says what is wrong with the JSON', 'add {"a"', 'must be a JSON object'],
  ['takes no list for an object', 'add [1]', 'it is [1]'],
])('/call %s', async (_what, argument, answer) => {
  const toolbox = fakeToolbox({ add: input => ({ ok: true, text: `got ${JSON.stringify(input)}` }) })
  const events = await collect(
    runCall(argument, { toolbox, words: wordsFor('en', 'en'), signal: never, callId: 'c', before: nothingDone }),
  )
  const last = entries(events).at(-1) as Entry
  expect(last.text).toContain(answer)
})

test('the model reads what a message refers to and what is attached', () => {
  const message = aMessage('what is this?', {
    attachments: [{ kind: 'image', name: 'cat\n.png', ref: 'secret-file-id' }],
    quoted: { author: 'Bob', text: 'line 1\nline 2', attachments: [] },
  })
  expect(toEntry([message]).text).toBe('In reply to Bob:\n> line 1\n> line 2\n\nwhat is this?\n\n[attached image: cat .png]')
})

test('where several people speak the model reads who says what', () => {
  const said = [aMessage('hi', { shared: true }), aMessage('and I?', { shared: true, author: { id: 'b', name: 'Ben\n]' } })]
  expect(toEntry(said).text).toBe('[Ann says]\n\nhi\n\n[Ben ) says]\n\nand I?')
})

test('the system prompt names the servers that are away, and holds no word of a stranger', () => {
  const prompt = systemPrompt([{ name: 'db', state: 'error', tools: 0, error: 'it printed a secret' }], new Date(0))
  expect(prompt).toContain('db: not available now')
  expect(prompt).not.toContain('secret')
})

test.each<[string, Record<string, unknown>[], number]>([
  [
    'is not run a third time',
    [
      { a: 1, b: { c: 2, d: 3 } },
      { b: { d: 3, c: 2 }, a: 1 },
      { a: 1, b: { c: 2, d: 3 } },
    ],
    2,
  ],
  ['with other arguments is run', [{ a: 1 }, { a: 2 }, { a: 3 }], 3],
])('the same call %s', async (_what, inputs, runs) => {
  let ran = 0
  const steps = inputs.map((input, at) => [call('look', input, `c${at}`)])
  const model = scriptedModel(...steps, [say('enough')])
  const toolbox = fakeToolbox({ look: () => ({ ok: true, text: `${++ran}` }) })
  await run(model, toolbox)
  expect(ran).toBe(runs)
  const last = model.heard[3]?.transcript.at(-1)
  expect(last?.text.includes('made twice before')).toBe(runs === 2)
})

test('circles are found within one step and over a restart, and another tool is none', () => {
  const made = (name: string, ...ids: string[]) => ({
    role: 'assistant' as const,
    text: '',
    calls: ids.map(id => ({ id, name, input: { a: 1 } })),
  })
  const now = made('a', '3', '4')
  expect([...findCircles([made('a', '1'), made('b', 'x', 'y'), now], now.calls).keys()]).toEqual(['4'])
  expect([...findCircles([made('a', '1', '2'), now], now.calls).keys()]).toEqual(['3', '4'])
})

test.each<[string, ReturnType<typeof say>[][], string]>([
  ['is asked for once more', [[], [say('here')]], 'here'],
  ['of blanks is asked for once more', [[say(' \n')], [say('here')]], 'here'],
  ['is not asked for a third time', [[], [], [say('late')]], ''],
])('an empty answer %s', async (_what, steps, answer) => {
  const model = scriptedModel(...steps)
  const events = await run(model, fakeToolbox())
  expect(entries(events)).toEqual([{ role: 'assistant', text: answer, calls: [] }])
  expect(model.heard).toHaveLength(2)
  expect(model.heard[1]?.system).toMatch(/^be good\n\n.*empty/)
})

describe('a turn that costs too much', () => {
  const limited = (model: Model, toolbox: Toolbox, limits: TurnLimits) =>
    collect(runAgent([], [{ role: 'user', text: 'q' }], { model, toolbox, system: '', maxSteps: 12, signal: never, limits }))
  const notices = (events: AgentEvent[]) => events.flatMap(event => (event.type === 'notice' ? [event.notice] : []))
  const hang: FakeTool = (_input, { signal }) =>
    new Promise(resolve => signal.addEventListener('abort', () => resolve({ ok: false, text: 'cancelled' })))

  test('in tokens ends with an answer from what there is', async () => {
    const usage = { type: 'usage' as const, input: 400, output: 100 }
    const model = scriptedModel([call('look', { a: 1 }), usage], [call('look', { a: 2 }), usage], [say('so far')], [say('never')])
    const events = await limited(model, fakeToolbox({ look: () => ({ ok: true, text: 'x' }) }), { seconds: 60, tokens: 1000 })
    expect(notices(events)).toEqual([{ kind: 'token-limit', tokens: 1000 }])
    expect(entries(events).at(-1)?.text).toBe('so far')
    expect(model.heard.map(({ tools }) => tools.length)).toEqual([1, 1, 0])
  })

  test('in time cuts its tools off, and answers from what there is', async () => {
    const model = scriptedModel([call('hang')], [say('so far')])
    const events = await limited(model, fakeToolbox({ hang }), { seconds: 0.1, tokens: Infinity })
    expect(notices(events)).toEqual([{ kind: 'time-limit', seconds: 0.1 }])
    expect(entries(events).map(entry => (entry.role === 'tool' ? entry.outcome?.state : entry.text))).toEqual([
      '',
      'timed-out',
      'so far',
    ])
  })

  test('in time ends though the model goes on and on, with what it has said', async () => {
    const model: Model = async function* (_prompt, signal) {
      yield say('half an ans')
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    const events = await limited(model, fakeToolbox(), { seconds: 0.1, tokens: Infinity })
    expect(events.map(event => (event.type === 'text' ? event.delta : event.type))).toEqual(['half an ans', 'notice'])
  })

  test('is told in words', () => {
    const told = (notice: Notice, locale: string) => finalCard([{ type: 'notice', notice }], { words: wordsFor(locale, 'en') })
    expect(told({ kind: 'time-limit', seconds: 600 }, 'en')).toContain('600 seconds')
    expect(told({ kind: 'token-limit', tokens: 1000 }, 'zh')).toContain('1,000 个 token')
  })
})

test('a result that is too long is cut for the model, which may read on', async () => {
  const model = scriptedModel([call('list')], [say('done')])
  const long = Array.from({ length: 3000 }, (_, id) => ({ id, name: `thing ${id}` }))
  const toolbox = fakeToolbox({ list: () => ({ ok: true, text: JSON.stringify(long) }) })
  const texts = { keep: async () => 'r1', contents: async () => undefined, read: async () => [] }
  const box = openLongResults({ toolbox, texts, conversation: 'fake:1', known: [], log: silentLog })
  await collect(runAgent([], [{ role: 'user', text: 'q' }], { model, system: '', maxSteps: 12, signal: never, ...box }))
  const entry = model.heard[1]?.transcript.at(-1)
  expect(entry).toMatchObject({ outcome: { state: 'ok', count: 3000 } })
  expect(entry?.role === 'tool' && entry.remark).toMatch(
    /^source: fake list · ok, 3000 items; shown are items 1 to \d+ of 3000; to read on/,
  )
  expect(entry?.text.length).toBeLessThan(33_000)
  expect(model.heard[1]?.tools.map(({ name }) => name)).toEqual(['list', 'read_more'])
})
