import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../src/log.ts'
import type { Entry, ToolCall } from '../src/model.ts'
import { createOpenAiModel } from '../src/models/openai.ts'
import { type OpenAiWire, startOpenAiWire, type WireBody, type WireReply } from './wire/openai.ts'

let wire: OpenAiWire
beforeEach(async () => {
  wire = await startOpenAiWire()
})
afterEach(() => wire.close())

type Sent = WireBody['messages'][number] & { reasoning_content?: string }
const aModel = () => createOpenAiModel({ baseUrl: wire.url, apiKey: 'k', model: 'm', log: silentLog })
const question: Entry = { role: 'user', text: 'Hi' }
const called = (call: ToolCall): Entry[] => [
  question,
  { role: 'assistant', text: '', calls: [call] },
  { role: 'tool', callId: call.id, name: call.name, text: 'noon', ok: true },
]
const answer = (delta: object): WireReply => ({
  trouble: 'raw',
  pieces: [{ choices: [{ delta }] }, { choices: [{ delta: {}, finish_reason: 'tool_calls' }] }].map(
    chunk => `data: ${JSON.stringify(chunk)}\n\n`,
  ),
})

async function hear(model: ReturnType<typeof aModel>, transcript: Entry[]): Promise<ToolCall[]> {
  const calls: ToolCall[] = []
  for await (const event of model({ system: '', transcript, tools: [] }, new AbortController().signal))
    if (event.type === 'call') calls.push(event.call)
  return calls
}

const lastSent = () => (wire.requests.at(-1)?.body.messages ?? []) as Sent[]
const tool_calls = [{ index: 0, id: 'c1', function: { name: 'time', arguments: '{}' } }]
const insists = (field: string, words: string, then: WireReply) => (body: WireBody) =>
  body.messages.some(({ role }) => role === 'tool') && !JSON.stringify(body.messages).includes(field)
    ? ({ trouble: 'status', status: 400, message: words } as const)
    : then

test('a model that insists on it reads its thoughts again, and only from then on', async () => {
  const words = 'The `reasoning_content` in the thinking mode must be passed back to the API.'
  wire.script(insists('reasoning_content', words, answer({ reasoning_content: 'Hm, the clock.', tool_calls })))
  const model = aModel()
  const [call] = await hear(model, [question])
  await hear(model, called(call as ToolCall))
  expect(wire.requests).toHaveLength(3)
  expect(lastSent()[1]?.reasoning_content).toBe('Hm, the clock.')
  await hear(model, called({ id: 'of another process', name: 'time', input: {} }))
  expect(wire.requests).toHaveLength(4)
  expect(lastSent()[1]?.reasoning_content).toBe('')
})

test('a model that does not insist is sent no thoughts', async () => {
  wire.script(() => answer({ reasoning_content: 'Hm.', tool_calls }))
  const model = aModel()
  const [call] = await hear(model, [question])
  await hear(model, called(call as ToolCall))
  expect(JSON.stringify(lastSent())).not.toContain('reasoning_content')
})

test('what stood beside a call is sent with it again, to the same model alone', async () => {
  const extra_content = { google: { thought_signature: 'CiQB' } }
  wire.script(() => answer({ tool_calls: tool_calls.map(one => ({ ...one, extra_content })) }))
  const model = aModel()
  const [call] = await hear(model, [question])
  await hear(model, called(call as ToolCall))
  expect(lastSent()[1]?.tool_calls?.[0]).toMatchObject({ id: 'c1', extra_content })
  await hear(aModel(), called(call as ToolCall))
  expect(JSON.stringify(lastSent())).not.toContain('extra_content')
})

test('a signature that was lost with another process is replaced where the model insists on one', async () => {
  const words = 'Function call is missing a thought_signature in functionCall parts.'
  wire.script(insists('thought_signature', words, { text: 'Noon.' }))
  await hear(aModel(), called({ id: 'c9', name: 'time', input: {} }))
  expect(wire.requests).toHaveLength(2)
  expect(JSON.stringify(lastSent()[1])).toContain('skip_thought_signature_validator')
})
