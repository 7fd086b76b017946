// What is heard live against what was said before it and is still to be read.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createCall } from '../adapters/discord/calls.ts'
import { createCatchUp } from '../adapters/discord/catch-up.ts'
import { createDiscordAdapter } from '../adapters/discord/discord.ts'
import { idAt, toMessage } from '../adapters/discord/inbound.ts'
import { createOffer } from '../adapters/discord/offer.ts'
import { type Heard, isMessage, isPress } from '../src/message.ts'
import { live as shown } from './adapter.contract.ts'
import type { DiscordWire } from './wire/discord.ts'
import { allRead, listen, minutesAgo, openKnown, readings, untold } from './wire/discord-away.ts'
import { callsTo, closers, createBookmarks, createPad, openWire, optionsFor } from './wire/discord-stage.ts'

const reading = (channelId: string) => new RegExp(`${channelId}/messages$`)
const slowly = (wire: DiscordWire, channelId: string, ms = 600) =>
  wire.misbehave({ kind: 'slow', method: 'GET', route: reading(channelId), ms })
const isRead = (wire: DiscordWire, channelId: string) => expect.poll(() => readings(wire, channelId).length).toBe(1)
const textOf = (what: Heard) => (isPress(what) ? what.action : (what.text ?? 'deleted'))

type Known = Awaited<ReturnType<typeof openKnown>>

test.each<[string, (known: Known) => Promise<string>, guildMs?: number]>([
  ['a channel that was heard before', async ({ wire }) => wire.world.channel.id],
  ['a DM that was heard before', async ({ wire }) => wire.world.dm.id],
  ['a channel that was never heard', async ({ wire }) => wire.world.addChannel('new', 0).id],
  ['a thread that was never heard', async ({ wire }) => wire.openThread('new')],
  ['a channel of a guild that is told of late', async ({ wire }) => wire.world.addChannel('new', 0).id, 200],
])(
  '%s: what is said live comes after what is still being read, and a bookmark stays before it',
  async (_, place, guildMs = 0) => {
    const known = await openKnown({ messageContent: true, guildMs })
    const { wire, bookmarks } = known
    const channelId = await place(known)
    const mark = bookmarks.marks.get(`discord:${channelId}`)
    wire.say('earlier', { channelId, untold: true })
    slowly(wire, channelId)
    const { hears, texts } = await listen(wire, { bookmarks })
    await isRead(wire, channelId)
    wire.say('live', { channelId })
    const last = wire.say('more', { channelId })
    await expect.poll(() => callsTo(wire, 'POST', /typing/).length).toBe(2)
    expect(texts()).toEqual([])
    expect(bookmarks.marks.get(`discord:${channelId}`)).toBe(mark)
    await hears('earlier', 'live', 'more')
    await expect.poll(() => bookmarks.marks.get(`discord:${channelId}`)).toBe(last.id)
  },
)

test('what is said live before it is known what there is to be read comes after that as well', async () => {
  const { wire, bookmarks } = await openKnown()
  const neverHeard = wire.world.addChannel('new', 0).id
  for (const channelId of [wire.world.channel.id, neverHeard]) wire.say('earlier', { channelId, untold: true })
  const slow = { ...bookmarks, recent: (count: number) => sleep(400).then(() => bookmarks.recent(count)) }
  const { heard } = await listen(wire, { bookmarks: slow })
  for (const channelId of [wire.world.channel.id, neverHeard]) wire.say('live', { channelId })
  expect(readings(wire)).toEqual([])
  await expect.poll(() => heard.length).toBe(4)
  for (const channelId of [wire.world.channel.id, neverHeard]) {
    const there = heard.filter(({ conversation }) => conversation === `discord:${channelId}`)
    expect(there.map(({ text }) => text)).toEqual(['earlier', 'live'])
  }
})

test('who has nothing that is to be read waits for nobody', async () => {
  const { wire, bookmarks } = await openKnown()
  const thread = wire.openThread('quiet')
  wire.say('earlier', untold)
  slowly(wire, wire.world.channel.id, 1500)
  const { hears } = await listen(wire, { bookmarks })
  await isRead(wire, wire.world.channel.id)
  wire.say('live', { channelId: thread })
  await hears('live')
  expect(readings(wire, wire.world.channel.id)[0]?.status).toBeUndefined()
  await hears('live', 'earlier')
})

test('an edit or a deletion comes after the message that waits, and a command in its turn; it is acknowledged at once', async () => {
  const { wire, bookmarks } = await openKnown()
  wire.say('earlier', untold)
  slowly(wire, wire.world.channel.id, 1000)
  const { all } = await listen(wire, { bookmarks })
  await isRead(wire, wire.world.channel.id)
  const edited = wire.say('frist')
  const deleted = wire.say('never mind')
  wire.edit(edited.id, `<@${wire.world.bot.id}> first`)
  wire.remove(deleted.id)
  const interaction = wire.useCommand('reset')
  await expect.poll(() => interaction.state).toBe('deferred')
  expect(all).toEqual([])
  await expect.poll(() => all.length, { timeout: 5000 }).toBe(6)
  expect(all.map(textOf)).toEqual(['earlier', 'first', 'never mind', 'first', 'deleted', '/reset'])
})

test('a button works at once', async () => {
  const { wire, bookmarks, channel } = await openKnown()
  const before = createDiscordAdapter(optionsFor(wire))
  const out = { ...shown('working'), buttons: [{ label: 'Stop', action: 'stop', token: 't' }] }
  const reply = await before.post(channel, out)
  wire.say('earlier', untold)
  slowly(wire, wire.world.channel.id, 1500)
  const { all } = await listen(wire, { bookmarks })
  await isRead(wire, wire.world.channel.id)
  wire.press(reply, 'Stop')
  await expect.poll(() => all.map(textOf)).toEqual(['stop'])
  await expect.poll(() => all.map(textOf)).toEqual(['stop', 'earlier'])
})

test('a past that cannot be read silences nobody for longer than "typing…" is seen', async () => {
  const { wire, bookmarks, channel } = await openKnown()
  const neverHeard = wire.world.addChannel('new', 0).id
  const places = [wire.world.channel.id, neverHeard]
  const mark = bookmarks.marks.get(channel)
  for (const channelId of places) {
    wire.say('earlier', { channelId, untold: true })
    wire.misbehave({ kind: '429', method: 'GET', route: reading(channelId), ms: 60_000, times: 9 })
  }
  const { heard, adapter } = await listen(wire, { bookmarks })
  await allRead(wire, 2)
  for (const channelId of places) wire.say('live', { channelId })
  await expect.poll(() => heard.length, { timeout: 12_000 }).toBe(2)
  for (const channelId of places) wire.say('and now?', { channelId })
  await expect.poll(() => heard.length, { timeout: 4000 }).toBe(4)
  await adapter.stop()
  expect([bookmarks.marks.get(channel), bookmarks.marks.get(`discord:${neverHeard}`)]).toEqual([mark, undefined])
}, 20_000)

test('what waits when the bot is stopped is heard after the next start', async () => {
  const { wire, bookmarks } = await openKnown()
  const neverHeard = wire.world.addChannel('new', 0).id
  const places = [wire.world.channel.id, neverHeard]
  for (const channelId of places) {
    wire.say('earlier', { channelId, untold: true })
    slowly(wire, channelId, 1000)
  }
  const before = await listen(wire, { bookmarks })
  await expect.poll(() => readings(wire).length).toBeGreaterThan(2)
  for (const channelId of places) wire.say('live', { channelId })
  await expect.poll(() => callsTo(wire, 'POST', /typing/).filter(call => call.status).length).toBe(2)
  await before.adapter.stop()
  expect(before.all).toEqual([])
  const after = await listen(wire, { bookmarks })
  await expect.poll(() => after.heard.length).toBe(4)
  for (const channelId of places) {
    const there = after.heard.filter(({ conversation }) => conversation === `discord:${channelId}`)
    expect(there.map(({ text }) => text)).toEqual(['earlier', 'live'])
  }
  expect(before.all).toEqual([])
})

test('where somebody waits is read first', async () => {
  const { wire, bookmarks } = await openKnown()
  wire.say('earlier', untold)
  for (let count = 0; count < 40; count++) {
    const { id } = wire.world.addChannel(`channel ${count}`, 0)
    await bookmarks.set(`discord:${id}`, idAt(minutesAgo(1)))
  }
  wire.misbehave({ kind: 'slow', method: 'GET', route: /\/messages$/, ms: 300, times: 40 })
  const { hears } = await listen(wire, { bookmarks })
  wire.say('live')
  await hears('earlier', 'live')
  expect(readings(wire).length).toBeLessThan(20)
})

test('what waits when a session begins anew still waits, and nothing that was not read is passed', async () => {
  const wire = await openWire({ messageContent: true })
  const { world, token, api } = wire
  const channelId = world.channel.id
  const conversation = `discord:${channelId}`
  const guild = () => ({
    id: world.guildId,
    channels: [{ id: channelId, type: 0 as const, last_message_id: world.lastIn(channelId) }],
  })
  const stopping = new AbortController()
  closers.push(async () => stopping.abort())
  const { log } = createPad()
  const bookmarks = createBookmarks()
  const catchUp = createCatchUp({ bookmarks, call: createCall(token, api), log, stopping: stopping.signal })
  const texts = new Map<string, string>()
  const receive = async (what: Heard) => void (isMessage(what) && texts.set(what.id, what.text))
  const offer = createOffer(receive, catchUp.kept, log, stopping.signal)
  const live = catchUp.behindPast(offer)
  wire.say('said into the gap', untold)
  wire.misbehave({ kind: 'slow', method: 'GET', route: /\/messages$/, ms: 400, times: 2 })
  catchUp.begin(world.bot.id, offer)
  catchUp.find(guild() as never)
  await expect.poll(() => readings(wire).length).toBe(1)
  void live(toMessage(wire.say('live', untold) as never, world.bot.id))
  await sleep(1) // it waits now
  catchUp.begin(world.bot.id, offer)
  await expect.poll(() => readings(wire).length).toBe(2)
  catchUp.find(guild() as never)
  expect([...texts.values()]).toEqual([])
  await expect.poll(() => [...texts.values()], { timeout: 5000 }).toEqual(['said into the gap', 'live'])
  await expect.poll(() => bookmarks.marks.get(conversation)).toBe(world.lastIn(channelId))
})
