import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createTelegramAdapter, type TelegramAdapter, type TelegramOptions } from '../adapters/telegram/telegram.ts'
import { createWebAdapter, type WebAdapter, type WebOptions } from '../adapters/web/web.ts'
import type { Memory } from '../src/adapter.ts'
import { ConfigError } from '../src/errors.ts'
import { type Log, silentLog } from '../src/log.ts'
import { type Heard, isMessage } from '../src/message.ts'
import { createWholeFetch } from '../src/net/whole-fetch.ts'
import { adapterContract } from './adapter.contract.ts'
import { fine, memoryFeed } from './web.house.ts'
import { startTelegramWire, type TelegramWire, type TelegramWireOptions } from './wire/telegram.ts'

const person = 42
const otherBot = { id: 77, is_bot: true, first_name: 'Other' }
const memory: Memory = { get: async () => undefined, set: async () => {} }
const hook = { url: 'https://bot.example.org/telegram/updates', secret: 'only-Telegram_knows' }

adapterContract('telegram by webhook', async () => {
  const { wire, adapter, web, close } = await openHouse()
  await web.start(async () => {})
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
    close,
  }
})

function makeAdapter(wire: TelegramWire, more: Partial<TelegramOptions> = {}): TelegramAdapter {
  return createTelegramAdapter({
    token: wire.token,
    apiRoot: wire.url,
    webhook: hook,
    memory,
    log: silentLog,
    callMs: 1000,
    ...more,
  })
}

/** A Telegram whose public addresses lead to a web door, at which the adapter waits for what is brought. */
async function openHouse(log: Log = silentLog, options: TelegramWireOptions = {}) {
  const reach = (url: string) => `${web.url}${new URL(url).pathname}`
  const wire = await startTelegramWire({ reach, ...options })
  const adapter = makeAdapter(wire, { log })
  const web: WebAdapter = createWebAdapter(webOptions(adapter))
  const close = async () => {
    await adapter.stop()
    await web.stop()
    await wire.close()
  }
  return { wire, adapter, web, close }
}

function webOptions({ webhook }: TelegramAdapter): WebOptions {
  const mounts = webhook ? [webhook] : []
  return { host: '127.0.0.1', port: 0, apiKeys: ['a-key'], feed: memoryFeed(), status: async () => fine, log: silentLog, mounts }
}

/** A listening adapter, what it hears, and a way to knock at its webhook as anybody could. */
async function listen(receive = async (_: Heard) => {}) {
  const lines: string[] = []
  const keep = (facts: object, event: string) => void lines.push(`${event}: ${JSON.stringify(facts)}`)
  const { wire, adapter, web, close } = await openHouse({ ...silentLog, info: keep, warn: keep, error: keep })
  onTestFinished(close)
  const heard: Heard[] = []
  const texts = () => heard.filter(isMessage).map(({ text }) => text)
  await web.start(async () => {})
  await adapter.start(async what => {
    await receive(what)
    heard.push(what)
  })
  const knock = (body: unknown, secret: string | undefined = hook.secret) =>
    fetch(`${web.url}${new URL(hook.url).pathname}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(secret && { 'x-telegram-bot-api-secret-token': secret }) },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  return { wire, adapter, web, heard, texts, lines, knock }
}

const update = (id: number, text: string, chat = person) => ({
  update_id: id,
  message: {
    message_id: id,
    from: { id: chat, is_bot: false, first_name: 'Ada' },
    chat: { id: chat, type: 'private', first_name: 'Ada' },
    date: Math.floor(Date.now() / 1000),
    text,
  },
})

test('tells Telegram where to bring what, and polls for nothing', async () => {
  const { wire, texts, lines } = await listen()
  wire.say({ text: 'hello' })
  await expect.poll(texts).toEqual(['hello'])
  expect(wire.calls.find(({ method }) => method === 'setWebhook')?.payload).toEqual({
    url: hook.url,
    secret_token: hook.secret,
    allowed_updates: ['message', 'edited_message', 'callback_query', 'my_chat_member'],
    max_connections: 20,
  })
  expect(wire.calls.filter(({ method }) => method === 'getUpdates')).toEqual([])
  await expect.poll(() => wire.unconfirmed()).toEqual([]) // the answer to its call is on its way
  expect(lines.join()).not.toContain(hook.secret)
})

test('takes an update only from who knows the secret', async () => {
  const { knock, texts } = await listen()
  for (const secret of ['', 'wrong', `${hook.secret}x`, hook.secret.slice(0, -1), hook.secret.toUpperCase()])
    expect((await knock(update(1, 'let me in'), secret)).status).toBe(401)
  expect(texts()).toEqual([])
  expect((await knock(update(2, 'it is me'))).status).toBe(200)
  expect(texts()).toEqual(['it is me'])
})

test.each<[string, unknown, number]>([
  ['no JSON', '{', 400],
  ['no update', { hello: 'there' }, 400],
  ['an update that nobody can read, since it would come again for ever', { update_id: 1, message: {} }, 200],
  ['a kind of update that was not asked for', { update_id: 1, poll: {} }, 200],
  ['more than it reads', update(1, 'x'.repeat(1024 * 1024)), 413],
])('answers to %s', async (_, body, status) => {
  const { knock, heard } = await listen()
  expect((await knock(body)).status).toBe(status)
  expect(heard).toEqual([])
})

test('opens no other path, and no other method, to who has no key', async () => {
  const { web } = await listen()
  const path = new URL(hook.url).pathname
  const headers = { 'x-telegram-bot-api-secret-token': hook.secret, 'content-type': 'application/json' }
  for (const [method, at] of [
    ['POST', '/chat'],
    ['POST', `${path}/more`],
    ['GET', path],
    ['PUT', path],
  ] as const)
    expect((await fetch(`${web.url}${at}`, { method, headers, ...(method === 'POST' && { body: '{}' }) })).status).toBe(401)
})

test('is brought again what could not be kept, and says so once', async () => {
  let away = true
  const { wire, texts, lines } = await listen(async () => {
    if (away) throw new Error('Redis is away')
  })
  wire.say({ text: 'one' })
  wire.say({ text: 'two' })
  await expect.poll(() => wire.brought.length).toBeGreaterThan(1)
  expect(wire.brought.every(({ status }) => status === 503)).toBe(true)
  expect(wire.unconfirmed()).toHaveLength(2)
  away = false
  await expect.poll(texts).toEqual(['one', 'two'])
  await expect.poll(wire.unconfirmed).toEqual([])
  expect(lines.filter(line => line.includes('Redis is away'))).toHaveLength(1)
})

test('keeps the order within a chat, whatever arrives at once, and holds up no other chat', async () => {
  const release = Promise.withResolvers<void>()
  const { knock, texts } = await listen(async what => {
    if (isMessage(what) && what.text === 'one') await release.promise
  })
  const first = knock(update(1, 'one'))
  await sleep(30)
  const second = knock(update(2, 'two'))
  expect((await knock(update(3, 'elsewhere', 43))).status).toBe(200)
  expect(texts()).toEqual(['elsewhere'])
  release.resolve()
  expect([(await first).status, (await second).status]).toEqual([200, 200])
  expect(texts()).toEqual(['elsewhere', 'one', 'two'])
})

test('what waits behind an update that was not kept is not taken before it', async () => {
  const release = Promise.withResolvers<void>()
  let away = true
  const { knock, texts } = await listen(async () => {
    if (!away) return
    await release.promise
    throw new Error('Redis is away')
  })
  const both = [knock(update(1, 'one'))]
  await sleep(30)
  both.push(knock(update(2, 'two')))
  await sleep(30)
  away = false
  release.resolve()
  expect((await Promise.all(both)).map(({ status }) => status)).toEqual([503, 503])
  expect((await knock(update(1, 'one'))).status).toBe(200)
  expect(texts()).toEqual(['one'])
})

test('ends with what it is taking, takes nothing more, and leaves the webhook for the next start', async () => {
  const release = Promise.withResolvers<void>()
  const { wire, adapter, knock, texts } = await listen(() => release.promise)
  const running = knock(update(1, 'one'))
  await sleep(30)
  const waiting = knock(update(2, 'two'))
  await sleep(30)
  const stopped = adapter.stop()
  expect(await Promise.race([stopped.then(() => 'stopped'), sleep(50, 'still taking')])).toBe('still taking')
  release.resolve()
  await stopped
  expect([(await running).status, (await waiting).status, (await knock(update(3, 'three'))).status]).toEqual([200, 503, 503])
  expect(texts()).toEqual(['one'])
  expect(wire.webhook()).toBe(hook.url)
})

test('a later start that polls takes over', async () => {
  const { wire, adapter } = await listen()
  await adapter.stop()
  wire.say({ text: 'between the two' })
  const later = createTelegramAdapter({ token: wire.token, apiRoot: wire.url, memory, log: silentLog, callMs: 1000 })
  onTestFinished(() => later.stop())
  const texts: string[] = []
  expect(later.webhook).toBeUndefined()
  await later.start(async what => {
    if (isMessage(what)) texts.push(what.text)
  })
  await expect.poll(() => texts).toEqual(['between the two'])
  expect(wire.webhook()).toBe('')
})

test('starts while Telegram is away, says so once, and is brought what was said when it is back', async () => {
  const lines: string[] = []
  const { wire, adapter, web, close } = await openHouse({ ...silentLog, warn: (_, event) => void lines.push(event) })
  onTestFinished(close)
  wire.fail({ kind: 'drop' }, { method: 'getMe', times: 2 })
  wire.fail({ kind: 'limit', seconds: 0.1 }, { method: 'setWebhook' })
  const heard: Heard[] = []
  await web.start(async () => {})
  wire.say({ text: 'early bird' })
  await adapter.start(async what => void heard.push(what))
  await expect.poll(() => heard.length, { timeout: 5000 }).toBe(1)
  expect(lines.length).toBeLessThanOrEqual(2)
})

test('a token or an address that Telegram refuses ends the start with one sentence', async () => {
  const wire = await startTelegramWire()
  onTestFinished(() => wire.close())
  const start = (more: Partial<TelegramOptions>) => makeAdapter(wire, more).start(async () => {})
  await expect(start({ token: '1:wrong' })).rejects.toThrow(/^Telegram refused TELEGRAM_TOKEN \(401 Unauthorized\)/)
  const refused = start({ webhook: { ...hook, url: 'http://bot.example.org/telegram' } })
  await expect(refused).rejects.toBeInstanceOf(ConfigError)
  await expect(refused).rejects.toThrow(/^Telegram refused TELEGRAM_WEBHOOK_URL \(Bad Request: bad webhook: An HTTPS URL/)
})

test('a webhook at a path of the web door itself is refused in one sentence', async () => {
  const wire = await startTelegramWire()
  onTestFinished(() => wire.close())
  const adapter = makeAdapter(wire, { webhook: { ...hook, url: 'https://bot.example.org/chat' } })
  await expect(createWebAdapter(webOptions(adapter)).start(async () => {})).rejects.toThrow(
    "a webhook cannot be at /chat, which is the web door's own: give its address another path",
  )
})

test('who polls says once that another program has set a webhook for its bot, and leaves it alone', async () => {
  const wire = await startTelegramWire()
  onTestFinished(() => wire.close())
  const lines: string[] = []
  const log = { ...silentLog, warn: (facts: object) => void lines.push(JSON.stringify(facts)) }
  const adapter = createTelegramAdapter({
    token: wire.token,
    apiRoot: wire.url,
    fetch: createWholeFetch(),
    memory,
    log,
    callMs: 1000,
  })
  onTestFinished(() => adapter.stop())
  await adapter.start(async () => {})
  wire.setWebhook('https://another.example/hook')
  wire.say({ text: 'wakes the poll' })
  const refusals = () => wire.calls.filter(({ method, ok }) => method === 'getUpdates' && !ok).length
  await expect.poll(refusals, { timeout: 5000 }).toBeGreaterThan(1)
  expect(lines).toEqual([expect.stringContaining('another program has set a webhook for the same TELEGRAM_TOKEN (409)')])
  expect(wire.webhook()).toBe('https://another.example/hook')
})
