import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Gone, RateLimited } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import { openLane, type Pacer, type Urgency } from '../src/reply/pacer.ts'
import { openReply } from '../src/reply/reply.ts'
import { look } from './cards.ts'
import { aMessage, type FakeChat, fakeChat } from './fakes.ts'

/** The fake platform has no limit. */
const noPacer = { lane: () => expect.unreachable() }

function open(chat: FakeChat, { posted = [] as string[], again = false, over = {}, pacer = noPacer as Pacer } = {}) {
  const kept: string[][] = []
  const closing = new AbortController()
  const reply = openReply({
    adapter: chat.adapter,
    message: aMessage('question', over),
    look: look(),
    turn: 'turn-1',
    posted,
    again,
    keep: async ids => void kept.push(ids),
    mayAct: async () => {},
    lane: openLane(chat.adapter, aMessage('question', over), pacer),
    stopButton: { label: 'Stop', action: 'stop', token: 't' },
    closing: closing.signal,
    log: silentLog,
  })
  return { reply, kept, closing }
}

const shownBy = (chat: FakeChat) => [...chat.shown.values()].map(out => out.text)

test('a fast stream becomes few edits, each the newest, and ends with the whole text', async () => {
  const chat = fakeChat({ editEveryMs: 50 })
  const { reply } = open(chat)
  for (let i = 0; i < 200; i++) {
    reply.show({ type: 'text', delta: `${i} ` })
    await sleep(1)
  }
  const whole = reply.answer().text
  await reply.finish(whole)
  expect(chat.calls.length).toBeLessThan(20)
  expect(chat.calls.filter(({ kind }) => kind === 'post')).toHaveLength(1)
  expect(whole).toMatch(/^0 1 2 .* 199$/)
  expect(shownBy(chat)).toEqual([whole])
})

test('no two edits in a row are the same', async () => {
  const chat = fakeChat({ editEveryMs: 1 })
  const { reply } = open(chat)
  for (let i = 0; i < 30; i++) {
    reply.show({ type: 'tool-progress', callId: 'nobody', progress: { done: i } })
    await sleep(1)
  }
  await reply.finish('done')
  expect(chat.calls.map(({ out }) => out.text)).toEqual(['💭 thinking…', 'done'])
})

test('the placeholder carries a Stop button, the final answer none and the mark that it is final', async () => {
  const chat = fakeChat()
  const { reply } = open(chat)
  await sleep(5)
  expect(chat.shown.get('1')).toMatchObject({ final: false, buttons: [{ action: 'stop', token: 't' }] })
  await reply.finish('answer')
  expect(chat.shown.get('1')).toEqual({ text: 'answer', buttons: [], final: true })
})

test('the final edit does not wait for the pace of the others', async () => {
  const chat = fakeChat({ editEveryMs: 60_000 })
  const { reply } = open(chat)
  reply.show({ type: 'text', delta: 'a' })
  await sleep(5)
  await reply.finish('the end')
  expect(shownBy(chat)).toEqual(['the end'])
})

/** A platform with a shared pace, of which each urgency has to wait for so long. */
function paced(waits: Partial<Record<Urgency, number>> = {}) {
  const asked: Urgency[] = []
  const lane = {
    async ask(urgency: Urgency) {
      asked.push(urgency)
      return waits[urgency] ?? 0
    },
    async hush() {},
  }
  const chat = fakeChat({ pace: () => ({ lane: 'l', burst: 1, refillMs: 1, gapMs: 1 }) })
  return { asked, chat, pacer: { lane: () => lane } }
}

const step = { type: 'tool-start', call: { id: '1', name: 't', input: {} }, label: 'List tables' } as const

test('a call asks to be made with the urgency of what it shows', async () => {
  const { asked, chat, pacer } = paced()
  const { reply } = open(chat, { pacer })
  await expect.poll(() => asked).toEqual(['post'])
  reply.show({ type: 'text', delta: 'first words are news' })
  await expect.poll(() => asked).toEqual(['post', 'step'])
  reply.show({ type: 'text', delta: ', how it goes on is not' })
  await expect.poll(() => asked).toEqual(['post', 'step', 'growth'])
  reply.show(step)
  await expect.poll(() => asked).toEqual(['post', 'step', 'growth', 'step'])
  await reply.finish('the end')
  expect(asked).toEqual(['post', 'step', 'growth', 'step', 'final'])
})

test('a step does not wait for as long as the growth before it', async () => {
  const { asked, chat, pacer } = paced({ growth: 60_000 })
  const { reply } = open(chat, { pacer })
  await expect.poll(() => asked).toEqual(['post'])
  reply.show({ type: 'text', delta: 'a' })
  await expect.poll(() => asked).toContain('step')
  reply.show({ type: 'text', delta: 'b' })
  await expect.poll(() => asked).toContain('growth')
  reply.show(step)
  await expect.poll(() => shownBy(chat).join()).toContain('List tables')
  await reply.leave()
})

test('at most one call is under way, however slow the platform is', async () => {
  const chat = fakeChat({ editEveryMs: 1 })
  const { post, edit } = chat.adapter
  let [underWay, most] = [0, 0]
  const slowly = async <T>(make: () => Promise<T>): Promise<T> => {
    most = Math.max(most, ++underWay)
    await sleep(20)
    return make().finally(() => underWay--)
  }
  chat.adapter.post = (...args) => slowly(() => post(...args))
  chat.adapter.edit = (...args) => slowly(() => edit(...args))
  const { reply } = open(chat)
  for (let i = 0; i < 30; i++) {
    reply.show({ type: 'text', delta: `${i} ` })
    await sleep(5)
  }
  await reply.finish('the end')
  expect(chat.calls.length).toBeGreaterThan(3)
  expect(most).toBe(1)
})

test('a long answer goes on in further messages, and finished ones are not edited again', async () => {
  const chat = fakeChat({ chars: 100, editEveryMs: 1 })
  const { reply, kept } = open(chat)
  for (let i = 0; i < 40; i++) {
    reply.show({ type: 'text', delta: `line ${i} of the text\n` })
    await sleep(2)
  }
  await reply.finish(reply.answer().text)
  const shown = shownBy(chat)
  expect(shown.length).toBeGreaterThan(5)
  expect(shown.every(text => text.length <= 100)).toBe(true)
  expect(shown.join('\n').match(/line \d+/g)).toHaveLength(40)
  expect(kept.at(-1)).toEqual([...chat.shown.keys()])
  const lastTouch = (id: string) => chat.calls.findLastIndex(call => call.id === id)
  expect(lastTouch('1')).toBeLessThan(chat.calls.findIndex(call => call.id === '3'))
})

test('every post has a key of its own, and the same ones after a crash', async () => {
  const long = 'line of text\n'.repeat(30)
  const [first, second] = [fakeChat({ chars: 100 }), fakeChat({ chars: 100 })]
  await open(first).reply.finish(long)
  await open(second).reply.finish(long)
  expect(new Set(first.keys).size).toBe(first.shown.size)
  expect(second.keys).toEqual(first.keys)
  expect(first.keys.every(key => key.length <= 25)).toBe(true)
})

test('where a post cannot be repeated, only placeholders are posted, and texts come by edits', async () => {
  const chat = fakeChat({ chars: 100, keyedPosts: false })
  await open(chat).reply.finish('line of text\n'.repeat(30))
  const posts = chat.calls.filter(({ kind }) => kind === 'post').map(({ out }) => out.text)
  expect(new Set(posts)).toEqual(new Set(['💭 thinking…', '…']))
  expect(
    shownBy(chat)
      .join('\n')
      .match(/line of text/g),
  ).toHaveLength(30)
})

test('a post that may have arrived before is not trusted to show the new text', async () => {
  const [crashed, cut] = [fakeChat(), fakeChat()]
  await crashed.adapter.post('fake:1', { text: 'of the dead worker', buttons: [], final: false }, undefined, 'turn-1.0.0')
  crashed.failNext(new RateLimited(1)) // so that the answer is the first that this attempt posts
  await open(crashed, { again: true }).reply.finish('the answer')
  expect(shownBy(crashed)).toEqual(['the answer'])
  cut.loseNext()
  await open(cut).reply.finish('the answer')
  expect(shownBy(cut)).toEqual(['the answer'])
})

test.each([
  ['that failed', false],
  ['of an attempt that died', true],
])('after a post %s only a placeholder is posted where it may be there twice', async (_which, again) => {
  const chat = fakeChat({ keyedPosts: false })
  if (again) chat.failNext(new RateLimited(1))
  else chat.loseNext()
  await open(chat, { again }).reply.finish('the answer')
  expect(shownBy(chat)).toEqual(again ? ['the answer'] : ['💭 thinking…', 'the answer'])
  expect(chat.calls.filter(({ kind }) => kind === 'post').at(-1)?.out.text).toBe('…')
})

test('after a crash the same messages are edited', async () => {
  const chat = fakeChat()
  chat.shown.set('1', { text: 'of the dead worker', buttons: [], final: false })
  const { reply } = open(chat, { posted: ['1'] })
  await reply.finish('from the next one')
  expect(shownBy(chat)).toEqual(['from the next one'])
  expect(chat.calls.every(({ kind }) => kind === 'edit')).toBe(true)
})

test('what is left of a longer attempt does not stand below a shorter answer', async () => {
  const chat = fakeChat()
  for (const id of ['1', '2', '3']) chat.shown.set(id, { text: `old part ${id}`, buttons: [], final: false })
  await open(chat, { posted: ['1', '2', '3'] }).reply.finish('short')
  expect(shownBy(chat)).toEqual(['short', '…', '…'])
})

test('waits as long as the platform asks, then shows the newest', async () => {
  const chat = fakeChat()
  const { reply } = open(chat)
  await sleep(5)
  chat.failNext(new RateLimited(30), new RateLimited(30))
  reply.show({ type: 'text', delta: 'stale' })
  await sleep(30)
  await reply.finish('newest')
  expect(shownBy(chat)).toEqual(['newest'])
})

test('tries again when the platform stumbles', async () => {
  const chat = fakeChat()
  const { reply } = open(chat)
  await sleep(5)
  chat.failNext(new Error('502'))
  await reply.finish('came through')
  expect(shownBy(chat)).toEqual(['came through'])
})

test('posts anew when its message was deleted, and gives up when the chat is gone', async () => {
  const chat = fakeChat()
  const { reply } = open(chat)
  await sleep(5)
  chat.failNext(new Gone('message'))
  await reply.finish('posted anew')
  expect(shownBy(chat)).toContain('posted anew')
  const lonely = fakeChat()
  lonely.failNext(new Gone('chat'), new Gone('chat'), new Gone('chat'))
  await open(lonely).reply.finish('nobody hears')
  expect(lonely.calls).toEqual([])
})

test('a house that closes does not wait for a platform that is down', async () => {
  const chat = fakeChat()
  const { reply, closing } = open(chat)
  await sleep(5)
  chat.failNext(...Array.from({ length: 20 }, () => new Error('down')))
  const finished = reply.finish('never')
  closing.abort()
  await expect(finished).rejects.toThrow()
})

test('an API client sees no steps', async () => {
  const chat = fakeChat({ editEveryMs: 1 })
  const { reply } = open(chat, { over: { kind: 'api' } })
  reply.show({ type: 'tool-start', call: { id: '1', name: 't', input: {} }, label: 'List tables' })
  await sleep(10)
  reply.show({ type: 'text', delta: 'Four.' })
  await reply.finish(reply.answer().text)
  expect(chat.calls.some(({ out }) => out.text.includes('List tables'))).toBe(false)
  expect(shownBy(chat)).toEqual(['Four.'])
})
