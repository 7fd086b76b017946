import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, expect, test } from 'vitest'
import type { Outgoing } from '../src/adapter.ts'
import { Refused } from '../src/errors.ts'
import type { Model } from '../src/model.ts'
import { LeaseLost } from '../src/queue/lease.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel, texts } from './fakes.ts'
import { png, withFiles } from './media.ts'
import { answered, finals, testWorkers } from './workers.ts'

const { rooms, work, ask, clear, close, endWorkers } = await testWorkers()
afterEach(clear)
afterAll(close)

const sentences = (count: number) => Array.from({ length: count }, (_, at) => `Sentence number ${at} of it.`)
const long = sentences(60).join(' ')
const room = { chars: 200, editEveryMs: 1 }
const idle = () => expect.poll(() => rooms.inbox.waiting('fake:1'), { timeout: 10_000 }).toEqual([])
const ending = '📄 The whole answer comes as a file: `answer.md`.'

function platform() {
  const chat = fakeChat(room)
  const files = withFiles(chat)
  const shown = () => [...chat.shown.values()].map(({ text }) => text)
  const file = () => new TextDecoder().decode(files.posted[0]?.data)
  return { chat, ...files, shown, file }
}

const draws = fakeToolbox({ draw: () => ({ ok: true, text: 'Drawn.', files: [{ data: png }] }) }, ['draw'])

test('a very long answer comes as four messages and a file, which is the first', async () => {
  const { chat, shown, posted, names, file } = platform()
  await work(chat, scriptedModel([call('draw')], [say(long)]), draws)
  await ask(aMessage('tell me all', { replyTo: 'm7' }))
  await idle()
  expect(shown()).toHaveLength(4)
  expect(shown().every(text => text.length <= 200)).toBe(true)
  expect(shown()[3]).toMatch(/of it\.\n\n📄 The whole answer comes as a file: `answer\.md`\.\n\n-# ✅ draw \d\.\d s$/)
  expect([...chat.shown.values()].map(({ final }) => final)).toEqual([false, false, false, true])
  expect(names()).toEqual(['answer.md', 'image-1.png'])
  expect(posted[0]).toMatchObject({ mime: 'text/markdown', replyTo: 'm7' })
  expect(file()).toBe(long)
  expect(texts(await rooms.history.load('fake:1')).at(-1)).toBe(`assistant: ${long}`)
})

test('it grows into no more messages than it ends with', async () => {
  const { chat, shown } = platform()
  const model: Model = async function* () {
    for (const sentence of sentences(60)) {
      await sleep(2)
      yield say(`${sentence} `)
    }
  }
  await work(chat, model)
  await ask(aMessage('tell me all'))
  await idle()
  expect(chat.calls.filter(({ kind }) => kind === 'post')).toHaveLength(4)
  expect(shown().at(-1)).toContain(ending)
  const fourth = chat.calls.filter(({ id }) => id === '4').map(({ out }) => out.text)
  const first = fourth.findIndex(text => text.includes(ending))
  expect(new Set(fourth.slice(first)).size).toBe(1)
})

test.each([
  ['the platform does not take it', new Refused('no files here'), undefined],
  ['it cannot be kept', undefined, new Error('OOM command not allowed')],
])('it is shown in full when %s as a file', async (_why, refused, lost) => {
  const { chat, failNext, names, shown } = platform()
  if (refused) failNext(refused)
  const { keep } = rooms.files
  if (lost) rooms.files.keep = () => Promise.reject(lost)
  await work(chat, scriptedModel([say(long)]))
  await ask(aMessage('tell me all'))
  await idle()
  rooms.files.keep = keep
  expect(names()).toEqual([])
  expect(shown().join(' ')).toBe(long)
})

test('a file behind it that the platform does not take is told below the beginning', async () => {
  const { chat, failures, posted, shown } = { ...platform(), failures: [] as string[] }
  const { postFile } = chat.adapter
  chat.adapter.postFile = async (conversation, file, ...where) => {
    if (file.mime === 'image/png') throw new Refused(failures.push(file.name).toString())
    return postFile?.(conversation, file, ...where) ?? ''
  }
  await work(chat, scriptedModel([call('draw')], [say(long)]), draws)
  await ask(aMessage('tell me all'))
  await idle()
  expect(posted.map(({ name }) => name)).toEqual(['answer.md'])
  const whole = shown().join('\n\n')
  expect(whole).toContain(ending)
  expect(whole).toMatch(/-# ✅ draw \d\.\d s\n\nI could not send `image-1\.png` \(2 KB\) to this chat\.$/)
})

test.each(['text', 'file'] as const)(
  'a worker that dies before the %s stands leaves nothing out, and another goes on',
  async at => {
    const { chat, names, shown, file } = platform()
    const { post, edit, postFile } = chat.adapter
    let dead = false
    const dies = <T>(call: () => Promise<T>, when: boolean): Promise<T> => {
      dead ||= when
      return dead ? Promise.reject(new LeaseLost('another worker goes on')) : call()
    }
    const isLast = ({ text }: Outgoing) => at === 'text' && text.includes(ending)
    chat.adapter.post = (...args) => dies(() => post(...args), isLast(args[1]))
    chat.adapter.edit = (...args) => dies(() => edit(...args), isLast(args[2]))
    chat.adapter.postFile = (...args) => dies(() => postFile?.(...args) ?? Promise.reject(new Error('none')), at === 'file')
    const model = scriptedModel([say(long)])
    await work(chat, model)
    await ask(aMessage('tell me all'))
    await expect.poll(() => dead).toBe(true)
    await endWorkers()
    Object.assign(chat.adapter, { post, edit, postFile })
    const next = scriptedModel([say('never')])
    await work(chat, next)
    await rooms.jobs.ring('fake:1')
    await answered(chat, 1)
    await idle()
    expect(next.heard).toEqual([])
    expect(shown()).toHaveLength(4)
    expect(finals(chat)[0]).toContain(ending)
    expect(names()).toEqual(['answer.md'])
    expect(file()).toBe(long)
  },
)

test('where no file can be shown, all of it is', async () => {
  const chat = fakeChat(room)
  await work(chat, scriptedModel([say(long)]))
  await ask(aMessage('tell me all'))
  await idle()
  expect([...chat.shown.values()].map(({ text }) => text).join(' ')).toBe(long)
})
