import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ModelError } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import type { Model, ModelEvent, Prompt } from '../src/model.ts'
import { createChain } from '../src/models/chain.ts'
import { openModels } from '../src/models/open.ts'
import { type OpenAiWire, startOpenAiWire, type WireReply } from './wire/openai.ts'

let wire: OpenAiWire
/** What each model says; a list is used up. */
let says: Record<string, WireReply | WireReply[]>
beforeEach(async () => {
  says = {}
  wire = await startOpenAiWire({
    script: ({ model }) => {
      const reply = says[model] ?? { text: `I am ${model}.` }
      return Array.isArray(reply) ? (reply.shift() ?? { text: `I am ${model}.` }) : reply
    },
  })
})
afterEach(() => wire.close())

const never = new AbortController().signal
const prompt: Prompt = { system: '', transcript: [{ role: 'user', text: 'Hi' }], tools: [] }
const asked = () => wire.requests.map(({ body }) => body.model)
const trouble = (status: number, message = 'no'): WireReply => ({ trouble: 'status', status, message, retryAfter: 0 })

function watchedLog() {
  const lines: { level: string; facts: object }[] = []
  const at = (level: string) => (facts: object) => void lines.push({ level, facts })
  return { lines, log: { ...silentLog, warn: at('warn'), error: at('error') } }
}

async function open(names: [string, ...string[]], { log = silentLog, small = '' } = {}) {
  return openModels({ apiKey: 'k', baseUrl: wire.url, names, ...(small && { small }) }, () => [], log)
}

async function hear(model: Model) {
  const events: ModelEvent[] = []
  for await (const event of model(prompt, never)) events.push(event)
  const text = events.flatMap(event => (event.type === 'text' ? event.delta : [])).join('')
  return { text, who: events.filter(({ type }) => type === 'model') }
}

const instead = (name: string) => [{ type: 'model', name, instead: true }]

test('the first of the chain answers, and the others are not asked', async () => {
  const { model } = await open(['a', 'b'])
  expect(await hear(model)).toEqual({ text: 'I am a.', who: [{ type: 'model', name: 'a', instead: false }] })
  expect(asked()).toEqual(['a'])
})

test.each<[string, WireReply, number]>([
  ['has too many requests', trouble(429), 3],
  ['has trouble', trouble(503), 3],
  ['cannot be reached', { trouble: 'drop' }, 3],
  ['breaks off before its first word, again and again', { trouble: 'drop', text: '' }, 3],
  ['refuses the key', trouble(401), 1],
  ['has no credit', trouble(402), 1],
  ['is unknown', trouble(404), 1],
  ['dislikes the request', trouble(400), 1],
])('a model that %s is followed by the next', async (_name, reply, times) => {
  says['a'] = reply
  const { model } = await open(['a', 'b'])
  expect(await hear(model)).toEqual({ text: 'I am b.', who: instead('b') })
  expect(asked()).toEqual([...Array<string>(times).fill('a'), 'b'])
})

test('an answer that breaks off for good is ended by the next model', async () => {
  says['a'] = [{ trouble: 'drop', text: 'Hello th' }, trouble(400)]
  says['b'] = { text: 'ere.' }
  const { model } = await open(['a', 'b'])
  expect((await hear(model)).text).toBe('Hello there.')
  expect(wire.requests.at(-1)?.body.messages.at(-2)).toEqual({ role: 'assistant', content: 'Hello th' })
})

test('when all have failed, one sentence tells it', async () => {
  for (const name of ['a', 'b', 'c']) says[name] = trouble(400, `not from ${name}`)
  const { model } = await open(['a', 'b', 'c'])
  const failure = hear(model)
  await expect(failure).rejects.toThrow(ModelError)
  await expect(failure).rejects.toThrow(/^none of the 3 models answered; the first said: .*not from a$/)
})

test('what the operator has to mend is logged as an error once, and again only after the model was well', async () => {
  const { lines, log } = watchedLog()
  let now = 0
  let key = 'wrong'
  const a: Model = async function* () {
    if (key === 'wrong') throw new ModelError('refused the key', { cause: 'locked' })
    yield { type: 'text', delta: 'a' }
  }
  const b: Model = async function* () {
    yield { type: 'text', delta: 'b' }
  }
  const members: Parameters<typeof createChain>[0]['members'] = [
    { name: 'a', model: a },
    { name: 'b', model: b },
  ]
  const chain = createChain({ members, log, now: () => now })
  const answers: string[] = []
  for (const turn of ['wrong', 'wrong', 'wrong', 'right', 'wrong']) {
    key = turn
    now += 600_000
    answers.push((await hear(chain(undefined))).text)
  }
  expect(answers).toEqual(['b', 'b', 'b', 'a', 'b'])
  const told = { level: 'error', facts: { model: 'a', why: 'locked', next: 'b' } }
  expect(lines).toMatchObject([told, told])
})

test('a model that has just failed is not asked first for a while, and then it is', async () => {
  let now = 0
  const order: string[] = []
  const failing = new Set(['a'])
  const member = (name: string) => ({
    name,
    model: async function* (): AsyncGenerator<ModelEvent> {
      order.push(name)
      if (failing.has(name)) throw new ModelError('gone', { cause: name === 'c' ? 'locked' : 'away' })
      yield { type: 'text', delta: name }
    },
  })
  const chain = createChain({ members: [member('a'), member('b'), member('c')], log: silentLog, now: () => now })
  const heard = async (name?: string) => {
    order.length = 0
    const { who } = await hear(chain(name))
    return [order.join(''), ...who.map(event => event.type === 'model' && event.instead)]
  }
  expect(await heard()).toEqual(['ab', true])
  expect(await heard()).toEqual(['b', true])
  expect(await heard('a')).toEqual(['b', true])
  now = 59_999
  expect(await heard()).toEqual(['b', true])
  now = 60_000
  expect(await heard()).toEqual(['ab', true])
  failing.add('b')
  failing.add('c')
  await expect(heard()).rejects.toThrow('none of the 3')
  expect(order.join('')).toBe('bca')
  failing.clear()
  now += 60_000
  expect(await heard('b')).toEqual(['b', false])
  expect(await heard('c')).toEqual(['a', true])
  now += 540_000
  expect(await heard('c')).toEqual(['c', false])
})

test('what was refused for itself makes no model wait', async () => {
  says['a'] = [trouble(400), { text: 'fine' }]
  const { model } = await open(['a', 'b'])
  await hear(model)
  expect((await hear(model)).text).toBe('fine')
})

test('a chosen model is asked first, then the others in their order; one that is not listed is no choice', async () => {
  says['c'] = trouble(400)
  const { modelNamed } = await open(['a', 'b', 'c'])
  expect(await hear((modelNamed as (name: string) => Model)('b'))).toEqual({
    text: 'I am b.',
    who: [{ type: 'model', name: 'b', instead: false }],
  })
  expect(await hear((modelNamed as (name: string) => Model)('c'))).toEqual({ text: 'I am a.', who: instead('a') })
  expect((await hear((modelNamed as (name: string) => Model)('z'))).text).toBe('I am a.')
})

test('the small model does small work, and the main ones where it fails or there is none', async () => {
  expect((await hear((await open(['a', 'b'])).small)).text).toBe('I am a.')
  const { small, names } = await open(['a', 'b'], { small: 's' })
  expect(names).toEqual(['a', 'b'])
  expect((await hear(small)).text).toBe('I am s.')
  says['s'] = trouble(404)
  expect((await hear(small)).text).toBe('I am a.')
})

test('a stop ends the chain where it is', async () => {
  says['a'] = { trouble: 'hang' }
  const stop = new AbortController()
  const { model } = await open(['a', 'b'])
  const answer = Array.fromAsync(model(prompt, stop.signal))
  answer.catch(() => {})
  await vi.waitFor(() => expect(wire.requests).toHaveLength(1))
  const why = new Error('stopped by Ann')
  stop.abort(why)
  await expect(answer).rejects.toBe(why)
  expect(asked()).toEqual(['a'])
})
