import { join } from 'node:path'
import type { Update } from 'grammy/types'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { createTelegramAdapter, type TelegramOptions } from '../adapters/telegram/telegram.ts'
import { silentLog } from '../src/log.ts'
import { type Heard, isMessage } from '../src/message.ts'
import { createReceive } from '../src/receive.ts'
import { openRedis } from '../src/redis/redis.ts'
import { aMessage, fakeChat } from './fakes.ts'
import { dataFolder, startProcess } from './processes.ts'
import { testRooms } from './rooms.ts'
import { startTelegramWire, type TelegramWire } from './wire/telegram.ts'
import type { Words } from './wire/telegram-people.ts'

const root = join(import.meta.dirname, '..')
const group = -100_500
const minute = 60_000
const memory = { get: async () => undefined, set: async () => {} }
afterEach(() => void vi.useRealTimers())

/** What somebody said so many minutes ago, and Telegram has kept since. */
function sayAgo(wire: TelegramWire, minutes: number, words: Words) {
  return wire.say({ ...words, more: { ...words.more, date: Math.floor((Date.now() - minutes * minute) / 1000) } })
}

async function openWire(): Promise<TelegramWire> {
  const wire = await startTelegramWire()
  onTestFinished(() => wire.close())
  return wire
}

async function listen(wire: TelegramWire, more: Partial<TelegramOptions> = {}) {
  const adapter = createTelegramAdapter({ token: wire.token, apiRoot: wire.url, memory, log: silentLog, ...more })
  onTestFinished(() => adapter.stop())
  const heard: Heard[] = []
  await adapter.start(async what => void heard.push(what))
  return { adapter, heard }
}

/** Which of the messages are marked as too late. */
const lateOf = (heard: Heard[]) =>
  heard.filter(isMessage).map(({ text, unansweredBefore }) => [text, unansweredBefore !== undefined])

test('what was said more than 15 minutes ago is marked and gets no sign of life; what is younger is heard as ever', async () => {
  const wire = await openWire()
  sayAgo(wire, 16, { text: 'old' })
  sayAgo(wire, 600, { text: 'among others', chat: group })
  sayAgo(wire, 600, { text: '@bellhop_bot older', chat: group })
  sayAgo(wire, 14, { text: 'young' })
  const { heard } = await listen(wire)
  await expect.poll(wire.unconfirmed).toEqual([])
  expect(lateOf(heard)).toEqual([
    ['old', true],
    ['older', true],
    ['young', false],
  ])
  expect(wire.calls.filter(({ method }) => method === 'sendChatAction')).toHaveLength(1)
})

test('an edit that is older than 15 minutes is not heard, a younger one of an old message is', async () => {
  const wire = await openWire()
  const said = sayAgo(wire, 100, { text: 'first words' })
  const edited = (text: string, minutes: number) => {
    const edit_date = Math.floor((Date.now() - minutes * minute) / 1000)
    wire.offer({ edited_message: { ...said, text, edit_date } as NonNullable<Update['edited_message']> })
  }
  edited('long ago', 16)
  edited('just now', 1)
  const { heard } = await listen(wire)
  await expect.poll(wire.unconfirmed).toEqual([])
  expect(heard.map(what => 'text' in what && what.text)).toEqual(['first words', 'just now'])
})

test('a webhook is brought what is too late, and takes it, like any other', async () => {
  const wire = await openWire()
  const webhook = { url: 'https://bot.example.org/updates', secret: 'only-Telegram_knows' }
  const { adapter, heard } = await listen(wire, { webhook })
  const said = sayAgo(wire, 16, { text: 'old' })
  const response = await adapter.webhook?.handle(
    new Request(webhook.url, {
      method: 'POST',
      headers: { 'x-telegram-bot-api-secret-token': webhook.secret },
      body: JSON.stringify({ update_id: 1, message: said }),
    }),
  )
  expect(response?.status).toBe(200)
  expect(lateOf(heard)).toEqual([['old', true]])
})

test("a machine whose clock is wrong goes by Telegram's", async () => {
  const wire = await openWire()
  sayAgo(wire, 0, { text: 'now' })
  sayAgo(wire, 16, { text: 'old' })
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60 * minute })
  const { heard } = await listen(wire)
  await expect
    .poll(() => lateOf(heard))
    .toEqual([
      ['now', false],
      ['old', true],
    ])
})

test('a notice speaks for all that it covers; the next absence has its own; what was heard before has none', async () => {
  const rooms = await testRooms()
  onTestFinished(() => rooms.close())
  const tools = {
    ...rooms,
    isUp: () => true,
    admins: ['fake:boss'],
    locale: 'en',
    log: silentLog,
    closing: new AbortController().signal,
  }
  const receive = createReceive(fakeChat().adapter, tools)
  const now = Date.now()
  const late = (text: string, minutes: number, until = 15) =>
    aMessage(text, { sentAt: now - minutes * minute, unansweredBefore: now - until * minute })
  const waiting = async () => {
    const [key = ''] = await rooms.redis.keys('*:inbox:fake:1')
    return (await rooms.redis.lrange(key, 0, -1)).map(json => (JSON.parse(json) as { text: string }).text)
  }
  const known = aMessage('known', { sentAt: now - 40 * minute })
  await receive(known)
  await receive({ ...known, unansweredBefore: now - 15 * minute })
  expect(await waiting()).toEqual(['known'])

  const first = late('/help', 30)
  for (const message of [first, late('b', 29), late('/stop', 16), first]) await receive(message)
  expect(await waiting()).toEqual(['known', '/help'])

  await receive(late('c', 10, 5))
  await receive(late('d', 9, 5))
  await receive({ ...late('elsewhere', 30), conversation: 'fake:2' })
  expect(await waiting()).toEqual(['known', '/help', 'c'])
  expect(await rooms.inbox.waiting('fake:2')).toMatchObject([{ text: 'elsewhere' }])
  expect(await rooms.jobs.counts()).toEqual({ waiting: 2, active: 0 })
})

test('whoever spoke to a bot that was away gets one notice, though the gateway dies before it is posted, and a fresh question its answer', async () => {
  const data = dataFolder()
  onTestFinished(async () => {
    await (await openRedis({ root, dir: join(data.path, 'redis'), path: process.env['PATH'] ?? '', log: silentLog })).close()
    data.remove()
  })
  const wire = await openWire()
  for (const minutes of [200, 90, 16]) sayAgo(wire, minutes, { text: `question ${minutes}` })
  sayAgo(wire, 30, { text: '/status', from: { id: 7, language_code: 'zh-hans' } })
  sayAgo(wire, 30, { text: '@bellhop_bot hello', chat: group, from: { id: 8 } })
  sayAgo(wire, 1, { text: 'are you back?' })
  const env = { DATA_DIR: data.path, TELEGRAM_TOKEN: wire.token, TELEGRAM_API_ROOT: wire.url, TZ: 'UTC' }

  const gateway = startProcess({ ...env, ROLE: 'gateway' })
  await expect.poll(wire.unconfirmed).toEqual([])
  await gateway.end('SIGKILL')
  const said = (chat: number) => wire.messages(chat).filter(({ bot }) => bot)
  expect([42, 7, group].flatMap(said)).toEqual([])

  const house = startProcess(env)
  onTestFinished(async () => void (await house.end()))
  const notice = /^I was away\. What was said here before \d\d:\d\d UTC I have not answered: ask again/
  await expect
    .poll(() => [42, 7, group].map(chat => said(chat).filter(({ buttons }) => buttons.length === 0).length))
    .toEqual([2, 1, 1])
  const [first, second] = said(42)
  expect(first?.text).toMatch(notice)
  expect(second?.text).not.toMatch(notice)
  expect(said(7)[0]?.text).toMatch(/^我刚才不在。UTC \d\d:\d\d 之前/)
  expect(said(group)[0]?.text).toMatch(notice)
  const asked = wire.messages(42).find(({ text }) => text === 'question 200')
  expect(first?.replyTo).toBe(asked?.id)
})
