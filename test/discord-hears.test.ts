// What is heard besides plain messages: what is typed, what is quoted; and who is never heard.
import { describe, expect, test } from 'vitest'
import { idAt } from '../adapters/discord/inbound.ts'
import { formatInteraction } from '../adapters/discord/interaction.ts'
import { paceOf } from '../adapters/discord/pace.ts'
import type { CommandInfo, Suggest } from '../src/adapter.ts'
import { RateLimited } from '../src/errors.ts'
import { isMessage } from '../src/message.ts'
import { live } from './adapter.contract.ts'
import type { DiscordWire } from './wire/discord.ts'
import { allRead, listen, minutesAgo, openKnown } from './wire/discord-away.ts'
import { callsTo, failure, first, open } from './wire/discord-stage.ts'
import type { WireMessage } from './wire/discord-world.ts'

describe('while a command is typed', () => {
  const call: CommandInfo = {
    name: 'call',
    description: { en: 'Run a tool' },
    options: [
      { name: 'tool', description: { en: 'Its name' }, required: true, suggests: true },
      { name: 'json', description: { en: 'Its arguments' }, required: false },
    ],
  }
  async function type(suggest: Suggest, typed = 'ti') {
    const stage = await open()
    await stage.adapter.announce?.([call], suggest)
    const interaction = stage.wire.typeOption('call', 'tool', typed, { json: '{}' })
    await expect.poll(() => interaction.state, { timeout: 3000 }).toBe('answered')
    return { ...stage, choices: interaction.choices?.map(({ value }) => value) }
  }

  test('an option says that it knows what may be typed', async () => {
    const { wire, adapter } = await open()
    await adapter.announce?.([call], async () => [])
    const [slash] = Object.values(callsTo(wire, 'PUT', /commands$/)[0]?.body ?? {}) as { options: object[] }[]
    expect(slash?.options).toMatchObject([{ name: 'tool', autocomplete: true }, { name: 'json' }])
    expect(slash?.options[1]).not.toHaveProperty('autocomplete')
  })

  test('it is offered what may be typed, and no message is heard', async () => {
    const asked: unknown[] = []
    const { wire, heard, choices } = await type(async (...what) => {
      asked.push(what)
      return ['tiktok__download', 'time__now', 'time__now']
    })
    expect(choices).toEqual(['tiktok__download', 'time__now'])
    expect(asked).toEqual([['call', 'tool', 'ti', { json: '{}' }]])
    expect(callsTo(wire, 'POST', /callback/)).toMatchObject([{ body: { type: 8 }, authorization: undefined, status: 204 }])
    expect(heard).toEqual([])
  })

  test('no more is offered than Discord takes', async () => {
    const many = Array.from({ length: 40 }, (_, at) => `tool_${at}`)
    const { choices } = await type(async () => ['', 'x'.repeat(101), 'y'.repeat(100), ...many])
    expect(choices).toEqual(['y'.repeat(100), ...many.slice(0, 24)])
  })

  test.each<[string, Suggest]>([
    ['fails', () => Promise.reject(new Error('no'))],
    ['throws', () => expect.unreachable()],
  ])('nothing is offered when the answer %s', async (_, suggest) => {
    expect((await type(suggest)).choices).toEqual([])
  })
})

describe('a reply', () => {
  const withFile = (wire: DiscordWire) =>
    wire.say('look', { mention: false, fields: { attachments: [wire.upload('a.txt', 'a')] } })
  const reads = (wire: DiscordWire) => callsTo(wire, 'GET', /\/messages\/\d+$/)

  test('to a message that Discord did not look up has it looked up, with its attachments and in order', async () => {
    const { wire, heard } = await open()
    const quoted = withFile(wire)
    wire.misbehave({ kind: 'slow', method: 'GET', route: /\/messages\/\d+$/, ms: 150 })
    const asked = wire.replyTo(quoted.id, `<@${wire.world.bot.id}> what is it?`, true, {
      referenced_message: undefined as never,
      mentions: [wire.world.bot],
    })
    wire.say('and this?')
    wire.remove(asked.id)
    await expect.poll(() => heard.length).toBe(3)
    expect(heard).toMatchObject([
      { text: 'what is it?', quoted: { author: 'Ada', text: 'look', attachments: [{ name: 'a.txt' }] } },
      { text: 'and this?' },
      { id: `discord:${asked.id}`, text: undefined },
    ])
  })

  test('to a message of the bot is for it, even if Discord did not look that up', async () => {
    const { wire, adapter, heard, conversation } = await open({ messageContent: true }, { messageContent: true })
    const id = await adapter.post(conversation, live('my answer'))
    wire.replyTo(id, 'and why?', false, { referenced_message: undefined as never })
    expect(await first(heard, isMessage)).toMatchObject({ text: 'and why?', quoted: { author: 'Bellhop', text: 'my answer' } })
  })

  test.each<[string, Partial<WireMessage>, number]>([
    ['was deleted', { referenced_message: null }, 0],
    ['cannot be had', { referenced_message: undefined as never }, 1],
  ])('to a message that %s comes without it', async (_, fields, lookUps) => {
    const { wire, heard } = await open()
    const quoted = withFile(wire)
    const asked = { ...fields, mentions: [wire.world.bot] }
    wire.misbehave({ kind: '500', method: 'GET', route: /\/messages\/\d+$/ })
    wire.replyTo(quoted.id, `<@${wire.world.bot.id}> what is it?`, true, asked)
    const message = await first(heard, isMessage)
    expect(message.text).toBe('what is it?')
    expect(message.quoted).toBeUndefined()
    expect(reads(wire)).toHaveLength(lookUps)
  })
})

test('nobody waits for long: not for a quotation, and not for what may be typed', async () => {
  const { wire, adapter, heard } = await open()
  await adapter.announce?.([], () => new Promise(() => {}))
  const interaction = wire.typeOption('call', 'tool', 'ti')
  const quoted = wire.say('look', { mention: false })
  wire.misbehave({ kind: 'slow', method: 'GET', route: /\/messages\/\d+$/, ms: 8000 })
  wire.replyTo(quoted.id, 'hm', true, { referenced_message: undefined as never, mentions: [wire.world.bot] })
  expect((await first(heard, isMessage)).quoted).toBeUndefined()
  await expect.poll(() => interaction.choices).toEqual([])
})

describe('never heard', () => {
  /** Who or what speaks, as the fields of a message that mentions the bot. */
  const others: [string, (wire: DiscordWire) => Partial<WireMessage>][] = [
    ['another bot', ({ world }) => ({ author: world.otherBot })],
    ['the bot itself', ({ world }) => ({ author: world.bot })],
    ['the bot itself, unmarked', ({ world }) => ({ author: { ...world.bot, bot: false } })],
    ['a webhook', ({ world }) => ({ webhook_id: world.appId })],
    ['Discord itself', ({ world }) => ({ author: { ...world.person, system: true } as never })],
    ...[1, 6, 7, 8, 12, 18, 20, 21, 22, 23, 24, 25, 46].map((type): [string, () => Partial<WireMessage>] => [
      `a message of type ${type}`,
      () => ({ type }),
    ]),
  ]
  const places = (wire: DiscordWire) => [wire.world.channel.id, wire.world.dm.id, wire.openThread('a thread')]

  test('by the gateway, in a guild, a DM and a thread', async () => {
    const { wire, adapter, heard } = await open({ messageContent: true }, { messageContent: true })
    const ours = await adapter.post(`discord:${wire.world.channel.id}`, live('an answer'))
    const target = wire.world.messages.get(ours) as WireMessage
    for (const channelId of places(wire)) {
      for (const [who, fields] of others) {
        const said = wire.say(who, { channelId, fields: fields(wire) })
        wire.edit(said.id, `<@${wire.world.bot.id}> ${who}, edited`)
        const reply = {
          type: 19,
          message_reference: { message_id: ours, channel_id: target.channel_id },
          referenced_message: target,
        }
        if (!('type' in fields(wire)))
          wire.say(`${who} replies`, { channelId, mention: false, fields: { ...reply, ...fields(wire) } })
      }
    }
    wire.say('a person')
    await expect.poll(() => heard.filter(isMessage).map(({ text }) => text)).toEqual(['a person'])
    expect(heard.map(what => ('text' in what ? what.text : what.id)).filter(text => /edited/.test(text ?? ''))).toEqual([])
  })

  test('in what was said while the bot was away', async () => {
    const { wire, bookmarks } = await openKnown()
    const thread = wire.openThread('a thread')
    await bookmarks.set(`discord:${thread}`, idAt(minutesAgo(5)))
    const all = [wire.world.channel.id, wire.world.dm.id, thread]
    for (const channelId of all)
      for (const [who, fields] of others) wire.say(who, { channelId, fields: fields(wire), untold: true })
    wire.say('a person', { untold: true })
    const { hears, texts } = await listen(wire, { bookmarks })
    await allRead(wire, 3)
    await hears('a person')
    expect(texts()).toEqual(['a person'])
  })
})

describe('the limits that Discord tells', () => {
  test('are kept for each channel, thread and interaction by itself, without a call that would be refused', async () => {
    const { wire, adapter, heard, conversation } = await open({ bucket: { limit: 2, perMs: 60_000 } })
    const threads = [wire.openThread('one'), wire.openThread('two')].map(id => `discord:${id}`)
    wire.useCommand('report')
    const { replyTo } = await first(heard, isMessage)
    const way = await adapter.post(conversation, live('…'), replyTo)
    await adapter.edit(conversation, way, live('0'))
    for (const place of [conversation, ...threads]) {
      for (const text of ['1', '2']) await adapter.post(place, live(text))
      const before = wire.calls.length
      expect(await failure(adapter.post(place, live('3')))).toBeInstanceOf(RateLimited)
      expect(wire.calls.length).toBe(before)
    }
    expect(wire.calls.filter(({ status }) => status === 429)).toEqual([])
  })

  test('a thread has a lane of its own, and so has an interaction while it is open', () => {
    const way = { appId: '1', token: 'tok', heardAt: Date.now(), askerId: '5' }
    const laneOf = (place: string, replyTo?: string) => paceOf(place, replyTo).lane
    expect(laneOf('discord:1')).not.toBe(laneOf('discord:2'))
    const open = laneOf('discord:1', formatInteraction(way))
    expect(open).not.toBe(laneOf('discord:1'))
    expect(laneOf('discord:1', formatInteraction({ ...way, messageId: '9' }))).toBe(open)
    expect(open).not.toContain('tok')
    expect(laneOf('discord:1', formatInteraction({ ...way, heardAt: 0 }))).toBe(laneOf('discord:1'))
    expect(laneOf('discord:1', '123456789012345678')).toBe(laneOf('discord:1'))
  })
})
