import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { drain } from '../src/agent/merge.ts'
import { withPermission } from '../src/agent/permission.ts'
import { endOverdue } from '../src/answers.ts'
import { wordsFor } from '../src/i18n/i18n.ts'
import { silentLog } from '../src/log.ts'
import type { Press } from '../src/message.ts'
import { houseServer, type Permission, type Tool } from '../src/model.ts'
import { decide, type Rule, type Target, type Whom } from '../src/permissions/rules.ts'
import type { Toolbox } from '../src/toolbox.ts'
import { aMessage, call, type FakeTool, fakeChat, fakeToolbox, say, scriptedModel } from './fakes.ts'
import { answered, finals, testWorkers } from './workers.ts'

const { rooms, work, ask, receive, endWorkers, clear, close } = await testWorkers()
afterEach(clear)
afterAll(close)

const rule = (permission: Permission, target: Target, whom: Whom): Rule => ({ permission, target, whom, by: 'Boss' })
const ann = { person: 'fake:u', conversation: 'fake:1:9' } as const

describe('the rule nearest to the caller decides, then the one nearest to the tool', () => {
  const everyone = rule('deny', 'tool:files__move', 'everyone')
  const here = rule('allow', 'server:files', 'here:fake:1')
  const thread = rule('ask', '*', 'here:fake:1:9')
  const own = rule('deny', '*', 'person:fake:u')
  test.each<[string, Rule[], Partial<Tool>, Permission]>([
    ['no rule, and nobody has said anything', [], {}, 'ask'],
    ['no rule, but the file allows it', [], { permission: 'allow' }, 'allow'],
    ['no rule, but the file denies it', [], { permission: 'deny' }, 'deny'],
    ['a rule before the file', [rule('ask', '*', 'everyone')], { permission: 'allow' }, 'ask'],
    ['one for everyone', [everyone], { permission: 'allow' }, 'deny'],
    ['one of this chat before one for everyone', [everyone, here], {}, 'allow'],
    ['one of this thread before one of its chat', [everyone, here, thread], {}, 'ask'],
    ['one of this person before all', [everyone, here, thread, own], {}, 'deny'],
    ['of the tool before its server', [here, rule('ask', 'tool:files__move', 'here:fake:1')], {}, 'ask'],
    ['of the server before everything', [rule('deny', '*', 'here:fake:1'), here], {}, 'allow'],
    ['one of another chat', [rule('deny', '*', 'here:fake:2')], { permission: 'allow' }, 'allow'],
    ['one of another person', [rule('deny', '*', 'person:fake:v')], { permission: 'allow' }, 'allow'],
    ['one of another platform', [rule('deny', '*', 'person:other:u')], { permission: 'allow' }, 'allow'],
    ['one of another tool', [rule('deny', 'tool:files__read', 'everyone')], { permission: 'allow' }, 'allow'],
    ['of the house itself', [rule('deny', '*', 'everyone')], { server: houseServer }, 'allow'],
  ])('%s', (_, rules, over, expected) => {
    expect(decide(rules, ann, { name: 'files__move', server: 'files', ...over })).toBe(expected)
  })
})

/** Tools of a server `files`, defined as it wants, none of which may run unasked but `files__read`. */
function filesToolbox(tools: Record<string, FakeTool>, over: Partial<Tool> = {}): Toolbox {
  const box = fakeToolbox({ ...tools, files__read: () => ({ ok: true, text: 'read' }) })
  const list = () =>
    box
      .list()
      .map(tool => ({ ...tool, server: 'files', ...(tool.name !== 'files__read' && { permission: 'ask' as const, ...over }) }))
  const resolve = (name: string) => list().find(tool => tool.name === name)
  return { ...box, list, resolve, servers: () => [{ name: 'files', state: 'active', tools: list().length }] }
}

/** A turn that wants to move a file, with the card on which it asks. */
function moving(steps = [[say('I move it.'), call('files__move', { to: 'b' })], [say('Done.')]], over: Partial<Tool> = {}) {
  const chat = fakeChat()
  const moved: unknown[] = []
  const move: FakeTool = input => {
    moved.push(input)
    return { ok: true, text: 'moved' }
  }
  const model = scriptedModel(...steps)
  const toolbox = filesToolbox({ files__move: move }, over)
  const start = (box = toolbox) => work(chat, model, box)
  const open = () => [...chat.shown.values()].find(({ text, final }) => !final && text.includes('❓'))
  const asks = () => expect.poll(() => open()?.text, { timeout: 10_000 }).toContain('May I run')
  let presses = 0
  const press = (label: string, id = 'u', over: Partial<Press> = {}) => {
    const { action = '?', token = '?' } = open()?.buttons.find(button => button.label === label) ?? {}
    const what = { id: `fake:p${++presses}`, conversation: 'fake:1', author: { id, name: id }, action, token, aside: 'aside' }
    return receive(chat, { ...what, ...over })
  }
  const parked = () => expect.poll(() => rooms.inbox.waiting('fake:1')).toEqual([])
  const said = () => [...chat.shown.values()].map(({ text }) => text).join('\n')
  return { chat, model, moved, toolbox, move, start, open, asks, press, parked, said }
}

const heard = (model: { heard: { transcript: { role: string; text: string }[] }[] }) =>
  model.heard.at(-1)?.transcript.findLast(({ role }) => role === 'tool')?.text

test('what writes is asked about with its server and its whole arguments, and runs with just those', async () => {
  const input = { to: 'b\u202Ecod.exe', body: 'x'.repeat(3000), deep: { list: [1, '`'] } }
  const { chat, moved, start, asks, press } = moving([[call('files__move', input)], [say('Done.')]])
  await start()
  await ask(aMessage('move it'))
  await asks()
  const all = [...chat.shown.values()].map(({ text }) => text).join('')
  expect(all).toContain('files\\_\\_move')
  expect(all).toContain('"to": "b\\u202ecod.exe"')
  expect(all.match(/x/g)?.length).toBeGreaterThanOrEqual(3000)
  expect(moved).toEqual([])
  const asking = [...chat.shown.values()].find(({ buttons }) => buttons.some(({ label }) => label === 'Approve'))
  expect(asking?.buttons.map(({ label }) => label)).toEqual(['Approve', 'Approve in this chat', 'Always approve', 'Deny', 'Stop'])
  const { action = '', token = '' } = asking?.buttons[0] ?? {}
  await press('Approve', 'u', { action, token })
  await answered(chat, 1)
  expect(moved).toEqual([input])
})

test('arguments that cannot be shown whole are not run', async () => {
  const { chat, model, moved, start } = moving([[call('files__move', { body: 'x'.repeat(7000) })], [say('Too long.')]])
  await start()
  await ask(aMessage('move it'))
  await answered(chat, 1)
  expect(moved).toEqual([])
  expect(heard(model)).toContain('too long to be shown')
})

test.each([
  ['parked', true],
  ['waited for', false],
])('an approval that was %s survives the restart of all workers', async (_, wait) => {
  const { chat, moved, start, asks, press, parked } = moving()
  await start()
  await ask(aMessage('move it'))
  await asks()
  if (wait) await parked()
  await endWorkers()
  await press('Approve')
  expect(moved).toEqual([])
  await start()
  await rooms.jobs.sweep(rooms.inbox, 0)
  await answered(chat, 1)
  expect(moved).toEqual([{ to: 'b' }])
  expect(chat.shown.size).toBe(1)
})

test('a refusal is told to the model as fact, and to the person in the footer', async () => {
  const { chat, model, moved, start, asks, press } = moving()
  await start()
  await ask(aMessage('move it'))
  await asks()
  await press('Deny')
  await answered(chat, 1)
  expect(moved).toEqual([])
  expect(heard(model)).toContain('files__move was not run: the person was asked, and refused it.')
  expect(finals(chat)[0]).toMatch(/-# ⚠️ files.*: refused$/)
})

test('nobody answers in time: the call is not made', async () => {
  const { chat, model, moved, start, asks, parked } = moving()
  await start()
  await ask(aMessage('move it'))
  await asks()
  await parked()
  const open = await rooms.asks.last('fake:1', 'u')
  if (!open) throw new Error('nothing is open')
  await rooms.asks.answer(open, { how: 'away' })
  await endOverdue(rooms)
  await rooms.jobs.ring('fake:1')
  await answered(chat, 1)
  expect(moved).toEqual([])
  expect(heard(model)).toContain('did not answer in time')
})

test('a stranger cannot approve, which is in the audit log; an admin can', async () => {
  const { chat, moved, start, asks, press, parked, said } = moving()
  await start()
  await ask(aMessage('move it'))
  await asks()
  await parked()
  await press('Approve', 'stranger')
  await expect.poll(said).toContain('Only Ann or an admin can answer this.')
  expect(moved).toEqual([])
  expect(await rooms.audit.last(5)).toMatchObject([{ person: 'fake:stranger', decision: 'stranger', conversation: 'fake:1' }])
  await press('Approve', 'boss')
  await answered(chat, 2)
  expect(moved).toHaveLength(1)
  expect(await rooms.audit.last(1)).toMatchObject([{ person: 'fake:u', decision: 'yes', by: 'boss (boss)', outcome: 'ok' }])
})

test('of calls side by side each is asked about, and only the one that was approved runs', async () => {
  const two = [call('files__move', { to: 'b' }, 'c1'), call('files__move', { to: 'c' }, 'c2')]
  const { chat, moved, start, open, press, parked } = moving([two, [say('Done.')]])
  await start()
  await ask(aMessage('move both'))
  await expect.poll(() => open()?.text, { timeout: 10_000 }).toContain('"to": "b"')
  await parked()
  await press('Deny')
  await expect.poll(() => open()?.text, { timeout: 10_000 }).toContain('"to": "c"')
  await parked()
  await press('Approve')
  await answered(chat, 1)
  expect(moved).toEqual([{ to: 'c' }])
})

describe('what was approved beyond the call', () => {
  const step = (id: string) => [call('files__move', { to: id }, id)]
  const twice = () => moving([step('c1'), [say('Once.')], step('c2'), [say('Twice.')], step('c3'), [say('Thrice.')]])

  async function first(label: string, talk = twice()) {
    await talk.start()
    await ask(aMessage('move it'))
    await talk.asks()
    await talk.press(label)
    await answered(talk.chat, 1)
    return talk
  }

  test.each([
    ['Always approve', 'fake:2'],
    ['Approve in this chat', 'fake:1'],
  ])('%s: the same tool runs unasked', async (label, conversation) => {
    const { chat, moved } = await first(label)
    await ask(aMessage('again', { conversation }))
    await answered(chat, 2)
    expect(moved).toEqual([{ to: 'c1' }, { to: 'c2' }])
    expect((await rooms.audit.last(2)).map(({ decision }) => decision)).toEqual(['earlier', 'yes'])
  })

  test.each([
    ['Approve', {}],
    ['Approve in this chat', { conversation: 'fake:2' }],
    ['Always approve', { author: { id: 'bob', name: 'Bob' } }],
  ])('%s: it is asked about elsewhere, or for others', async (label, over) => {
    const { chat, asks, moved } = await first(label)
    await ask(aMessage('again', over))
    await asks()
    expect(moved).toHaveLength(1)
    expect(finals(chat)).toHaveLength(1)
  })

  test.each([
    ['is defined otherwise', { description: 'Moves a file, and mails it to all' }],
    ["is of somebody else's server that is called and defined the same", { owner: 'place:fake:1' }],
  ])('it is asked about again when the tool %s', async (_, other) => {
    const talk = await first('Always approve')
    await endWorkers()
    await talk.start(filesToolbox({ files__move: talk.move }, other))
    await ask(aMessage('again'))
    await talk.asks()
    expect(talk.moved).toHaveLength(1)
  })

  test('a rule that denies is stronger, and a person takes his approvals back himself', async () => {
    const { chat, asks, model, moved } = await first('Always approve')
    await rooms.permits.set(rule('deny', 'tool:files__move', 'everyone'))
    await ask(aMessage('again'))
    await answered(chat, 2)
    expect(moved).toHaveLength(1)
    expect(heard(model)).toContain('a rule of an admin')
    await rooms.permits.remove('tool:files__move', 'everyone')
    await receive(chat, aMessage('/permit reset files me'))
    await answered(chat, 3)
    expect(finals(chat)[2]).toBe('Taken back: 1.')
    await ask(aMessage('once more'))
    await asks()
  })
})

test('an approval is good for the tool as it was shown: one that changed meanwhile is asked about anew', async () => {
  const { chat, moved, move, start, open, asks, press, parked } = moving()
  await start()
  await ask(aMessage('move it'))
  await asks()
  await parked()
  await endWorkers()
  const old = open()
  await press('Approve')
  await start(filesToolbox({ files__move: move }, { inputSchema: { type: 'object', properties: { to: { enum: ['b'] } } } }))
  await rooms.jobs.sweep(rooms.inbox, 0)
  await expect.poll(() => open()?.buttons[0]?.token, { timeout: 10_000 }).not.toBe(old?.buttons[0]?.token)
  await asks()
  expect(moved).toEqual([])
  await press('Approve')
  await answered(chat, 1)
  expect(moved).toHaveLength(1)
})

test('a tool that changes while somebody reads the question is asked about once more, and its arguments stay those that were shown', async () => {
  const over: Partial<Tool> = {}
  const { move, moved } = moving()
  const question = aMessage('move it')
  const options = { ...rooms, admins: [], question, words: wordsFor('en', 'en'), log: silentLog }
  const input = { to: 'b' }
  const shown: unknown[] = []
  const door = await withPermission(filesToolbox({ files__move: move }, over), options)
  const how = { signal: new AbortController().signal, onProgress() {} }
  await door.call('files__move', input, {
    ...how,
    async ask({ detail, key }) {
      shown.push([detail, key])
      over.description = 'Moves a file, and mails it to all'
      input.to = 'c'
      return { how: 'yes' }
    },
  })
  expect(shown).toHaveLength(2)
  expect(new Set(shown.map(String)).size).toBe(2)
  expect(moved).toEqual([{ to: 'b' }])
})

test('a call that was approved and then cut off by the death of its worker is not made again', async () => {
  const { chat, model, moved, start, asks, press } = moving()
  let began = 0
  const hang: FakeTool = (_input, { signal }) => {
    began++
    return new Promise(resolve => signal.addEventListener('abort', () => resolve({ ok: false, text: 'cancelled' })))
  }
  await start(filesToolbox({ files__move: hang }))
  await ask(aMessage('move it'))
  await asks()
  await press('Approve')
  await expect.poll(() => began).toBe(1)
  await endWorkers()
  await start()
  await rooms.jobs.sweep(rooms.inbox, 0)
  await answered(chat, 1)
  expect(moved).toEqual([])
  expect(heard(model)).toContain('Outcome unknown')
})

test('who pushes into a line can wait until its reader has kept what he took', async () => {
  const done: string[] = []
  const line = drain<string>(async push => {
    await push('begun')
    done.push('the call')
  })
  expect(await line.next()).toEqual({ value: 'begun', done: false })
  await new Promise(resolve => setImmediate(resolve))
  expect(done).toEqual([])
  await line.next()
  expect(done).toEqual(['the call'])
})

test('a tool that itself asks something is approved once', async () => {
  const chat = fakeChat()
  const heardBy: unknown[] = []
  const book: FakeTool = async (_input, { ask: askMore, resume }) => {
    const draft = { key: 'k', kind: 'approve' as const, text: 'Sea view?', fields: [], waitMs: 60_000 }
    const answer = await askMore?.(draft, { state: 7 })
    heardBy.push([answer?.how, resume])
    return { ok: true, text: 'booked' }
  }
  const { open, press, parked } = moving()
  const model = scriptedModel([call('files__book')], [say('Done.')])
  await work(chat, model, filesToolbox({ files__book: book }))
  const card = () => [...chat.shown.values()][0]
  const pressHere = (label: string, id: string) => {
    const { action = '?', token = '?' } = card()?.buttons.find(button => button.label === label) ?? {}
    return press(label, 'u', { id, action, token })
  }
  await ask(aMessage('book'))
  await expect.poll(() => card()?.text, { timeout: 10_000 }).toContain('May I run')
  await pressHere('Approve', 'fake:a')
  await expect.poll(() => card()?.text, { timeout: 10_000 }).toContain('Sea view?')
  await parked()
  await pressHere('Approve', 'fake:b')
  await answered(chat, 1)
  expect(open()).toBeUndefined()
  expect(heardBy).toEqual([['yes', { state: 7 }]])
})

describe('a rule that denies', () => {
  test('hides the tool from the model, and stops a call of it under any name', async () => {
    await rooms.permits.set(rule('deny', 'tool:files__move', 'here:fake:1'))
    const { chat, model, moved, start } = moving()
    await start()
    await ask(aMessage('move it'))
    await answered(chat, 1)
    expect(model.heard[0]?.tools.map(({ name }) => name)).toEqual(['files__read'])
    expect(heard(model)).toContain('files__move was not run: a rule of an admin')
    expect(finals(chat)[0]).toMatch(/a rule does not permit it/)
    expect(moved).toEqual([])
  })

  test('holds for /call as well', async () => {
    await rooms.permits.set(rule('deny', 'server:files', 'person:fake:u'))
    const { chat, moved, start } = moving()
    await start()
    await ask(aMessage('/call files__move {"to":"b"}'))
    await answered(chat, 1)
    expect(finals(chat)[0]).toContain('a rule of an admin does not let this person call it here')
    expect(moved).toEqual([])
  })

  test('of a whole server hides it, and keeps its resources from being read', async () => {
    await rooms.permits.set(rule('deny', 'server:files', 'everyone'))
    let reads = 0
    const box = filesToolbox({})
    const own: Tool = {
      name: 'read_resource',
      description: '',
      inputSchema: {},
      label: 'Read',
      server: houseServer,
      repeatable: true,
    }
    const toolbox: Toolbox = {
      ...box,
      servers: () => [{ name: 'files', state: 'active', tools: 1, instructions: 'Always move first.' }],
      list: () => [...box.list(), own],
      resolve: name => (name === own.name ? own : box.resolve(name)),
      async call() {
        reads++
        return { ok: true, text: 'secret' }
      },
    }
    const chat = fakeChat()
    const model = scriptedModel([call('read_resource', { server: 'files', uri: 'file:///a' })], [say('Done.')])
    await work(chat, model, toolbox)
    await ask(aMessage('read it'))
    await answered(chat, 1)
    expect(model.heard[0]?.tools.map(({ name }) => name)).toEqual(['read_resource'])
    expect(model.heard[0]?.system).not.toContain('Always move first.')
    expect(heard(model)).toContain('read_resource was not run: a rule')
    expect(reads).toBe(0)
  })

  test('hides the prompts of a server that is denied', async () => {
    await rooms.permits.set(rule('deny', 'server:files', 'everyone'))
    const { chat, toolbox, start } = moving()
    const prompts = {
      list: async () => [{ server: 'files', name: 'tidy', arguments: [] }],
      get: async () => [{ role: 'user' as const, text: 'Tidy.' }],
      complete: async () => [],
    }
    await start({ ...toolbox, prompts })
    await ask(aMessage('/prompt files tidy'))
    await answered(chat, 1)
    expect(finals(chat)[0]).not.toContain('tidy')
  })
})

test('/call of what writes is asked about like a call of the model, and answered by its result', async () => {
  const { chat, moved, start, asks, press } = moving()
  await start()
  await ask(aMessage('/call files__move {"to":"b"}'))
  await asks()
  expect(moved).toEqual([])
  await press('Approve')
  await answered(chat, 1)
  expect(moved).toEqual([{ to: 'b' }])
  expect(finals(chat)[0]).toContain('moved')
})

describe('over the API, where nobody can be asked', () => {
  const api = { kind: 'api' as const, alone: true as const }

  test('it is refused in one sentence', async () => {
    const { chat, model, moved, start } = moving()
    await start()
    await ask(aMessage('move it', api))
    await answered(chat, 1)
    expect(moved).toEqual([])
    expect(heard(model)).toContain('nobody can be asked over the API')
  })

  test.each<[string, Rule[], string, string]>([
    ['a rule allows it', [rule('allow', 'server:files', 'person:fake:u')], 'u', 'rule'],
    ['it is an admin', [], 'boss', 'admin'],
  ])('unless %s', async (_, rules, id, decision) => {
    for (const one of rules) await rooms.permits.set(one)
    const { chat, moved, start } = moving()
    await start()
    await ask(aMessage('move it', { ...api, author: { id, name: id } }))
    await answered(chat, 1)
    expect(moved).toHaveLength(1)
    expect(await rooms.audit.last(1)).toMatchObject([{ decision }])
  })
})
