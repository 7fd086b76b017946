import { afterAll, afterEach, expect, test } from 'vitest'
import type { Ask } from '../src/ask.ts'
import type { Change, Message } from '../src/message.ts'
import type { Journal, Step } from '../src/queue/journal.ts'
import { tokenOf } from '../src/queue/token.ts'
import { aMessage, fakeChat, say, scriptedModel } from './fakes.ts'
import { answered, finals, testWorkers } from './workers.ts'

const { rooms, work, receive, clear, close } = await testWorkers()
afterEach(clear)
afterAll(close)

const ben = { id: 'b', name: 'Ben' }
const hold = () => rooms.leases.take('fake:1', new AbortController().signal)
const change = ({ id }: Message, text: string | undefined) => rooms.inbox.change({ id, conversation: 'fake:1', text })

/** A lease that was taken while these waited. */
async function holdWith(...messages: Message[]) {
  for (const message of messages) await rooms.inbox.add(message)
  return hold()
}

/** What a turn that is begun now answers. */
async function begunNow(lease: Awaited<ReturnType<typeof hold>>) {
  return rooms.journal.begin(lease, await rooms.inbox.waiting('fake:1'))
}

test.each([
  ['edited', 'first', 'Where is the bar?', ['Where is the bar?', 'And when?']],
  ['deleted', 'first', undefined, ['And when?']],
  ['edited', 'second', 'And until when?', ['Where is the pool?', 'And until when?']],
  ['deleted', 'second', undefined, ['Where is the pool?']],
] as const)('no turn begins of words that were %s after they were read: the %s message', async (_how, which, text, inTheEnd) => {
  const asked = { first: aMessage('Where is the pool?'), second: aMessage('And when?') }
  const lease = await holdWith(asked.first, asked.second)
  expect(await change(asked[which], text)).toEqual({ was: 'waiting' })
  expect(await rooms.journal.begin(lease, lease.mail)).toBeUndefined()
  expect(await rooms.journal.isRunning('fake:1')).toBe(false)
  const begun = await begunNow(lease)
  expect(begun).toMatchObject({ attempts: 1, again: false })
  expect(begun?.messages.map(message => message.text)).toEqual(inTheEnd)
})

test('what was not there when the inbox was read keeps no turn from beginning, nor does a change of what another turn answers', async () => {
  const [first, other] = [aMessage('half a character: \ud83d'), aMessage('and mine?', { author: ben })]
  const lease = await holdWith(first, other)
  await change(other, 'mine, please?')
  await rooms.inbox.add(aMessage('and then?'))
  expect((await rooms.journal.begin(lease, lease.mail))?.messages).toEqual([first])
})

test.each([
  ['edited', 'And until when?'],
  ['taken back', undefined],
])(
  'a turn that a worker left is not gone on with as it was when one of its messages was %s after it was read',
  async (_how, text) => {
    const [first, second] = [aMessage('Where is the pool?'), aMessage('And when?')]
    const dead = await holdWith(first, second)
    await rooms.journal.begin(dead, dead.mail)
    await rooms.journal.keepSteps(dead, first.id, [{ type: 'begun', callId: 'c' }])
    await dead.release()
    const lease = await hold()
    expect(await change(second, text)).toEqual({ was: 'running', turn: first.id, left: text === undefined ? 1 : 2 })
    expect(await rooms.journal.begin(lease, lease.mail)).toBeUndefined()
    expect(await rooms.journal.keepFinal(lease, first.id, { text: 'of the old words', entries: [] })).toBe(false)
    const begun = await begunNow(lease)
    expect(begun).toMatchObject({
      attempts: 1,
      again: true,
      steps: [],
      earlier: [{ type: 'begun', callId: 'c' }, { type: 'anew' }],
    })
    expect(begun?.messages.map(({ withdrawn }) => withdrawn)).toEqual([undefined, text === undefined ? true : undefined])
    expect(await rooms.journal.keepFinal(lease, first.id, { text: 'of the new words', entries: [] })).toBe(true)
  },
)

test('a turn goes on that took in what was said behind it, and no other person’s words', async () => {
  const [first, more, other] = [aMessage('one'), aMessage('and this'), aMessage('mine', { author: ben })]
  const dead = await holdWith(first)
  await rooms.journal.begin(dead, dead.mail)
  for (const message of [more, other]) await rooms.inbox.add(message)
  expect(await rooms.journal.take(dead, [first], [more])).toBe(true)
  await dead.release()
  const lease = await hold()
  await change(other, 'mine, please')
  expect(await rooms.journal.begin(lease, lease.mail)).toMatchObject({ messages: [first, more], again: true, earlier: [] })
})

/** A worker began a turn, posted this reply, and died. */
async function leftBehind(first: Message, reply: string): Promise<void> {
  const lease = await holdWith(first)
  await rooms.journal.begin(lease, lease.mail)
  await rooms.journal.keepReplies(lease, first.id, [reply])
  await lease.release()
}

/** A turn asked its person something, posted this reply, and was set aside until the answer came. */
async function answeredMeanwhile(first: Message, reply: string): Promise<void> {
  const lease = await holdWith(first)
  await rooms.journal.begin(lease, lease.mail)
  await rooms.journal.keepReplies(lease, first.id, [reply])
  await rooms.journal.keepSteps(lease, first.id, [{ type: 'begun', callId: 'c' }])
  const ask: Ask = { token: 't', kind: 'approve', text: 'Sure?', fields: [], expiresAt: Date.now() + 60_000 }
  const question = { ask, conversation: 'fake:1', asker: first.author, turn: tokenOf(first.id) }
  await rooms.asks.open(question)
  expect(await rooms.asks.park([first], 't', lease)).toBe(true)
  expect(await rooms.asks.answer(question, { how: 'yes' })).toBe(true)
  await lease.release()
}

test('a turn that waited for a person goes on with what came back, and anew once that was edited', async () => {
  const first = aMessage('book a room')
  await answeredMeanwhile(first, 'm1')
  const lease = await hold()
  expect(lease.mail).toEqual([{ ...first, resumed: true }])
  expect(await change(first, 'book two rooms')).toEqual({ was: 'waiting' })
  expect(await rooms.journal.begin(lease, lease.mail)).toBeUndefined()
  const begun: Step = { type: 'begun', callId: 'c' }
  await change(first, first.text)
  expect(await begunNow(lease)).toMatchObject({ steps: [begun], replies: ['m1'] })
  await change(first, 'book two rooms')
  expect(await begunNow(lease)).toMatchObject({ steps: [], earlier: [begun, { type: 'anew' }], replies: ['m1'] })
})

/** The worker's journal, before whose first turn begins this is heard. */
function journalAfter(hear: () => Promise<unknown>): Journal {
  let heard: Promise<unknown> | undefined
  return {
    ...rooms.journal,
    async begin(lease, waiting) {
      heard ??= hear()
      await heard
      return rooms.journal.begin(lease, waiting)
    },
  }
}

test.each([
  ['deleted before its turn begins is not answered', undefined, ['Good night.']],
  ['edited before its turn begins is answered as it stands', 'Where is the bar?', ['On the roof.', 'Good night.']],
])('a question that is %s', async (_how, text, inTheEnd) => {
  const chat = fakeChat()
  const [first, next] = [aMessage('Where is the pool?'), aMessage('Good night!', { author: ben })]
  for (const message of [first, next]) await rooms.inbox.add(message)
  const edit: Change = { id: first.id, conversation: 'fake:1', text }
  const model = scriptedModel(...inTheEnd.map(words => [say(words)]))
  await work(chat, model, undefined, undefined, { journal: journalAfter(() => receive(chat, edit)) })
  await rooms.jobs.ring('fake:1')
  await answered(chat, inTheEnd.length)
  expect(finals(chat)).toEqual(inTheEnd)
  expect(chat.calls.filter(({ kind }) => kind === 'post')).toHaveLength(inTheEnd.length)
  expect(model.heard.map(({ transcript }) => transcript.at(-1)?.text)).toEqual([...(text ? [text] : []), 'Good night!'])
  await expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])
})

test('the only question is deleted before its turn begins: nothing is posted, and the next one is answered', async () => {
  const chat = fakeChat()
  const only = aMessage('Where is the pool?')
  await rooms.inbox.add(only)
  const remove: Change = { id: only.id, conversation: 'fake:1', text: undefined }
  const { turns } = await work(chat, scriptedModel([say('Good night.')]), undefined, undefined, {
    journal: journalAfter(() => receive(chat, remove)),
  })
  await turns.work('fake:1')
  expect(chat.calls).toEqual([])
  expect(await rooms.inbox.unfinished(-1000)).toEqual([])
  expect(await rooms.redis.keys('*:journal:*')).toEqual([])
  expect(await rooms.redis.keys('*:lease:*')).toEqual([])
  await rooms.inbox.add(aMessage('Good night!'))
  await turns.work('fake:1')
  expect(finals(chat)).toEqual(['Good night.'])
})

test.each([
  ['waited for a person', answeredMeanwhile],
  ['was left by a worker', leftBehind],
])('a question whose turn %s is deleted before the turn goes on: its reply ends in words', async (_what, prepare) => {
  const chat = fakeChat()
  const first = aMessage('book a room')
  await prepare(first, await chat.adapter.post('fake:1', { text: 'Sure?', buttons: [], final: false }))
  const remove: Change = { id: first.id, conversation: 'fake:1', text: undefined }
  await work(chat, scriptedModel(), undefined, undefined, { journal: journalAfter(() => receive(chat, remove)) })
  await rooms.jobs.ring('fake:1')
  await answered(chat, 1)
  expect([...chat.shown.values()].map(({ text }) => text)).toEqual(['*Stopped, since the question was deleted.*'])
  await expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])
})
