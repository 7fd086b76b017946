import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createTurnLog } from '../src/telemetry/turn-log.ts'
import type { TurnReport } from '../src/telemetry/turn-report.ts'
import { testRooms } from './rooms.ts'

let rooms: Awaited<ReturnType<typeof testRooms>>
beforeAll(async () => {
  rooms = await testRooms()
})
afterAll(() => rooms.close())
afterEach(() => rooms.redis.flushall())

const living = new Set(['w'])
const aReport = (at: number) => ({ id: `m${at}`, worker: 'w', beganAt: at }) as TurnReport

test('of turns that end all at once none stays open', async () => {
  const log = createTurnLog(rooms.redis, () => true)
  const reports = Array.from({ length: 230 }, (_, at) => aReport(at))
  for (const report of reports) log.open(report)
  await log.flush()
  expect(await log.openTurns(living)).toHaveLength(230)
  for (const report of reports) log.ended(report)
  await log.flush()
  expect(await log.openTurns(living)).toEqual([])
  expect((await log.recentTurns(500)).map(({ id }) => id)).toEqual(
    reports
      .slice(-200)
      .map(({ id }) => id)
      .reverse(),
  )
})

test('a turn that ended just before Redis went away does not stay open', async () => {
  let isUp = true
  const log = createTurnLog(rooms.redis, () => isUp)
  log.open(aReport(1))
  await log.flush()
  log.ended(aReport(1))
  isUp = false
  await log.flush()
  expect(await log.openTurns(living)).toHaveLength(1)
  isUp = true
  await expect.poll(() => log.openTurns(living)).toEqual([])
  expect(await log.recentTurns(5)).toMatchObject([{ id: 'm1' }])
})
