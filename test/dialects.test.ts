import { afterAll, expect, test } from 'vitest'
import { ModelError } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import type { ToolCall } from '../src/model.ts'
import { createAnswer } from '../src/models/answer.ts'
import { Fault } from '../src/models/fault.ts'
import { createOpenAiModel } from '../src/models/openai.ts'
import { createStreamReader } from '../src/models/stream.ts'
import { type Dialect, readDialects } from './dialects.ts'
import { startOpenAiWire } from './wire/openai.ts'

const dialects = readDialects()
const named = dialects.map((dialect): [string, string, Dialect] => [dialect.endpoint, dialect.behaviour, dialect])

test('there are many endpoints, and each has several behaviours', () => {
  const endpoints = Map.groupBy(dialects, ({ endpoint }) => endpoint)
  expect(endpoints.size).toBeGreaterThanOrEqual(19)
  for (const [endpoint, behaviours] of endpoints) expect(behaviours.length, endpoint).toBeGreaterThanOrEqual(4)
})

test.each(named)('%s × %s', (_endpoint, _behaviour, { bytes, expected }) => {
  expect(read([bytes])).toMatchObject(meaning(expected))
  for (let cut = 1; cut < bytes.length; cut++) {
    const heard = read([bytes.subarray(0, cut), bytes.subarray(cut)])
    expect(heard, `cut at byte ${cut}`).toMatchObject(meaning(expected))
    expect(heard.calls?.length, `cut at byte ${cut}`).toBe(expected.calls?.length)
  }
  const ids = read([bytes]).calls?.map(({ id }) => id) ?? []
  expect(new Set(ids.filter(id => id !== '')).size).toBe(ids.length)
  expect(read(Array.from(bytes, byte => Buffer.of(byte)))).toMatchObject(meaning(expected))
})

const wire = await startOpenAiWire()
afterAll(() => wire.close())

test.each(named)('%s × %s, over the network', async (_endpoint, _behaviour, { bytes, expected }) => {
  wire.script(() => ({ trouble: 'raw', pieces: inThree(bytes), pieceMs: 1 }))
  const model = createOpenAiModel({ baseUrl: wire.url, apiKey: 'k', model: 'm', log: silentLog })
  const calls: ToolCall[] = []
  let text = ''
  let failure: unknown
  try {
    for await (const event of model({ system: '', transcript: [{ role: 'user', text: 'Hi' }], tools: [] }, signal)) {
      if (event.type === 'text') text += event.delta
      if (event.type === 'call') calls.push(event.call)
    }
  } catch (error) {
    failure = error
  }
  if (expected.error) expect(failure).toBeInstanceOf(ModelError)
  else expect({ text, calls, failure }).toMatchObject({ text: expected.text, calls: expected.calls ?? [], failure: undefined })
})

const signal = new AbortController().signal

interface Heard {
  text: string
  calls?: ToolCall[]
  usage?: { input: number; output: number }
  finish?: string | undefined
  error?: unknown
}

function read(pieces: Buffer[]): Heard {
  const answer = createAnswer(new Set())
  const reader = createStreamReader(answer)
  let text = ''
  try {
    for (const piece of pieces) {
      text += reader.push(piece)
      if (reader.done()) break
    }
    text += reader.end()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const { message, status, code } = error
    return { text, error: { message, status, code } }
  }
  const ending = answer.end()
  return { ...ending, text: text + ending.text, finish: answer.finish() }
}

function meaning({ error, ...rest }: Dialect['expected']): object {
  return error ? { ...rest, error: { ...error, message: expect.stringContaining(error.message) } } : rest
}

function inThree(bytes: Buffer): Buffer[] {
  const third = Math.ceil(bytes.length / 3)
  return [bytes.subarray(0, third), bytes.subarray(third, 2 * third), bytes.subarray(2 * third)]
}
