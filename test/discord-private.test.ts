// Answers that not everybody may see, and those in places where the bot is no member.
import { describe, expect, test } from 'vitest'
import { createDiscordAdapter } from '../adapters/discord/discord.ts'
import type { CommandInfo } from '../src/adapter.ts'
import { Gone } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import { isMessage, type Message } from '../src/message.ts'
import { createReceive } from '../src/receive.ts'
import { openReply } from '../src/reply/reply.ts'
import { live } from './adapter.contract.ts'
import { look } from './cards.ts'
import { testRooms } from './rooms.ts'
import type { DiscordWire } from './wire/discord.ts'
import { callsTo, closers, failure, first, open, optionsFor, type Stage } from './wire/discord-stage.ts'

const secret: CommandInfo = { name: 'secret', description: { en: 'For you alone' }, options: [], quiet: true }
const report: CommandInfo = { name: 'report', description: { en: 'For all' }, options: [] }

async function asked(stage: Stage, use: (wire: DiscordWire) => unknown): Promise<Message> {
  await stage.adapter.announce?.([secret, report], async () => [])
  use(stage.wire)
  return first(stage.heard, isMessage)
}

const texts = (messages: { content: string }[]) => messages.map(({ content }) => content)
/** The same way, heard so long ago that its token has expired. */
const longAgo = (way: string | undefined) => String(way).replace(/:\d{13}(?=:|$)/, `:${Date.now() - 15 * 60_000}`)

/** A reply as a worker writes it, with nothing in its way. */
function replyOf(adapter: Stage['adapter'], message: Message) {
  return openReply({
    adapter,
    message,
    look: look(),
    turn: 'turn-1',
    posted: [],
    again: false,
    keep: async () => {},
    mayAct: async () => {},
    lane: { ask: async () => 0, hush: async () => {} },
    stopButton: { label: 'Stop', action: 'stop', token: 't' },
    closing: new AbortController().signal,
    log: silentLog,
  })
}

const paragraphs = (count: number) => Array.from({ length: count }, (_, at) => `${at} ${'word '.repeat(370)}`).join('\n\n')

describe('a quiet command', () => {
  test('is deferred for the eyes of who asked, and so are its edits and all its parts', async () => {
    const stage = await open()
    const { wire, adapter, conversation } = stage
    const { replyTo } = await asked(stage, one => one.useCommand('secret'))
    expect(callsTo(wire, 'POST', /callback/)[0]?.body).toEqual({ type: 5, data: { flags: 64 } })
    const one = await adapter.post(conversation, live('…'), replyTo, 'k.0')
    await adapter.edit(conversation, one, live('part one'))
    const elsewhere = createDiscordAdapter(optionsFor(wire))
    const two = await elsewhere.post(conversation, live('part two'), undefined, 'k.1', one)
    await elsewhere.edit(conversation, two, live('part two, edited'))
    await adapter.post(conversation, live('part three'), undefined, 'k.2', two)
    await adapter.post(conversation, live('and once more'), replyTo, 'k.3')
    expect(texts(wire.whispers())).toEqual(['part one', 'part two, edited', 'part three', 'and once more'])
    expect(wire.messages()).toEqual([])
    expect(wire.calls.filter(({ route }) => route.startsWith('/channels'))).toEqual([])
  })

  test('a command that is not quiet is answered for all', async () => {
    const stage = await open()
    const { replyTo } = await asked(stage, one => one.useCommand('report'))
    expect(callsTo(stage.wire, 'POST', /callback/)[0]?.body).toEqual({ type: 5 })
    await stage.adapter.post(stage.conversation, live('for all'), replyTo)
    expect(texts(stage.wire.messages())).toEqual(['for all'])
  })

  test('leaks nothing into the channel when its time is over, or when it was acknowledged too late', async () => {
    const stage = await open()
    const { wire, adapter, conversation } = stage
    const { replyTo } = await asked(stage, one => one.useCommand('secret'))
    const id = await adapter.post(conversation, live('in time'), replyTo)
    const before = wire.calls.length
    const late = [
      adapter.edit(conversation, longAgo(id), live('late')),
      adapter.post(conversation, live('late'), longAgo(replyTo)),
      adapter.post(conversation, live('late'), undefined, undefined, longAgo(id)),
      adapter.postFile?.(conversation, aFile(), longAgo(id)),
    ]
    for (const one of late) expect(await failure(Promise.resolve(one))).toBeInstanceOf(Gone)
    expect(wire.calls.length).toBe(before)
    for (const interaction of wire.world.interactions.values()) interaction.expired = true
    expect(await failure(adapter.edit(conversation, id, live('refused')))).toBeInstanceOf(Gone)
    expect(await failure(adapter.post(conversation, live('refused'), undefined, undefined, id))).toBeInstanceOf(Gone)
    expect(wire.messages()).toEqual([])
    expect(wire.calls.filter(({ route }) => route.startsWith('/channels'))).toEqual([])
  })

  test('that was never acknowledged is not answered before everybody', async () => {
    const stage = await open({ interactionMs: -1 })
    const { replyTo } = await asked(stage, one => one.useCommand('secret'))
    expect(await failure(stage.adapter.post(stage.conversation, live('too late'), replyTo))).toBeInstanceOf(Gone)
    expect(stage.wire.messages()).toEqual([])
  })

  test('has its files for the eyes of who asked too', async () => {
    const stage = await open()
    const { wire, adapter, conversation } = stage
    const { replyTo } = await asked(stage, one => one.useCommand('secret'))
    const id = await adapter.post(conversation, live('see below'), replyTo)
    await adapter.postFile?.(conversation, aFile(), replyTo)
    await adapter.postFile?.(conversation, aFile(), id)
    expect(wire.whispers().map(({ attachments }) => attachments.length)).toEqual([0, 1, 1])
    expect(wire.messages()).toEqual([])
  })

  test('that the house answers at length shows none of it to others', async () => {
    const rooms = await testRooms()
    closers.push(() => rooms.close())
    const tools = Array.from({ length: 60 }, (_, at) => ({
      name: `sqlite__tool_number_${at}`,
      description: 'Does a thing that takes a while to describe.',
      label: 'x',
      server: 'sqlite',
    }))
    await rooms.board.post({
      worker: 'w',
      model: 'm',
      servers: [{ name: 'sqlite', state: 'active', tools: 60, connectMs: 1 }],
      tools,
    })
    const stage = await open()
    const closing = new AbortController().signal
    const receive = createReceive(stage.adapter, {
      ...rooms,
      admins: [],
      isUp: () => true,
      locale: 'en',
      log: silentLog,
      closing,
    })
    await receive({ ...(await asked(stage, one => one.useCommand('secret'))), text: '/tools' })
    await expect.poll(() => texts(stage.wire.whispers()).join('\n')).toContain('tool_number_59')
    expect(stage.wire.whispers().length).toBeGreaterThan(1)
    expect(stage.wire.messages()).toEqual([])
  })
})

const aFile = () => ({ name: 'list.csv', mime: 'text/csv', data: new TextEncoder().encode('a,b') })

describe('where the bot is no member', () => {
  /** A channel of a guild, or a private one, out of reach but for the interaction. */
  async function abroad(
    isGuild: boolean,
    use = (wire: DiscordWire, id: string): unknown => wire.useCommand('report', {}, id, true),
  ) {
    const stage = await open()
    const { id } = stage.wire.world.addChannel('far away', isGuild ? 0 : 3)
    const channel = stage.wire.world.channels.get(id)
    if (channel) channel.closed = true
    if (channel && !isGuild) delete channel.guild_id
    const message = await asked(stage, wire => use(wire, id))
    return { ...stage, message, conversation: `discord:${id}`, shown: () => stage.wire.messages(id) }
  }

  test.each([
    ['in a guild', true],
    ['in a private channel', false],
  ])('%s, an answer goes through the interaction and nowhere else', async (_, isGuild) => {
    const { wire, adapter, message, conversation, shown } = await abroad(isGuild)
    const id = await adapter.post(conversation, live('one moment'), message.replyTo, 'k.0')
    await adapter.edit(conversation, id, live('part one'))
    const two = await adapter.post(conversation, live('part'), undefined, 'k.1', id)
    await adapter.edit(conversation, two, live('part two'))
    await adapter.postFile?.(conversation, aFile(), message.replyTo)
    expect(texts(shown())).toEqual(['part one', 'part two', ''])
    expect(shown().at(-1)?.attachments).toMatchObject([{ filename: 'list.csv' }])
    expect(await failure(adapter.edit(conversation, longAgo(two), live('late')))).toBeInstanceOf(Gone)
    expect(await failure(adapter.post(conversation, live('late'), longAgo(message.replyTo)))).toBeInstanceOf(Gone)
    expect(wire.calls.filter(({ route }) => route.startsWith('/channels'))).toEqual([])
  })

  test('what is left after the fifth further message is put on the last one as files, and can still be edited', async () => {
    const { adapter, message, conversation, shown } = await abroad(false)
    let id = await adapter.post(conversation, live('part 0'), message.replyTo)
    for (const part of [1, 2, 3, 4, 5]) id = await adapter.post(conversation, live(`part ${part}`), undefined, undefined, id)
    const six = await adapter.post(conversation, live('part **6**'), undefined, undefined, id)
    await adapter.post(conversation, live('part 7'), undefined, undefined, six)
    await adapter.postFile?.(conversation, aFile(), message.replyTo)
    await adapter.edit(conversation, six, live('part **6**, edited'))
    expect(texts(shown())).toEqual([0, 1, 2, 3, 4, 5].map(part => `part ${part}`))
    const names = (at: number) =>
      shown()
        .at(at)
        ?.attachments.map(({ filename }) => filename)
    expect(names(5)?.toSorted()).toEqual(['answer-1.md', 'answer-2.md'])
    expect(names(0)).toEqual(['list.csv'])
    expect(await failure(adapter.edit(conversation, longAgo(six), live('late')))).toBeInstanceOf(Gone)
  })

  test('the file holds the words of the part, as they are now', async () => {
    const { wire, adapter, message, conversation, shown } = await abroad(false)
    for (const interaction of wire.world.interactions.values()) interaction.followUps = 5
    const id = await adapter.post(conversation, live('begin'), message.replyTo)
    const rest = await adapter.post(conversation, live('# 6'), undefined, undefined, id)
    await adapter.edit(conversation, rest, live('# 6, edited'))
    const [file] = shown()[0]?.attachments ?? []
    expect(new TextDecoder().decode(wire.world.files.get(file?.id ?? ''))).toBe('# 6, edited')
    expect(texts(shown())).toEqual(['begin'])
  })

  test('nothing pings anybody, not even the edit that adds a file to a message', async () => {
    const { wire, adapter, message, conversation } = await abroad(false)
    for (const interaction of wire.world.interactions.values()) interaction.followUps = 5
    const id = await adapter.post(conversation, live('<@1> and @everyone'), message.replyTo)
    const rest = await adapter.post(conversation, live('part 2'), undefined, undefined, id)
    await adapter.edit(conversation, rest, live('part 2, edited'))
    await adapter.postFile?.(conversation, aFile(), message.replyTo)
    const calls = wire.calls.filter(({ method, route }) => method !== 'GET' && route.startsWith('/webhooks'))
    expect(calls.filter(({ body }) => 'attachments' in body)).not.toEqual([])
    for (const { body } of calls) expect(body).toMatchObject({ allowed_mentions: { parse: [], replied_user: false } })
  })

  test('a long answer of a worker arrives whole', async () => {
    const { wire, adapter, message, shown } = await abroad(true)
    const reply = replyOf(adapter, message)
    const whole = paragraphs(8)
    await reply.finish(whole)
    const files = shown().flatMap(({ attachments }) => attachments)
    const said = [...texts(shown()), ...files.map(({ id }) => new TextDecoder().decode(wire.world.files.get(id)))].join('\n')
    for (let at = 0; at < 8; at++) expect(said).toMatch(new RegExp(`^${at} word`, 'm'))
    expect(wire.calls.filter(({ route }) => route.startsWith('/channels'))).toEqual([])
  })

  test('"Ask Bellhop" on a message hands over its words and its attachments', async () => {
    const { wire, adapter, message, conversation, shown } = await abroad(false, (wire, id) => {
      const picture = wire.upload('cat.png', 'meow', undefined, 'image/png')
      const target = wire.say('what a cat', { channelId: id, mention: false, untold: true, fields: { attachments: [picture] } })
      wire.useMessageCommand('Ask Bellhop', target.id, true)
    })
    expect(message).toMatchObject({
      text: /quoted message/,
      quoted: { author: 'Ada', text: 'what a cat', attachments: [{ kind: 'image', name: 'cat.png', mime: 'image/png' }] },
    })
    await adapter.post(conversation, live('a fine cat'), message.replyTo)
    expect(texts(shown())).toEqual(['what a cat', 'a fine cat'])
    const ref = message.quoted?.attachments[0]?.ref ?? ''
    const data = await adapter.fetchFile?.(ref, 100, AbortSignal.timeout(5000))
    expect(new TextDecoder().decode(data)).toBe('meow')
    expect(callsTo(wire, 'POST', /callback/)[0]?.body).toEqual({ type: 5 })
  })
})

test('a part that became a file on another part never takes the place of that part', async () => {
  const stage = await open()
  const { wire, adapter, conversation } = stage
  const { replyTo } = await asked(stage, one => one.useCommand('report'))
  for (const interaction of wire.world.interactions.values()) Object.assign(interaction, { abroad: true, followUps: 5 })
  const channel = wire.world.channels.get(wire.world.channel.id)
  if (channel) channel.denied = ['send']
  const id = await adapter.post(conversation, live('part one'), replyTo)
  const two = await adapter.post(conversation, live('part two'), undefined, undefined, id)
  expect(await failure(adapter.edit(conversation, longAgo(two), live('late')))).toBeInstanceOf(Gone)
  await adapter.edit(conversation, longAgo(id), live('part one, edited where nothing may be posted'))
  expect(texts(wire.messages())).toEqual(['part one, edited where nothing may be posted'])
  expect(wire.messages()[0]?.attachments).toMatchObject([{ filename: 'answer-1.md' }])
})

describe('an answer that outlives its interaction', () => {
  test('goes on in the channel, and its further parts and files with it', async () => {
    const stage = await open()
    const { wire, adapter, conversation } = stage
    const { replyTo } = await asked(stage, one => one.useCommand('report'))
    const id = await adapter.post(conversation, live('in time'), replyTo)
    await adapter.edit(conversation, longAgo(id), live('late'))
    await adapter.post(conversation, live('later'), undefined, 'k.1', longAgo(id))
    await adapter.postFile?.(conversation, aFile(), longAgo(id))
    expect(texts(wire.messages())).toEqual(['late', 'later', ''])
    expect(callsTo(wire, 'POST', /^\/webhooks/)).toEqual([])
  })

  test('that begins only then is posted in the channel at once', async () => {
    const stage = await open()
    const { replyTo } = await asked(stage, one => one.useCommand('report'))
    await stage.adapter.post(stage.conversation, live('late'), longAgo(replyTo))
    expect(texts(stage.wire.messages())).toContain('late')
    expect(stage.wire.calls.filter(({ route }) => route.startsWith('/webhooks'))).toEqual([])
  })
})
