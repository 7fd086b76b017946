import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { silentLog } from '../src/log.ts'
import { startShift } from '../src/shift.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel, texts } from './fakes.ts'
import { attach, jpeg, png, voice, withFiles } from './media.ts'
import { aPdf, lockedPdf } from './pdf.ts'
import { startOpenAiWire } from './wire/openai.ts'
import { picturesIn } from './wire/openai-media.ts'
import { answered, finals, testWorkers } from './workers.ts'

const { rooms, work, ask, receive, clear, close } = await testWorkers()
afterEach(clear)
afterAll(close)

const never = new AbortController().signal
const idle = () => expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])

test('a picture reaches the model, and only words of it are kept', async () => {
  const chat = fakeChat()
  withFiles(chat, { 'cat.png': png })
  const model = scriptedModel([say('A cat.')], [say('Yes.')])
  await work(chat, model)
  await ask(aMessage('what is this?', { attachments: [attach('image', 'cat.png')] }))
  await answered(chat, 1)
  expect(model.heard[0]?.transcript).toEqual([
    {
      role: 'user',
      text: 'what is this?\n\n[attached image: cat.png]',
      pictures: [{ name: 'cat.png', mime: 'image/png', data: png }],
    },
  ])
  await idle()
  await ask(aMessage('sure?'))
  await answered(chat, 2)
  expect(model.heard[1]?.transcript[0]).toEqual({ role: 'user', text: 'what is this?\n\n[attached image: cat.png]' })
})

test('a voice message is read as its words, and they are remembered', async () => {
  const chat = fakeChat()
  withFiles(chat, { 'voice.ogg': voice })
  const model = scriptedModel([say('Two.')])
  await work(chat, model, fakeToolbox(), silentLog, { transcribe: async () => 'How many pools are there?' })
  await ask(aMessage('', { attachments: [attach('audio', 'voice.ogg')] }))
  await answered(chat, 1)
  await idle()
  expect((await rooms.history.load('fake:1'))[0]?.text).toContain('```\nHow many pools are there?\n```')
})

test('the words of a PDF reach the model, and are remembered', async () => {
  const chat = fakeChat()
  withFiles(chat, { '菜单.pdf': aPdf(['早餐 7 点开始\nBreakfast from 7'], 'to-unicode') })
  const model = scriptedModel([say('At seven.')])
  await work(chat, model)
  await ask(aMessage('when is breakfast?', { attachments: [attach('file', '菜单.pdf')] }))
  await answered(chat, 1)
  const read = 'when is breakfast?\n\n[attached file: 菜单.pdf]\n```\n早餐 7 点开始\nBreakfast from 7\n```'
  expect(model.heard[0]?.transcript).toEqual([{ role: 'user', text: read }])
  await idle()
  expect((await rooms.history.load('fake:1'))[0]?.text).toBe(read)
})

test.each([
  [
    'en',
    /^Well\.\n\n\*I cannot read `a\.pdf`: it is locked with a password\.\*\n\n\*I could not get `b\.txt` from this chat: please send it again\.\*$/,
  ],
  ['zh', /^Well\.\n\n\*我无法读取 `a\.pdf`：它有密码保护。\*\n\n\*我无法从聊天中取得 `b\.txt`，请重新发送。\*$/],
])('what was not read is told below the answer (%s)', async (locale, below) => {
  const chat = fakeChat()
  withFiles(chat, { 'a.pdf': lockedPdf })
  await work(chat, scriptedModel([say('Well.')]))
  const attachments = [attach('file', 'a.pdf'), attach('file', 'b.txt')]
  await ask(aMessage('read', { attachments, author: { id: 'u', name: 'Ann', locale } }))
  await answered(chat, 1)
  expect(finals(chat)[0]).toMatch(below)
})

test('a stop ends the fetching, and the question is remembered in words', async () => {
  const chat = fakeChat()
  let fetching = false
  chat.adapter.fetchFile = (_ref, _most, signal) => {
    fetching = true
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('cut off'))))
  }
  await work(chat, scriptedModel([say('never')]))
  await ask(aMessage('what is this?', { attachments: [attach('image', 'cat.png')] }))
  await expect.poll(() => fetching).toBe(true)
  await rooms.signals.send({ conversation: 'fake:1', by: 'u', what: 'stop' })
  await answered(chat, 1)
  await idle()
  expect(texts(await rooms.history.load('fake:1'))).toEqual([
    'user: what is this?\n\n[attached image: cat.png]',
    'assistant: *Stopped.*',
  ])
})

test('the worker that goes on fetches again, also what was said in between', async () => {
  const chat = fakeChat()
  const { fetched } = withFiles(chat, { 'cat.png': png, 'dog.jpg': jpeg })
  const first = aMessage('what is this?', { attachments: [attach('image', 'cat.png')] })
  const second = aMessage('and this?', { attachments: [attach('image', 'dog.jpg')] })
  await rooms.inbox.add(first)
  await rooms.inbox.add(second)
  const lease = await rooms.leases.take('fake:1', never)
  await rooms.journal.begin(lease, [first])
  const toCall = [{ id: 'c', name: 'clock', input: {} }]
  await rooms.journal.keepSteps(lease, first.id, [{ type: 'said', entry: { role: 'assistant', text: '', calls: toCall } }])
  const entry = { role: 'tool' as const, callId: 'c', name: 'clock', text: 'noon', ok: true }
  await rooms.journal.keepSteps(lease, first.id, [{ type: 'result', entry, ms: 1 }])
  expect(await rooms.journal.take(lease, [first], [second])).toBe(true)
  await lease.release()
  const model = scriptedModel([say('A cat and a dog.')])
  await work(chat, model)
  await rooms.jobs.ring('fake:1')
  await answered(chat, 1)
  expect(fetched).toEqual(['cat.png', 'dog.jpg'])
  const seen = model.heard[0]?.transcript.map(one => (one.role === 'user' ? one.pictures?.map(({ name }) => name) : one.role))
  expect(seen).toEqual([['cat.png'], 'assistant', 'tool', ['dog.jpg']])
})

test('a picture that is sent while the turn runs is handed to it', async () => {
  const chat = fakeChat()
  withFiles(chat, { 'cat.png': png })
  await rooms.settings.set('fake:1', 'busy', 'steer')
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  let waits = false
  const toolbox = fakeToolbox({
    wait: async () => {
      waits = true
      await opened
      return { ok: true, text: 'waited' }
    },
  })
  const model = scriptedModel([call('wait')], [say('A cat.')])
  await work(chat, model, toolbox)
  await receive(chat, aMessage('wait'))
  await expect.poll(() => waits).toBe(true)
  await receive(chat, aMessage('what is this?', { attachments: [attach('image', 'cat.png')] }))
  await expect.poll(() => [...chat.shown.values()].some(({ text }) => text.includes('↪ what is this'))).toBe(true)
  open()
  await answered(chat, 1)
  expect(model.heard[1]?.transcript.at(-1)).toMatchObject({ role: 'user', pictures: [{ name: 'cat.png' }] })
})

test('a whole house sees and hears by the endpoint that it was given', async () => {
  const wire = await startOpenAiWire({ hears: () => 'and who is that?' })
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-media-'))
  const config = loadConfig(folder, { OPENAI_BASE_URL: wire.url, OPENAI_API_KEY: 'k', MODEL: 'm', TRANSCRIBE_MODEL: 'whisper-1' })
  const chat = fakeChat()
  withFiles(chat, { 'cat.png': png, 'voice.ogg': voice })
  const shift = await startShift({ ...rooms, config, adapters: new Map([['fake', chat.adapter]]), log: silentLog })
  await ask(aMessage('look', { attachments: [attach('image', 'cat.png'), attach('audio', 'voice.ogg')] }))
  await answered(chat, 1)
  await shift.close()
  await wire.close()
  rmSync(folder, { recursive: true, force: true })
  expect(wire.recordings).toMatchObject([{ model: 'whisper-1', name: 'recording.ogg' }])
  const { messages = [] } = wire.requests[0]?.body ?? {}
  expect(picturesIn(messages)).toHaveLength(1)
  expect(JSON.stringify(messages)).toContain('and who is that?')
})
