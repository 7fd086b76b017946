import { afterEach, expect, test } from 'vitest'
import { createDiscordAdapter, type DiscordOptions } from '../adapters/discord/discord.ts'
import type { Adapter, CommandInfo, Memory } from '../src/adapter.ts'
import { ConfigError, Gone, RateLimited } from '../src/errors.ts'
import type { Log } from '../src/log.ts'
import { type Heard, isMessage, isPress, type Message } from '../src/message.ts'
import { adapterContract, live } from './adapter.contract.ts'
import { type DiscordWire, type DiscordWireOptions, startDiscordWire } from './wire/discord.ts'

adapterContract('discord', async () => {
  const wire = await startDiscordWire()
  const adapter = createDiscordAdapter(optionsFor(wire))
  return {
    adapter,
    second: createDiscordAdapter(optionsFor(wire)),
    conversation: `discord:${wire.world.channel.id}`,
    say: text => void wire.say(text),
    repeat: () => wire.redeliver(),
    botSays: text => void wire.otherBotSays(text),
    press: (id, label) => void wire.press(id, label),
    shown: () =>
      wire
        .messages()
        .filter(message => message.author.id === wire.world.bot.id)
        .map(message => message.content),
    limitNext: ms => wire.misbehave({ kind: '429', method: 'PATCH', ms }),
    forget: id => wire.remove(id),
    redelivers: true,
    async close() {
      await adapter.stop()
      await wire.close()
    },
  }
})

interface Line {
  level: keyof Log
  facts: object
  event: string
}

interface Stage {
  wire: DiscordWire
  adapter: Adapter
  heard: Heard[]
  lines: Line[]
  conversation: string
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function createMemory(): Memory {
  const kept = new Map<string, string>()
  return { get: async key => kept.get(key), set: async (key, value) => void kept.set(key, value) }
}

function createPad(): { lines: Line[]; log: Log } {
  const lines: Line[] = []
  const write = (level: keyof Log) => (facts: object, event: string) => void lines.push({ level, facts, event })
  return { lines, log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') } }
}

function optionsFor(wire: DiscordWire, more: Partial<DiscordOptions> = {}): DiscordOptions {
  return { token: wire.token, apiUrl: wire.api, memory: createMemory(), log: createPad().log, ...more }
}

async function openWire(options: DiscordWireOptions = {}): Promise<DiscordWire> {
  const wire = await startDiscordWire(options)
  closers.push(() => wire.close())
  return wire
}

async function open(wireOptions: DiscordWireOptions = {}, more: Partial<DiscordOptions> = {}): Promise<Stage> {
  const wire = await openWire(wireOptions)
  const { lines, log } = createPad()
  const adapter = createDiscordAdapter(optionsFor(wire, { log, ...more }))
  const heard: Heard[] = []
  closers.push(() => adapter.stop())
  await adapter.start(async what => void heard.push(what))
  return { wire, adapter, heard, lines, conversation: `discord:${wire.world.channel.id}` }
}

const first = async <T extends Heard>(heard: Heard[], is: (what: Heard) => what is T): Promise<T> => {
  await expect.poll(() => heard.filter(is).length, { timeout: 5000 }).toBeGreaterThan(0)
  const found = heard.find(is)
  if (!found) throw new Error('nothing heard')
  return found
}

const callsTo = (wire: DiscordWire, method: string, route: RegExp) =>
  wire.calls.filter(call => call.method === method && route.test(call.route))

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

test('hears a DM, a reply to the bot, and a mention in a thread, each in its own conversation', async () => {
  const { wire, adapter, heard, conversation } = await open()
  const id = await adapter.post(conversation, live('my answer'))
  wire.sayInDm('in private')
  wire.replyTo(id, 'and why?')
  const thread = wire.openThread('a thread')
  wire.say('in the thread', { channelId: thread })
  await expect.poll(() => heard.length).toBe(3)
  expect(heard).toMatchObject([
    { text: 'in private', conversation: `discord:${wire.world.dm.id}`, author: { name: 'Ada' } },
    { text: 'and why?', conversation, quoted: { author: 'Bellhop', text: 'my answer' } },
    { text: 'in the thread', conversation: `discord:${thread}` },
  ])
})

test('shows typing before the message has been kept', async () => {
  const wire = await openWire()
  const adapter = createDiscordAdapter(optionsFor(wire))
  closers.push(() => adapter.stop())
  const never = Promise.withResolvers<void>()
  await adapter.start(() => never.promise)
  wire.say('hello')
  await expect.poll(() => callsTo(wire, 'POST', /\/typing$/).length).toBe(1)
  never.resolve()
})

test('asks for no privileged intent unless told to', async () => {
  const plain = await open()
  const more = await open({ messageContent: true }, { messageContent: true })
  const intentsOf = (wire: DiscordWire) => (wire.gateway.frames.find(frame => frame.op === 2)?.d as { intents: number }).intents
  expect(intentsOf(plain.wire)).toBe((1 << 0) | (1 << 9) | (1 << 12))
  expect(intentsOf(more.wire)).toBe((1 << 0) | (1 << 9) | (1 << 12) | (1 << 15))
})

test('answers to the message it answers, pings nobody and shows no previews, in posts and edits alike', async () => {
  const { wire, adapter, heard, conversation } = await open()
  wire.say('look it up')
  const { replyTo } = await first(heard, isMessage)
  const id = await adapter.post(conversation, live('@everyone https://example.org'), replyTo)
  await adapter.edit(conversation, id, { text: '@everyone done', buttons: [], final: true })
  const [post] = callsTo(wire, 'POST', /\/messages$/)
  const [edit] = callsTo(wire, 'PATCH', /./)
  expect(post?.body).toMatchObject({
    message_reference: { message_id: replyTo, fail_if_not_exists: false },
    flags: 4,
    enforce_nonce: true,
  })
  expect(String(post?.body['nonce']).length).toBeLessThanOrEqual(25)
  for (const call of [post, edit]) expect(call?.body['allowed_mentions']).toEqual({ parse: [], replied_user: false })
  expect(edit?.body['flags']).toBe(4)
  expect(wire.messages().at(-1)?.content).toBe('@everyone done')
})

test('answers to a message that was deleted meanwhile', async () => {
  const { wire, adapter, conversation } = await open()
  const asked = wire.say('never mind')
  wire.remove(asked.id)
  await adapter.post(conversation, live('here it is'), asked.id)
  expect(wire.messages().at(-1)?.content).toBe('here it is')
})

test.each(['500-after', 'drop-after', '500', 'drop'] as const)('posts once although the line failed (%s)', async kind => {
  const { wire, adapter, conversation } = await open()
  wire.misbehave({ kind, method: 'POST', route: /\/messages$/, times: 2 })
  const id = await adapter.post(conversation, live('once'))
  expect(wire.messages().map(message => message.content)).toEqual(['once'])
  await adapter.edit(conversation, id, live('still once'))
  expect(wire.messages().map(message => message.content)).toEqual(['still once'])
})

test('posts two equal texts as two messages', async () => {
  const { wire, adapter, conversation } = await open()
  await adapter.post(conversation, live('twin'))
  await adapter.post(conversation, live('twin'))
  expect(wire.messages()).toHaveLength(2)
})

test.each(['drop', 'drop-after', '500', '500-after'] as const)(
  'an edit gets through although the line failed (%s)',
  async kind => {
    const { wire, adapter, conversation } = await open()
    const id = await adapter.post(conversation, live('one'))
    wire.misbehave({ kind, method: 'PATCH', times: 2 })
    await adapter.edit(conversation, id, live('two'))
    expect(wire.messages().at(-1)?.content).toBe('two')
  },
)

test('passes a rate limit on at once, also one that headers foretell, and the global one', async () => {
  const { wire, adapter, conversation } = await open({ bucket: { limit: 2, perMs: 60_000 } })
  const id = await adapter.post(conversation, live('0'))
  await adapter.edit(conversation, id, live('1'))
  await adapter.edit(conversation, id, live('2'))
  const before = wire.calls.length
  const foretold = await failure(adapter.edit(conversation, id, live('3')))
  expect(foretold).toBeInstanceOf(RateLimited)
  expect((foretold as RateLimited).retryAfterMs).toBeGreaterThan(50_000)
  expect(wire.calls.length).toBe(before)
  wire.misbehave({ kind: '429', method: 'POST', ms: 5000, global: true })
  const everywhere = await failure(adapter.post(conversation, live('4')))
  expect((everywhere as RateLimited).retryAfterMs).toBeGreaterThanOrEqual(5000)
})

test('takes a page that came in place of an answer for no answer', async () => {
  const { wire, adapter, conversation } = await open()
  wire.misbehave({ kind: 'html', times: 2 })
  await expect(adapter.post(conversation, live('hello'))).rejects.toThrow('no answer from Discord')
  await expect(adapter.edit(conversation, wire.world.bot.id, live('hello'))).rejects.toThrow('no answer from Discord')
})

test('calls a deleted message, a closed thread and an unknown channel gone', async () => {
  const { wire, adapter } = await open()
  const thread = wire.openThread('old')
  const id = await adapter.post(`discord:${thread}`, live('in the thread'))
  const channel = wire.world.channels.get(thread)
  if (channel) channel.archived = true
  expect(await failure(adapter.edit(`discord:${thread}`, id, live('late')))).toBeInstanceOf(Gone)
  expect(await failure(adapter.post('discord:123456789012345678', live('nobody there')))).toBeInstanceOf(Gone)
})

test('hears edits and deletions, but not the previews that Discord adds', async () => {
  const { wire, heard, conversation } = await open()
  const said = wire.say('frist')
  const message = await first(heard, isMessage)
  wire.gateway.dispatch('MESSAGE_UPDATE', { ...structuredClone(said), embeds: [{ type: 'link' }] }, 1 << 9)
  wire.edit(said.id, `<@${wire.world.bot.id}> first`)
  wire.remove(said.id)
  await expect.poll(() => heard.length).toBe(3)
  expect(heard.slice(1)).toEqual([
    { id: message.id, conversation, text: 'first' },
    { id: message.id, conversation, text: undefined },
  ])
})

test('defers a slash command before anything else, and answers in its place', async () => {
  const { wire, adapter, heard, conversation } = await open()
  const interaction = wire.useCommand('model', { name: 'small' })
  const message = await first(heard, isMessage)
  expect(callsTo(wire, 'POST', /callback/)[0]).toMatchObject({ body: { type: 5 }, status: 204, authorization: undefined })
  expect(message).toMatchObject({
    id: `discord:${interaction.id}`,
    text: '/model small',
    conversation,
    author: { locale: 'en-GB' },
  })
  const elsewhere = createDiscordAdapter(optionsFor(wire))
  const id = await elsewhere.post(conversation, live('one moment'), message.replyTo)
  await adapter.edit(conversation, id, live('small it is'))
  expect(wire.messages().map(shown => shown.content)).toEqual(['small it is'])
  expect(callsTo(wire, 'PATCH', /^\/channels/)).toHaveLength(0)
})

test('goes on in the channel once the interaction has expired', async () => {
  const { wire, adapter, heard, conversation } = await open()
  const interaction = wire.useCommand('report')
  const { replyTo } = await first(heard, isMessage)
  const id = await adapter.post(conversation, live('one moment'), replyTo)
  interaction.expired = true
  await adapter.edit(conversation, id, live('refused, then through the channel'))
  expect(wire.messages().map(shown => shown.content)).toEqual(['refused, then through the channel'])
  const tries = callsTo(wire, 'PATCH', /^\/webhooks/).length
  await adapter.edit(conversation, id.replace(/:\d{13}:/, `:${Date.now() - 15 * 60_000}:`), live('too old to try'))
  expect(callsTo(wire, 'PATCH', /^\/webhooks/).length).toBe(tries)
  expect(wire.messages().map(shown => shown.content)).toEqual(['too old to try'])
})

test('a second post to an interaction does not overwrite the first', async () => {
  const { wire, adapter, heard, conversation } = await open()
  wire.useCommand('report')
  const { replyTo } = await first(heard, isMessage)
  await adapter.post(conversation, live('part one'), replyTo)
  await adapter.post(conversation, live('part two'), replyTo)
  await adapter.post(conversation, live('part three'))
  expect(wire.messages().map(shown => shown.content)).toEqual(['part one', 'part two', 'part three'])
})

test('where the bot is no member, more parts follow through the interaction', async () => {
  const { wire, adapter, heard } = await open()
  const far = wire.world.addChannel('far away', 1).id
  wire.useCommand('report', {}, far)
  const { replyTo } = await first(heard, isMessage)
  await adapter.post(`discord:${far}`, live('part one'), replyTo)
  wire.world.channels.delete(far)
  const id = await adapter.post(`discord:${far}`, live('part two'))
  expect(id).toMatch(/^interaction:/)
  expect(wire.messages(far).map(shown => shown.content)).toEqual(['part one', 'part two'])
})

test('a command acknowledged too late is answered in the channel', async () => {
  const { wire, adapter, heard, conversation, lines } = await open({ interactionMs: -1 })
  wire.useCommand('report')
  const { replyTo } = await first(heard, isMessage)
  await adapter.post(conversation, live('late but here'), replyTo)
  expect(wire.messages().map(shown => shown.content)).toEqual(['late but here'])
  expect(lines.filter(line => line.level === 'warn')).toHaveLength(1)
})

test('an acknowledgement whose answer was lost is no trouble', async () => {
  const { wire, heard, lines } = await open()
  wire.misbehave({ kind: 'drop-after', method: 'POST', route: /callback/ })
  wire.useCommand('report')
  await first(heard, isMessage)
  expect(lines.filter(line => line.level === 'warn')).toEqual([])
})

test('"Ask Bellhop" on a message hands that message over as a quotation', async () => {
  const { wire, heard } = await open()
  const other = wire.say('what a day', { mention: false })
  wire.useMessageCommand('Ask Bellhop', other.id)
  expect(await first(heard, isMessage)).toMatchObject({ quoted: { author: 'Ada', text: 'what a day' }, text: /quoted message/ })
})

test('acknowledges a pressed button at once', async () => {
  const { wire, adapter, heard, conversation } = await open()
  const buttons = [{ label: 'Stop', action: 'stop', token: 'turn:7' }]
  const id = await adapter.post(conversation, { text: 'working', buttons, final: false })
  expect(wire.messages().at(-1)?.components[0]?.components).toMatchObject([{ type: 2, style: 4, label: 'Stop' }])
  const interaction = wire.press(id, 'Stop')
  expect(await first(heard, isPress)).toMatchObject({ id: `discord:${interaction.id}`, action: 'stop', token: 'turn:7' })
  expect(callsTo(wire, 'POST', /callback/)[0]?.body).toEqual({ type: 6 })
  await adapter.edit(conversation, id, { text: 'done', buttons: [], final: true })
  expect(wire.messages().at(-1)?.components).toEqual([])
})

const help: CommandInfo = {
  name: 'help',
  description: { en: 'What I can do', zh: '我能做什么' },
  options: [
    { name: 'topic', description: { en: 'A topic' }, required: false },
    { name: 'depth', description: { en: 'How much' }, required: true },
  ],
}

test('announces commands once, and again only when they have changed', async () => {
  const memory = createMemory()
  const { wire, adapter } = await open({}, { memory })
  const puts = () => callsTo(wire, 'PUT', /^\/applications\/\d+\/commands$/)
  await adapter.announce?.([help])
  await adapter.announce?.([help])
  expect(puts()).toHaveLength(1)
  const [slash, menu] = puts()[0]?.body as unknown as Record<string, unknown>[]
  expect(slash).toMatchObject({
    name: 'help',
    type: 1,
    description_localizations: { 'zh-CN': '我能做什么' },
    options: [{ name: 'depth' }, { name: 'topic' }],
    integration_types: [0, 1],
    contexts: [0, 1, 2],
  })
  expect(menu).toMatchObject({ type: 3, name: 'Ask Bellhop' })
  await adapter.announce?.([{ ...help, name: 'hilfe' }])
  expect(puts()).toHaveLength(2)
})

test('a refused token ends the start with one sentence that says what to do', async () => {
  const wire = await openWire()
  const refusedByRest = createDiscordAdapter(optionsFor(wire, { token: 'wrong-token' }))
  const error = await failure(refusedByRest.start(async () => {}))
  expect(error).toBeInstanceOf(ConfigError)
  expect((error as ConfigError).message).toMatch(/DISCORD_TOKEN/)
  expect((error as ConfigError).message).not.toContain('wrong-token')
  wire.gateway.refuseWith(4004)
  expect(await failure(createDiscordAdapter(optionsFor(wire)).start(async () => {}))).toEqual(error)
})

test('a refused intent ends the start with its name and where its switch is', async () => {
  const wire = await openWire({ messageContent: false })
  const error = await failure(createDiscordAdapter(optionsFor(wire, { messageContent: true })).start(async () => {}))
  expect(error).toBeInstanceOf(ConfigError)
  expect((error as ConfigError).message).toMatch(/MESSAGE_CONTENT.*Privileged Gateway Intents/)
})

test('a post with a refused token says so, and the next one is tried again', async () => {
  const wire = await openWire()
  const adapter = createDiscordAdapter(optionsFor(wire, { token: 'wrong' }))
  for (const _ of [1, 2])
    expect(await failure(adapter.post(`discord:${wire.world.channel.id}`, live('x')))).toBeInstanceOf(ConfigError)
  expect(callsTo(wire, 'POST', /./)).toHaveLength(2)
})

test('starts without Discord, says so once, and connects when it comes back', async () => {
  const wire = await startDiscordWire()
  const port = Number(new URL(wire.api).port)
  await wire.close()
  const { lines, log } = createPad()
  const memory = createMemory()
  const adapter = createDiscordAdapter(optionsFor(wire, { log, memory }))
  closers.push(() => adapter.stop())
  const heard: Heard[] = []
  await adapter.start(async what => void heard.push(what))
  await adapter.announce?.([help])
  expect(lines.filter(line => line.level === 'warn').map(line => line.event)).toEqual(['Discord cannot be reached; trying on'])
  const back = await openWire({ port })
  await expect.poll(() => back.gateway.connected(), { timeout: 8000 }).toBe(1)
  await expect.poll(() => callsTo(back, 'PUT', /commands$/).length).toBe(1)
  back.say('welcome back')
  await first(heard, isMessage)
  expect(lines.filter(line => line.level === 'warn')).toHaveLength(1)
})

test('loses nothing that is said while the line is down for a moment', async () => {
  const { wire, heard } = await open()
  wire.gateway.drop()
  wire.say('said into the gap')
  wire.gateway.dispatch('TYPING_START', {})
  expect((await first(heard, isMessage)).text).toBe('said into the gap')
  expect(wire.gateway.frames.map(frame => frame.op)).toContain(6)
})

test.each([
  ['asked to reconnect', (wire: DiscordWire) => wire.gateway.askReconnect()],
  ['told that the session is over', (wire: DiscordWire) => wire.gateway.invalidate(false)],
  ['closed with 1001', (wire: DiscordWire) => wire.gateway.drop(1001)],
])('listens again after it was %s', async (_, trouble) => {
  const { wire, heard } = await open()
  trouble(wire)
  await expect
    .poll(() => wire.gateway.frames.filter(frame => frame.op === 2 || frame.op === 6).length, { timeout: 8000 })
    .toBeGreaterThan(1)
  await expect.poll(() => wire.gateway.connected(), { timeout: 8000 }).toBe(1)
  wire.say('and now?')
  expect((await first(heard, isMessage)).text).toBe('and now?')
})

test('a connection that Discord ends for good is logged in one clear sentence', async () => {
  const { wire, lines } = await open()
  wire.gateway.drop(4004)
  await expect.poll(() => lines.filter(line => line.level === 'error').length).toBe(1)
  expect(lines.find(line => line.level === 'error')?.event).toMatch(/^Discord is off: Discord refused the bot token/)
})

test('keeps trying to hand over what could not be kept, and stops trying when it is stopped', async () => {
  const wire = await openWire()
  const { lines, log } = createPad()
  const adapter = createDiscordAdapter(optionsFor(wire, { log }))
  const kept: Message[] = []
  let refusals = 1
  await adapter.start(async what => {
    if (refusals-- > 0) throw new Error('the store is down')
    if (isMessage(what)) kept.push(what)
  })
  wire.say('keep this')
  await expect.poll(() => kept.length, { timeout: 5000 }).toBe(1)
  refusals = 100
  wire.say('and this')
  await expect.poll(() => lines.filter(line => line.level === 'warn').length).toBe(2)
  await adapter.stop()
  expect(JSON.stringify(lines)).not.toContain('keep this')
})

test('no log line holds the token of the bot or of an interaction', async () => {
  const { wire, adapter, heard, lines, conversation } = await open({ interactionMs: -1 })
  const interaction = wire.useCommand('report')
  await first(heard, isMessage)
  wire.misbehave({ kind: '500', times: 8 })
  const error = await failure(
    adapter.post(conversation, live('x'), `interaction:${wire.world.appId}:${interaction.token}:${Date.now()}`),
  )
  expect(error).toBeInstanceOf(Error)
  const written = JSON.stringify(lines) + String(error)
  expect(written).not.toContain(interaction.token)
  expect(written).not.toContain(wire.token)
})
