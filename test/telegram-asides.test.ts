// What a person is told who pressed a button: once over the chat, else in private.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import type { Outgoing } from '../src/adapter.ts'
import { Gone } from '../src/errors.ts'
import { isPress } from '../src/message.ts'
import { callsOf, listenAt, makeAdapter, openWire } from './telegram.stage.ts'
import type { TelegramWire } from './wire/telegram.ts'

const ada = 42
const group = -100_500
const conversation = `telegram:${group}`
const yes = { label: 'Approve', action: 'yes', token: '0123456789abcdef' }
const card: Outgoing = { text: 'may I?', buttons: [yes], final: false }
const words = (text: string): Outgoing => ({ text, buttons: [], final: true })
const textsIn = (wire: TelegramWire, chat: number) => wire.messages(chat).flatMap(({ bot, text }) => (bot ? [text] : []))

/** A card in a group, whose button Ada has pressed. */
async function pressed(knowsBot = true) {
  const wire = await openWire()
  const stage = await listenAt(wire)
  if (knowsBot) wire.say({ text: 'hello', from: { id: ada } })
  wire.say({ text: '@bellhop_bot do it', chat: group, from: { id: ada } })
  await stage.hears(knowsBot ? 2 : 1)
  const id = await stage.adapter.post(conversation, card)
  wire.press({ chat: group, message: Number(id), label: 'Approve', from: { id: ada } })
  const press = await vi.waitFor(() => stage.heard.find(isPress) ?? Promise.reject(new Error('no press')), 5000)
  return { ...stage, wire, id, press, tell: (out: Outgoing) => stage.adapter.post(conversation, out, press.aside) }
}

test('a few words open over the chat, for who pressed alone, and the press is answered by nothing else', async () => {
  const { wire, adapter, id, press, tell } = await pressed()
  expect(press).toMatchObject({ action: 'yes', token: yes.token, conversation })
  const told = await tell(words('Only **Bo** can _answer_ this.'))
  expect(wire.alerts).toEqual([{ person: ada, text: 'Only Bo can answer this.', stays: true }])
  expect(wire.spinning()).toBe(0)
  await sleep(1200) // longer than a press that nobody speaks to is kept open
  expect(callsOf(wire, 'answerCallbackQuery').map(({ ok }) => ok)).toEqual([true])
  expect(textsIn(wire, ada)).toEqual([])
  expect(await adapter.edit(conversation, told, words('changed')).catch((error: unknown) => error)).toBeInstanceOf(Gone)
  await adapter.edit(conversation, id, words('done'))
  expect(textsIn(wire, group)).toEqual(['done'])
})

test.each<[string, Outgoing, string]>([
  ['more than an alert holds', words('long '.repeat(50)), 'long '.repeat(50).trim()],
  ['an address that is to be opened', words('Go to https://example.org/x'), 'Go to https://example.org/x'],
  ['a link', words('Go [there](https://example.org/x)'), 'Go there'],
  ['a button', { ...words('Have you been there?'), buttons: [yes] }, 'Have you been there?'],
])('%s goes to the private chat, can be edited there, and stays there', async (_, out, shown) => {
  const { wire, adapter, tell } = await pressed()
  const id = await tell(out)
  expect(textsIn(wire, ada)).toEqual([shown])
  await adapter.edit(conversation, id, words('edited'))
  await makeAdapter(wire).post(conversation, words('part two'), undefined, undefined, id)
  await adapter.postFile?.(conversation, { name: 'a.txt', mime: 'text/plain', data: new Uint8Array([65]) }, id)
  expect(textsIn(wire, ada)).toEqual(['edited', 'part two', ''])
  expect(textsIn(wire, group)).toEqual(['may I?'])
  await expect.poll(wire.spinning).toBe(0)
  expect(wire.alerts).toEqual([])
})

test('what comes after an alert goes to the private chat too', async () => {
  const { wire, adapter, tell } = await pressed()
  const id = await tell(words('first'))
  const more = await adapter.post(conversation, words('second'), undefined, undefined, id)
  await adapter.post(conversation, words('third'), undefined, undefined, more)
  expect(wire.alerts).toHaveLength(1)
  expect(textsIn(wire, ada)).toEqual(['second', 'third'])
  expect(textsIn(wire, group)).toEqual(['may I?'])
})

test('another process tells it too, and in private once the press has been answered', async () => {
  const { wire, press } = await pressed()
  const worker = makeAdapter(wire)
  await worker.post(conversation, words('in time'), press.aside)
  expect(wire.alerts).toMatchObject([{ text: 'in time' }])
  await worker.post(conversation, words('too late'), press.aside)
  expect(wire.alerts).toHaveLength(1)
  expect(textsIn(wire, ada)).toEqual(['too late'])
})

test('a press to which nothing is said is answered without a word, and what is said later is told in private', async () => {
  const { wire, tell } = await pressed()
  await expect.poll(wire.spinning, { timeout: 5000 }).toBe(0)
  expect(wire.alerts).toEqual([])
  await tell(words('at last'))
  expect(textsIn(wire, ada)).toEqual(['at last'])
})

test('a press that cannot be kept for long is answered all the same', async () => {
  const wire = await openWire()
  const adapter = makeAdapter(wire)
  const { promise: kept, resolve: keep } = Promise.withResolvers<void>()
  let heard = 0
  await adapter.start(async what => {
    heard++
    if (isPress(what)) await kept
  })
  wire.say({ text: 'hello' })
  await expect.poll(() => heard).toBe(1)
  wire.press({ message: Number(await adapter.post(`telegram:${ada}`, card)), label: 'Approve' })
  await expect.poll(() => heard).toBe(2)
  await expect.poll(wire.spinning, { timeout: 5000 }).toBe(0)
  keep()
})

test('who has never spoken to the bot cannot be told in private, until he does', async () => {
  const { wire, tell } = await pressed(false)
  const long = words('long '.repeat(50))
  expect(await tell(long).catch((error: unknown) => error)).toBeInstanceOf(Gone)
  wire.say({ text: '/start', from: { id: ada } })
  await tell(long)
  expect(textsIn(wire, ada)).toHaveLength(1)
  wire.block(ada)
  expect(await tell(long).catch((error: unknown) => error)).toBeInstanceOf(Gone)
  wire.unblock(ada)
  await tell(long)
  expect(textsIn(wire, ada)).toHaveLength(2)
})

test('what could not be told for a moment can be tried again, and the press does not wait for ever', async () => {
  const { wire, tell } = await pressed()
  wire.fail({ kind: 'error', code: 502, description: 'Bad Gateway' }, { method: 'answerCallbackQuery' })
  await expect(tell(words('hello'))).rejects.toThrow('502')
  expect(wire.spinning()).toBe(1)
  await tell(words('hello'))
  expect(wire.alerts).toMatchObject([{ text: 'hello' }])
  const second = await pressed()
  second.wire.fail({ kind: 'error', code: 502, description: 'Bad Gateway' }, { method: 'answerCallbackQuery' })
  await expect(second.tell(words('hello'))).rejects.toThrow('502')
  await expect.poll(second.wire.spinning, { timeout: 5000 }).toBe(0)
})

test('a bot that stops leaves no press waiting', async () => {
  const { wire, adapter } = await pressed()
  expect(wire.spinning()).toBe(1)
  await adapter.stop()
  expect(wire.spinning()).toBe(0)
})

test('what is told in private keeps the pace of that chat', async () => {
  const { adapter, press } = await pressed()
  const pace = (replyTo?: string) => adapter.limits.pace?.(conversation, replyTo)
  expect(pace(press.aside)).toEqual(adapter.limits.pace?.(`telegram:${ada}`))
  expect(pace('17')).toEqual(pace())
})

test('good and bad buttons look so', async () => {
  const { wire, adapter } = await pressed()
  const buttons = [
    { ...yes, tone: 'good' as const },
    { ...yes, label: 'Deny', action: 'no', tone: 'bad' as const },
  ]
  await adapter.post(conversation, { ...card, buttons: [...buttons, { ...yes, label: 'Other' }] })
  expect(callsOf(wire, 'sendMessage').at(-1)?.payload['reply_markup']).toEqual({
    inline_keyboard: [
      [
        { text: 'Approve', callback_data: `yes:${yes.token}`, style: 'success' },
        { text: 'Deny', callback_data: `no:${yes.token}`, style: 'danger' },
        { text: 'Other', callback_data: `yes:${yes.token}` },
      ],
    ],
  })
})
