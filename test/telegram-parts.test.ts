import { setTimeout as sleep } from 'node:timers/promises'
import type { Message as Native, Update } from 'grammy/types'
import { expect, onTestFinished, test } from 'vitest'
import { bundle } from '../adapters/telegram/parts.ts'
import { type Heard, isMessage, isPress } from '../src/message.ts'
import { aMessage } from './fakes.ts'
import { testRooms } from './rooms.ts'
import { createMemory, listenAt, makeAdapter, openWire } from './telegram.stage.ts'
import { findEntities } from './wire/telegram-text.ts'

const person = 42
const group = -100_500
const hook = { url: 'https://bot.example.org/updates', secret: 'only-Telegram_knows' }

const photo = (id: string) => [{ file_id: id, file_unique_id: id, width: 9, height: 9 }]
/** One picture of an album. */
const picture = (id: string, caption = '', album = 'a1'): Partial<Native> => ({
  photo: photo(id),
  media_group_id: album,
  ...(caption && { caption, caption_entities: findEntities(caption) }),
})
const long = (letter: string, length = 4000) => `${letter}${'x'.repeat(length - 1)}`

/** Texts and files of what was heard, shortened. */
const gist = (heard: Heard[]) =>
  heard.filter(isMessage).map(({ text, attachments }) => [text.replace(/x{9,}/g, '…'), ...attachments.map(({ ref }) => ref)])

test('an album is one message, though the rest of it comes later, in another answer of Telegram', async () => {
  const wire = await openWire()
  const { heard, hears } = await listenAt(wire)
  const first = wire.say({ more: picture('p1', 'my holiday') })
  await sleep(400)
  wire.say({ more: picture('p2') })
  wire.say({ text: 'elsewhere', from: { id: 7 } })
  await expect.poll(() => gist(heard)).toEqual([['elsewhere']])
  expect(wire.unconfirmed()).toHaveLength(3)
  wire.say({ more: picture('p3', 'and this?') })
  await hears(2)
  expect(heard[1]).toMatchObject({ id: `telegram:${person}:${first.message_id}`, replyTo: String(first.message_id) })
  expect(gist(heard)[1]).toEqual(['my holiday\n\nand this?', 'p1', 'p2', 'p3'])
  await expect.poll(wire.unconfirmed).toEqual([])
})

test('a paste that was cut is one message, with what stands behind it in its place', async () => {
  const wire = await openWire()
  for (const text of [long('a'), long('b', 4096), 'the end']) wire.say({ text })
  wire.say({ text: 'next question' })
  const { heard, hears } = await listenAt(wire)
  await hears(2)
  expect(gist(heard)).toEqual([['a…\nb…the end'], ['next question']])
})

test('in a group one part that is addressed to the bot is enough, even for a part that comes too late', async () => {
  const wire = await openWire()
  wire.say({ chat: group, more: picture('p1') })
  wire.say({ chat: group, text: 'talk among others', from: { id: 7 } })
  wire.say({ chat: group, more: picture('p2', '@bellhop_bot what are these?') })
  wire.say({ chat: group, more: picture('q1', 'not for you', 'a2'), from: { id: 8 } })
  const { heard, hears } = await listenAt(wire)
  await hears(1)
  wire.say({ chat: group, more: picture('p3') })
  wire.say({ chat: group, more: picture('q2', '', 'a2'), from: { id: 8 } })
  await hears(2)
  expect(gist(heard)).toEqual([
    ['what are these?', 'p1', 'p2'],
    ['', 'p3'],
  ])
  await expect.poll(wire.unconfirmed).toEqual([])
})

test('a part that came after the message was kept is not lost when the process dies before it could say so', async () => {
  const wire = await openWire()
  const memory = createMemory()
  const kept: Heard[] = []
  const dying = makeAdapter(wire, { memory })
  for (const id of ['p1', 'p2']) wire.say({ more: picture(id) })
  await dying.start(async what => {
    kept.push(what)
    void dying.stop()
    throw new Error('the process dies')
  })
  await expect.poll(() => gist(kept)).toEqual([['', 'p1', 'p2']])
  await dying.stop()
  expect(wire.unconfirmed()).toHaveLength(2)
  wire.say({ more: picture('p3') })
  const { heard, hears } = await listenAt(wire, { memory })
  await hears(2)
  expect(gist(heard)).toEqual([
    ['', 'p1', 'p2'],
    ['', 'p3'],
  ])
  expect(heard[0]).toEqual(kept[0])
})

test('an edit of one part leaves the others, and may change what is attached', async () => {
  const wire = await openWire()
  const { heard, hears } = await listenAt(wire)
  wire.say({ more: picture('p1', 'before') })
  const second = wire.say({ more: picture('p2') })
  await hears(1)
  wire.edit(second, 'after', { photo: photo('p9') as Native['photo'] & object })
  await hears(2)
  expect(heard[1]).toMatchObject({
    id: (heard[0] as Heard).id,
    text: 'before\n\nafter',
    attachments: [{ ref: 'p1' }, { ref: 'p9' }],
  })
})

test('while a message may still grow, nobody in another chat is kept waiting, and nothing overtakes it in its own', async () => {
  const wire = await openWire()
  const { adapter, heard, hears } = await listenAt(wire)
  wire.say({ text: 'go', from: { id: 7 } })
  await hears(1)
  const id = await adapter.post('telegram:7', {
    text: 'x',
    buttons: [{ label: 'Stop', action: 'stop', token: 't' }],
    final: false,
  })
  const said = wire.say({ text: long('a') })
  wire.edit(said, 'in short')
  wire.press({ chat: 7, message: Number(id), label: 'Stop', from: { id: 7 } })
  await hears(4)
  const kinds = heard.slice(1).map(what => (isPress(what) ? 'press' : isMessage(what) ? 'message' : 'change'))
  expect(kinds).toEqual(['press', 'message', 'change'])
})

test('brought by webhook, each part is a message of its own and none is lost, even where only one is addressed', async () => {
  const wire = await openWire()
  const memory = createMemory()
  const [one, other] = [makeAdapter(wire, { webhook: hook, memory }), makeAdapter(wire, { webhook: hook, memory })]
  const heard: Heard[] = []
  for (const adapter of [one, other]) await adapter.start(async what => void heard.push(what))
  const parts = [
    picture('p1', '@bellhop_bot look'),
    picture('p2'),
    { text: long('@bellhop_bot '), entities: findEntities('@bellhop_bot ') },
    { text: 'of somebody else', from: { id: 7, is_bot: false as const, first_name: 'Bob' } },
    { text: 'the end' },
    { text: 'talk among others' },
  ]
  for (const [at, more] of parts.entries()) {
    const message = { ...wire.say({ chat: group, more }), date: 1_700_000_000 + at }
    const request = { method: 'POST', headers: { 'x-telegram-bot-api-secret-token': hook.secret } }
    const body = JSON.stringify({ update_id: at + 1, message })
    const adapter = at % 2 === 0 ? one : other
    expect((await adapter.webhook?.handle(new Request(hook.url, { ...request, body })))?.status).toBe(200)
  }
  const refs = heard.filter(isMessage).map(({ text, attachments: [file] }) => file?.ref ?? text.replace(/x{9,}/, '…'))
  expect(refs).toEqual(['p1', 'p2', '…', 'the end'])
})

test('a message that waits takes over what its edit has attached', async () => {
  const rooms = await testRooms()
  onTestFinished(() => rooms.close())
  const [before, after] = ['p1', 'p2'].map(ref => [{ kind: 'image' as const, name: 'photo.jpg', ref }])
  const message = aMessage('look', { attachments: before ?? [] })
  const { id, conversation } = message
  await rooms.inbox.add(message)
  expect(await rooms.inbox.change({ id, conversation, text: 'look', attachments: before ?? [] })).toEqual({ was: 'too late' })
  expect(await rooms.inbox.change({ id, conversation, text: 'look', attachments: after ?? [] })).toEqual({ was: 'waiting' })
  expect(await rooms.inbox.waiting(conversation)).toMatchObject([{ text: 'look', attachments: after }])
  await rooms.inbox.change({ id, conversation, text: 'look again' })
  expect(await rooms.inbox.waiting(conversation)).toMatchObject([{ text: 'look again', attachments: after }])
})

const chat = { id: person, type: 'private', first_name: 'Ada' }
const ada = { id: person, is_bot: false, first_name: 'Ada' }
let ids = 0
const update = (message: object) =>
  ({ update_id: ++ids, message: { message_id: ids, date: 1000, chat, from: ada, ...message } }) as unknown as Update

test.each<[string, object[], number[], boolean]>([
  ['a short text', [{ text: 'a' }, { text: 'b' }], [1, 1], false],
  ['a long text that stands last', [{ text: long('a') }], [1], true],
  ['a long text and what follows at once', [{ text: long('a') }, { text: 'b' }, { text: 'c' }], [2, 1], false],
  ['what follows later', [{ text: long('a') }, { text: 'b', date: 1003 }], [1, 1], false],
  ['what somebody else says', [{ text: long('a') }, { text: 'b', from: { ...ada, id: 7 } }], [1, 1], true],
  ['a channel behind the same sender', [{ text: long('a') }, { text: 'b', sender_chat: { id: -5 } }], [1, 1], true],
  ['another topic', [{ text: long('a') }, { text: 'b', is_topic_message: true, message_thread_id: 3 }], [1, 1], false],
  ['a command', [{ text: long('a') }, { text: '/stop', entities: findEntities('/stop') }], [1, 1], false],
  ['a picture behind a text', [{ text: long('a') }, picture('p')], [1, 1], true],
  ['what was forwarded', [{ text: long('a'), forward_origin: {} }, { text: 'b' }], [1, 1], false],
  ['two albums', [picture('p'), picture('q'), picture('r', '', 'a2')], [2, 1], true],
  ['a full album', Array.from({ length: 11 }, () => picture('p')), [10, 1], true],
  ['a message without a chat', [{ text: 'a', chat: undefined }, { text: 'b' }], [1, 1], false],
])('%s: how many updates are one message', (_, messages, sizes, open) => {
  const bundles = bundle(messages.map(update), [])
  expect(bundles.map(({ updates }) => updates.length)).toEqual(sizes)
  expect(bundles.some(one => one.open)).toBe(open)
})
