import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createTelegramAdapter } from '../adapters/telegram/telegram.ts'
import { Gone, Refused } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import { callsOf, createMemory, makeAdapter, openWire } from './telegram.stage.ts'
import type { TelegramWire } from './wire/telegram.ts'

const person = 42
const to = `telegram:${person}`
const anyTime = new AbortController().signal

/** The head of a picture of this size; nobody looks at the rest. */
function png(width: number, height: number, bytes = 64): Buffer {
  const data = Buffer.alloc(bytes)
  Buffer.from('\x89PNG\r\n\x1a\n', 'latin1').copy(data)
  data.writeUInt32BE(width, 16)
  data.writeUInt32BE(height, 20)
  return data
}

const picture = (data: Uint8Array, mime = 'image/png') => ({ name: 'chart.png', mime, data })
const messagesOf = (wire: TelegramWire) => wire.messages(person).filter(({ bot }) => bot)
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

async function open() {
  const wire = await openWire()
  const said = wire.say({ text: 'draw' })
  return { wire, adapter: makeAdapter(wire), asked: String(said.message_id) }
}

test.each([
  ['a picture', picture(png(800, 600)), 'photo', ['sendPhoto']],
  ['a picture that is too wide for Telegram', picture(png(9000, 1200)), 'document', ['sendPhoto', 'sendDocument']],
  ['what is no picture at all', picture(Buffer.from('hello')), 'document', ['sendPhoto', 'sendDocument']],
  ['a picture of more than 10 MB', picture(png(800, 600, 10 * 1024 * 1024 + 1)), 'document', ['sendDocument']],
  ['a moving picture', { name: 'cat.gif', mime: 'image/gif', data: Buffer.from('GIF89a') }, 'document', ['sendDocument']],
  ['a text', { name: '报告; "a".txt', mime: 'text/plain', data: Buffer.from('你好') }, 'document', ['sendDocument']],
])('%s is posted whole, as what it can be', async (_, file, kind, methods) => {
  const { wire, adapter, asked } = await open()
  const id = await adapter.postFile?.(to, file, asked)
  const [message] = messagesOf(wire)
  expect(message).toMatchObject({ id: Number(id), replyTo: Number(asked), file: { kind } })
  expect(message?.file?.data.equals(file.data)).toBe(true)
  expect(message?.file?.name).toBe(file.name.replace(/[;"]/g, '_'))
  expect(wire.calls.map(({ method }) => method)).toEqual(methods)
})

test('a file goes into its topic', async () => {
  const { wire, adapter } = await open()
  wire.say({ text: '@bellhop_bot hi', chat: -100_5, thread: 7 })
  await adapter.postFile?.('telegram:-1005:7', picture(png(8, 8)))
  expect(wire.messages(-100_5).at(-1)).toMatchObject({ thread: 7, file: { kind: 'photo' } })
})

test('what Telegram will never take is refused, and who is gone is gone', async () => {
  const { wire, adapter } = await open()
  const large = { name: 'a.bin', mime: 'application/octet-stream', data: new Uint8Array(50 * 1024 * 1024 + 1) }
  const cloud = createTelegramAdapter({ token: wire.token, memory: createMemory(), log: silentLog })
  expect(await refusal(cloud.postFile?.(to, large) ?? Promise.resolve())).toEqual(
    new Refused('Telegram takes files of at most 50 MB'),
  )
  expect(await refusal(adapter.postFile?.(to, large) ?? Promise.resolve())).toBeInstanceOf(Refused)
  const text = { name: 'a.txt', mime: 'text/plain', data: Buffer.from('a') }
  for (const description of ['not enough rights to send documents to the chat', 'CHAT_SEND_DOCS_FORBIDDEN']) {
    wire.fail({ kind: 'error', code: 400, description: `Bad Request: ${description}` }, { method: 'sendDocument' })
    expect(await refusal(adapter.postFile?.(to, text) ?? Promise.resolve())).toBeInstanceOf(Refused)
  }
  wire.block(person)
  expect(await refusal(adapter.postFile?.(to, picture(png(8, 8))) ?? Promise.resolve())).toBeInstanceOf(Gone)
  expect(callsOf(wire, 'sendPhoto')).toHaveLength(1)
})

test('what a person attached is fetched, up to the size that is asked for', async () => {
  const { wire, adapter } = await open()
  const data = Buffer.from('x'.repeat(100_000))
  const fetchFile = adapter.fetchFile as NonNullable<typeof adapter.fetchFile>
  const plain = wire.give(data)
  expect(Buffer.from(await fetchFile(plain, 100_000, anyTime)).equals(data)).toBe(true)
  expect(Buffer.from(await fetchFile(wire.give(data, { path: 'documents/a #1?.txt' }), 100_000, anyTime)).equals(data)).toBe(true)
  expect(await refusal(fetchFile(plain, 99_999, anyTime))).toBeInstanceOf(Refused)
  const liar = wire.give(data, { size: 1 })
  expect(await refusal(fetchFile(liar, 99_999, anyTime))).toEqual(new Refused('the file is larger than 99999 bytes'))
  const large = wire.give(data, { size: 21 * 1024 * 1024 })
  expect(await refusal(fetchFile(large, 1e9, anyTime))).toEqual(new Refused('Telegram hands bots files of at most 20 MB'))
  expect(await refusal(fetchFile('nonsense', 1e9, anyTime))).toBeInstanceOf(Refused)
})

test('a server of one’s own may hand over its files on disk, of any size', async () => {
  const { wire, adapter } = await open()
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-files-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'film.mp4')
  writeFileSync(path, 'a long film')
  const size = 300 * 1024 * 1024
  const fetchFile = adapter.fetchFile as NonNullable<typeof adapter.fetchFile>
  const film = wire.give(Buffer.from('other bytes'), { path, size })
  expect(Buffer.from(await fetchFile(film, 1e9, anyTime)).toString()).toBe('a long film')
  expect(await refusal(fetchFile(wire.give(new Uint8Array(), { path, size: 0 }), 5, anyTime))).toBeInstanceOf(Refused)
  const missing = wire.give(Buffer.from('x'), { path: `${folder}/${wire.token}/missing` })
  const error = await refusal(fetchFile(missing, 1e9, anyTime))
  expect(String(error)).toContain('cannot be read here (ENOENT)')
  expect(String(error)).not.toContain(wire.token)
})

test('no error of a download holds the token, and who asked may give up', async () => {
  const { wire, adapter } = await open()
  const fetchFile = adapter.fetchFile as NonNullable<typeof adapter.fetchFile>
  const nowhere = wire.give(Buffer.from('x'), { path: 'documents/gone.txt' })
  wire.hide('documents/gone.txt')
  const errors = [await refusal(fetchFile(nowhere, 1e9, anyTime))]
  wire.fail({ kind: 'drop' }, { method: 'getFile' })
  errors.push(await refusal(fetchFile(nowhere, 1e9, anyTime)))
  await wire.close()
  errors.push(await refusal(fetchFile(nowhere, 1e9, anyTime)))
  for (const error of errors) {
    expect(error).toBeInstanceOf(Error)
    expect(JSON.stringify([String(error), error, (error as Error).stack])).not.toContain('test-token')
  }
  expect(errors[0]).toBeInstanceOf(Refused)
  const over = AbortSignal.abort(new Error('nobody waits'))
  expect(String(await refusal(fetchFile(nowhere, 1e9, over)))).toContain('nobody waits')
})
