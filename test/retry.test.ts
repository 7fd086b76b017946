import { afterAll, afterEach, expect, test } from 'vitest'
import { ModelError } from '../src/errors.ts'
import type { Press } from '../src/message.ts'
import { aMessage, fakeChat, say, scriptedModel } from './fakes.ts'
import { answered, finals, testWorkers } from './workers.ts'

const { rooms, work, receive, endWorkers, clear, close } = await testWorkers()
afterEach(clear)
afterAll(close)

let presses = 0
const press = (token: string, id = 'u'): Press => ({
  id: `fake:press-${++presses}`,
  conversation: 'fake:1',
  author: { id, name: id },
  action: 'retry',
  token,
})

/** A question that the model could not answer, and will the next time. */
async function failed() {
  const chat = fakeChat()
  const model = scriptedModel([new ModelError('it is down')], [say('Now I know.')], [say('Once more.')])
  await work(chat, model)
  await receive(chat, aMessage('why?'))
  await answered(chat, 1)
  const [button] = [...chat.shown.values()][0]?.buttons ?? []
  return { chat, model, token: button?.token ?? '', label: button?.label }
}

test('an answer that could not be given has a button to try again, and the new one comes in its place', async () => {
  const { chat, model, token, label } = await failed()
  expect(label).toBe('Retry')
  const pressed = press(token)
  await receive(chat, pressed)
  await receive(chat, pressed)
  await expect.poll(() => finals(chat)).toEqual(['Now I know.'])
  expect(chat.shown.size).toBe(1)
  expect([...chat.shown.values()][0]?.buttons).toEqual([])
  await receive(chat, press(token))
  await expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])
  expect(model.heard).toHaveLength(2)
  expect(model.heard[1]?.transcript.at(-1)?.text).toBe('why?')
})

test.each([
  ['a stranger may not press', 'stranger', 1],
  ['an admin may press', 'boss', 2],
])('what belongs to another %s', async (_who, id, times) => {
  const { chat, model, token } = await failed()
  await receive(chat, press(token, id))
  await receive(chat, aMessage('and you?', { conversation: 'fake:2' }))
  await expect.poll(() => model.heard.length).toBe(times + 1)
  expect(finals(chat).filter(text => text.includes('it is down'))).toHaveLength(2 - times)
})

test('the button works when every process was started anew', async () => {
  const { chat, model, token } = await failed()
  await endWorkers()
  await work(chat, scriptedModel([say('From another worker.')]))
  await receive(chat, press(token))
  await expect.poll(() => finals(chat)).toEqual(['From another worker.'])
  expect(model.heard).toHaveLength(1)
})

test('what had come back from waiting for a person is asked like any other', async () => {
  const asked = { messages: [aMessage('one'), { ...aMessage('two'), resumed: true as const }] }
  await rooms.retries.keep(asked)
  await rooms.retries.ask(asked, 'press')
  expect((await rooms.inbox.waiting('fake:1')).map(({ resumed }) => resumed)).toEqual([undefined, undefined])
})

test('/retry asks the last question once more, below', async () => {
  const { chat } = await failed()
  await receive(chat, press('no-such-token'))
  await receive(chat, aMessage('/retry'))
  await answered(chat, 3)
  expect(finals(chat)).toEqual(expect.arrayContaining([expect.stringContaining('it is down'), 'Now I know.', 'Trying again.']))
})

test('/retry says when there is nothing to be tried again', async () => {
  const chat = fakeChat()
  await receive(chat, aMessage('/retry'))
  await answered(chat, 1)
  expect(finals(chat)[0]).toContain('nothing that I could try again')
})

test('who waits on a line of his own gets no button', async () => {
  const chat = fakeChat()
  await work(chat, scriptedModel([new ModelError('it is down')]))
  await receive(chat, aMessage('why?', { alone: true }))
  await answered(chat, 1)
  expect([...chat.shown.values()][0]?.buttons).toEqual([])
})
