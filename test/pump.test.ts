import { afterAll, expect, test, vi } from 'vitest'
import { RateLimited } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import { createPacer, type Lane, type Urgency } from '../src/reply/pacer.ts'
import { openReply, type Reply } from '../src/reply/reply.ts'
import { look } from './cards.ts'
import { aMessage, type FakeChat, fakeChat } from './fakes.ts'
import { testRooms } from './rooms.ts'

const rooms = await testRooms()
afterAll(rooms.close)

interface Paced {
  chat: FakeChat
  reply: Reply
  /** What calls were asked for and allowed, by their urgency. */
  allowed: Urgency[]
  hushed: [number, boolean | undefined][]
  /** Calls may be made from now on. */
  open(): void
  shut(): void
}

/** A reply in a chat whose lane allows everything, or nothing but the first post until it is opened. */
function paced({ keyedPosts = true, opened = true } = {}): Paced {
  const chat = fakeChat({ chars: 100, keyedPosts, pace: () => ({ lane: 'a', burst: 1, refillMs: 1, gapMs: 0 }) })
  const allowed: Urgency[] = []
  const hushed: Paced['hushed'] = []
  let isOpen = opened
  const lane: Lane = {
    async ask(urgency) {
      if (!isOpen && allowed.length > 0) return 5
      allowed.push(urgency)
      return 0
    },
    async hush(ms, foretold) {
      hushed.push([ms, foretold])
    },
  }
  const reply = openReply({
    adapter: chat.adapter,
    message: aMessage('question'),
    look: look(),
    turn: 'turn-1',
    posted: [],
    again: false,
    keep: async () => {},
    mayAct: async () => {},
    lane,
    stopButton: { label: 'Stop', action: 'stop', token: 't' },
    closing: new AbortController().signal,
    log: silentLog,
  })
  return { chat, reply, allowed, hushed, open: () => (isOpen = true), shut: () => (isOpen = false) }
}

const stands = (chat: FakeChat) => [...chat.shown.values()].map(({ text }) => text)
const isPosted = (chat: FakeChat) => vi.waitFor(() => expect(chat.shown.size).toBe(1))

test.each([
  ['goes on in a message that is posted with its text', true, ['post', 'edit', 'post']],
  ['goes on in a message that is posted empty', false, ['post', 'edit', 'post', 'edit']],
])(
  'what a text is moved by when it %s is called at once, so that nothing that was seen is away for long',
  async (...[, keyedPosts, kinds]) => {
    const { chat, reply, allowed, open } = paced({ keyedPosts, opened: false })
    await isPosted(chat)
    reply.show({ type: 'text', delta: `${'line of text\n'.repeat(12)}the end` })
    open()
    await expect.poll(() => stands(chat).join('\n')).toContain('the end')
    expect(chat.calls.map(({ kind }) => kind)).toEqual(kinds)
    expect(allowed).toEqual(['post', 'step', ...kinds.slice(2).map(() => 'post')])
  },
)

test('a placeholder is not replaced at once by what came while it was posted', async () => {
  const { chat, reply, allowed } = paced({ keyedPosts: false })
  reply.show({ type: 'text', delta: 'First' })
  await expect.poll(() => stands(chat)).toEqual(['First'])
  expect(allowed).toEqual(['post', 'step'])
})

test('the first words of an answer are as urgent as a step, and its growth is not', async () => {
  const { chat, reply, allowed } = paced()
  await isPosted(chat)
  for (const delta of ['First', ' second', ' third']) {
    reply.show({ type: 'text', delta })
    await expect.poll(() => stands(chat).join()).toContain(delta)
  }
  expect(allowed).toEqual(['post', 'step', 'growth', 'growth'])
})

test('every call that was allowed is made, also at the end of a turn', async () => {
  const { chat, reply, allowed } = paced()
  await isPosted(chat)
  for (const delta of ['First', ' second']) {
    reply.show({ type: 'text', delta })
    await expect.poll(() => stands(chat).join()).toContain(delta)
  }
  reply.show({ type: 'text', delta: ' third' })
  reply.show({ type: 'entry', entry: { role: 'assistant', text: 'First second third', calls: [] } })
  await reply.finish(`${reply.answer().text}\n\n${'line of text\n'.repeat(20)}`)
  expect(stands(chat).join('\n')).toMatch(/^First second third\n/)
  expect(chat.shown.size).toBeGreaterThan(2)
  expect(allowed).toHaveLength(chat.calls.length)
  await reply.finish('and more')
  expect(allowed).toHaveLength(chat.calls.length)
})

test('what changes nothing that is seen makes nothing more urgent', async () => {
  const { chat, reply, allowed, open, shut } = paced()
  await isPosted(chat)
  reply.show({ type: 'text', delta: 'First' })
  await expect.poll(() => stands(chat)).toEqual(['First'])
  shut()
  reply.show({ type: 'text', delta: ' second' })
  reply.show({ type: 'entry', entry: { role: 'assistant', text: 'First second', calls: [] } })
  open()
  await expect.poll(() => stands(chat)).toEqual(['First second'])
  expect(allowed).toEqual(['post', 'step', 'growth'])
})

test('a limit that was only foretold is waited out, without the caution that a refusal earns', async () => {
  const lane = createPacer(rooms.redis).lane({ lane: 'foretold', burst: 2, refillMs: 1000, gapMs: 0 })
  await lane.hush(1, true)
  await expect.poll(() => lane.ask('final')).toBe(0)
  await lane.ask('final')
  const waitMs = await lane.ask('final')
  expect(waitMs).toBeGreaterThan(0)
  expect(waitMs).toBeLessThanOrEqual(1000)
})

test.each([true, false])('whoever waits tells the lane whether the limit was only foretold (%s)', async foretold => {
  const { chat, reply, hushed } = paced()
  await isPosted(chat)
  chat.failNext(new RateLimited(3, foretold), new RateLimited(4, foretold))
  reply.show({ type: 'text', delta: 'First' })
  await expect.poll(() => hushed.length).toBe(2)
  await reply.finish('First')
  chat.failNext(new RateLimited(5, foretold))
  await reply.finish('Second')
  expect(hushed).toEqual([3, 4, 5].map(ms => [ms, foretold]))
})
