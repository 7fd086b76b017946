import { expect, onTestFinished, test, vi } from 'vitest'
import { Gone } from '../src/errors.ts'
import { live } from './adapter.contract.ts'
import { callsOf, createMemory, listenAt, makeAdapter, openWire } from './telegram.stage.ts'

const person = 42
const oldGroup = -500
const newGroup = -100_777
const inOld = `telegram:${oldGroup}`

const done = { text: 'done', buttons: [], final: true }

test('what was begun in a group that became a supergroup goes on there, without a word below the wrong message', async () => {
  const wire = await openWire()
  const memory = createMemory()
  const { adapter, hears } = await listenAt(wire, { memory })
  const question = wire.say({ chat: oldGroup, text: '@bellhop_bot hi' })
  await hears(1)
  const before = await adapter.post(inOld, live('working'), String(question.message_id))
  wire.migrate(oldGroup, newGroup)
  const worker = makeAdapter(wire, { memory: createMemory() })
  await expect(worker.edit(inOld, before, live('still working'))).rejects.toBeInstanceOf(Gone)
  const after = await worker.post(inOld, live('still working'), String(question.message_id))
  expect(wire.messages(newGroup)).toMatchObject([{ text: 'still working' }])
  expect(callsOf(wire, 'sendMessage').at(-1)?.payload).not.toHaveProperty('reply_parameters')
  await worker.edit(inOld, after, done)
  await makeAdapter(wire, { memory }).edit(inOld, after, { ...done, text: 'done from afar' })
  expect(wire.messages(newGroup)).toMatchObject([{ text: 'done from afar', edits: 2 }])
})

test('where a group went is remembered: from the refusal, and from what Telegram tells', async () => {
  const wire = await openWire()
  const [told, refused] = [createMemory(), createMemory()]
  const { adapter } = await listenAt(wire, { memory: told })
  wire.say({ chat: oldGroup, text: 'hello all' })
  wire.migrate(oldGroup, newGroup)
  await expect.poll(wire.unconfirmed).toEqual([])
  await adapter.post(inOld, live('one'))
  await expect(adapter.edit(inOld, '501', done)).rejects.toBeInstanceOf(Gone)
  expect(wire.calls.filter(({ method, ok }) => !ok && method !== 'getUpdates')).toEqual([])
  await makeAdapter(wire, { memory: refused }).post(inOld, live('two'))
  await makeAdapter(wire, { memory: refused }).post(inOld, live('three'))
  expect(callsOf(wire, 'sendMessage').filter(({ ok }) => !ok)).toHaveLength(1)
  expect(wire.messages(newGroup).map(({ text }) => text)).toEqual(['one', 'two', 'three'])
})

test('who blocked the bot is left alone, until he asks again or some time has passed', async () => {
  const wire = await openWire()
  const adapter = makeAdapter(wire)
  const to = `telegram:${person}`
  const first = wire.say({ text: 'hi' })
  const id = await adapter.post(to, live('working'), String(first.message_id))
  wire.block(person)
  const calls = () => wire.calls.length
  await expect(adapter.edit(to, id, done)).rejects.toBeInstanceOf(Gone)
  const before = calls()
  await expect(adapter.edit(to, id, done)).rejects.toBeInstanceOf(Gone)
  await expect(adapter.post(to, done, String(first.message_id))).rejects.toBeInstanceOf(Gone)
  await expect(adapter.post(to, done)).rejects.toBeInstanceOf(Gone)
  expect(calls()).toBe(before)

  const second = wire.say({ text: 'are you there?' })
  await expect(adapter.post(to, done, String(second.message_id))).rejects.toBeInstanceOf(Gone)
  expect(calls()).toBe(before + 1)

  wire.unblock(person)
  const third = wire.say({ text: 'unblocked' })
  await adapter.post(to, done, String(third.message_id))
  await adapter.post(to, { ...done, text: 'the second part' })
  expect(wire.messages(person).at(-1)).toMatchObject({ text: 'the second part' })

  wire.block(person)
  await expect(adapter.post(to, done)).rejects.toBeInstanceOf(Gone)
  wire.unblock(person)
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 11 * 60_000)
  onTestFinished(() => void vi.restoreAllMocks())
  await adapter.post(to, done)
})

test('a private topic that Telegram has lost is no reason to be silent, a deleted topic of a group is', async () => {
  const wire = await openWire()
  const adapter = makeAdapter(wire)
  wire.say({ text: 'hi' })
  wire.say({ text: 'hi', chat: newGroup })
  await adapter.post(`telegram:${person}:7`, live('here'))
  expect(wire.messages(person).at(-1)).toMatchObject({ text: 'here' })
  await expect(adapter.post(`telegram:${newGroup}:7`, live('nowhere'))).rejects.toBeInstanceOf(Gone)
})

test('whoever adds the bot to a group is told once how to talk to it, in their language', async () => {
  const wire = await openWire()
  const memory = createMemory()
  const { heard } = await listenAt(wire, { memory })
  wire.join(newGroup, { language_code: 'zh-hans' })
  wire.join(oldGroup)
  wire.join(person)
  await expect.poll(() => [newGroup, oldGroup].map(chat => wire.messages(chat).length)).toEqual([1, 1])
  wire.repeat()
  wire.join(newGroup)
  wire.say({ text: 'after it' })
  await expect.poll(() => heard.length).toBe(1)
  await expect.poll(() => callsOf(wire, 'sendChatAction').length).toBe(1)
  expect(wire.messages(newGroup).map(({ text }) => text)).toEqual([expect.stringContaining('提到我（@bellhop_bot）')])
  expect(wire.messages(oldGroup).map(({ text }) => text)).toEqual([expect.stringContaining('I do not get to see')])
  expect(wire.messages(person).filter(({ bot }) => bot)).toEqual([])
})

test('a memory that does not answer keeps an update in line, and silences nobody', async () => {
  const wire = await openWire()
  const never = new Promise<never>(() => {})
  const memory = { get: () => never, set: () => never }
  const { heard } = await listenAt(wire, { memory, callMs: 100 })
  const said = wire.say({ text: 'hi', chat: newGroup })
  await expect.poll(() => callsOf(wire, 'getUpdates').length).toBeGreaterThan(1)
  expect(heard).toEqual([])
  expect(wire.unconfirmed()).toHaveLength(1)
  await makeAdapter(wire, { memory, callMs: 100 }).post(`telegram:${newGroup}`, live('said'), String(said.message_id))
  expect(wire.messages(newGroup).at(-1)).toMatchObject({ text: 'said' })
})
