import { expect, onTestFinished, test } from 'vitest'
import { createTelegramAdapter } from '../adapters/telegram/telegram.ts'
import type { Memory, Outgoing } from '../src/adapter.ts'
import { ConfigError, Gone, RateLimited } from '../src/errors.ts'
import { type Log, silentLog } from '../src/log.ts'
import { type Heard, isMessage } from '../src/message.ts'
import { createWholeFetch } from '../src/net/whole-fetch.ts'
import { adapterContract, live } from './adapter.contract.ts'
import { startTelegramWire, type TelegramWire, type TelegramWireOptions } from './wire/telegram.ts'

const person = 42
const otherBot = { id: 77, is_bot: true, first_name: 'Other' }
const group = -100_500

adapterContract('telegram', async () => {
  const wire = await startTelegramWire()
  const adapter = makeAdapter(wire)
  return {
    adapter,
    second: makeAdapter(wire),
    conversation: `telegram:${person}`,
    say: text => void wire.say({ text }),
    repeat: wire.repeat,
    botSays: (text, who) => void wire.say({ text, chat: person, from: who === 'itself' ? wire.me : otherBot }),
    press: (id, label) => wire.press({ message: Number(id), label }),
    told: () => wire.alerts.map(({ text }) => text),
    shown: () => wire.messages(person).flatMap(({ bot, text }) => (bot ? [text] : [])),
    limitNext: ms => wire.fail({ kind: 'limit', seconds: ms / 1000 }, { chat: person }),
    forget: id => wire.forget(person, Number(id)),
    redelivers: true,
    close: async () => {
      await adapter.stop()
      await wire.close()
    },
  }
})

function makeAdapter(wire: TelegramWire, log: Log = silentLog, memory: Memory = createMemory()) {
  return createTelegramAdapter({ token: wire.token, apiRoot: wire.url, fetch: createWholeFetch(), memory, log, callMs: 1000 })
}

function createMemory(): Memory {
  const words = new Map<string, string>()
  return { get: async key => words.get(key), set: async (key, value) => void words.set(key, value) }
}

/** Warnings and errors of the adapter, each with its facts. */
function createDiary() {
  const lines: string[] = []
  const keep = (facts: object, event: string) => void lines.push(`${event}: ${JSON.stringify(facts)}`)
  return { lines, log: { ...silentLog, info: keep, warn: keep, error: keep } }
}

/** A listening adapter that keeps what it hears. */
async function listen(options: TelegramWireOptions = {}, prepare: (wire: TelegramWire) => void = () => {}) {
  const wire = await startTelegramWire(options)
  onTestFinished(() => wire.close())
  prepare(wire)
  const { lines, log } = createDiary()
  const adapter = makeAdapter(wire, log)
  onTestFinished(() => adapter.stop())
  const heard: Heard[] = []
  await adapter.start(async what => void heard.push(what))
  const hears = (count: number) => expect.poll(() => heard.length, { timeout: 5000 }).toBe(count)
  return { wire, adapter, heard, hears, lines }
}

const callsOf = (wire: TelegramWire, method: string) => wire.calls.filter(call => call.method === method)
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

test('refuses a wrong token in one sentence that does not hold it', async () => {
  const wire = await startTelegramWire()
  onTestFinished(() => wire.close())
  const adapter = createTelegramAdapter({ token: '1:wrong', apiRoot: wire.url, memory: createMemory(), log: silentLog })
  const error = await errorOf(adapter.start(async () => {}))
  expect(error).toBeInstanceOf(ConfigError)
  expect(String(error)).toContain('Telegram refused TELEGRAM_TOKEN (401 Unauthorized)')
  expect(String(error)).not.toContain('1:wrong')
})

test('starts while Telegram is away, says so once, and hears when it is back', async () => {
  const { wire, hears, lines } = await listen({}, away => away.fail({ kind: 'drop' }, { method: 'getMe', times: 3 }))
  wire.say({ text: 'early bird' })
  await hears(1)
  expect(lines.filter(line => line.includes('could not be reached'))).toHaveLength(1)
  expect(lines.join()).not.toContain(wire.token)
})

test('deletes a webhook that would keep updates from it, and keeps what was waiting', async () => {
  const { wire, hears, lines } = await listen({}, busy => {
    busy.setWebhook('https://old.example/hook?secret')
    busy.say({ text: 'waiting' })
  })
  await hears(1)
  expect(wire.webhook()).toBe('')
  expect(lines.join()).toContain('webhook')
  expect(lines.join()).not.toContain('secret')
})

test('confirms an update only after it was taken, and skips none when taking fails', async () => {
  const wire = await startTelegramWire()
  onTestFinished(() => wire.close())
  const { lines, log } = createDiary()
  const adapter = makeAdapter(wire, log)
  onTestFinished(() => adapter.stop())
  for (const text of ['one', 'two', 'three']) wire.say({ text })
  const [, second] = wire.unconfirmed()
  const taken: string[] = []
  let away = true
  await adapter.start(async what => {
    if (!isMessage(what)) return
    if (what.text === 'two' && away) throw new Error('Redis is away')
    taken.push(what.text)
  })
  await expect.poll(() => callsOf(wire, 'getUpdates').length, { timeout: 5000 }).toBeGreaterThan(1)
  expect(taken).toEqual(['one'])
  expect(wire.unconfirmed()[0]).toBe(second)
  away = false
  await expect.poll(() => taken, { timeout: 5000 }).toEqual(['one', 'two', 'three'])
  await expect.poll(() => wire.unconfirmed()).toEqual([])
  expect(lines.filter(line => line.includes('Redis is away'))).toHaveLength(1)
})

test('says once that another program polls with its token, and goes on', async () => {
  const { wire, hears, lines } = await listen()
  wire.fail(
    { kind: 'error', code: 409, description: 'Conflict: terminated by other getUpdates request' },
    { method: 'getUpdates', times: 2 },
  )
  wire.say({ text: 'first' })
  await hears(1)
  wire.say({ text: 'second' })
  await hears(2)
  expect(lines.filter(line => line.includes('another program polls'))).toHaveLength(1)
})

test('two that poll at once are told so by the wire', async () => {
  const { wire, adapter } = await listen()
  const rival = fetch(`${wire.url}/bot${wire.token}/getUpdates?timeout=1`, { method: 'POST', body: '{"timeout":1}' })
  await expect.poll(() => callsOf(wire, 'getUpdates').some(call => !call.ok && call.payload['allowed_updates'])).toBe(true)
  await adapter.stop()
  await rival
})

test('shows at once that it heard, though nothing was taken yet', async () => {
  const wire = await startTelegramWire()
  onTestFinished(() => wire.close())
  const adapter = makeAdapter(wire)
  let release = () => {}
  await adapter.start(
    () =>
      new Promise(resolve => {
        release = resolve
      }),
  )
  wire.say({ text: 'hello @bellhop_bot', chat: group, thread: 7 })
  await expect
    .poll(() => callsOf(wire, 'sendChatAction')[0]?.payload)
    .toEqual({ chat_id: group, action: 'typing', message_thread_id: 7 })
  const stopped = adapter.stop()
  expect(
    await Promise.race([stopped.then(() => 'stopped'), new Promise(resolve => setTimeout(resolve, 50, 'still taking'))]),
  ).toBe('still taking')
  release()
  await stopped
  expect(wire.polling()).toBe(0)
})

test('an update that nobody can read is passed over', async () => {
  const { wire, heard, hears, lines } = await listen()
  wire.offer({ message: { from: { id: 1, is_bot: false, first_name: 'X' }, text: 'no chat' } as never })
  wire.say({ text: 'after it' })
  await hears(1)
  expect(heard[0]).toMatchObject({ text: 'after it' })
  expect(lines.join()).toContain('could not be read')
})

test('answers a press when it is kept', async () => {
  const { wire, adapter, heard, hears } = await listen()
  wire.say({ text: 'go' })
  await hears(1)
  const out: Outgoing = { text: 'working', buttons: [{ label: 'Stop', action: 'stop', token: 'a:b' }], final: false }
  const id = await adapter.post(`telegram:${person}`, out)
  wire.press({ message: Number(id), label: 'Stop' })
  await hears(2)
  expect(heard[1]).toMatchObject({ action: 'stop', token: 'a:b', author: { id: '42' } })
  await expect.poll(() => callsOf(wire, 'answerCallbackQuery').length).toBe(1)
  await adapter.edit(`telegram:${person}`, id, { text: 'done', buttons: [], final: true })
  expect(wire.messages(person).at(-1)).toMatchObject({ text: 'done', buttons: [] })
})

test('an edit of what was said refers to the message that it was', async () => {
  const { wire, heard, hears } = await listen()
  const said = wire.say({ text: 'teh question' })
  await hears(1)
  wire.edit(said, 'the question')
  await hears(2)
  expect(heard[1]).toMatchObject({ id: (heard[0] as Heard).id, conversation: `telegram:${person}`, text: 'the question' })
  expect(heard.at(-1)).toHaveProperty('event', expect.stringMatching(/^telegram:edit:\d+$/))
})

test('posts into the topic, as a reply, without a preview and with formatting', async () => {
  const { wire, adapter, heard, hears } = await listen()
  const said = wire.say({ text: '/ask@bellhop_bot things', chat: group, thread: 7 })
  await hears(1)
  const [message] = heard.filter(isMessage)
  await adapter.post(message?.conversation ?? '', live('**well** https://a.example'), message?.replyTo)
  expect(callsOf(wire, 'sendMessage')[0]?.payload).toEqual({
    chat_id: group,
    text: 'well https://a.example',
    entities: [{ type: 'bold', offset: 0, length: 4 }],
    link_preview_options: { is_disabled: true },
    message_thread_id: 7,
    reply_parameters: { message_id: said.message_id, allow_sending_without_reply: true },
  })
  expect(message).toMatchObject({ conversation: `telegram:${group}:7`, text: '/ask things' })
})

test('names no topic for General', async () => {
  const { wire, adapter, hears } = await listen()
  wire.say({ text: '@bellhop_bot hi', chat: group, thread: 1 })
  await hears(1)
  await adapter.post(`telegram:${group}:1`, live('hi'))
  expect(callsOf(wire, 'sendMessage')[0]?.payload).not.toHaveProperty('message_thread_id')
  expect(callsOf(wire, 'sendChatAction')[0]?.payload).toHaveProperty('message_thread_id', 1)
})

test('answers though the question was deleted', async () => {
  const { wire, adapter, hears } = await listen()
  const said = wire.say({ text: 'never mind' })
  await hears(1)
  wire.forget(person, said.message_id)
  wire.say({ text: 'still here' })
  await adapter.post(`telegram:${person}`, live('answer'), String(said.message_id))
  expect(wire.messages(person).at(-1)).toMatchObject({ text: 'answer', bot: true })
})

test('errors are what the house acts on, and never hold the token or what was said', async () => {
  const { wire, adapter, hears } = await listen()
  wire.say({ text: 'hi' })
  await hears(1)
  const conversation = `telegram:${person}`
  const post = () => errorOf(adapter.post(conversation, live('my words')))
  expect(await errorOf(adapter.post('telegram:999', live('x')))).toBeInstanceOf(Gone)
  wire.fail({ kind: 'limit', seconds: 7 }, { method: 'sendMessage' })
  const limited = await post()
  expect(limited).toBeInstanceOf(RateLimited)
  expect((limited as RateLimited).retryAfterMs).toBe(7000)
  const others = []
  for (const kind of ['html', 'drop', 'lost', 'cut'] as const) {
    wire.fail({ kind }, { method: 'sendMessage' })
    others.push(await post())
  }
  wire.fail({ kind: 'slow', ms: 1500 }, { method: 'sendMessage' })
  others.push(await post())
  for (const error of others) {
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(Gone)
    expect(JSON.stringify([String(error), error])).not.toMatch(/my words|test-token/)
  }
  expect(others.map(error => String(error).replace(/^Error: Telegram /, ''))).toEqual([
    'could not be reached for sendMessage: the answer is not JSON',
    expect.stringContaining('could not be reached for sendMessage: '),
    'refused sendMessage: 500 Internal Server Error',
    expect.stringContaining('could not be reached for sendMessage: '),
    'could not be reached for sendMessage: no answer in time',
  ])
  wire.block(person)
  expect(await post()).toBeInstanceOf(Gone)
})

test('announces its commands once per list, in every language', async () => {
  const { wire } = await listen()
  const memory = createMemory()
  const stop = { name: 'stop', description: { en: 'Stop', zh: '停止' }, options: [] }
  for (const commands of [[stop], [stop], [stop, { ...stop, name: 'new' }]]) {
    await makeAdapter(wire, silentLog, memory).announce?.(commands, async () => [])
  }
  expect(callsOf(wire, 'setMyCommands').map(call => call.payload)).toEqual([
    { commands: [{ command: 'stop', description: 'Stop' }] },
    { commands: [{ command: 'stop', description: '停止' }], language_code: 'zh' },
    expect.objectContaining({ commands: expect.arrayContaining([{ command: 'new', description: 'Stop' }]) }),
    expect.objectContaining({ language_code: 'zh' }),
  ])
})

test('a wire that enforces the rate lets eight through at once, and one a second later', async () => {
  const { wire, adapter, hears } = await listen({ enforceRate: true })
  wire.say({ text: 'hi' })
  await hears(1)
  for (let i = 0; i < 8; i++) await adapter.post(`telegram:${person}`, live(`${i}`))
  expect(await errorOf(adapter.post(`telegram:${person}`, live('9')))).toBeInstanceOf(RateLimited)
})
