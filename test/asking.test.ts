import { afterAll, afterEach, expect, test } from 'vitest'
import { endOverdue } from '../src/answers.ts'
import type { Answer, AskDraft, Field } from '../src/ask.ts'
import type { Press } from '../src/message.ts'
import { createSheet } from '../src/reply/sheet.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel } from './fakes.ts'
import { answered, finals, testWorkers } from './workers.ts'

const { rooms, work, receive, endWorkers, clear, close } = await testWorkers()
afterEach(clear)
afterAll(close)

const approval: AskDraft = { key: 'a', kind: 'approve', text: 'Send *it*?', detail: '{"to":"Bob"}', fields: [], waitMs: 60_000 }
const field = (name: string, over: Partial<Field> = {}): Field => ({ name, label: name, kind: 'text', required: true, ...over })
const form = (...fields: Field[]): AskDraft => ({ ...approval, kind: 'form', from: 'post', text: 'Who gets it?', fields })

/** A turn whose one tool asks before it acts; with `later` its worker need not stay. */
async function asking(draft: AskDraft, later?: unknown) {
  const chat = fakeChat()
  const answers: Answer[] = []
  const resumed: unknown[] = []
  const toolbox = fakeToolbox({
    async send(_input, { ask, resume }) {
      resumed.push(resume)
      const answer = await ask?.(draft, later)
      if (answer) answers.push(answer)
      return { ok: true, text: `answered ${answer?.how} ${JSON.stringify(answer?.values ?? {})}` }
    },
  })
  const model = scriptedModel([say('I send it.'), call('send')], [say('Done.')], [say('Hello Bob.')])
  const start = () => work(chat, model, toolbox)
  await start()
  const question = aMessage('send it')
  await receive(chat, question)
  const card = () => [...chat.shown.values()][0]
  const button = (label: string) => card()?.buttons.find(one => one.label === label)
  await expect.poll(() => card()?.text, { timeout: 10_000 }).toContain('❓')
  let presses = 0
  const press = (label: string, over: Partial<Press> = {}, id = 'u') => {
    const { action = '?', token = '?' } = button(label) ?? {}
    const author = { id, name: id }
    const what = { id: `fake:press-${id}-${++presses}`, conversation: 'fake:1', author, action, token, aside: 'aside', ...over }
    return receive(chat, what)
  }
  const said = () => [...chat.shown.values()].map(({ text }) => text)
  const parked = () => expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])
  return { chat, model, answers, resumed, question, card, button, press, said, parked, start }
}

test('a tool asks before it acts, and acts when the asker has said yes', async () => {
  const { chat, answers, press, card } = await asking(approval)
  expect(card()?.text).toContain('Send \\*it\\*?')
  expect(card()?.text).toContain('```\n{"to":"Bob"}\n```')
  expect(card()?.buttons.map(({ label }) => label)).toEqual(['Approve', 'Deny', 'Stop'])
  await press('Approve')
  await answered(chat, 1)
  expect(answers).toEqual([{ how: 'yes', by: { id: 'u', name: 'u' } }])
  expect(finals(chat)[0]).toContain('Done.')
  expect(finals(chat)[0]).not.toContain('❓')
})

test('while a question is open others are answered, and the click goes on with the call in the same reply', async () => {
  const { chat, resumed, press, parked } = await asking(approval, { state: 7 })
  await parked()
  await receive(chat, aMessage('and me?', { author: { id: 'bob', name: 'Bob' } }))
  await answered(chat, 1)
  await press('Approve')
  await answered(chat, 2)
  expect(resumed).toEqual([undefined, { state: 7 }])
  expect(chat.shown.size).toBe(2)
  expect([...chat.shown.values()].map(({ text }) => text.includes('I send it.'))).toEqual([true, false])
  expect((await rooms.history.load('fake:1')).map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'user',
    'assistant',
    'tool',
    'assistant',
  ])
})

test.each([
  ['parked before all processes ended', true],
  ['waited for when all processes ended', false],
])('a question that was %s is answered by the click after the restart', async (_, wait) => {
  const { chat, answers, resumed, press, parked, start } = await asking(approval, { state: 7 })
  if (wait) await parked()
  await endWorkers()
  await press('Approve')
  await start()
  await rooms.jobs.sweep(rooms.inbox, 0)
  await answered(chat, 1)
  expect(answers.map(({ how }) => how)).toEqual(['yes'])
  expect(resumed.at(-1)).toEqual({ state: 7 })
  expect(chat.shown.size).toBe(1)
})

test('a stranger is told that he may not answer, and an admin may', async () => {
  const { chat, answers, press, said, parked } = await asking(approval, {})
  await parked()
  await press('Approve', {}, 'stranger')
  await expect.poll(() => said().join()).toContain('Only Ann or an admin can answer this.')
  expect(chat.repliedTo).toContain('aside')
  expect(answers).toEqual([])
  await press('Deny', {}, 'boss')
  await expect.poll(() => answers.map(({ how }) => how)).toEqual(['no'])
})

test('a second press changes nothing and says so', async () => {
  const { chat, answers, button, press, said } = await asking(approval, {})
  const old = button('Deny')
  await press('Approve')
  await answered(chat, 1)
  await press('', { action: old?.action ?? '', token: old?.token ?? '' })
  await expect.poll(() => said().join()).toContain('no longer open')
  expect(answers.map(({ how }) => how)).toEqual(['yes'])
})

test('nobody answers in time: the turn goes on without, and the card has its buttons no more', async () => {
  const { chat, answers, card, parked } = await asking({ ...approval, waitMs: 400 }, {})
  await parked()
  await expect.poll(() => rooms.asks.overdue()).toHaveLength(1)
  await endOverdue(rooms)
  await answered(chat, 1)
  expect(answers.map(({ how }) => how)).toEqual(['away'])
  expect(card()?.buttons).toEqual([])
  expect(await rooms.asks.overdue()).toEqual([])
})

test.each([
  ['the Stop button', 'press'],
  ['/stop', 'command'],
  ['deleting the question', 'delete'],
])('a turn that waits for a person is ended by %s', async (_, how) => {
  const { chat, answers, question, press, card, parked } = await asking(approval, {})
  await parked()
  if (how === 'press') await press('Stop')
  if (how === 'command') await receive(chat, aMessage('/stop'))
  if (how === 'delete') await receive(chat, { id: question.id, conversation: 'fake:1', text: undefined })
  await expect.poll(() => card()?.final).toBe(true)
  expect(card()?.text).toContain('Stopped.')
  expect(answers).toEqual([])
})

test('a form is filled in by typing, one field after the other', async () => {
  const { chat, answers, press, said } = await asking(
    form(field('name'), field('age', { kind: 'integer', max: 120 }), field('note', { required: false })),
    {},
  )
  await press('Answer')
  await expect.poll(() => said().join()).toContain('(1 of 3) **name**')
  await receive(chat, aMessage('Bob'))
  await expect.poll(() => said().join()).toContain('(2 of 3) **age**')
  await receive(chat, aMessage('old'))
  await expect.poll(() => said().join()).toContain('this has to be a whole number')
  await receive(chat, aMessage('900'))
  await expect.poll(() => said().join()).toContain('that is too much: at most 120')
  await receive(chat, aMessage('77'))
  await expect.poll(() => said().join()).toContain('(3 of 3) **note**')
  await receive(chat, aMessage('-'))
  await expect.poll(() => said().join()).toContain('Thank you')
  await expect.poll(() => answers.map(({ values }) => values)).toEqual([{ name: 'Bob', age: 77 }])
})

test('a form that was filled in on the platform is read, and what is wrong with it told to who filled it in', async () => {
  const { answers, press, said } = await asking(form(field('age', { kind: 'integer' })), {})
  await press('Answer', { fields: { age: 'x' } })
  await expect.poll(() => said().join()).toContain('**age**: this has to be a whole number')
  await press('Answer', { fields: { age: '7' } })
  await expect.poll(() => answers.map(({ values }) => values)).toEqual([{ age: 7 }])
})

test('the options of an only field are buttons', async () => {
  const options = ['red', 'green'].map(label => ({ value: label[0] ?? '', label }))
  const { answers, press, card } = await asking(form(field('colour', { kind: 'one', options })), {})
  expect(card()?.buttons.map(({ label }) => label)).toEqual(['red', 'green', 'Decline', 'Stop'])
  await press('green')
  await expect.poll(() => answers.map(({ values }) => values)).toEqual([{ colour: 'g' }])
})

test('a link is shown to the asker alone', async () => {
  const url = 'https://login.example/secret?x=1'
  const { chat, answers, press, card, said } = await asking({ ...approval, kind: 'link', from: 'drive', url }, {})
  expect(card()?.text).toContain('login.example')
  expect(card()?.text).not.toContain('secret')
  await press('Show the link')
  await expect.poll(() => said().join()).toContain(url)
  expect(chat.repliedTo.at(-1)).toBe('aside')
  await press('Done')
  await expect.poll(() => answers.map(({ how }) => how)).toEqual(['yes'])
})

test('of two answers given at once one counts', async () => {
  const { question, parked } = await asking(approval, {})
  await parked()
  const open = await rooms.asks.last(question.conversation, 'u')
  if (!open) throw new Error('nothing is open')
  const both = await Promise.all([rooms.asks.answer(open, { how: 'yes' }), rooms.asks.answer(open, { how: 'no' })])
  expect(both.toSorted()).toEqual([false, true])
})

test('what a turn has asked whose question was deleted is no longer open', async () => {
  const { chat, question, button, press, said } = await asking(approval)
  const old = button('Approve')
  await receive(chat, { id: question.id, conversation: 'fake:1', text: undefined })
  await answered(chat, 1)
  await press('', { action: old?.action ?? '', token: old?.token ?? '' })
  await expect.poll(() => said().join()).toContain('no longer open')
})

test('what the asker said meanwhile is answered by itself', async () => {
  const { chat, press, parked, start } = await asking(approval, {})
  await parked()
  await endWorkers()
  await receive(chat, aMessage('hello'))
  await press('Approve')
  await start()
  await rooms.jobs.sweep(rooms.inbox, 0)
  await answered(chat, 2)
  expect(chat.shown.size).toBe(2)
})

test('a card whose buttons are others is brought up to date', () => {
  const { adapter } = fakeChat()
  const out = (label: string) => ({ text: 'same', buttons: [{ label, action: 'yes', token: 't' }], final: false })
  const options = { adapter, message: aMessage('hi'), turn: 't', posted: [], again: false, opening: out('A') }
  const sheet = createSheet({ ...options, keep: async () => {}, mayAct: async () => {} })
  return sheet.bring([out('A')]).then(() => {
    expect(sheet.isStale([out('A')])).toBe(false)
    expect(sheet.isStale([out('B')])).toBe(true)
  })
})

test('of two forms at once the one is filled in whose button was pressed, and Stop ends the turn that waits for the other', async () => {
  const chat = fakeChat()
  const heard: string[] = []
  const toolbox = fakeToolbox({
    async send({ to }, { ask }) {
      const answer = await ask?.({ ...form(field('place')), text: `Where is ${to}?` }, {})
      heard.push(`${to} ${answer?.how} ${JSON.stringify(answer?.values)}`)
      return { ok: true, text: 'sent' }
    },
  })
  const to = (id: string, name: string) => ({ type: 'call' as const, call: { id, name: 'send', input: { to: name } } })
  await work(chat, scriptedModel([to('c1', 'Bob'), to('c2', 'Eve')], [say('Done.')]), toolbox)
  await receive(chat, aMessage('send both'))
  const card = () => [...chat.shown.values()][0]
  const parked = () => expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])
  const said = () => [...chat.shown.values()].map(({ text }) => text).join()
  await expect.poll(() => card()?.text).toContain('Where is Bob?')
  await parked()
  const { action = '', token = '' } = card()?.buttons.find(({ label }) => label === 'Answer') ?? {}
  await receive(chat, { id: 'fake:p1', conversation: 'fake:1', author: { id: 'u', name: 'u' }, action, token })
  await expect.poll(said).toContain('place')
  await receive(chat, aMessage('Rome'))
  await expect.poll(() => heard).toEqual(['Bob yes {"place":"Rome"}'])
  await expect.poll(() => card()?.text).toContain('Where is Eve?')
  await parked()
  await receive(chat, aMessage('/stop'))
  await expect.poll(() => card()?.final).toBe(true)
  expect(card()?.text).toContain('Stopped')
})
