import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, expect, test } from 'vitest'
import { ModelError, Refused } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import type { Model } from '../src/model.ts'
import { tokenOf } from '../src/queue/token.ts'
import { keysOf } from '../src/redis/keys.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel, texts } from './fakes.ts'
import { answered, finals, hanging, hangs, testWorkers } from './workers.ts'

const { rooms, work, ask, receive, clear, close } = await testWorkers()
afterEach(clear)
afterAll(close)

const ben = { id: 'b', name: 'Ben' }

test('a message lives its whole life: one reply, steps, answer, history', async () => {
  const chat = fakeChat()
  await work(
    chat,
    scriptedModel([call('clock')], [say('It is '), say('noon.')]),
    fakeToolbox({ clock: () => ({ ok: true, text: '12:00' }) }),
  )
  await ask(aMessage('what time?'))
  await answered(chat, 1)
  expect(finals(chat)[0]).toMatch(/^It is noon\.\n\n-# ✅ clock \d\.\d s$/)
  expect(chat.calls.filter(({ kind }) => kind === 'post')).toHaveLength(1)
  await expect.poll(() => rooms.history.load('fake:1')).toHaveLength(4)
  expect(texts(await rooms.history.load('fake:1'))).toEqual([
    'user: what time?',
    'assistant: ',
    'tool: 12:00',
    'assistant: It is noon.',
  ])
  expect(await rooms.inbox.unfinished(-1000)).toEqual([])
})

test('nothing listens to the signal of a turn that is over: it would live as long as the house', async () => {
  const chat = fakeChat()
  const { signals } = await work(
    chat,
    scriptedModel([call('clock')], [say('Noon.')], [say('One.')]),
    fakeToolbox({ clock: () => ({ ok: true, text: '12:00' }) }),
  )
  await ask(aMessage('what time?'))
  await answered(chat, 1)
  await ask(aMessage('and now?'))
  await answered(chat, 2)
  await expect.poll(() => signals.map(signal => getEventListeners(signal, 'abort').length)).toEqual([0, 0])
})

test('the next turn remembers the one before', async () => {
  const chat = fakeChat()
  const model = scriptedModel([say('Hello Ann.')], [say('You are Ann.')])
  await work(chat, model)
  await ask(aMessage('I am Ann'))
  await answered(chat, 1)
  await ask(aMessage('who am I?'))
  await answered(chat, 2)
  expect(texts(model.heard[1]?.transcript ?? [])).toEqual(['user: I am Ann', 'assistant: Hello Ann.', 'user: who am I?'])
})

test('/call runs a tool without the model', async () => {
  const chat = fakeChat()
  const model = scriptedModel()
  await work(chat, model, fakeToolbox({ add: input => ({ ok: true, text: `sum ${JSON.stringify(input)}` }) }))
  await ask(aMessage('/call add {"a": 1}'))
  await answered(chat, 1)
  expect(finals(chat)[0]).toContain('sum {"a":1}')
  expect(model.heard).toEqual([])
})

test.each<[string, (by: string) => { token?: string; by: string }, boolean]>([
  ['by the command', by => ({ by }), true],
  ['by the button of the one who asked', by => ({ by, token: 'own' }), true],
  ['but not by the button of a stranger', () => ({ by: 'stranger', token: 'own' }), false],
  ['but not by the button of another turn', by => ({ by, token: 'old' }), false],
])('a turn is stopped %s', async (_how, wish, stops) => {
  const chat = fakeChat()
  let running = false
  await work(
    chat,
    scriptedModel([say('Looking. '), call('hang')], [say('never')]),
    hangs(() => (running = true)),
  )
  const message = aMessage('hang')
  await ask(message)
  await expect.poll(() => running).toBe(true)
  const { token, by } = wish('u')
  await rooms.signals.send({
    conversation: 'fake:1',
    by,
    what: 'stop',
    ...(token && { token: token === 'own' ? tokenOf(message.id) : token }),
  })
  if (!stops) {
    await sleep(50)
    return expect(finals(chat)).toEqual([])
  }
  await answered(chat, 1)
  expect(finals(chat)[0]).toMatch(/^Looking\.\n\n\*Stopped\.\*/)
  await expect
    .poll(async () => texts(await rooms.history.load('fake:1')))
    .toEqual(['user: hang', 'assistant: Looking.\n\n*Stopped.*'])
})

test('what was said after a stopped question is still answered', async () => {
  const chat = fakeChat()
  let running = false
  await work(
    chat,
    scriptedModel([call('hang')], [say('second')]),
    hangs(() => (running = true)),
  )
  await ask(aMessage('first'))
  await expect.poll(() => running).toBe(true)
  await ask(aMessage('and now?'))
  await rooms.signals.send({ conversation: 'fake:1', by: 'u', what: 'stop' })
  await answered(chat, 2)
  expect(finals(chat)[1]).toBe('second')
})

test.each<[string, Model, RegExp]>([
  [
    'a model that is down',
    scriptedModel([new ModelError('the endpoint at 127.0.0.1:9 refuses connections')]),
    /could not get an answer.*127\.0\.0\.1:9.*e-\w{8}/,
  ],
  ['a bug', scriptedModel([new TypeError('x is not a function')]), /^Something went wrong on my side.*e-\w{8}/],
  ['a model that says nothing', scriptedModel([]), /ended without an answer/],
  [
    'a model that says nothing after its tool',
    scriptedModel([say('Let me look.'), call('nothing')], []),
    /^Let me look\.\n\n.*ended without an answer/,
  ],
])('never silence: %s', async (_what, model, sentence) => {
  const chat = fakeChat()
  const logged: object[] = []
  await work(chat, model, fakeToolbox({ nothing: () => ({ ok: true, text: 'nothing' }) }), {
    ...silentLog,
    error: facts => void logged.push(facts),
  })
  await ask(aMessage('hello?'))
  await answered(chat, 1)
  expect(finals(chat)[0]).toMatch(sentence)
  const id = /e-\w{8}/.exec(finals(chat)[0] ?? '')?.[0]
  if (id) expect(JSON.stringify(logged)).toContain(id)
})

test('a house that closes hands the turn over, and the next worker goes on with it in the same reply', async () => {
  const chat = fakeChat()
  let running = false
  const first = await work(
    chat,
    scriptedModel([say('Half.'), call('done'), call('hang')]),
    fakeToolbox({ done: () => ({ ok: true, text: 'the result' }), hang: hanging(() => (running = true)) }),
  )
  await ask(aMessage('long question'))
  await expect.poll(() => running && chat.calls.some(({ out }) => out.text.includes('✅ done'))).toBe(true)
  const ended = first.bell.close()
  await first.turns.close(10)
  await ended
  expect([...chat.shown.values()][0]?.text).toContain('Restarting')
  expect(await rooms.inbox.waiting('fake:1')).toMatchObject([{ text: 'long question' }])
  const model = scriptedModel([say('Whole.')])
  await work(chat, model)
  await rooms.jobs.ring('fake:1')
  await answered(chat, 1)
  expect([...chat.shown.values()].map(({ text }) => text)).toEqual([
    expect.stringMatching(/^Half\.\n\nWhole\.\n\n-# ✅ done .* ⚠️ hang/),
  ])
  expect(texts(model.heard[0]?.transcript ?? [])).toEqual([
    'user: long question',
    'assistant: Half.',
    'tool: the result',
    expect.stringMatching(/^tool: Outcome unknown/),
  ])
})

test.each([
  ['a call whose fate is unknown is not made again', [], 1],
  ['but one that does no harm is', ['count'], 2],
])('%s', async (_what, repeatable, calls) => {
  const chat = fakeChat()
  const message = aMessage('count')
  await rooms.inbox.add(message)
  const lease = await rooms.leases.take('fake:1', new AbortController().signal)
  await rooms.journal.begin(lease, [message])
  const toCall = [{ id: 'c1', name: 'count', input: {} }]
  await rooms.journal.keepSteps(lease, message.id, [{ type: 'said', entry: { role: 'assistant', text: '', calls: toCall } }])
  await rooms.journal.keepSteps(lease, message.id, [{ type: 'begun', callId: 'c1' }])
  await lease.release()
  let made = 1 // by the worker that died
  await work(
    chat,
    scriptedModel([say('Counted.')]),
    fakeToolbox({ count: () => ({ ok: true, text: String(++made) }) }, repeatable),
  )
  await rooms.jobs.ring('fake:1')
  await answered(chat, 1)
  expect(made).toBe(calls)
  expect(finals(chat)[0]).toContain('Counted.')
})

test('a turn that came further each time is not given up, however many workers died with it', async () => {
  const chat = fakeChat()
  const message = aMessage('a long way')
  await rooms.inbox.add(message)
  const lease = await rooms.leases.take('fake:1', new AbortController().signal)
  for (let death = 0; death < 4; death++) {
    await rooms.journal.begin(lease, [message])
    const entry = { role: 'tool', callId: `c${death}`, name: 'walk', text: 'on', ok: true } as const
    await rooms.journal.keepSteps(lease, message.id, [{ type: 'result', entry, ms: 1 }])
  }
  await lease.release()
  await work(chat, scriptedModel([say('There.')]))
  await rooms.jobs.ring('fake:1')
  await answered(chat, 1)
  expect(finals(chat)[0]).toContain('There.')
})

test('a question that is deleted while its worker is away ends in words, where the post of the reply may have arrived', async () => {
  const chat = fakeChat()
  const message = aMessage('never mind')
  await rooms.inbox.add(message)
  const lease = await rooms.leases.take('fake:1', new AbortController().signal)
  await rooms.journal.begin(lease, [message])
  await chat.adapter.post('fake:1', { text: '…', buttons: [], final: false }, undefined, `${tokenOf(message.id)}.0.0`)
  await receive(chat, { id: message.id, conversation: 'fake:1', text: undefined })
  await lease.release()
  await work(chat, scriptedModel())
  await rooms.jobs.ring('fake:1')
  await answered(chat, 1)
  expect([...chat.shown.values()].map(({ text }) => text)).toEqual(['*Stopped, since the question was deleted.*'])
})

test('a message whose workers died twice is set aside with an error id, and the next one is answered', async () => {
  const chat = fakeChat()
  const message = aMessage('poison')
  await rooms.inbox.add(message)
  await rooms.inbox.add(aMessage('and then?'))
  const lease = await rooms.leases.take('fake:1', new AbortController().signal)
  for (let death = 0; death < 2; death++) {
    await rooms.journal.begin(lease, [message])
    await rooms.journal.keepSteps(lease, message.id, [{ type: 'begun', callId: 'deadly' }])
  }
  await lease.release()
  await work(chat, scriptedModel([say('Then this.')]))
  await rooms.jobs.ring('fake:1')
  await answered(chat, 2)
  expect(finals(chat)).toEqual([expect.stringMatching(/^I could not answer this.*\(error e-\w{8}\)$/), 'Then this.'])
})

test.each([
  ['while another works', (key: string) => rooms.redis.set(key, 'another worker')],
  [
    'when another has come and gone',
    async (key: string) => {
      await rooms.redis.del(key)
      const other = await rooms.leases.take('fake:1', new AbortController().signal)
      await other.release()
    },
  ],
])('a worker that was paused and wakes, %s, can neither edit, nor call, nor keep anything any more', async (_when, lose) => {
  const chat = fakeChat()
  let called = 0
  let wake = () => {}
  const asleep = new Promise<void>(resolve => (wake = resolve))
  const model: Model = async function* () {
    await asleep
    yield call('write')
  }
  const first = await work(chat, model, fakeToolbox({ write: () => ({ ok: true, text: String(++called) }) }))
  await ask(aMessage('question'))
  await expect.poll(() => chat.shown.size).toBe(1)
  await lose((await rooms.redis.keys('*:lease:*'))[0] ?? '')
  wake()
  const ended = first.bell.close()
  await first.turns.close(5000)
  await ended
  expect(called).toBe(0)
  expect(finals(chat)).toEqual([])
  expect([...chat.shown.values()].map(({ text }) => text)).toEqual(['💭 thinking…'])
  expect(await rooms.inbox.waiting('fake:1')).toMatchObject([{ text: 'question' }])
})

test('an answer that was kept but not delivered is delivered, and nothing is asked again', async () => {
  const chat = fakeChat()
  const model = scriptedModel()
  const message = aMessage('question')
  await rooms.inbox.add(message)
  const lease = await rooms.leases.take('fake:1', new AbortController().signal)
  await rooms.journal.begin(lease, [message])
  await rooms.journal.keepFinal(lease, message.id, { text: 'the kept answer', entries: [{ role: 'user', text: 'question' }] })
  await lease.release()
  await work(chat, model)
  await rooms.jobs.ring('fake:1')
  await answered(chat, 1)
  expect(finals(chat)).toEqual(['the kept answer'])
  expect(model.heard).toEqual([])
})

test('a question that is edited while it runs is answered anew, in the same reply', async () => {
  const chat = fakeChat()
  let running = false
  const model = scriptedModel([say('Wrong. '), call('hang')], [say('Right.')])
  await work(
    chat,
    model,
    hangs(() => (running = true)),
  )
  const message = aMessage('wrogn question')
  await ask(message)
  await expect.poll(() => running).toBe(true)
  await receive(chat, { id: message.id, conversation: 'fake:1', text: 'right question' })
  await answered(chat, 1)
  expect([...chat.shown.values()].map(({ text }) => text)).toEqual(['Right.'])
  expect(texts(model.heard[1]?.transcript ?? [])).toEqual(['user: right question'])
  await expect.poll(async () => texts(await rooms.history.load('fake:1'))).toEqual(['user: right question', 'assistant: Right.'])
})

test('an edit that comes while the worker does not hear is not passed over by the answer to the older words, nor is the next edit', async () => {
  const chat = fakeChat()
  const message = aMessage('old words')
  let asked = 0
  const model: Model = async function* ({ transcript }) {
    if (++asked === 1) {
      // As if told by a gateway while this worker was frozen: the wish to begin anew is not heard.
      await rooms.inbox.change({ id: message.id, conversation: 'fake:1', text: 'new words' })
      yield say('To the old words.')
    } else {
      await receive(chat, { id: message.id, conversation: 'fake:1', text: 'newest words' })
      yield say(`To: ${transcript.at(-1)?.text}`)
    }
  }
  await work(chat, model)
  await ask(message)
  await expect.poll(() => finals(chat)).toEqual(['To: newest words'])
  expect(chat.calls.filter(({ out }) => out.final)).toHaveLength(1)
})

test('an edit that is heard again does not undo a later one', async () => {
  const message = aMessage('1')
  await rooms.inbox.add(message)
  const edit = (text: string, event: string) => rooms.inbox.change({ id: message.id, conversation: 'fake:1', text, event })
  for (const number of ['2', '3', '2']) await edit(number, `edit-${number}`)
  expect((await rooms.inbox.waiting('fake:1')).map(({ text }) => text)).toEqual(['3'])
})

test('a turn that begins anew is told what it has done already and cannot be undone', async () => {
  const chat = fakeChat()
  let running = false
  const toolbox = fakeToolbox(
    {
      write: () => ({ ok: true, text: 'written' }),
      read: () => ({ ok: true, text: 'read' }),
      hang: hanging(() => (running = true)),
    },
    ['read', 'hang'],
  )
  const model = scriptedModel([call('write', { n: 1 }), call('read', { n: 2 })], [call('hang')], [say('Right.')])
  await work(chat, model, toolbox)
  const message = aMessage('wrogn question')
  await ask(message)
  await expect.poll(() => running).toBe(true)
  await receive(chat, { id: message.id, conversation: 'fake:1', text: 'right question' })
  await answered(chat, 1)
  expect(model.heard[0]?.system).not.toContain('not undone')
  expect(model.heard[2]?.system).toMatch(/not undone[\s\S]*\n- write \{"n":1\}$/)
})

test('a question that is deleted while it runs is stopped in words', async () => {
  const chat = fakeChat()
  let running = false
  await work(
    chat,
    scriptedModel([say('So far. '), call('hang')]),
    hangs(() => (running = true)),
  )
  const message = aMessage('never mind')
  await ask(message)
  await expect.poll(() => running).toBe(true)
  await receive(chat, { id: message.id, conversation: 'fake:1', text: undefined })
  await answered(chat, 1)
  await expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])
  const last = chat.calls.filter(({ out }) => out.final).map(({ out }) => out.text)
  expect(last).toEqual([expect.stringMatching(/^So far\.[\s\S]*since the question was deleted/)])
})

test('the journal of a question that is gone from the inbox holds up no change of the next one', async () => {
  const chat = fakeChat()
  const [gone, next] = [aMessage('gone'), aMessage('next')]
  await rooms.inbox.add(gone)
  const lease = await rooms.leases.take('fake:1', new AbortController().signal)
  await rooms.journal.begin(lease, [gone])
  await rooms.journal.keepFinal(lease, gone.id, { text: 'late', entries: [] })
  await rooms.redis.del(keysOf('fake:1').inbox)
  await rooms.inbox.add(next)
  await receive(chat, { id: next.id, conversation: 'fake:1', text: 'next, better' })
  expect((await rooms.inbox.waiting('fake:1')).map(({ text }) => text)).toEqual(['next, better'])
  await receive(chat, { id: next.id, conversation: 'fake:1', text: undefined })
  expect(await rooms.inbox.waiting('fake:1')).toEqual([])
  await lease.release()
})

test('a question that waits is edited, or taken back, before anybody reads it', async () => {
  const chat = fakeChat()
  const [first, second, third] = [aMessage('first'), aMessage('second', { author: ben }), aMessage('third')]
  for (const message of [first, second, third]) await rooms.inbox.add(message)
  await receive(chat, { id: second.id, conversation: 'fake:1', text: 'second, better' })
  await receive(chat, { id: third.id, conversation: 'fake:1', text: undefined })
  await receive(chat, { id: 'fake:1:unknown', conversation: 'fake:1', text: 'nobody asked' })
  const model = scriptedModel([say('1')], [say('2')], [say('3')])
  await work(chat, model)
  await rooms.jobs.ring('fake:1')
  await answered(chat, 2)
  await sleep(50)
  expect(finals(chat)).toEqual(['1', '2'])
  expect(model.heard[1]?.transcript.at(-1)?.text).toBe('second, better')
})

test('what one person says in a row is answered together, below the last of it, and what another says apart', async () => {
  const chat = fakeChat()
  const said = [
    aMessage('Where is the pool?', { replyTo: 'm1' }),
    aMessage('And the bar?', { replyTo: 'm2' }),
    aMessage('Taken back', { withdrawn: true }),
    aMessage('Is breakfast included?', { author: ben, replyTo: 'm3' }),
    aMessage('On the line', { author: ben, alone: true }),
  ]
  for (const message of said) await rooms.inbox.add(message)
  const model = scriptedModel([say('Both on the roof.')], [say('It is.')], [say('Hello.')])
  await work(chat, model)
  await rooms.jobs.ring('fake:1')
  await answered(chat, 3)
  expect(finals(chat)).toEqual(['Both on the roof.', 'It is.', 'Hello.'])
  expect(chat.repliedTo).toEqual(['m2', 'm3', undefined])
  expect(model.heard[0]?.transcript).toEqual([{ role: 'user', text: 'Where is the pool?\n\nAnd the bar?' }])
  await expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])
})

test.each([
  ['edited', 'And the bar, please?', 'Where is the pool?\n\nAnd the bar, please?'],
  ['taken back', undefined, 'Where is the pool?'],
])('a message that is %s while it is answered with others begins the turn anew, in the same reply', async (_how, text, read) => {
  const chat = fakeChat()
  const [first, second] = [aMessage('Where is the pool?'), aMessage('And the bar?')]
  for (const message of [first, second]) await rooms.inbox.add(message)
  let running = false
  const model = scriptedModel([call('hang')], [say('On the roof.')])
  await work(
    chat,
    model,
    hangs(() => (running = true)),
  )
  await rooms.jobs.ring('fake:1')
  await expect.poll(() => running).toBe(true)
  await receive(chat, { id: second.id, conversation: 'fake:1', text })
  await answered(chat, 1)
  expect([...chat.shown.values()].map(out => out.text)).toEqual(['On the roof.'])
  expect(chat.calls.filter(({ out }) => out.final)).toHaveLength(1)
  expect(model.heard[1]?.transcript).toEqual([{ role: 'user', text: read }])
  await expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])
})

test('of messages that are answered together the turn ends when the last one is taken back, and with a dead worker too', async () => {
  const chat = fakeChat()
  const [first, second] = [aMessage('Where is the pool?'), aMessage('And the bar?')]
  for (const message of [first, second]) await rooms.inbox.add(message)
  const lease = await rooms.leases.take('fake:1', new AbortController().signal)
  await rooms.journal.begin(lease, [first, second])
  await rooms.journal.keepReplies(lease, first.id, [await chat.adapter.post('fake:1', { text: '…', buttons: [], final: false })])
  for (const { id } of [first, second]) await receive(chat, { id, conversation: 'fake:1', text: undefined })
  await lease.release()
  await work(chat, scriptedModel())
  await rooms.jobs.ring('fake:1')
  await answered(chat, 1)
  expect(finals(chat)).toEqual(['*Stopped, since the question was deleted.*'])
})

test('an answer that the platform refuses for good is replaced by a sentence, and the next message is answered', async () => {
  const chat = fakeChat()
  const { edit } = chat.adapter
  chat.adapter.edit = (conversation, id, out) =>
    out.text.includes('poison') ? Promise.reject(new Refused('400')) : edit(conversation, id, out)
  await work(chat, scriptedModel([say('poison')], [say('fine')]))
  await ask(aMessage('one'))
  await ask(aMessage('two', { author: ben }))
  await answered(chat, 2)
  expect(finals(chat)).toEqual([expect.stringMatching(/^Something went wrong on my side.*e-\w{8}/), 'fine'])
})

test('a turn that runs to its end in time is not handed over', async () => {
  const chat = fakeChat()
  const model: Model = async function* () {
    await sleep(60)
    yield say('in time')
  }
  const { turns } = await work(chat, model)
  await ask(aMessage('quick'))
  await expect.poll(() => chat.calls.length).toBeGreaterThan(0)
  await turns.close(5000)
  expect(finals(chat)).toEqual(['in time'])
})
