import { expect, test } from 'vitest'
import { createDiscordAdapter } from '../adapters/discord/discord.ts'
import type { CommandInfo } from '../src/adapter.ts'
import { ConfigError } from '../src/errors.ts'
import { type Heard, isMessage, type Message } from '../src/message.ts'
import { live } from './adapter.contract.ts'
import { type DiscordWire, startDiscordWire } from './wire/discord.ts'
import {
  callsTo,
  closers,
  createMemory,
  createPad,
  failure,
  first,
  type Line,
  open,
  openWire,
  optionsFor,
} from './wire/discord-stage.ts'

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
  const intentsOf = (wire: DiscordWire) => wire.gateway.frames.find(frame => frame.op === 2)?.d['intents']
  expect(intentsOf(plain.wire)).toBe((1 << 0) | (1 << 9) | (1 << 12))
  expect(intentsOf(more.wire)).toBe((1 << 0) | (1 << 9) | (1 << 12) | (1 << 15))
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
    { id: message.id, conversation, text: 'first', event: expect.stringMatching(/^discord:edit:/) },
    { id: message.id, conversation, text: undefined },
  ])
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
  await adapter.announce?.([help], async () => [])
  await adapter.announce?.([help], async () => [])
  expect(puts()).toHaveLength(1)
  const [slash, menu] = Object.values(puts()[0]?.body ?? {})
  expect(slash).toMatchObject({
    name: 'help',
    type: 1,
    description_localizations: { 'zh-CN': '我能做什么' },
    options: [{ name: 'depth' }, { name: 'topic' }],
    integration_types: [0, 1],
    contexts: [0, 1, 2],
  })
  expect(menu).toMatchObject({ type: 3, name: 'Ask Bellhop' })
  await adapter.announce?.([{ ...help, name: 'hilfe' }], async () => [])
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
  await adapter.announce?.([help], async () => [])
  expect(lines.filter(line => line.level === 'warn').map(line => line.event)).toEqual(['Discord cannot be reached; trying on'])
  const back = await openWire({ port })
  await expect.poll(() => back.gateway.connected(), { timeout: 8000 }).toBe(1)
  await expect.poll(() => callsTo(back, 'PUT', /commands$/).length).toBe(1)
  back.say('welcome back')
  await first(heard, isMessage)
  expect(lines.filter(line => line.level === 'warn')).toHaveLength(1)
  await adapter.stop()
})

test('loses nothing that is said while the line is down for a moment', async () => {
  const { wire, heard } = await open()
  wire.gateway.drop()
  wire.say('said into the gap')
  wire.gateway.dispatch('TYPING_START', {})
  expect((await first(heard, isMessage)).text).toBe('said into the gap')
  expect(wire.gateway.frames.map(frame => frame.op)).toContain(6)
})

test('listens again after it was asked to reconnect', async () => {
  const { wire, heard } = await open()
  wire.gateway.askReconnect()
  await expect.poll(() => wire.gateway.frames.filter(frame => frame.op === 6).length, { timeout: 8000 }).toBe(1)
  await expect.poll(() => wire.gateway.connected(), { timeout: 8000 }).toBe(1)
  wire.say('and now?')
  expect((await first(heard, isMessage)).text).toBe('and now?')
})

const sayings = (lines: Line[], level: Line['level']) => lines.filter(line => line.level === level).map(line => line.event)
const identified = (wire: DiscordWire) => wire.gateway.frames.filter(frame => frame.op === 2).length
/** Longer than the half second after which discord.js connects again, and than our first pause. */
const longEnoughToTryAgain = () => new Promise(resolve => setTimeout(resolve, 1200))

test.each([
  [4004, /^Discord is off: Discord refused the bot token: copy it anew/],
  [4014, /^Discord is off: Discord refused the intent MESSAGE_CONTENT: switch on/],
])('a connection that Discord ends for good (%s) is logged in one clear sentence, and left alone', async (code, sentence) => {
  const { wire, lines } = await open()
  wire.gateway.drop(code)
  await expect.poll(() => sayings(lines, 'error').length).toBe(1)
  await longEnoughToTryAgain()
  expect(sayings(lines, 'error')).toEqual([expect.stringMatching(sentence)])
  expect(identified(wire)).toBe(1)
  expect(wire.gateway.connected()).toBe(0)
})

test('what Discord refuses only when it can be reached again is logged once, and left alone', async () => {
  const wire = await startDiscordWire()
  const port = Number(new URL(wire.api).port)
  await wire.close()
  const { lines, log } = createPad()
  const adapter = createDiscordAdapter(optionsFor(wire, { log, messageContent: true }))
  closers.push(() => adapter.stop())
  await adapter.start(async () => {})
  const back = await openWire({ port, messageContent: false })
  await expect.poll(() => sayings(lines, 'error').length, { timeout: 8000 }).toBe(1)
  await longEnoughToTryAgain()
  expect(sayings(lines, 'error')).toEqual([expect.stringMatching(/^Discord is off: Discord refused the intent MESSAGE_CONTENT/)])
  expect(identified(back)).toBe(1)
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

test('stopping in the middle of a reconnection leaves no connection behind and hears nothing more', async () => {
  const { wire, adapter, heard } = await open()
  wire.gateway.drop()
  wire.say('said into the gap')
  await expect.poll(() => wire.gateway.connected()).toBe(0)
  await new Promise(resolve => setTimeout(resolve, 50))
  await adapter.stop()
  await new Promise(resolve => setTimeout(resolve, 700))
  expect(wire.gateway.connected()).toBe(0)
  expect(heard).toEqual([])
  expect(callsTo(wire, 'POST', /typing/)).toEqual([])
})

test('stopping in the middle of a start leaves no connection behind', async () => {
  const wire = await openWire()
  const adapter = createDiscordAdapter(optionsFor(wire))
  wire.misbehave({ kind: 'slow', route: /gateway/, ms: 300 })
  const starting = adapter.start(async () => {})
  await expect.poll(() => wire.calls.length).toBe(1)
  await adapter.stop()
  await starting
  await new Promise(resolve => setTimeout(resolve, 300))
  expect(wire.gateway.connected()).toBe(0)
})
