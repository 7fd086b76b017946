import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, expect, test } from 'vitest'
import { Gone } from '../src/errors.ts'
import type { Message } from '../src/message.ts'
import { keysOf } from '../src/redis/keys.ts'
import type { ToolResult } from '../src/toolbox.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel, texts } from './fakes.ts'
import { answered, finals, testWorkers } from './workers.ts'

const { rooms, work, receive, clear, close } = await testWorkers()
afterEach(clear)
afterAll(close)

const ben = { id: 'b', name: 'Ben', locale: 'zh' }

/** A tool that runs until it is let go. */
function gate() {
  const { promise: opened, resolve } = Promise.withResolvers<ToolResult>()
  const { promise: reached, resolve: atGate } = Promise.withResolvers<void>()
  const toolbox = fakeToolbox({
    wait: (_input, { signal }) => {
      atGate()
      return Promise.race([
        opened,
        new Promise<ToolResult>(done => {
          const cut = () => done({ ok: false, text: 'cut' })
          if (signal.aborted) cut()
          else signal.addEventListener('abort', cut)
        }),
      ])
    },
  })
  return { toolbox, reached, open: () => resolve({ ok: true, text: 'waited' }) }
}

/** A conversation in which a turn runs that waits for the gate, and a model that says these lines afterwards. */
async function busyConversation(...lines: string[]) {
  const chat = fakeChat()
  const door = gate()
  const model = scriptedModel([call('wait')], ...lines.map(line => [say(line)]))
  const worker = await work(chat, model, door.toolbox)
  await receive(chat, aMessage('first'))
  await door.reached
  const hear = (message: Message) => receive(chat, message)
  const shown = () => [...chat.shown.values()].map(({ text }) => text)
  return { chat, model, worker, hear, shown, ...door }
}

test('a note that the platform makes wait holds up neither what comes after it nor the end of the turn', async () => {
  const pace = { lane: 'slow', burst: 1, refillMs: 1e6, gapMs: 0 }
  const { chat, hear, open } = await busyConversation('one', 'new')
  chat.adapter.limits.pace = (_conversation, replyTo) => ({ ...pace, lane: replyTo ?? 'fast' })
  await rooms.pacer.lane({ ...pace, lane: 'm2' }).ask('final')
  await hear(aMessage('second', { author: ben, replyTo: 'm2' }))
  await rooms.settings.set('fake:1', 'busy', 'interrupt')
  await hear(aMessage('no, this instead'))
  await answered(chat, 1)
  expect(finals(chat)[0]).toContain('*Stopped, since you have said something new.*')
  open()
})

test('a message that waits says how many are ahead, and its answer comes in the same place', async () => {
  const { chat, hear, shown, open } = await busyConversation('one', 'two', 'three')
  await hear(aMessage('second', { author: ben, replyTo: 'm2' }))
  await hear(aMessage('third', { replyTo: 'm3' }))
  await hear(aMessage('more of the third', { replyTo: 'm4' }))
  await expect.poll(shown).toEqual([expect.anything(), '⏳ 排队中，前面还有 1 个', '⏳ queued, 2 ahead'])
  expect(chat.repliedTo).toEqual([undefined, 'm2', 'm3'])
  open()
  await answered(chat, 3)
  expect(finals(chat)).toEqual([expect.stringContaining('one'), 'two', 'three'])
  expect(chat.calls.map(({ out }) => out.text)).toContain('⏳ queued, 1 ahead')
  await expect.poll(() => rooms.redis.keys('*:notes:*')).toEqual([])
})

test('a note is a first word to somebody: it keeps no distance to the edits of what runs', async () => {
  const { chat, hear, shown, open } = await busyConversation('one', 'two')
  const pace = { lane: 'calm', burst: 8, refillMs: 1e6, gapMs: 1e6 }
  await rooms.pacer.lane(pace).ask('post') // from then on an edit has to wait
  chat.adapter.limits.pace = () => pace
  await hear(aMessage('second', { author: ben, replyTo: 'm2' }))
  await expect.poll(shown).toEqual([expect.anything(), '⏳ 排队中，前面还有 1 个'])
  open()
  await answered(chat, 2)
})

test('a note never stands before the reply of the turn it waits for', async () => {
  const chat = fakeChat()
  const door = gate()
  const { promise: slow, resolve: arrive } = Promise.withResolvers<void>()
  const { post } = chat.adapter
  chat.adapter.post = async (...message) => {
    if (message[2] === 'm1') await slow
    return post(...message)
  }
  await work(chat, scriptedModel([call('wait')], [say('one')], [say('two')]), door.toolbox)
  await receive(chat, aMessage('first', { replyTo: 'm1' }))
  await door.reached
  await receive(chat, aMessage('second', { author: ben, replyTo: 'm2' }))
  await sleep(50)
  expect(chat.repliedTo).toEqual([])
  arrive()
  await expect.poll(() => chat.repliedTo).toEqual(['m1', 'm2'])
  door.open()
  await answered(chat, 2)
})

test('only the first few who wait are told so, and whoever waits on a line of his own alone is not', async () => {
  const { chat, hear, shown, open } = await busyConversation('one', 'two', 'three', 'four', 'five', 'six')
  await hear(aMessage('a script', { kind: 'api', alone: true }))
  for (const id of ['p', 'q', 'r', 's']) await hear(aMessage(id, { author: { id, name: id } }))
  await expect.poll(shown).toEqual([expect.anything(), '⏳ queued, 2 ahead', '⏳ queued, 3 ahead'])
  open()
  await answered(chat, 6)
  expect(chat.shown.size).toBe(6)
})

test('a note below a message that is taken back, or joined to the one before, says so', async () => {
  const { chat, hear, shown, open } = await busyConversation('one', 'two and three')
  const [second, between, third] = [aMessage('second', { author: ben }), aMessage('between'), aMessage('third', { author: ben })]
  for (const message of [second, between, third]) await hear(message)
  await expect.poll(() => shown().length).toBe(4)
  await receive(chat, { id: between.id, conversation: 'fake:1', text: undefined })
  await expect
    .poll(shown)
    .toEqual([
      expect.anything(),
      '⏳ 排队中，前面还有 1 个',
      '*Stopped, since the question was deleted.*',
      '⤴ 已与前一条消息一起回答。',
    ])
  open()
  await expect.poll(shown).toContain('two and three')
  await expect.poll(() => rooms.redis.keys('*:notes:*')).toEqual([])
})

test('where hardly a call may be made, a note of a message that is taken back is closed as soon as the answer stands', async () => {
  const { chat, hear, shown, open } = await busyConversation('one')
  const pace = { lane: 'narrow', burst: 8, refillMs: 1e6, gapMs: 1e6 }
  await rooms.pacer.lane(pace).ask('post') // from then on an edit has to wait
  chat.adapter.limits.pace = () => pace
  const second = aMessage('second', { author: ben, replyTo: 'm2' })
  await hear(second)
  await expect.poll(() => shown().length).toBe(2)
  await receive(chat, { id: second.id, conversation: 'fake:1', text: undefined })
  open()
  await expect.poll(shown).toEqual([expect.stringContaining('one'), '*Stopped, since the question was deleted.*'])
})

test('a turn that comes back waits in its own reply, without a note', async () => {
  const { hear, shown, open } = await busyConversation('one', 'two', 'three')
  const back = { ...aMessage('back', { author: ben }), resumed: true }
  await rooms.redis.rpush(keysOf('fake:1').inbox, JSON.stringify(back))
  await hear(aMessage('third'))
  await expect.poll(shown).toEqual([expect.anything(), '⏳ queued, 2 ahead'])
  open()
  await expect.poll(() => shown().length).toBe(3)
})

test('a note that outlived its answer says so, whoever comes to close it', async () => {
  const chat = fakeChat()
  const [first, second, third] = [aMessage('first'), aMessage('second'), aMessage('third', { author: ben })]
  for (const message of [first, second, third]) await rooms.inbox.add(message)
  const lease = await rooms.leases.take('fake:1', new AbortController().signal)
  await rooms.journal.begin(lease, [first, second, third])
  await rooms.journal.keepNote(lease, second.id, await chat.adapter.post('fake:1', { text: 'note', buttons: [], final: false }))
  await rooms.inbox.finish([first, second], [], lease)
  await lease.release()
  await work(chat, scriptedModel([say('to the third')]))
  await rooms.jobs.ring('fake:1')
  const shown = () => [...chat.shown.values()].map(({ text }) => text)
  await expect.poll(shown).toEqual(['⤴ Answered together with the message before.', 'to the third'])
  await expect.poll(() => rooms.redis.keys('*:notes:*')).toEqual([])
})

test.each([
  [
    'that could not be changed at once is changed when the turn ends',
    new Error('502'),
    '*Stopped, since the question was deleted.*',
  ],
  ['that is gone is left alone', new Gone('the note'), '⏳ 排队中，前面还有 1 个'],
])('a note %s', async (_what, error, inTheEnd) => {
  const { chat, hear, shown, open } = await busyConversation('one')
  const second = aMessage('second', { author: ben })
  await hear(second)
  await expect.poll(() => shown().length).toBe(2)
  chat.failNext(error)
  await receive(chat, { id: second.id, conversation: 'fake:1', text: undefined })
  await expect.poll(() => chat.failures()).toBe(0)
  open()
  await expect.poll(() => shown()[0]).toMatch(/^one/)
  await expect.poll(() => rooms.redis.keys('*:notes:*')).toEqual([])
  expect(shown()[1]).toBe(inTheEnd)
})

test('a note that an earlier worker left is found again', async () => {
  const chat = fakeChat()
  const [first, second] = [aMessage('first'), aMessage('second', { author: ben })]
  for (const message of [first, second]) await rooms.inbox.add(message)
  const lease = await rooms.leases.take('fake:1', new AbortController().signal)
  await rooms.journal.begin(lease, [first, second])
  await rooms.journal.keepNote(lease, second.id, await chat.adapter.post('fake:1', { text: 'note', buttons: [], final: false }))
  await lease.release()
  await work(chat, scriptedModel([say('one')], [say('two')]))
  await rooms.jobs.ring('fake:1')
  await answered(chat, 2)
  expect([...chat.shown.values()].map(({ text }) => text)).toEqual(['two', 'one'])
})

test('with "steer", what the asker adds is heard at the next step, once, and answered there', async () => {
  const { chat, model, hear, shown, open } = await busyConversation('both at once')
  await rooms.settings.set('fake:1', 'busy', 'steer')
  await hear(aMessage('and the bar?'))
  await hear(aMessage('and the [spa](x)?'))
  await expect.poll(() => shown()[0]).toContain('↪ and the bar?\n↪ and the \\[spa](x)?')
  open()
  await answered(chat, 1)
  expect(shown()).toEqual([expect.stringMatching(/^both at once/)])
  expect(texts(model.heard[1]?.transcript ?? [])).toEqual([
    'user: first',
    'assistant: ',
    'tool: waited',
    'user: and the bar?\n\nand the [spa](x)?',
  ])
  await expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])
  const history = await rooms.history.load('fake:1')
  expect(history.filter(({ role }) => role === 'user').map(({ text }) => text)).toEqual([
    'first',
    'and the bar?\n\nand the [spa](x)?',
  ])
})

test('with "steer", what somebody else says waits all the same', async () => {
  const { chat, model, hear, shown, open } = await busyConversation('one', 'two')
  await rooms.settings.set('fake:1', 'busy', 'steer')
  await hear(aMessage('mine first', { author: ben }))
  await expect.poll(() => shown()[1]).toBe('⏳ 排队中，前面还有 1 个')
  open()
  await answered(chat, 2)
  expect(model.heard[1]?.transcript.at(-1)?.text).toBe('waited')
})

/** A worker died after its turn had called a tool and heard `more`. */
async function diedAfterHearing(more: Message): Promise<void> {
  const first = aMessage('first')
  await rooms.inbox.add(first)
  const lease = await rooms.leases.take('fake:1', new AbortController().signal)
  await rooms.journal.begin(lease, [first])
  const calls = [{ id: 'c', name: 'wait', input: {} }]
  await rooms.journal.keepSteps(lease, first.id, [{ type: 'said', entry: { role: 'assistant', text: '', calls } }])
  const entry = { role: 'tool', callId: 'c', name: 'wait', text: 'waited', ok: true } as const
  await rooms.journal.keepSteps(lease, first.id, [{ type: 'result', entry, ms: 1 }])
  expect(await rooms.journal.take(lease, [first], [more])).toBe(false)
  await rooms.inbox.add(more)
  expect(await rooms.journal.take(lease, [first], [more])).toBe(true)
  await lease.release()
}

test.each([
  ['goes on with it after a death', undefined, ['user: first', 'assistant: ', 'tool: waited', 'user: more']],
  ['begins anew when that is edited', 'more, please', ['user: first\n\nmore, please']],
])('a turn that has heard more %s', async (_what, edited, heard) => {
  const chat = fakeChat()
  const more = aMessage('more')
  await diedAfterHearing(more)
  if (edited) await receive(chat, { id: more.id, conversation: 'fake:1', text: edited })
  const model = scriptedModel([say('all of it')])
  await work(chat, model)
  await rooms.jobs.ring('fake:1')
  await answered(chat, 1)
  expect(texts(model.heard[0]?.transcript ?? [])).toEqual(heard)
  await expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])
})

test('with "interrupt", something new from the asker ends the turn and is answered; from others it waits', async () => {
  const { chat, hear, shown } = await busyConversation('the new one', 'ben’s')
  await rooms.settings.set('fake:1', 'busy', 'interrupt')
  await hear(aMessage('ben asks', { author: ben }))
  await expect.poll(() => shown().length).toBe(2)
  expect(finals(chat)).toEqual([])
  await hear(aMessage('no, this instead'))
  await answered(chat, 3)
  expect(finals(chat)[0]).toContain('*Stopped, since you have said something new.*')
  expect(finals(chat).slice(1).sort()).toEqual(['ben’s', 'the new one'])
})

test.each([
  ['/settings', '- `busy` is **queue** (of `queue`, `steer`, `interrupt`)'],
  ['/settings busy Steer', 'Noted: `busy` is **steer** here from now on.'],
  ['/settings busy', '`busy` cannot be ``'],
  ['/settings busy never', '`busy` cannot be `never`: choose one of `queue`, `steer`, `interrupt`.'],
  ['/settings mood good', 'There is no setting `mood`. There is: `busy`, `steps`, `language`.'],
])('%s', async (command, sentence) => {
  const chat = fakeChat()
  await receive(chat, aMessage(command))
  await answered(chat, 1)
  expect(finals(chat)[0]).toContain(sentence)
  expect(await rooms.settings.get('fake:1', 'busy')).toBe(command.endsWith('Steer') ? 'steer' : 'queue')
})
