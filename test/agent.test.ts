import { expect, test } from 'vitest'
import { runAgent } from '../src/agent/agent.ts'
import { runCall } from '../src/agent/call.ts'
import type { AgentEvent } from '../src/agent/events.ts'
import { systemPrompt, toEntry } from '../src/agent/prompt.ts'
import { nothingDone } from '../src/agent/run-tools.ts'
import { wordsFor } from '../src/i18n/i18n.ts'
import type { Entry, Model } from '../src/model.ts'
import type { Toolbox } from '../src/toolbox.ts'
import { aMessage, call, fakeToolbox, say, scriptedModel, texts } from './fakes.ts'

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
  expect(toEntry(said).text).toBe('[Ann says]\n\nhi\n\n[Ben ] says]\n\nand I?')
})

test('the system prompt names the servers that are away, and holds no word of a stranger', () => {
  const prompt = systemPrompt([{ name: 'db', state: 'error', tools: 0, error: 'it printed a secret' }], new Date(0))
  expect(prompt).toContain('db: not available now')
  expect(prompt).not.toContain('secret')
})
