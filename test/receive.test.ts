import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createSuggest, findCommand, nearestCommand } from '../src/commands.ts'
import { Closing } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import type { Heard } from '../src/message.ts'
import type { Signal } from '../src/queue/signals.ts'
import { createReceive, longestMessage } from '../src/receive.ts'
import { aMessage, fakeChat } from './fakes.ts'
import { testRooms } from './rooms.ts'

let rooms: Awaited<ReturnType<typeof testRooms>>
beforeAll(async () => {
  rooms = await testRooms()
})
beforeEach(() => rooms.redis.flushall())
afterAll(() => rooms.close())

const toolsOf = (from: typeof rooms) => ({
  ...from,
  isUp: () => true,
  admins: ['fake:boss'],
  locale: 'en',
  log: silentLog,
  closing: new AbortController().signal,
})

function open() {
  const chat = fakeChat()
  const receive = createReceive(chat.adapter, toolsOf(rooms))
  const answers = async (what: Heard) => {
    await receive(what)
    await expect.poll(() => chat.calls.length).toBeGreaterThan(0)
    return chat.calls.map(({ out }) => out.text).join('\n')
  }
  return { chat, receive, answers }
}

const board = {
  worker: 'w',
  model: 'gpt-test',
  servers: [
    { name: 'sqlite', state: 'active' as const, tools: 1, connectMs: 120 },
    { name: 'x', state: 'error' as const, tools: 0, error: 'server "x" could not start' },
  ],
  tools: [{ name: 'sqlite__list_tables', description: 'Lists all tables. With rows.', label: 'List tables', server: 'sqlite' }],
}

test('a question is kept and rung for; the same again is not', async () => {
  const { receive } = open()
  const message = aMessage('hello')
  await receive(message)
  await receive(message)
  expect(await rooms.inbox.waiting('fake:1')).toEqual([message])
  expect(await rooms.redis.llen((await rooms.redis.keys('*:inbox:*'))[0] ?? '')).toBe(1)
  expect(await rooms.jobs.counts()).toEqual({ waiting: 1, active: 0 })
})

test.each<[string, string, string[]]>([
  ['lists the commands', '/help', ['/tools [server]', '/call <tool> [json]', '/reset', '/stop', '/status']],
  ['greets who comes from Telegram', '/start', ['/help']],
  [
    'lists the tools of every server, and why one is away',
    '/tools',
    ['**sqlite** · up · 1 tool · 120 ms', '`sqlite__list_tables` Lists all tables.', '**x** · not available', 'could not start'],
  ],
  ['lists the tools of one server', '/tools sqlite', ['list_tables']],
  ['names the servers when one is unknown', '/tools nope', ['no server `nope`', '`sqlite`, `x`']],
  ['tells how the house is', '/status', ['1 worker is up', 'gpt-test', 'Messages waiting: 0', 'x: not available']],
  ['says when nothing is to be stopped', '/stop', ['Nothing is running']],
  ['forgets', '/reset', ['afresh']],
  ['helps with a typo', '/tool', ['Did you mean `/tools`?']],
  ['knows what it does not know', '/frobnicate', ['do not know `/frobnicate`', '/help']],
  ['says how long a message may be', 'x'.repeat(204_800), ['204,800', '100,000']],
  ['answers a message of only spaces', '   \n ', ['/help']],
])('%s', async (_what, text, parts) => {
  await rooms.board.post(board)
  const { answers } = open()
  const answer = await answers(aMessage(text))
  for (const part of parts) expect(answer).toContain(part)
  expect(await rooms.inbox.waiting('fake:1')).toEqual([])
})

test('/tools of many servers is one line a server, and /tools <server> all of that one', async () => {
  const servers = Array.from({ length: 40 }, (_, at) => ({
    name: `server-${at}`,
    state: 'active' as const,
    tools: 50,
    connectMs: 9,
  }))
  const tools = servers.flatMap(({ name }) =>
    Array.from({ length: 50 }, (_, at) => ({
      name: `${name}__tool_${at}`,
      description: 'Does it.',
      label: 'Tool',
      server: name,
    })),
  )
  await rooms.board.post({
    ...board,
    servers: [{ ...servers[0], note: 'look at it' }, ...servers.slice(1)] as typeof servers,
    tools,
  })
  const all = await open().answers(aMessage('/tools'))
  expect(all.split('\n').filter(line => line.startsWith('- '))).toHaveLength(40)
  expect(all).toContain('40 servers with 2000 tools; `/tools <server>`')
  expect(all).toContain('- ⚠️ **server-0** · up · 50 tools · 9 ms')
  expect(all.length).toBeLessThan(2000)
  const one = await open().answers(aMessage('/tools server-0'))
  expect(one.split('\n').filter(line => line.includes('`server-0__tool_'))).toHaveLength(50)
  expect(one).toContain('⚠️ look at it')
})

test.each(['degraded', 'needs_auth'] as const)('/tools has words for %s in every language', async state => {
  await rooms.board.post({ ...board, servers: [{ name: 'x', state, tools: 1 }], tools: [] })
  for (const locale of ['en', 'zh']) {
    const answer = await open().answers(aMessage('/tools', { author: { id: 'u', name: 'An', locale } }))
    expect(answer).toMatch(/\*\*x\*\* · [^·_]{4,} · /)
  }
})

test.each([
  ['tools', 'server', '', ['sqlite', 'x']],
  ['call', 'tool', 'TABLES', ['sqlite__list_tables']],
  ['call', 'json', '', []],
  ['settings', 'name', '', ['busy', 'steps', 'language']],
  ['settings', 'value', 'st', ['steer']],
  ['settings', 'value', 'F', ['full', 'off']],
  ['help', 'me', '', []],
])('suggests for /%s what may be typed as %s "%s"', async (command, option, typed, expected) => {
  await rooms.board.post(board)
  expect(await createSuggest({ ...rooms, admins: [], log: silentLog })(command, option, typed, {})).toEqual(expected)
})

test.each<[option: string, typed: string, filled: Record<string, string>, expected: string[]]>([
  ['server', '', {}, ['hotel', 'ship']],
  ['server', '', { name: 'menu' }, ['hotel']],
  ['name', 'l', {}, ['letter']],
  ['name', '', { server: 'ship' }, ['letter']],
  ['arguments', '', { server: 'hotel', name: 'letter' }, ['to=', 'date=']],
  ['arguments', 'to=Bob ', { server: 'hotel', name: 'letter' }, ['to=Bob date=']],
  ['arguments', 'to=Bob d', { server: 'hotel', name: 'letter' }, ['to=Bob date=']],
  ['arguments', '', { name: 'letter' }, []],
  ['arguments', 'to=', { name: 'menu' }, []],
  ['arguments', 'day=', { name: 'menu' }, ['day=Sunday', 'day="New Year"']],
  [
    'arguments',
    'course="first one" day="New Y',
    { name: 'menu' },
    ['course="first one" day=Sunday', 'course="first one" day="New Year"'],
  ],
])('suggests for /prompt what may be typed as %s "%s" beside %j', async (option, typed, filled, expected) => {
  const prompts = [
    { server: 'hotel', name: 'letter', keys: ['to', 'date'] },
    { server: 'hotel', name: 'menu', keys: ['day', 'course'] },
    { server: 'ship', name: 'letter', keys: ['port'] },
  ]
  await rooms.board.post({ ...board, prompts })
  const asked: object[] = []
  async function ask(request: object): Promise<string[]> {
    asked.push(request)
    return ['Sunday', 'New Year']
  }
  expect(
    await createSuggest({ ...rooms, hints: { ...rooms.hints, ask }, admins: [], log: silentLog })(
      'prompt',
      option,
      typed,
      filled,
    ),
  ).toEqual(expected)
  if (typed.includes('New Y')) {
    expect(asked).toEqual([{ server: 'hotel', prompt: 'menu', argument: 'day', typed: 'New Y', known: { course: 'first one' } }])
  }
})

test.each([
  ['the asker', 'u', 'Stopping.', 1],
  ['an admin', 'boss', 'Stopping.', 1],
  ['a stranger', 'stranger', 'Only who asked, or an admin, can stop this answer.', 0],
])('/stop by %s', async (_who, id, sentence, times) => {
  const { answers } = open()
  const message = aMessage('a long question')
  await rooms.inbox.add(message)
  await rooms.journal.begin(await rooms.leases.take('fake:1', new AbortController().signal), [message])
  const signals: Signal[] = []
  await rooms.signals.listen(signal => signals.push(signal))
  expect(await answers(aMessage('/stop', { author: { id, name: id } }))).toBe(sentence)
  await rooms.signals.send({ conversation: 'end', what: 'stop' })
  await expect.poll(() => signals.at(-1)?.conversation).toBe('end')
  expect(signals.length - 1).toBe(times)
})

test('speaks the language of the person', async () => {
  const { answers } = open()
  expect(await answers(aMessage('/reset', { author: { id: 'u', name: '安', locale: 'zh-Hans' } }))).toBe('已忘记，我们重新开始。')
})

test('a command that is redelivered is run once', async () => {
  const { answers, receive, chat } = open()
  const message = aMessage('/reset')
  await answers(message)
  await receive(message)
  await receive(aMessage('/help'))
  await expect.poll(() => chat.calls.length).toBe(2)
})

test('/reset forgets, and /call is a turn of its own', async () => {
  const { answers, receive } = open()
  const first = aMessage('hi')
  await rooms.inbox.add(first)
  await rooms.inbox.finish(
    [first],
    [{ role: 'user', text: 'hi' }],
    await rooms.leases.take('fake:1', new AbortController().signal),
  )
  await answers(aMessage('/reset'))
  expect(await rooms.history.load('fake:1')).toEqual([])
  await receive(aMessage('/call sqlite__list_tables'))
  expect(await rooms.inbox.waiting('fake:1')).toMatchObject([{ text: '/call sqlite__list_tables' }])
})

test('/tools without a worker says so', async () => {
  const { answers } = open()
  expect(await answers(aMessage('/tools'))).toContain('No worker is running')
})

test('a pressed Stop reaches who works, once', async () => {
  const { receive } = open()
  const wishes: unknown[] = []
  await rooms.signals.listen(wish => wishes.push(wish))
  const press = { id: 'fake:p1', conversation: 'fake:1', author: { id: 'u', name: 'Ann' }, action: 'stop', token: 't' }
  await receive(press)
  await receive(press)
  await receive({ ...press, id: 'fake:p2', action: 'unknown' })
  await rooms.signals.send({ conversation: 'end', by: '', what: 'stop' })
  await expect.poll(() => wishes.at(-1)).toMatchObject({ conversation: 'end' })
  expect(wishes).toEqual([
    { conversation: 'fake:1', token: 't', by: 'u', what: 'stop' },
    { conversation: 'end', by: '', what: 'stop' },
  ])
})

test('what could not be kept is refused, so that the platform offers it again', async () => {
  const { chat } = open()
  const add = () => Promise.reject(new Error('Redis is away'))
  const broken = { ...rooms, inbox: { ...rooms.inbox, add, addUnlessAsked: add } }
  const receive = createReceive(chat.adapter, toolsOf(broken))
  await expect(receive(aMessage('hello'))).rejects.toThrow('Redis is away')
})

test('a house that closes, and one without Redis, refuse what they cannot keep', async () => {
  const { chat } = open()
  const closed = createReceive(chat.adapter, { ...toolsOf(rooms), closing: AbortSignal.abort() })
  const away = createReceive(chat.adapter, { ...toolsOf(rooms), isUp: () => false })
  await expect(closed(aMessage('hello'))).rejects.toThrow(Closing)
  await expect(away(aMessage('hello'))).rejects.toThrow('Redis is away')
})

test('half a character does not stop a conversation', async () => {
  const { receive } = open()
  await receive(aMessage('hi \ud83d'))
  const [message] = await rooms.inbox.waiting('fake:1')
  expect(message?.text).toBe('hi \ufffd')
})

test('a command that fails is told, with an error id', async () => {
  const { chat } = open()
  const board = { ...rooms.board, read: () => Promise.reject(new Error('no')) }
  await createReceive(chat.adapter, toolsOf({ ...rooms, board }))(aMessage('/tools'))
  await expect.poll(() => chat.calls[0]?.out.text).toMatch(/error e-\w{8}/)
})

describe('what is a command', () => {
  test.each([
    ['/help', 'help', ''],
    ['/TOOLS sqlite', 'tools', 'sqlite'],
    ['  /call a {"b":\n1}', 'call', 'a {"b":\n1}'],
  ])('%s', (text, name, argument) => {
    expect(findCommand(text)).toMatchObject({ command: { name }, argument })
  })
  test.each(['help', '/etc/hosts is a file', 'what is /help?', '/', '//x'])('not: %s', text =>
    expect(findCommand(text)).toBeUndefined(),
  )
  test.each([
    ['hlep', 'help'],
    ['statsu', 'status'],
    ['zzzzzz', undefined],
  ])('%s means %s', (typed, meant) => expect(nearestCommand(typed)).toBe(meant))
})

test('the longest message is longer than any platform lets a person send', () => {
  expect(longestMessage).toBeGreaterThan(4096)
})
