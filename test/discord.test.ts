import { expect, test } from 'vitest'
import { createDiscordAdapter } from '../adapters/discord/discord.ts'
import { Gone, RateLimited } from '../src/errors.ts'
import { isMessage, isPress } from '../src/message.ts'
import { adapterContract, live } from './adapter.contract.ts'
import { startDiscordWire } from './wire/discord.ts'
import { callsTo, failure, first, open, optionsFor } from './wire/discord-stage.ts'

adapterContract('discord', async () => {
  const wire = await startDiscordWire()
  const adapter = createDiscordAdapter(optionsFor(wire))
  return {
    adapter,
    second: createDiscordAdapter(optionsFor(wire)),
    conversation: `discord:${wire.world.channel.id}`,
    say: text => void wire.say(text),
    repeat: () => wire.redeliver(),
    botSays: (text, who) =>
      void (who === 'itself' ? wire.say(text, { fields: { author: wire.world.bot } }) : wire.otherBotSays(text)),
    press: (id, label) => void wire.press(id, label),
    told: () => wire.whispers().map(({ content }) => content),
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
  expect(wire.messages().at(-1)?.content).toBe('@\u200beveryone done')
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
  'leaves it to the caller to repeat an edit whose outcome is unknown (%s)',
  async kind => {
    const { wire, adapter, conversation } = await open()
    const id = await adapter.post(conversation, live('one'))
    wire.misbehave({ kind, method: 'PATCH' })
    await expect(adapter.edit(conversation, id, live('two'))).rejects.toThrow(/Discord/)
    expect(callsTo(wire, 'PATCH', /./)).toHaveLength(1)
    await adapter.edit(conversation, id, live('two'))
    expect(wire.messages().at(-1)?.content).toBe('two')
  },
)

test('an answer to a slash command that is posted twice under one key stands once', async () => {
  const { wire, adapter, heard, conversation } = await open()
  wire.useCommand('report')
  const { replyTo } = await first(heard, isMessage)
  wire.misbehave({ kind: 'drop-after', method: 'PATCH' })
  await expect(adapter.post(conversation, live('one moment'), replyTo, 'k')).rejects.toThrow(/Discord/)
  const id = await adapter.post(conversation, live('one moment'), replyTo, 'k')
  expect(await adapter.post(conversation, live('one moment'), replyTo, 'k')).toBe(id)
  expect(await createDiscordAdapter(optionsFor(wire)).post(conversation, live('one moment'), replyTo, 'k')).toBe(id)
  await adapter.post(conversation, live('and more'), replyTo, 'k2')
  expect(wire.messages().map(shown => shown.content)).toEqual(['one moment', 'and more'])
})

test('passes a rate limit on at once, also one that headers foretell, and the global one', async () => {
  const { wire, adapter, conversation } = await open({ bucket: { limit: 2, perMs: 60_000 } })
  const id = await adapter.post(conversation, live('0'))
  await adapter.edit(conversation, id, live('1'))
  await adapter.edit(conversation, id, live('2'))
  const before = wire.calls.length
  const foretold = await failure(adapter.edit(conversation, id, live('3')))
  expect(foretold).toBeInstanceOf(RateLimited)
  expect((foretold as RateLimited).retryAfterMs).toBeGreaterThan(50_000)
  expect((foretold as RateLimited).foretold).toBe(true)
  expect(wire.calls.length).toBe(before)
  wire.misbehave({ kind: '429', method: 'POST', ms: 5000, global: true })
  const everywhere = await failure(adapter.post(conversation, live('4')))
  expect((everywhere as RateLimited).retryAfterMs).toBeGreaterThanOrEqual(5000)
  expect((everywhere as RateLimited).foretold).toBe(false)
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

test('what the channel does not take follows through the interaction, and is sent once only', async () => {
  const { wire, adapter, heard } = await open()
  const far = wire.world.addChannel('far away', 1).id
  wire.useCommand('report', {}, far)
  const { replyTo } = await first(heard, isMessage)
  const one = await adapter.post(`discord:${far}`, live('part one'), replyTo)
  wire.world.channels.delete(far)
  wire.misbehave({ kind: '500-after', method: 'POST', route: /^\/webhooks/ })
  await expect(adapter.post(`discord:${far}`, live('part two'), undefined, undefined, one)).rejects.toThrow('500')
  expect(wire.messages(far)).toHaveLength(2)
  const id = await adapter.post(`discord:${far}`, live('part three'), undefined, undefined, one)
  expect(id).toMatch(/^interaction:/)
  expect(wire.messages(far).map(shown => shown.content)).toEqual(['part one', 'part two', 'part three'])
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

test('an acknowledgement that Discord has had already is no trouble, one that comes too late is told', async () => {
  const { wire, heard, lines } = await open()
  const interaction = wire.useCommand('report')
  await first(heard, isMessage)
  wire.redeliver()
  await expect.poll(() => callsTo(wire, 'POST', /callback/).map(({ status }) => status)).toEqual([204, 400])
  interaction.state = 'new'
  interaction.createdAt = 0
  wire.redeliver()
  await expect.poll(() => lines.filter(({ level }) => level === 'warn')).toMatchObject([{ facts: { reason: /10062/ } }])
  expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
})

test('shows every button, five in a row, and no more than Discord takes', async () => {
  const { wire, adapter, heard, conversation } = await open()
  const buttons = Array.from({ length: 27 }, (_, at) => ({ label: `b${at}`, action: 'choose', token: String(at) }))
  const id = await adapter.post(conversation, { text: 'which?', buttons, final: true })
  const rows = wire.messages().at(-1)?.components ?? []
  expect(rows.map(({ components }) => components.length)).toEqual([5, 5, 5, 5, 5])
  wire.press(id, 'b24')
  expect(await first(heard, isPress)).toMatchObject({ action: 'choose', token: '24' })
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
