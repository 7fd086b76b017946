import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createLeases, LeaseLost } from '../src/queue/lease.ts'
import { createTurns, type Turn, TurnEnded } from '../src/turns.ts'
import { aMessage } from './fakes.ts'
import { testRooms } from './rooms.ts'

let rooms: Awaited<ReturnType<typeof testRooms>>
beforeAll(async () => {
  rooms = await testRooms()
})
afterAll(() => rooms.close())
afterEach(() => rooms.redis.flushall())

const c = 'fake:1'
const forever = new AbortController().signal

/** Answers one message after the other; `then` happens when a turn is finished and its last things are still being done. */
function answering(then: (text: string, turn: Turn) => Promise<void>) {
  const answered: string[] = []
  const turns = createTurns({
    ...rooms,
    async answer([first = aMessage('none')], turn) {
      answered.push(first.text)
      const left = await rooms.inbox.finish([first], [], turn.lease)
      await then(first.text, turn)
      return left
    },
  })
  return { turns, answered }
}

test('what is edited or deleted between two turns is not answered as it was', async () => {
  const [first, second, third] = [aMessage('one'), aMessage('two'), aMessage('three')]
  for (const message of [first, second, third]) await rooms.inbox.add(message)
  const { turns, answered } = answering(async text => {
    if (text !== 'one') return
    expect(await rooms.inbox.change({ id: second.id, conversation: c, text: undefined })).toEqual({ was: 'waiting' })
    expect(await rooms.inbox.change({ id: third.id, conversation: c, text: 'drei' })).toEqual({ was: 'waiting' })
  })
  await turns.work(c)
  expect(answered).toEqual(['one', 'drei'])
})

test('who has let a lease go for good does not take it back by asking whether he may act', async () => {
  const quick = createLeases(rooms.redis, { lifeMs: 200, renewMs: 150 })
  const message = aMessage('one')
  await rooms.inbox.add(message)
  const lease = await quick.take(c, forever)
  await rooms.inbox.finish([message], [], lease)
  await sleep(100) // so that he would claim it
  await lease.check() // nobody else has had it since
  expect(await quick.tryTake(c)).toBeDefined()
})

test('who has let a lease go may not act once somebody else has had it', async () => {
  const message = aMessage('one')
  await rooms.inbox.add(message)
  const lease = await rooms.leases.take(c, forever)
  await rooms.inbox.finish([message], [], lease)
  const next = await rooms.leases.take(c, forever)
  await expect(lease.check()).rejects.toThrow(LeaseLost)
  await next.release()
  await expect(lease.check()).rejects.toThrow(LeaseLost)
})

test('a turn that has let its lease go leaves the next one its ears', async () => {
  const slow = Promise.withResolvers<void>()
  const stopped = Promise.withResolvers<unknown>()
  const { turns, answered } = answering(async (text, turn) => {
    if (text === 'one') return slow.promise
    if (turn.signal.aborted) stopped.resolve('stopped')
    turn.signal.addEventListener('abort', () => stopped.resolve('stopped'))
    await Promise.race([stopped.promise, sleep(2000).then(() => stopped.resolve('deaf'))])
  })
  await rooms.inbox.add(aMessage('one'))
  const before = turns.work(c)
  await expect.poll(() => answered).toEqual(['one'])
  await expect.poll(async () => (await rooms.redis.keys('*:lease:*')).length).toBe(0)
  await rooms.inbox.add(aMessage('two'))
  const after = turns.work(c) // its first ring was taken for dead
  await expect.poll(() => answered).toEqual(['one', 'two'])
  slow.resolve()
  await before
  turns.hear({ conversation: c, what: 'stop' })
  expect(await stopped.promise).toBe('stopped')
  await after
})

test('a turn that begins in vain again and again is left, for others to take up later', async () => {
  let begun = 0
  const answer = async () => {
    begun++
    throw new TurnEnded('restart')
  }
  const turns = createTurns({ ...rooms, answer })
  await rooms.inbox.add(aMessage('one'))
  await expect(turns.work(c)).rejects.toThrow('50 times in vain')
  expect(begun).toBe(50)
  expect(await rooms.inbox.waiting(c)).toHaveLength(1)
})

test('mail that comes when a lease is just being taken is looked at', async () => {
  let looks = 0
  const turns = createTurns({
    inbox: rooms.inbox,
    leases: {
      ...rooms.leases,
      async take(conversation, signal) {
        const lease = await rooms.leases.take(conversation, signal)
        turns.hear({ conversation, what: 'mail' }) // after what waits was read
        return lease
      },
    },
    async answer([first = aMessage('none')], turn) {
      turn.onMail(() => looks++)
      return rooms.inbox.finish([first], [], turn.lease)
    },
  })
  await rooms.inbox.add(aMessage('one'))
  await turns.work(c)
  expect(looks).toBe(1)
  await rooms.inbox.add(aMessage('two'))
  turns.hear({ conversation: c, what: 'mail' }) // nobody works: it is a ring that tells
})
