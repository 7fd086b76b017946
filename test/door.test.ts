import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Adapter } from '../src/adapter.ts'
import { createDoor, type Door } from '../src/door.ts'
import { ConfigError } from '../src/errors.ts'
import { type Log, silentLog } from '../src/log.ts'
import { createLeases } from '../src/queue/lease.ts'
import { fakeChat } from './fakes.ts'
import { testRooms } from './rooms.ts'

let rooms: Awaited<ReturnType<typeof testRooms>>
const doors: Door[] = []
beforeAll(async () => {
  rooms = await testRooms()
})
afterEach(async () => {
  await Promise.all(doors.splice(0).map(door => door.close()))
  await rooms.redis.flushall()
})
afterAll(() => rooms.close())

const pace = { lifeMs: 400, renewMs: 100 }

/** A gateway with one door, whose adapter tells whether it listens. */
function gateway(oneListener: string | null = 'token', over: Partial<Adapter> = {}, log: Log = silentLog) {
  const state = { listens: false, starts: 0 }
  const adapter: Adapter = {
    ...fakeChat().adapter,
    ...(oneListener !== null && { oneListener }),
    async start() {
      state.listens = true
      state.starts++
    },
    async stop() {
      state.listens = false
    },
    ...over,
  }
  const door = createDoor(adapter, { leases: createLeases(rooms.redis, pace), receive: async () => {}, log })
  doors.push(door)
  return { door, state }
}

test('of two gateways with one token one listens, and the other takes over when it ends', async () => {
  const [first, second] = [gateway(), gateway()]
  await first.door.open()
  await second.door.open()
  expect([first.state.listens, second.state.listens]).toEqual([true, false])
  await first.door.close()
  await expect.poll(() => second.state.listens).toBe(true)
  expect(first.state.listens).toBe(false)
})

test('a gateway that lost its lease lets go before it waits again', async () => {
  const first = gateway()
  await first.door.open()
  const key = (await rooms.redis.keys('*:lease:*'))[0] ?? ''
  await rooms.redis.set(key, 'another gateway', 'PX', 600)
  await expect.poll(() => first.state.listens).toBe(false)
  await expect.poll(() => first.state.listens).toBe(true)
  expect(first.state.starts).toBe(2)
})

test('gateways with different tokens, or with none to share, listen side by side', async () => {
  const all = [gateway('a'), gateway('b'), gateway(null), gateway(null)]
  await Promise.all(all.map(({ door }) => door.open()))
  expect(all.map(({ state }) => state.listens)).toEqual([true, true, true, true])
})

test('who waits says so, once', async () => {
  const said: string[] = []
  const log = { ...silentLog, warn: (_facts: object, event: string) => void said.push(event) }
  await gateway().door.open()
  await gateway('token', {}, log).door.open()
  await sleep(300)
  expect(said).toEqual(['another gateway listens with this token; this one waits, and takes over when that one ends'])
})

test('a gateway that cannot listen when it takes over leaves the place to the next', async () => {
  const first = gateway()
  await first.door.open()
  let tries = 0
  const start = () => {
    tries++
    return Promise.reject(new Error('cannot'))
  }
  await gateway('token', { start }).door.open()
  await first.door.close()
  await expect.poll(() => tries).toBe(1)
  const third = gateway()
  await third.door.open()
  await expect.poll(() => third.state.listens).toBe(true)
})

test('a token that is refused ends the start', async () => {
  const refused = gateway('token', {
    start: () => Promise.reject(new ConfigError('refused')),
  })
  await expect(refused.door.open()).rejects.toThrow('refused')
})
