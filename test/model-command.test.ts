import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { createSuggest } from '../src/commands.ts'
import type { Message } from '../src/message.ts'
import type { Model } from '../src/model.ts'
import type { Notice } from '../src/queue/board.ts'
import { aMessage, fakeChat, say, scriptedModel } from './fakes.ts'
import { answered, finals, testWorkers } from './workers.ts'

const { rooms, work, ask, receive, clear, close } = await testWorkers()
const chat = () => fakeChat({ editEveryMs: 1 })
const notice = (models?: string[]): Notice => ({
  ...{ worker: 'w', model: 'large', servers: [], tools: [] },
  ...(models && { models }),
})
beforeEach(() => rooms.board.post(notice(['large', 'Small-2', 'cheap'])))
afterEach(clear)
afterAll(close)

async function hear(text: string, over: Partial<Message> = {}): Promise<string | undefined> {
  const screen = chat()
  await receive(screen, aMessage(text, over))
  await answered(screen, 1)
  return finals(screen)[0]
}

test('lists the models of the operator with the one in use, and chooses for this conversation alone', async () => {
  expect(await hear('/model')).toMatch(/1\. `large` · \*\*in use here\*\*\n2\. `Small-2`\n3\. `cheap`$/)
  expect(await hear('/model small-2')).toBe('Noted: from now on I ask `Small-2` first here. `/model auto` undoes it.')
  expect(await hear('/model')).toMatch(/1\. `large`\n2\. `Small-2` · \*\*in use here\*\*/)
  expect(await rooms.settings.model('fake:1')).toBe('Small-2')
  expect(await rooms.settings.model('fake:2')).toBeUndefined()
  expect(await hear('/model auto')).toContain('`large` first')
  expect(await rooms.settings.model('fake:1')).toBeUndefined()
})

test('speaks Chinese too', async () => {
  const author = { id: 'u', name: '安', locale: 'zh-CN' }
  expect(await hear('/model', { author })).toContain('`large` · **这里正在使用**')
  expect(await hear('/model cheap', { author })).toContain('这里先问 `cheap`')
  expect(await hear('/model auto', { author })).toContain('先问 `large`')
})

test('what the operator does not list is no choice', async () => {
  expect(await hear('/model gpt-9`x')).toBe('There is no model `gpt-9x` here. There is: `large`, `Small-2`, `cheap`, `auto`.')
  expect(await rooms.settings.model('fake:1')).toBeUndefined()
  await rooms.settings.setModel('fake:1', 'gone')
  expect(await hear('/model')).toContain('`large` · **in use here**')
})

test('in a group everybody may look, and only admins choose', async () => {
  const boss = { id: 'boss', name: 'Bea' }
  expect(await hear('/model', { shared: true })).toContain('in use here')
  expect(await hear('/model cheap', { shared: true })).toBe('Only an admin can do this.')
  expect(await hear('/model auto', { shared: true })).toBe('Only an admin can do this.')
  expect(await rooms.settings.model('fake:1')).toBeUndefined()
  expect(await hear('/model cheap', { shared: true, author: boss })).toContain('`cheap` first')
})

test('without a choice, or without a worker, it says so', async () => {
  await rooms.board.post(notice(['large']))
  expect(await hear('/model')).toContain('There is one model, large')
  await rooms.board.post(notice())
  expect(await hear('/model cheap')).toContain('There is one model, large')
  await rooms.board.remove('w')
  expect(await hear('/model')).toContain('No worker is running')
})

test('is suggested from the list', async () => {
  const suggest = createSuggest({ ...rooms, admins: [] } as unknown as Parameters<typeof createSuggest>[0])
  expect(await suggest('model', 'name', '', {})).toEqual(['large', 'Small-2', 'cheap', 'auto'])
  expect(await suggest('model', 'name', 'SM', {})).toEqual(['Small-2'])
})

test('the worker asks the model that the conversation chose', async () => {
  const screen = chat()
  const named: (string | undefined)[] = []
  const modelNamed = (name: string | undefined): Model => {
    named.push(name)
    return scriptedModel([say(`I am ${name}.`)])
  }
  await work(screen, scriptedModel(), undefined, undefined, { modelNamed })
  await rooms.settings.setModel('fake:1', 'cheap')
  await ask(aMessage('who are you?'))
  await answered(screen, 1)
  expect(finals(screen)).toEqual(['I am cheap.'])
  expect(named).toEqual(['cheap'])
})

test('the footer names the model that answered in place of another, however little is to be shown', async () => {
  await rooms.settings.set('fake:1', 'steps', 'off')
  const screen = chat()
  const model = scriptedModel(
    [{ type: 'model', name: 'cheap_1', instead: true }, say('one')],
    [{ type: 'model', name: 'large', instead: false }, say('two')],
  )
  await work(screen, model)
  await ask(aMessage('a'))
  await answered(screen, 1)
  await ask(aMessage('b'))
  await answered(screen, 2)
  expect(finals(screen)).toEqual(['one\n\n-# answered by cheap\\_1', 'two'])
})
