// What was said while the bot was away where it had never heard anything before.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { idAt } from '../adapters/discord/inbound.ts'
import { live } from './adapter.contract.ts'
import type { DiscordWire, DiscordWireOptions } from './wire/discord.ts'
import { allRead, listen, minutesAgo, readings, untold } from './wire/discord-away.ts'
import { guildData } from './wire/discord-gateway.ts'
import { callsTo, createBookmarks, openWire } from './wire/discord-stage.ts'
import { snowflake } from './wire/discord-world.ts'

async function openUnheard(options: DiscordWireOptions = { messageContent: true }) {
  const wire = await openWire(options)
  return { wire, world: wire.world, bookmarks: createBookmarks() }
}

/** A guild's first read is long over when this is heard. */
async function hearsLive(wire: DiscordWire, hears: (...expected: string[]) => Promise<void>, ...before: string[]) {
  wire.say('live', { channelId: wire.openThread('for this alone') })
  await hears(...before, 'live')
}

test.each<[string, (wire: DiscordWire) => string, guildMs?: number]>([
  ['a channel', ({ world }) => world.addChannel('new', 0).id],
  ['a channel of a guild that is told of late', ({ world }) => world.addChannel('new', 0).id, 200],
  ['an announcement channel', ({ world }) => world.addChannel('news', 5).id],
  ['the chat of a voice channel', ({ world }) => world.addChannel('voice', 2).id],
  ['a thread', wire => wire.openThread('new')],
  ['a post of a forum', ({ world }) => world.addChannel('a question', 11, world.addChannel('forum', 15).id).id],
])('%s: the first words are heard, in their order and only if they are for the bot', async (_, place, guildMs = 0) => {
  const { wire, world, bookmarks } = await openUnheard({ guildMs })
  const channelId = place(wire)
  const first = wire.say('one', { channelId, untold: true })
  wire.say('not for the bot', { channelId, mention: false, untold: true })
  world.addMessage(channelId, world.otherBot, { content: 'a bot', mentions: [world.bot] })
  wire.say('two', { channelId, untold: true })
  world.addMessage(channelId, world.person, { content: 'chatter' })
  const { hears, heard, lines } = await listen(wire, { bookmarks })
  await hears('one', 'two')
  expect(heard[0]).toMatchObject({ id: `discord:${first.id}`, conversation: `discord:${channelId}`, replyTo: first.id })
  await expect.poll(() => bookmarks.marks.get(`discord:${channelId}`)).toBe(heard[1]?.replyTo)
  expect(lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
  expect(readings(wire)).toHaveLength(1)
  expect(callsTo(wire, 'GET', /channels\/\d+$/)).toEqual([])
})

test('hears first words that were said before a session that could not be resumed', async () => {
  const { wire, bookmarks } = await openUnheard()
  const { hears } = await listen(wire, { bookmarks })
  wire.gateway.invalidate(false)
  wire.say('said into the gap')
  await hears('said into the gap')
})

test('reads nothing where nothing new can be for it', async () => {
  const { wire, world, bookmarks } = await openUnheard()
  wire.say('too old', { untold: true, fields: { id: idAt(minutesAgo(15.1)) } })
  wire.say('in a forum', { channelId: world.addChannel('forum', 15).id, untold: true })
  const hidden = world.addChannel('hidden', 0)
  hidden.hidden = true
  wire.say('where it may not see', { channelId: hidden.id, untold: true })
  const known = wire.openThread('heard already')
  await bookmarks.set(`discord:${known}`, wire.say('heard', { channelId: known, untold: true }).id)
  world.addChannel('silent', 0)
  const { hears } = await listen(wire, { bookmarks })
  await hearsLive(wire, hears)
  expect(readings(wire).map(({ route }) => route)).toEqual([expect.stringContaining(known)])
})

test.each([
  ['Redis tells', 200],
  ['this gateway alone still knows', 0],
])('reads on from a bookmark that %s, once', async (_, recent) => {
  const { wire, bookmarks } = await openUnheard()
  const { hears } = await listen(wire, { bookmarks: { ...bookmarks, recent: () => bookmarks.recent(recent) } })
  const heard = wire.say('heard')
  await hears('heard')
  await expect.poll(() => bookmarks.marks.size).toBe(1)
  wire.gateway.invalidate(false)
  wire.say('said into the gap', untold)
  await hears('heard', 'said into the gap')
  await hearsLive(wire, hears, 'heard', 'said into the gap')
  expect(readings(wire).map(({ route }) => route)).toEqual([expect.stringContaining(`after=${heard.id}&`)])
})

test('reads nothing in a guild that it joins later', async () => {
  const { wire, world, bookmarks } = await openUnheard()
  const { hears } = await listen(wire, { bookmarks })
  wire.say('before it came', untold)
  wire.gateway.dispatch('GUILD_CREATE', { ...guildData(world), id: snowflake() })
  wire.gateway.dispatch('GUILD_CREATE', guildData(world)) // back from an outage
  await hearsLive(wire, hears)
  expect(readings(wire)).toEqual([])
})

test('reads the 100 channels with the newest messages, four at once, and leaves room for answers', async () => {
  const { wire, world, bookmarks } = await openUnheard()
  const ids = Array.from({ length: 110 }, (_, at) => {
    const { id } = world.addChannel(`channel ${at}`, 0)
    wire.say(`in ${at}`, { channelId: id, untold: true, fields: { id: idAt(minutesAgo(10) + at) } })
    return id
  })
  let most = 0
  wire.misbehave({ kind: 'slow', method: 'GET', route: /\/messages$/, ms: 20, times: 100 })
  const { heard, adapter } = await listen(wire, { bookmarks })
  while (heard.length < 100) {
    most = Math.max(most, readings(wire).filter(call => !call.status).length)
    await adapter.post(`discord:${world.dm.id}`, live('an answer'))
    await sleep(50)
  }
  await sleep(400) // in which eight more would be read
  expect(most).toBe(4)
  const read = readings(wire).flatMap(({ route }) => route.split('/')[2] ?? [])
  expect(read.slice(0, 4).sort()).toEqual(ids.slice(-4).sort())
  expect(read.sort()).toEqual(ids.slice(10).sort())
}, 30_000)

test('asks a channel that it may not read once, and says no word about it', async () => {
  const { wire, world, bookmarks } = await openUnheard()
  const closed = world.addChannel('closed', 0)
  closed.closed = true
  wire.say('where it may not read', { channelId: closed.id, untold: true })
  const { hears, lines } = await listen(wire, { bookmarks })
  await allRead(wire, 1)
  wire.gateway.invalidate(false)
  wire.say('said into the gap', untold)
  await hears('said into the gap')
  await hearsLive(wire, hears, 'said into the gap')
  expect(readings(wire, closed.id)).toHaveLength(1)
  expect(lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
})

test('what failed to be read is read in the next session, although later words were heard there meanwhile', async () => {
  const { wire, world, bookmarks } = await openUnheard()
  wire.say('earlier', untold)
  wire.misbehave({ kind: '429', method: 'GET', route: /\/messages$/, ms: 60_000, times: 1 })
  const { hears, texts } = await listen(wire, { bookmarks })
  await allRead(wire, 1)
  wire.say('live')
  await expect.poll(texts, { timeout: 12_000 }).toEqual(['live'])
  wire.gateway.invalidate(false)
  await hears('live', 'earlier')
  await expect.poll(() => bookmarks.marks.get(`discord:${world.channel.id}`)).toBe(world.lastIn(world.channel.id))
}, 30_000)
