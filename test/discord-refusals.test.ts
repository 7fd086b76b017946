// Places where the bot may not write: it leaves them alone, and tells who asked what it lacks.
import { afterEach, expect, test, vi } from 'vitest'
import { createDiscordAdapter } from '../adapters/discord/discord.ts'
import { createRefusals } from '../adapters/discord/refusals.ts'
import { Gone, Refused } from '../src/errors.ts'
import { isMessage } from '../src/message.ts'
import { live } from './adapter.contract.ts'
import type { DiscordWire } from './wire/discord.ts'
import { callsTo, createMemory, failure, first, open, optionsFor } from './wire/discord-stage.ts'
import type { WireChannel } from './wire/discord-world.ts'

afterEach(() => void vi.useRealTimers())

function forbid(wire: DiscordWire, channelId: string, what: Partial<WireChannel>): void {
  const channel = wire.world.channels.get(channelId)
  if (channel) Object.assign(channel, what)
}

const dms = (wire: DiscordWire) => wire.messages(wire.world.dm.id).map(({ content }) => content)
const later = (ms: number) => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })

test.each<[string, string, RegExp]>([
  ['en', 'channel', /^I may not write in <#\d+>.*“Send Messages” in that channel/],
  ['zh', 'channel', /^我不能在 <#\d+> 发言.*“发送消息”权限/],
  ['en', 'thread', /“Send Messages in Threads”/],
  ['zh-CN', 'thread', /“在子区内发送消息”/],
])('who asks where the bot may not write is told in a DM (%s, %s)', async (locale, where, sentence) => {
  const { wire, adapter, heard } = await open({}, { locale })
  const channelId = where === 'thread' ? wire.openThread('a thread') : wire.world.channel.id
  forbid(wire, channelId, { denied: ['send'] })
  wire.say('hello?', { channelId })
  const { replyTo, conversation } = await first(heard, isMessage)
  expect(await failure(adapter.post(conversation, live('hello'), replyTo))).toBeInstanceOf(Gone)
  await expect.poll(() => dms(wire)).toEqual([expect.stringMatching(sentence)])
  expect(dms(wire)[0]).toContain(`<#${channelId}>`)
})

test('is told once a day for each channel, also by another process that shares the memory', async () => {
  const memory = createMemory()
  const { wire, adapter, conversation } = await open({}, { memory })
  const other = wire.world.addChannel('other', 0).id
  for (const id of [wire.world.channel.id, other]) forbid(wire, id, { denied: ['send'] })
  const refused = async (bot: typeof adapter, place: string, messageId: string) => {
    expect(await failure(bot.post(place, live('hello'), messageId))).toBeInstanceOf(Gone)
  }
  const asked = wire.say('hello?').id
  await refused(adapter, conversation, asked)
  await expect.poll(() => dms(wire).length).toBe(1)
  const second = createDiscordAdapter(optionsFor(wire, { memory }))
  await refused(second, conversation, wire.say('still there?').id)
  await refused(second, `discord:${other}`, wire.say('and here?', { channelId: other }).id)
  await expect.poll(() => dms(wire).length).toBe(2)
  expect(dms(wire)[1]).toContain(other)
  expect(callsTo(wire, 'POST', new RegExp(`${wire.world.dm.id}/messages$`))).toHaveLength(2)
  later(25 * 60 * 60_000)
  await refused(second, conversation, wire.say('a day later?').id)
  await expect.poll(() => dms(wire).length).toBe(3)
})

test('a place that refused is left alone for a while, and tried again after it', async () => {
  const { wire, adapter, conversation } = await open()
  const posts = () => callsTo(wire, 'POST', new RegExp(`${wire.world.channel.id}/messages$`)).length
  forbid(wire, wire.world.channel.id, { denied: ['send'] })
  for (let turn = 0; turn < 5; turn++) expect(await failure(adapter.post(conversation, live('x')))).toBeInstanceOf(Gone)
  expect(posts()).toBe(1)
  await adapter.post(`discord:${wire.world.dm.id}`, live('elsewhere'))
  forbid(wire, wire.world.channel.id, { denied: [] })
  later(9 * 60_000)
  await adapter.post(conversation, live('at last'))
  expect(wire.messages().at(-1)?.content).toBe('at last')
})

test('each refusal in a row doubles the time, and a success ends it', async () => {
  const { guard } = createRefusals()
  const no = Object.assign(new Gone('no'), { code: 50013 })
  let calls = 0
  let answer: Error | undefined = no
  const ask = () =>
    guard('here', async () => {
      calls++
      if (answer) throw answer
    }).catch(() => {})
  await ask()
  later(61_000)
  await ask()
  expect(calls).toBe(2)
  later(61_000)
  await ask()
  expect(calls).toBe(2)
  later(61_000)
  answer = undefined
  await ask()
  expect(calls).toBe(3)
  answer = new Error('something else')
  await ask()
  await ask()
  expect(calls).toBe(5)
  answer = no
  await ask()
  later(61_000)
  await ask()
  expect(calls).toBe(7)
})

test('typing is not tried again and again where it is refused', async () => {
  const { wire, heard } = await open()
  forbid(wire, wire.world.channel.id, { denied: ['send'] })
  for (let turn = 0; turn < 4; turn++) {
    wire.say(`hello ${turn}`)
    await expect.poll(() => callsTo(wire, 'POST', /typing/)[0]?.status).toBe(403)
  }
  await expect.poll(() => heard.length).toBe(4)
  expect(callsTo(wire, 'POST', /typing/)).toHaveLength(1)
})

test('a channel that the bot may no longer see is told by its own name', async () => {
  const { wire, adapter, heard, conversation } = await open()
  wire.say('hello?')
  const { replyTo } = await first(heard, isMessage)
  forbid(wire, wire.world.channel.id, { closed: true })
  expect(await failure(adapter.post(conversation, live('hello'), replyTo))).toBeInstanceOf(Gone)
  await expect.poll(() => dms(wire)).toEqual([expect.stringMatching(/“View Channel”/)])
})

test('where words may be said but no files, the file is refused and words are taken', async () => {
  const { wire, adapter, heard, conversation } = await open()
  forbid(wire, wire.world.channel.id, { denied: ['attach'] })
  wire.say('draw it')
  const { replyTo } = await first(heard, isMessage)
  const file = { name: 'a.txt', mime: 'text/plain', data: new Uint8Array(3) }
  for (const _ of [1, 2])
    expect(await failure(Promise.resolve(adapter.postFile?.(conversation, file, replyTo)))).toBeInstanceOf(Refused)
  expect(callsTo(wire, 'POST', new RegExp(`${wire.world.channel.id}/messages$`))).toHaveLength(1)
  await adapter.post(conversation, live('I cannot show it'), replyTo)
  expect(wire.messages().at(-1)?.content).toBe('I cannot show it')
  await expect.poll(() => dms(wire)).toEqual([expect.stringMatching(/files.*“Attach Files”/)])
})

test('who used a command is told when its answer finds no way any more', async () => {
  const { wire, adapter, heard, conversation } = await open()
  forbid(wire, wire.world.channel.id, { denied: ['send'] })
  wire.useCommand('report')
  const { replyTo } = await first(heard, isMessage)
  const id = await adapter.post(conversation, live('part one'), replyTo)
  await adapter.post(conversation, live('part two'), undefined, undefined, id)
  await adapter.postFile?.(conversation, { name: 'a.txt', mime: 'text/plain', data: new Uint8Array(3) }, replyTo)
  expect(wire.messages().map(({ content }) => content)).toEqual(['part one', 'part two', ''])
  expect(dms(wire)).toEqual([])
  const old = String(replyTo).replace(/:\d{13}(?=:)/, `:${Date.now() - 15 * 60_000}`)
  expect(await failure(adapter.post(conversation, live('too late'), old))).toBeInstanceOf(Gone)
  await expect.poll(() => dms(wire).length).toBe(1)
})

test('who takes no DMs is left in peace, and no log line holds what was said', async () => {
  const { wire, adapter, lines, conversation } = await open()
  forbid(wire, wire.world.channel.id, { denied: ['send'] })
  const stranger = { ...wire.world.person, id: '987654321098765432' }
  const { id } = wire.say('a secret', { fields: { author: stranger } })
  for (const _ of [1, 2]) await failure(adapter.post(conversation, live('another secret'), id))
  await expect.poll(() => lines.some(({ event }) => /nobody could be told/.test(event))).toBe(true)
  expect(callsTo(wire, 'POST', /@me\/channels/)).toHaveLength(1)
  expect(JSON.stringify(lines)).not.toContain('secret')
})

test('where the bot may not read the past, it answers without showing what it answers', async () => {
  const { wire, adapter, heard, conversation } = await open()
  forbid(wire, wire.world.channel.id, { denied: ['history'] })
  wire.say('hello?')
  const { replyTo } = await first(heard, isMessage)
  await adapter.post(conversation, live('hello'), replyTo)
  expect(wire.messages().map(({ content }) => content)).toEqual([expect.stringContaining('hello?'), 'hello'])
})

test('in an archived thread the answer is posted anew, which opens the thread; in a locked one it is gone', async () => {
  const { wire, adapter } = await open()
  const thread = wire.openThread('old')
  const conversation = `discord:${thread}`
  const id = await adapter.post(conversation, live('working'))
  forbid(wire, thread, { archived: true })
  expect(await failure(adapter.edit(conversation, id, live('done')))).toBeInstanceOf(Gone)
  await adapter.post(conversation, live('done'))
  expect(wire.messages(thread).map(({ content }) => content)).toEqual(['working', 'done'])
  expect(wire.world.channels.get(thread)?.archived).toBe(false)
  forbid(wire, thread, { archived: true, locked: true })
  expect(await failure(adapter.post(conversation, live('late')))).toBeInstanceOf(Gone)
  expect(dms(wire)).toEqual([])
})
