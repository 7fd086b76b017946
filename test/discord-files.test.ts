// What goes up to Discord, and what comes down from it.
import { expect, test } from 'vitest'
import { createDiscordAdapter } from '../adapters/discord/discord.ts'
import { RateLimited, Refused } from '../src/errors.ts'
import { isMessage } from '../src/message.ts'
import { live } from './adapter.contract.ts'
import { callsTo, failure, first, open, openWire, optionsFor } from './wire/discord-stage.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const words = (data: Uint8Array | undefined) => new TextDecoder().decode(data)
const picture = { name: 'chart.png', mime: 'image/png', data: bytes('not really a picture') }
const soon = () => AbortSignal.timeout(5000)

test('posts a file as a message of its own, under what it answers, and pings nobody', async () => {
  const { wire, adapter, heard, conversation } = await open()
  wire.say('draw it')
  const { replyTo } = await first(heard, isMessage)
  const id = await adapter.postFile?.(conversation, picture, replyTo)
  const shown = wire.messages().at(-1)
  expect(shown).toMatchObject({ id, message_reference: { message_id: replyTo } })
  expect(shown?.attachments).toMatchObject([{ filename: 'chart.png', content_type: 'image/png', size: picture.data.length }])
  expect(wire.world.files.get(shown?.attachments[0]?.id ?? '')).toEqual(picture.data)
  const [post] = callsTo(wire, 'POST', /\/messages$/)
  expect(post?.body).toMatchObject({
    attachments: [{ id: 0, filename: 'chart.png' }],
    allowed_mentions: { parse: [], replied_user: false },
    enforce_nonce: true,
  })
})

test.each(['500-after', 'drop-after', 'drop'] as const)('posts a file once although the line failed (%s)', async kind => {
  const { wire, adapter, conversation } = await open()
  wire.misbehave({ kind, method: 'POST', route: /\/messages$/ })
  await adapter.postFile?.(conversation, picture)
  expect(wire.messages()).toHaveLength(1)
})

test('a file that is posted again under its key, by whomever, stands once', async () => {
  const { wire, adapter, conversation } = await open()
  const id = await adapter.postFile?.(conversation, picture, undefined, 'turn.file.0')
  expect(await createDiscordAdapter(optionsFor(wire)).postFile?.(conversation, picture, undefined, 'turn.file.0')).toBe(id)
  expect(await adapter.postFile?.(conversation, picture, undefined, 'turn.file.1')).not.toBe(id)
  expect(wire.messages()).toHaveLength(2)
})

test('a file larger than Discord takes is refused, and words are taken as before', async () => {
  const { wire, adapter, conversation } = await open({ fileBytes: 10 })
  expect(await failure(Promise.resolve(adapter.postFile?.(conversation, picture)))).toBeInstanceOf(Refused)
  await adapter.post(conversation, live('too large to show'))
  expect(wire.messages()).toHaveLength(1)
})

test('a rate limit is passed on for files too', async () => {
  const { wire, adapter, conversation } = await open()
  wire.misbehave({ kind: '429', method: 'POST', route: /\/messages$/, ms: 4000 })
  expect(await failure(Promise.resolve(adapter.postFile?.(conversation, picture)))).toBeInstanceOf(RateLimited)
})

test('fetches what a person attached, from a process that never listened', async () => {
  const { wire, heard } = await open()
  wire.say('read this', { fields: { attachments: [wire.upload('notes.txt', 'dear diary')] } })
  const [attachment] = (await first(heard, isMessage)).attachments
  expect(attachment).toMatchObject({ kind: 'file', name: 'notes.txt', bytes: 10 })
  const elsewhere = createDiscordAdapter(optionsFor(wire))
  expect(words(await elsewhere.fetchFile?.(attachment?.ref ?? '', 10, soon()))).toBe('dear diary')
  expect(callsTo(wire, 'POST', /refresh/)).toEqual([])
})

test('a link that has expired is renewed, once', async () => {
  const wire = await openWire()
  const adapter = createDiscordAdapter(optionsFor(wire))
  const expired = wire.upload('old.txt', 'still here', Date.now() - 60_000)
  expect(words(await adapter.fetchFile?.(expired.url, 100, soon()))).toBe('still here')
  expect(callsTo(wire, 'GET', /^\/attachments/)).toHaveLength(1)
  const altered = wire.upload('new.txt', 'here as well').url.replace(/hm=.*/, 'hm=0')
  expect(words(await adapter.fetchFile?.(altered, 100, soon()))).toBe('here as well')
  expect(callsTo(wire, 'POST', /refresh/)).toHaveLength(2)
  wire.world.files.clear()
  const deleted = await failure(Promise.resolve(adapter.fetchFile?.(expired.url, 100, soon())))
  expect(deleted).toBeInstanceOf(Refused)
  expect(String(deleted)).toMatch(/no longer keeps/)
  expect(callsTo(wire, 'POST', /refresh/)).toHaveLength(3)
})

test.each(['stalled', 'unsized'] as const)('an attachment that is too large is not read to its end (%s)', async kind => {
  const wire = await openWire()
  const adapter = createDiscordAdapter(optionsFor(wire))
  const large = wire.upload('large.bin', new Uint8Array(300_000))
  wire.misbehave({ kind, method: 'GET', route: /^\/attachments/ })
  const error = await failure(Promise.resolve(adapter.fetchFile?.(large.url, 100_000, soon())))
  expect(error).toBeInstanceOf(Refused)
  expect(String(error)).toMatch(/larger than 100000 bytes/)
  expect((await adapter.fetchFile?.(large.url, 300_000, soon()))?.length).toBe(300_000)
})

test('follows no redirect, and gives up when it is told to', async () => {
  const wire = await openWire()
  const adapter = createDiscordAdapter(optionsFor(wire))
  const { url } = wire.upload('a.txt', 'a')
  wire.misbehave({ kind: 'redirect', method: 'GET', route: /^\/attachments/ })
  expect(await failure(Promise.resolve(adapter.fetchFile?.(url, 100, soon())))).toBeInstanceOf(Refused)
  wire.misbehave({ kind: 'slow', method: 'GET', route: /^\/attachments/, ms: 3000 })
  const given = await failure(Promise.resolve(adapter.fetchFile?.(url, 100, AbortSignal.timeout(50))))
  expect((given as Error).name).toBe('TimeoutError')
})

test.each([
  'https://example.org/cat.png',
  'http://cdn.discordapp.com/attachments/1/2/cat.png',
  'https://cdn.discordapp.com.example.org/attachments/1/2/cat.png',
  'https://cdn.discordapp.com@example.org/attachments/1/2/cat.png',
  'https://cdn.discordapp.com:8443/attachments/1/2/cat.png',
  'http://127.0.0.1:6379/',
  'file:///etc/passwd',
  'cat.png',
])('fetches nothing from elsewhere: %s', async ref => {
  const adapter = createDiscordAdapter(optionsFor(await openWire()))
  const error = await failure(Promise.resolve(adapter.fetchFile?.(ref, 100, soon())))
  expect(error).toBeInstanceOf(Refused)
  expect(String(error)).toMatch(/not one of Discord/)
})
