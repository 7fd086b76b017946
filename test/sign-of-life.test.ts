// "typing…" only where nobody sees anything else soon.
import { afterAll, afterEach, expect, test } from 'vitest'
import type { Message } from '../src/message.ts'
import { createSignOfLife } from '../src/sign-of-life.ts'
import { aMessage } from './fakes.ts'
import { testRooms } from './rooms.ts'

const rooms = await testRooms()
afterAll(rooms.close)
afterEach(() => rooms.redis.flushall())
const forever = new AbortController().signal

/** Whether it was shown when it had been asked what became of the message. */
async function isShown(message: Message, isSeen = rooms.inbox.isSeen): Promise<boolean> {
  const asked = Promise.withResolvers<unknown>()
  let shown = false
  const sign = createSignOfLife({
    ...rooms.inbox,
    isSeen(of) {
      const answer = isSeen(of)
      asked.resolve(answer.catch(() => {}))
      return answer
    },
  })
  sign(message, () => (shown = true))
  expect(shown).toBe(false)
  await asked.promise
  await new Promise(resolve => setImmediate(resolve))
  return shown
}

test('is shown while a message waits, and while it could not even be kept', async () => {
  const message = aMessage('hi')
  expect(await isShown(message)).toBe(true)
  await rooms.inbox.add(message)
  expect(await isShown(message)).toBe(true)
  const lease = await rooms.leases.take(message.conversation, forever)
  await rooms.journal.begin(lease, [message])
  expect(await isShown(message)).toBe(true)
})

test('is not shown once the reply stands, nor when all is answered', async () => {
  const message = aMessage('hi')
  await rooms.inbox.add(message)
  const lease = await rooms.leases.take(message.conversation, forever)
  await rooms.journal.begin(lease, [message])
  await rooms.journal.keepReplies(lease, message.id, ['1'])
  expect(await isShown(message)).toBe(false)
  await rooms.inbox.finish([message], [], lease)
  expect(await isShown(message)).toBe(false)
})

test('is shown where Redis is away, since nothing else will be', async () => {
  expect(await isShown(aMessage('hi'), () => Promise.reject(new Error('away')))).toBe(true)
})

test('is shown at once for a command, which has no placeholder', () => {
  let shown = false
  createSignOfLife(rooms.inbox)(aMessage('/tools'), () => (shown = true))
  expect(shown).toBe(true)
})
