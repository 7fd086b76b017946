import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Pace } from '../src/adapter.ts'
import { silentLog } from '../src/log.ts'
import type { Message } from '../src/message.ts'
import { type Lane, openLane, type Pacer, type Urgency } from '../src/reply/pacer.ts'
import { openReply, type Reply } from '../src/reply/reply.ts'
import { end, look, progress, start, text } from './cards.ts'
import { aMessage, type FakeChat, fakeChat } from './fakes.ts'
import { testRooms } from './rooms.ts'

const rooms = await testRooms()
afterAll(rooms.close)

/** Only what the reply counts by; all else waits as ever. */
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }))
afterEach(() => void vi.useRealTimers())

let lanes = 0
const pace = (over: Partial<Pace> = {}): Pace => ({ lane: `e${++lanes}`, burst: 4, refillMs: 1e6, gapMs: 0, ...over })

function open(chat: FakeChat, over: Partial<Message> = {}, pacer: Pacer = rooms.pacer): Reply {
  return openReply({
    adapter: chat.adapter,
    message: aMessage('question', over),
    look: look(),
    turn: 'turn-1',
    posted: [],
    again: false,
    keep: async () => {},
    mayAct: async () => {},
    lane: openLane(chat.adapter, aMessage('question', over), pacer),
    stopButton: { label: 'Stop', action: 'stop', token: 't' },
    closing: new AbortController().signal,
    log: silentLog,
  })
}

const shown = (chat: FakeChat) => [...chat.shown.values()].map(({ text }) => text).join('\n---\n')
/** Vitest's own way to wait would move the time. */
async function shows(chat: FakeChat, card: string): Promise<void> {
  for (let tries = 0; shown(chat) !== card && tries < 500; tries++) await sleep(10)
  expect(shown(chat)).toBe(card)
}
const pass = (seconds: number) => void vi.advanceTimersByTime(seconds * 1000)
/** Long enough for an edit that should not be made. */
const calm = () => sleep(60)

/** How many edits may be made at once. */
async function through(pace: Pace): Promise<number> {
  const lane = rooms.pacer.lane(pace)
  for (let calls = 0; ; calls++) if ((await lane.ask('growth')) > 0) return calls
}

/** Lets every call through, and tells what it was for. */
function openPacer() {
  const asked: Urgency[] = []
  const ask = async (urgency: Urgency) => {
    asked.push(urgency)
    return 0
  }
  const lane: Lane = { ask, hush: async () => {} }
  return { asked, pacer: { lane: () => lane } }
}

test('what takes long says for how long, by calls that leave the way to all others', async () => {
  const chat = fakeChat({ pace: () => pace() })
  const { asked, pacer } = openPacer()
  const reply = open(chat, {}, pacer)
  await shows(chat, '💭 thinking…')
  pass(9)
  reply.show(start('Download'))
  reply.show(progress('Download', 43))
  await shows(chat, '⏳ Download · 43 %')
  const before = asked.length
  pass(14)
  await shows(chat, '⏳ Download · 43 % · 0:11')
  pass(10)
  await shows(chat, '⏳ Download · 43 % · 0:21')
  expect(new Set(asked.slice(before))).toEqual(new Set(['idle']))
  reply.show(progress('Download', 60))
  await shows(chat, '⏳ Download · 60 % · 0:24')
  reply.show(end('Download', 24_000))
  await shows(chat, '✅ Download · 24.0 s\n💭 thinking…')
  await reply.finish(reply.answer().text)
  expect(shown(chat)).toBe('-# ✅ Download 24.0 s')
  pass(60)
  await calm()
  expect(shown(chat)).toBe('-# ✅ Download 24.0 s')
  expect(vi.getTimerCount()).toBe(0)
})

test('time alone makes no edit: not when the answer grows, and not by progress that changes nothing', async () => {
  const chat = fakeChat({ pace: () => pace() })
  const { asked, pacer } = openPacer()
  const reply = open(chat, {}, pacer)
  reply.show(start('Download'))
  await shows(chat, '⏳ Download')
  pass(8)
  reply.show(progress('Download', 0))
  await shows(chat, '⏳ Download · 0 %')
  pass(4)
  const before = asked.length
  for (let i = 0; i < 3; i++) {
    pass(1)
    reply.show(progress('Download', i / 10))
    await calm()
  }
  expect(asked.length).toBe(before)
  reply.show(progress('Download', 1))
  await shows(chat, '⏳ Download · 1 % · 0:15')
  reply.show(text('The answer'))
  await shows(chat, 'The answer\n\n-# ⏳ Download')
  const grown = asked.length
  pass(60)
  await calm()
  expect(asked.length).toBe(grown)
  await reply.leave()
})

test('what only the time has changed does not press more for what changes nothing, and at once for what does', async () => {
  const chat = fakeChat({ pace: () => pace() })
  const asked: Urgency[] = []
  const ask = async (urgency: Urgency) => {
    asked.push(urgency)
    return urgency === 'idle' ? 1e6 : 0
  }
  const reply = open(chat, {}, { lane: () => ({ ask, hush: async () => {} }) })
  reply.show(start('Download'))
  reply.show(progress('Download', 43))
  await shows(chat, '⏳ Download · 43 %')
  pass(15)
  reply.show(progress('Download', 43.2))
  reply.show({ type: 'entry', entry: { role: 'assistant', text: '', calls: [] } })
  await calm()
  expect(shown(chat)).toBe('⏳ Download · 43 %')
  expect(asked.at(-1)).toBe('idle')
  reply.show(progress('Download', 44))
  await shows(chat, '⏳ Download · 44 % · 0:15')
  await reply.leave()
})

test('what goes on in further messages does not wait until nothing else is to be said', async () => {
  const chat = fakeChat({ pace: () => pace(), chars: 100 })
  const { asked, pacer } = openPacer()
  const reply = open(chat, {}, pacer)
  reply.show(text('word '.repeat(100).trim()))
  await expect.poll(() => chat.shown.size).toBeGreaterThan(4)
  await calm()
  expect(asked).not.toContain('idle')
  await reply.leave()
})

test('the edit of another conversation in the same chat is not a moment later for it', async () => {
  const shared = pace({ refillMs: 1000 })
  const chat = fakeChat({ pace: () => shared })
  const reply = open(chat)
  await shows(chat, '💭 thinking…')
  pass(10)
  await shows(chat, '💭 thinking… · 0:10')
  expect(await through(shared)).toBe(await through({ ...shared, lane: 'never used' }))
  pass(5)
  await calm()
  expect(shown(chat)).toBe('💭 thinking… · 0:10')
  await reply.leave()
})

test('a reply that is left, and one for an API client, tells no time', async () => {
  const [left, api] = [fakeChat(), fakeChat()]
  const reply = open(left)
  const plain = open(api, { kind: 'api' })
  await shows(left, '💭 thinking…')
  await reply.leave()
  pass(60)
  await calm()
  expect([shown(left), shown(api)]).toEqual(['💭 thinking…', 'thinking…'])
  await plain.leave()
})
