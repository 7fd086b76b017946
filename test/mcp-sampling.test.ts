// Servers that let the house's model think for them, of both eras, over every transport.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, AskDraft } from '../src/ask.ts'
import type { ServerConfig } from '../src/config/servers.ts'
import { en } from '../src/i18n/en.ts'
import { silentLog } from '../src/log.ts'
import { createSampling } from '../src/mcp/sampling.ts'
import { createOpenAiModel } from '../src/models/openai.ts'
import { say, scriptedModel } from './fakes.ts'
import { closeAll, openHost } from './wire/mcp/start.ts'
import { openAsking, ways } from './wire/mcp/ways.ts'
import { type OpenAiWire, startOpenAiWire } from './wire/openai.ts'

afterEach(closeAll)

async function open(config: Promise<ServerConfig>, how: Answer['how'] = 'yes', model = scriptedModel([say('Blue.')])) {
  const host = openHost({ sample: createSampling({ model, name: 'thinker', words: en }) })
  await host.start([await config])
  const asked: { draft: AskDraft; later: unknown }[] = []
  const ask = async (draft: AskDraft, later?: unknown): Promise<Answer> => {
    asked.push({ draft, later })
    return { how }
  }
  const options = { signal: new AbortController().signal, onProgress() {} }
  const call = (name: string, more: object = { ask }) => host.call(`hotel__${name}`, {}, { ...options, ...more })
  return { call, asked, model }
}

describe.each(ways)('a server %s', (_, way) => {
  const server = (more?: Partial<ServerConfig>) => openAsking(way, { sampling: true, ...more })

  test('asks the model when the person lets it, and is told in the words of the protocol', async () => {
    const { call, asked, model } = await open(server())
    const { text } = await call('think')
    expect(JSON.parse(text)).toMatchObject({
      role: 'assistant',
      content: { type: 'text', text: 'Blue.' },
      model: 'thinker',
      stopReason: 'endTurn',
    })
    expect(asked[0]?.draft).toMatchObject({ kind: 'approve', from: 'hotel', detail: 'user: Name a colour', fields: [] })
    expect(asked[0]?.later !== undefined).toBe(way.era === '2026')
    expect(model.heard).toEqual([{ system: '', transcript: [{ role: 'user', text: 'Name a colour' }], tools: [], maxTokens: 40 }])
  })

  test.each(['no', 'away'] as const)('gets no answer when the person says %s', async how => {
    const { call, model } = await open(server(), how)
    expect(await call('think')).toMatchObject({
      ok: false,
      text: expect.stringContaining('did not let the server ask the model'),
    })
    expect(model.heard).toEqual([])
  })

  test('gets no answer where nobody can be asked, unless the operator trusts it', async () => {
    const alone = await open(server())
    expect(await alone.call('think', {})).toMatchObject({ ok: false, text: expect.stringContaining('nobody can be asked') })
    const trusted = await open(server({ trust: true }))
    expect((await trusted.call('think', {})).text).toContain('Blue.')
    await trusted.call('think')
    expect(trusted.asked).toEqual([])
  })

  test('asks no model where the operator does not want it', async () => {
    const { call, model } = await open(server({ sampling: false, trust: true }))
    expect(await call('think')).toMatchObject({ ok: false })
    expect(model.heard).toEqual([])
  })
})

const old = (more?: Partial<ServerConfig>) => openAsking({ era: 'before', by: 'stdio' }, { sampling: true, ...more })

test('a call has the model think five times and no more', async () => {
  const { call, model } = await open(old({ trust: true }))
  expect((await call('ponder')).text).toContain(
    '6: McpError: MCP error -32603: the server has asked the model 5 times in one call',
  )
  expect(model.heard).toHaveLength(5)
  expect((await call('ponder')).text).toContain('6: ')
})

test('a picture is shown to the model, and told of to the person', async () => {
  const { call, asked, model } = await open(old())
  expect((await call('look')).text).toContain('Blue.')
  expect(asked[0]?.draft.detail).toBe('system: You see.\nuser: [picture]')
  const [entry] = model.heard[0]?.transcript ?? []
  expect(entry?.role === 'user' && entry.pictures?.map(({ mime, data }) => [mime, data.length])).toEqual([['image/png', 8]])
})

describe('an endpoint', () => {
  let wire: OpenAiWire
  beforeAll(async () => {
    wire = await startOpenAiWire()
  })
  afterAll(() => wire.close())

  test('is told how long the answer may be, and by the newer name where it wants that', async () => {
    const limits = () => wire.requests.map(({ body }) => Object.entries(body).filter(([key]) => /^max_/.test(key)))
    wire.script(body =>
      'max_tokens' in body
        ? { trouble: 'status', status: 400, message: "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead." }
        : { text: 'Blue.' },
    )
    const model = createOpenAiModel({ baseUrl: wire.url, apiKey: 'k', model: 'test-model', log: silentLog })
    const prompt = { system: '', transcript: [{ role: 'user' as const, text: 'A colour?' }], tools: [], maxTokens: 12 }
    for (let times = 0; times < 2; times++) {
      let text = ''
      for await (const event of model(prompt, new AbortController().signal)) text += event.type === 'text' ? event.delta : ''
      expect(text).toBe('Blue.')
    }
    expect(limits()).toEqual([[['max_tokens', 12]], [['max_completion_tokens', 12]], [['max_completion_tokens', 12]]])
  })
})
