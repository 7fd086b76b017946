import { expect, test } from 'vitest'
import { createCall } from '../adapters/discord/calls.ts'
import { createCatchUp } from '../adapters/discord/catch-up.ts'
import { idAt } from '../adapters/discord/inbound.ts'
import { Gone } from '../src/errors.ts'
import { type Heard, isMessage, type Message } from '../src/message.ts'
import { allRead, listen, minutesAgo, openKnown, untold } from './wire/discord-away.ts'
import { callsTo, closers, createPad, openWire } from './wire/discord-stage.ts'

test('hears once, in its order, what was said to it while it was away', async () => {
  const { wire, bookmarks, channel, dm } = await openKnown()
  const before = await listen(wire, { bookmarks })
  const thread = wire.openThread('a thread')
  const last = [wire.say('before'), wire.say('in the thread', { channelId: thread })].map(({ id }) => id)
  await expect.poll(() => [bookmarks.marks.get(channel), bookmarks.marks.get(`discord:${thread}`)]).toEqual(last)
  await before.adapter.stop()
  const question = wire.say('away one', untold)
  wire.say('not for the bot', { mention: false, untold: true })
  wire.world.addMessage(wire.world.channel.id, wire.world.otherBot, { content: 'a bot', mentions: [wire.world.bot] })
  wire.world.addMessage(wire.world.dm.id, wire.world.person, { content: 'away in private' })
  wire.say('away two', untold)
  wire.say('away in the thread', { channelId: thread, untold: true })
  const after = await listen(wire, { bookmarks })
  await expect.poll(after.texts, { timeout: 8000 }).toHaveLength(4)
  const inPlace = (place: string) => after.heard.filter(({ conversation }) => conversation === place).map(({ text }) => text)
  expect(inPlace(channel)).toEqual(['away one', 'away two'])
  expect(inPlace(dm)).toEqual(['away in private'])
  expect(inPlace(`discord:${thread}`)).toEqual(['away in the thread'])
  expect(after.heard).toContainEqual(expect.objectContaining({ id: `discord:${question.id}`, replyTo: question.id }))
  await after.adapter.stop()
  const again = await listen(wire, { bookmarks })
  await allRead(wire, 8)
  expect(again.texts()).toEqual([])
})

test('hears what was said before a session that could not be resumed, and goes on', async () => {
  const { wire, bookmarks, channel } = await openKnown()
  const { hears } = await listen(wire, { bookmarks })
  wire.say('heard')
  await hears('heard')
  wire.gateway.invalidate(false)
  wire.say('said into the gap')
  await hears('heard', 'said into the gap')
  const last = wire.say('and now?')
  await hears('heard', 'said into the gap', 'and now?')
  await expect.poll(() => bookmarks.marks.get(channel)).toBe(last.id)
})

test('leaves unanswered what nobody waits for any longer', async () => {
  const { wire, bookmarks, channel } = await openKnown()
  await bookmarks.set(channel, idAt(minutesAgo(60)))
  wire.say('too old', { untold: true, fields: { id: idAt(minutesAgo(15.1)) } })
  wire.say('just in time', { untold: true, fields: { id: idAt(minutesAgo(14.9)) } })
  const { hears } = await listen(wire, { bookmarks })
  await hears('just in time')
  await allRead(wire, 2)
  await hears('just in time')
})

test('reads page by page what does not fit into one', async () => {
  const { wire, bookmarks } = await openKnown()
  for (let count = 0; count < 250; count++) wire.say('chatter', { mention: false, untold: true })
  for (const text of ['one', 'two']) wire.say(text, untold)
  const { hears } = await listen(wire, { bookmarks })
  await hears('one', 'two')
})

test('a channel that it may not read, or that fails, takes no other down; a limit is waited for', async () => {
  const { wire, bookmarks, dm } = await openKnown()
  const closed = wire.world.addChannel('closed', 0)
  closed.closed = true
  const broken = wire.world.addChannel('broken', 0)
  for (const { id } of [closed, broken]) await bookmarks.set(`discord:${id}`, idAt(minutesAgo(5)))
  await bookmarks.set('discord:123456789012345678', idAt(minutesAgo(5)))
  wire.misbehave({ kind: '500', route: new RegExp(`${broken.id}/messages`), times: 100 })
  wire.misbehave({ kind: '429', route: new RegExp(`${wire.world.dm.id}/messages`), ms: 30, times: 6 })
  wire.world.addMessage(wire.world.dm.id, wire.world.person, { content: 'after the limit' })
  wire.say('in the channel', untold)
  const { heard, lines } = await listen(wire, { bookmarks })
  await expect.poll(() => heard.length, { timeout: 8000 }).toBe(2)
  expect(heard.map(({ text }) => text).sort()).toEqual(['after the limit', 'in the channel'])
  await expect.poll(() => bookmarks.marks.get(dm)).toBe(heard.find(({ text }) => text === 'after the limit')?.replyTo)
  expect(lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
})

test('a session that begins anew finds what the one before it did not come to read', async () => {
  const { wire, bookmarks } = await openKnown()
  const { world, token, api } = wire
  const stopping = new AbortController()
  closers.push(async () => stopping.abort())
  const options = { bookmarks, call: createCall(token, api), log: createPad().log, stopping: stopping.signal }
  const catchUp = createCatchUp(options)
  const said = wire.say('said into the gap', untold)
  const heard: Message[] = []
  const hear = async (what: Heard | undefined) => {
    if (what && isMessage(what)) heard.push(what)
    return true
  }
  wire.misbehave({ kind: 'slow', method: 'GET', route: /\/messages/, ms: 400, times: 2 })
  catchUp.begin(world.bot.id, hear)
  await expect.poll(() => callsTo(wire, 'GET', /\/messages\?/).length).toBe(2)
  const live = { id: `discord:${wire.say('live', untold).id}`, conversation: `discord:${world.channel.id}` }
  catchUp.kept(live as Message)
  catchUp.begin(world.bot.id, hear)
  await expect.poll(() => heard.map(({ text }) => text)).toEqual(['said into the gap', 'live'])
  expect(heard[0]?.replyTo).toBe(said.id)
  await expect.poll(() => `discord:${bookmarks.marks.get(live.conversation)}`).toBe(live.id)
  await allRead(wire, 4)
  expect(heard).toHaveLength(2)
})

test('waits for the bookmarks when they cannot be read yet', async () => {
  const { wire, bookmarks } = await openKnown()
  let failures = 1
  const shaky = {
    ...bookmarks,
    recent: async (count: number) => {
      if (failures-- > 0) throw new Error('Redis is away')
      return bookmarks.recent(count)
    },
  }
  wire.say('away', untold)
  const { hears, lines } = await listen(wire, { bookmarks: shaky })
  await hears('away')
  expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
})

test('what could not be kept comes before what was said later, and holds its bookmark', async () => {
  const { wire, bookmarks, channel } = await openKnown()
  let failures = 1
  const { hears, adapter } = await listen(wire, { bookmarks }, async () => {
    if (failures-- > 0) throw new Error('Redis is away')
  })
  await allRead(wire, 2)
  const mark = bookmarks.marks.get(channel)
  wire.say('one')
  const last = wire.say('two')
  await expect.poll(() => callsTo(wire, 'POST', /typing/).filter(call => call.status).length).toBe(2)
  expect(bookmarks.marks.get(channel)).toBe(mark)
  await hears('one', 'two')
  await adapter.stop()
  expect(bookmarks.marks.get(channel)).toBe(last.id)
})

test('a bookmark stays before what Discord refused to show, and passes what the bot may no longer see', async () => {
  const { bookmarks, channel, dm } = await openKnown()
  const mark = bookmarks.marks.get(channel)
  const { lines, log } = createPad()
  const call = async (_: string, route: string) => {
    throw route.includes(dm.split(':')[1] ?? '') ? new Gone('missing access') : Object.assign(new Error('no'), { code: 50035 })
  }
  const catchUp = createCatchUp({ bookmarks, call, log, stopping: new AbortController().signal })
  catchUp.begin('1', async () => true)
  await expect.poll(() => lines.map(({ level }) => level).sort()).toEqual(['debug', 'warn'])
  const later = idAt(Date.now())
  for (const conversation of [channel, dm]) catchUp.kept({ id: `discord:${later}`, conversation } as Message)
  await expect.poll(() => bookmarks.marks.get(dm)).toBe(later)
  await catchUp.settled()
  expect(bookmarks.marks.get(channel)).toBe(mark)
})

test('stopping ends the reading at once', async () => {
  const { wire, bookmarks } = await openKnown()
  wire.say('away', untold)
  wire.misbehave({ kind: '429', method: 'GET', route: /\/messages/, ms: 60_000, times: 9 })
  const { adapter, texts } = await listen(wire, { bookmarks })
  await allRead(wire, 2)
  await adapter.stop()
  expect(texts()).toEqual([])
})

test('asks for nothing without bookmarks', async () => {
  const wire = await openWire()
  const { hears } = await listen(wire)
  wire.say('hello')
  await hears('hello')
  expect(callsTo(wire, 'GET', /\/messages/)).toEqual([])
})
