// "typing…" only where nobody sees anything else soon.
import { afterAll, afterEach, expect, test } from 'vitest'
import type { Message } from '../src/message.ts'
import type { Inbox } from '../src/queue/inbox.ts'
import { createSignOfLife } from '../src/sign-of-life.ts'
import { aMessage } from './fakes.ts'
import { testRooms } from './rooms.ts'

const rooms = await testRooms()
afterAll(rooms.close)
afterEach(() => rooms.redis.flushall())
const forever = new AbortController().signal

/** Whether it was shown when it had been asked what became of the message. */
async function isShown(message: Message): Promise<boolean> {
  const asked = Promise.withResolvers<unknown>()
  let shown = false
  const isSeen: Inbox['isSeen'] = of => {
    const answer = rooms.inbox.isSeen(of)
    asked.resolve(answer)
    return answer
  }
  const sign = createSignOfLife({ ...rooms.inbox, isSeen }, () => true)
  sign(message, () => (shown = true))
  expect(shown).toBe(false)
  await asked.promise
  await new Promise(resolve => setImmediate(resolve))
  return shown
}

test('is shown while a message waits for a worker, and while it could not even be kept', async () => {
  const message = aMessage('hi')
  expect(await isShown(message)).toBe(true)
  await rooms.inbox.add(message)
  expect(await isShown(message)).toBe(true)
})

test('is not shown once a worker is at it, nor when all is answered', async () => {
  const message = aMessage('hi')
  await rooms.inbox.add(message)
  const lease = await rooms.leases.take(message.conversation, forever)
  await rooms.journal.begin(lease, [message])
  expect(await isShown(message)).toBe(false)
  await rooms.inbox.finish([message], [], lease)
  expect(await isShown(message)).toBe(false)
})

test('is shown to who waits so far behind a turn that no note tells it', async () => {
  const messages = Array.from({ length: 5 }, (_, at) => aMessage(`${at}`))
  for (const message of messages.slice(0, 4)) await rooms.inbox.add(message)
  await rooms.leases.take('fake:1', forever)
  expect(await isShown(messages[3] as Message)).toBe(false)
  await rooms.inbox.add(messages[4] as Message)
  expect(await isShown(messages[4] as Message)).toBe(true)
})

test.each([
  ['for a command, which has no placeholder', aMessage('/tools'), true],
  ['while Redis is away, when nothing else will be', aMessage('hi'), false],
])('is shown at once %s', (_what, message, isUp) => {
  let shown = false
  createSignOfLife(rooms.inbox, () => isUp)(message, () => (shown = true))
  expect(shown).toBe(true)
})
