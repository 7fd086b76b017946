import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { paceOf as discordPace } from '../adapters/discord/pace.ts'
import { paceOf as telegramPace } from '../adapters/telegram/pace.ts'
import type { Pace } from '../src/adapter.ts'
import { askEarly, createPacer, type Lane, type Urgency } from '../src/reply/pacer.ts'
import { testRooms } from './rooms.ts'

const rooms = await testRooms()
afterAll(rooms.close)
const [here, there] = [createPacer(rooms.redis), createPacer(rooms.redis)]

let lanes = 0
const slow = (over: Partial<Pace> = {}): Pace => ({ lane: `l${++lanes}`, burst: 4, refillMs: 1e6, gapMs: 0, ...over })

/** How often calls of this urgency are let through at once, of at most a hundred. */
async function through(pace: Pace, urgency: Urgency, pacer = here): Promise<number> {
  const lane = pacer.lane(pace)
  let calls = 0
  while (calls < 100 && (await lane.ask(urgency)) === 0) calls++
  return calls
}

test('a bucket is shared by all workers, and the more urgent a call the more of it it may use', async () => {
  const pace = slow()
  expect(await through(pace, 'growth', here)).toBe(1)
  expect(await through(pace, 'growth', there)).toBe(0)
  expect(await through(pace, 'step', there)).toBe(2)
  expect(await through(pace, 'note', there)).toBe(0)
  expect(await through(pace, 'post', here)).toBe(1)
  expect(await through(pace, 'final', there)).toBe(0)
})

test('what is idle has only what has run over, so that no other call is later for it', async () => {
  const pace = slow({ gapMs: 60_000 })
  expect(await through(pace, 'idle')).toBe(1)
  expect(await there.lane(pace).ask('growth')).toBe(0) // at once, and with a whole bucket
  expect(await through(pace, 'final', there)).toBe(3)
  const busy = slow({ refillMs: 50 })
  expect(await here.lane(busy).ask('final')).toBe(0)
  expect(await here.lane(busy).ask('idle')).toBeGreaterThan(50) // until the bucket is full, and runs over
  await expect.poll(() => here.lane(busy).ask('idle')).toBe(0)
  expect(await here.lane(busy).ask('idle')).toBeGreaterThan(0)
})

test('what is idle takes nothing from what all chats share', async () => {
  const overall = { lane: 'crowd', burst: 3, refillMs: 1e6 }
  expect(await here.lane(slow({ overall })).ask('idle')).toBe(0)
  expect(await here.lane(slow({ overall })).ask('idle')).toBeGreaterThan(0)
  expect(await through(slow({ overall }), 'final')).toBe(3)
})

test('one chat does not wait for another', async () => {
  const [full, other] = [slow(), slow()]
  await through(full, 'final')
  expect(await through(other, 'final')).toBe(4)
})

test('what has to wait is told how long, and the bucket fills again', async () => {
  const pace = slow({ refillMs: 40 })
  expect(await through(pace, 'final')).toBeGreaterThanOrEqual(4)
  const waitMs = await here.lane(pace).ask('growth')
  expect(waitMs).toBeGreaterThan(40)
  expect(waitMs).toBeLessThanOrEqual(160)
  await expect.poll(() => here.lane(pace).ask('growth')).toBe(0)
})

test('growth leaves less in the bucket where nothing has been said for longer than a refill', async () => {
  const lane = here.lane(slow({ burst: 5, refillMs: 400 }))
  for (let calls = 0; calls < 4; calls++) expect(await lane.ask('post')).toBe(0)
  const waitMs = await lane.ask('growth') // with one left, four would be there after 1200 ms
  expect(waitMs).toBeGreaterThan(500)
  expect(waitMs).toBeLessThanOrEqual(600)
  expect(await lane.ask('step')).toBeLessThanOrEqual(400)
})

test('edits keep a distance, but for posts, notes and last words', async () => {
  const lane = here.lane(slow({ gapMs: 60_000 }))
  expect(await lane.ask('growth')).toBe(0)
  expect(await lane.ask('growth')).toBeGreaterThan(50_000)
  expect(await lane.ask('step')).toBeGreaterThan(50_000)
  expect(await lane.ask('note')).toBe(0)
  expect(await lane.ask('post')).toBe(0)
  expect(await lane.ask('final')).toBe(0)
})

test('a chat that wants silence gets it from all workers, at every urgency, and then half the speed', async () => {
  const pace = slow({ refillMs: 1000 })
  const other = slow()
  await here.lane(pace).hush(7000)
  for (const urgency of ['growth', 'step', 'post', 'final'] as const) {
    const waitMs = await there.lane(pace).ask(urgency)
    expect(waitMs).toBeGreaterThan(6000)
    expect(waitMs).toBeLessThanOrEqual(7250)
  }
  await here.lane(pace).hush(10) // a shorter one does not end it
  expect(await there.lane(pace).ask('final')).toBeGreaterThan(6000)
  expect(await there.lane(other).ask('final')).toBe(0)
  const healed = slow({ refillMs: 1000 })
  await here.lane(healed).hush(0)
  await expect.poll(() => here.lane(healed).ask('final')).toBe(0)
  await through(healed, 'final')
  expect(await here.lane(healed).ask('final')).toBeGreaterThan(1000)
})

test('what all chats share is asked as well', async () => {
  const overall = { lane: 'everybody', burst: 3, refillMs: 1e6 }
  expect(await through(slow({ overall }), 'final')).toBe(3)
  expect(await through(slow({ overall }), 'final')).toBe(0)
})

test('in the line of all chats everybody keeps the place in which he asked', async () => {
  const overall = { lane: 'line', burst: 1, refillMs: 1000 }
  const line = Array.from({ length: 6 }, () => here.lane(slow({ overall })))
  const waits: number[] = []
  for (const lane of line) waits.push(await lane.ask('post'))
  expect(waits[0]).toBe(0)
  for (const [at, waitMs] of waits.entries()) {
    expect(waitMs).toBeGreaterThan(1000 * (at - 1))
    expect(waitMs).toBeLessThanOrEqual(1000 * at)
  }
  const again: number[] = []
  for (const lane of line.slice(1).toReversed()) again.unshift(await lane.ask('final'))
  for (const [at, waitMs] of again.entries()) expect(waitMs).toBeLessThanOrEqual(waits[at + 1] ?? 0)
})

test('a place in the line is worth one call, made when it comes', async () => {
  const overall = { lane: 'short line', burst: 1, refillMs: 60 }
  const [first, second] = [here.lane(slow({ overall })), there.lane(slow({ overall }))]
  expect(await first.ask('post')).toBe(0)
  expect(await second.ask('post')).toBeGreaterThan(0)
  await expect.poll(() => second.ask('post')).toBe(0)
  expect(await second.ask('post')).toBeGreaterThan(0)
})

test('whoever waits for all chats loses nothing of what his own may use, and growth stands behind all others', async () => {
  const overall = { lane: 'full', burst: 1, refillMs: 400 }
  const pace = slow({ overall })
  expect(await here.lane(slow({ overall })).ask('post')).toBe(0)
  expect(await here.lane(slow({ overall })).ask('post')).toBeGreaterThan(0)
  for (let times = 0; times < 20; times++) expect(await here.lane(pace).ask('growth')).toBeGreaterThan(0)
  await sleep(20) // in which a quicker line of all chats has room for all
  expect(await through({ ...pace, overall: { ...overall, burst: 100, refillMs: 1 } }, 'final')).toBe(4)
})

test('a chat that is hushed while it stands in the line is silent', async () => {
  const overall = { lane: 'hushed line', burst: 1, refillMs: 50 }
  const pace = slow({ overall })
  expect(await here.lane(slow({ overall })).ask('post')).toBe(0)
  const lane = here.lane(pace)
  expect(await lane.ask('post')).toBeGreaterThan(0)
  await there.lane(pace).hush(60_000)
  const waits: number[] = []
  const ask = async () => waits[waits.push(await lane.ask('post')) - 1]
  await expect.poll(ask).toBeGreaterThan(10_000)
  expect(waits).not.toContain(0)
})

test.each([
  ['a topic shares with its group', telegramPace('telegram:-100:7').lane, 'telegram:-100'],
  ['a private chat is its own', telegramPace('telegram:42').lane, 'telegram:42'],
  ['a channel is its own', discordPace('discord:123', '456').lane, 'discord:123'],
  ['an interaction that is over is of its channel', discordPace('discord:123', 'interaction:1:token:1000').lane, 'discord:123'],
  [
    'an open interaction has a bucket of its own, without its token in the name',
    discordPace('discord:123', `interaction:1:token:${Date.now()}`).lane,
    expect.stringMatching(/^discord:interaction:(?!token)[\w-]{16}$/),
  ],
])('%s', (_what, lane, expected) => {
  expect(lane).toEqual(expected)
})

/** In a minute of growth a group sees at most 20 calls ("Bots FAQ"), with a placeholder, last words and one that is idle among them. */
test.each([
  ['a group', telegramPace('telegram:-1'), 20],
  ['a private chat', telegramPace('telegram:1'), 30],
])('in its first minute %s sees no more calls than Telegram allows', (_what, { burst, refillMs }, most) => {
  expect(Math.floor(burst + 1 + 60_000 / refillMs)).toBeLessThanOrEqual(most)
})

/** Seen are five edits in five seconds (LangBot, Discord.Net#2375), and the last words are one more. */
test('a text that grows on Discord leaves room for its last words in the five seconds that are counted together', () => {
  const { gapMs } = discordPace('discord:1')
  expect(Math.floor(5000 / gapMs) + 1 + 1).toBeLessThanOrEqual(5)
})

describe('a lane that is asked early', () => {
  const answers = () => {
    const asked: Urgency[] = []
    const lane: Lane = { ask: async urgency => asked.push(urgency), hush: async () => {} }
    return { asked, lane }
  }

  test('has the first answer already, and asks for the next', async () => {
    const { asked, lane } = answers()
    const early = askEarly(lane, 'post')
    expect(asked).toEqual(['post'])
    expect(await early.ask('post')).toBe(1)
    expect(asked).toEqual(['post'])
    expect(await early.ask('post')).toBe(2)
  })

  test('asks anew for a call of another urgency', async () => {
    const { asked, lane } = answers()
    const early = askEarly(lane, 'post')
    expect(await early.ask('step')).toBe(2)
    await early.ask('post')
    expect(asked).toEqual(['post', 'step', 'post'])
  })

  test('tells who wants the call that it could not be asked, and nobody else', async () => {
    const lane: Lane = { ask: () => Promise.reject(new Error('Redis is away')), hush: async () => {} }
    const early = askEarly(lane, 'post')
    await new Promise(resolve => setImmediate(resolve))
    await expect(early.ask('post')).rejects.toThrow('away')
  })
})
