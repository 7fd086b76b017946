import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { Message } from '../src/message.ts'
import type { Notice } from '../src/queue/board.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel } from './fakes.ts'
import { answered, hangs, testWorkers } from './workers.ts'

const { rooms, work, ask, receive, endWorkers, clear, close } = await testWorkers()
afterEach(clear)
afterAll(close)

const boss = { id: 'boss', name: 'Boss' }

/** What is answered to a command. */
async function tell(text: string, over: Partial<Message> = {}): Promise<string> {
  const chat = fakeChat()
  await receive(chat, aMessage(text, over))
  await expect.poll(() => chat.calls.length).toBeGreaterThan(0)
  return [...chat.shown.values()].map(out => out.text).join('\n')
}

const byBoss = (text: string, over: Partial<Message> = {}) => tell(text, { author: boss, ...over })

const notice: Notice = {
  worker: 'w',
  model: 'm',
  servers: [{ name: 'files', state: 'active', tools: 2 }],
  tools: [
    { name: 'files__read', description: 'Reads.', label: 'Read', server: 'files', permission: 'allow' },
    { name: 'files__move', description: 'Moves.', label: 'Move', server: 'files', permission: 'ask', definition: 'd1' },
  ],
}

describe('the audit log', () => {
  test('has who called what with which arguments, where, why it was run, and how it went', async () => {
    const chat = fakeChat()
    const model = scriptedModel([call('files__move', { to: 'b', key: 'swordfish-1234' })], [say('Done.')])
    await work(chat, model, fakeToolbox({ files__move: () => ({ ok: false, text: 'no such file' }) }))
    await ask(aMessage('move it'))
    await answered(chat, 1)
    const [deed] = await rooms.audit.last(1)
    expect(deed).toMatchObject({
      person: 'fake:u',
      name: 'Ann',
      conversation: 'fake:1',
      tool: 'files__move',
      input: '{"to":"b","key":"[hidden]"}',
      decision: 'rule',
      outcome: 'failed',
    })
    expect(deed?.ms).toBeGreaterThanOrEqual(0)
  })

  test('cuts long arguments, and no secret in two', async () => {
    await rooms.audit.add({
      person: 'fake:u',
      name: 'Ann',
      conversation: 'fake:1',
      tool: 't',
      input: `${'x'.repeat(492)}swordfish-1234 and more`,
      decision: 'rule',
    })
    const [deed] = await rooms.audit.last(1)
    expect(deed?.input).toBe(`${'x'.repeat(492)}[hidden]…`)
  })

  test('has a call that its turn did not wait for', async () => {
    const chat = fakeChat()
    await work(chat, scriptedModel([call('hang')], [say('never')]), hangs())
    await ask(aMessage('hang'))
    await expect.poll(() => [...chat.shown.values()][0]?.text).toContain('hang')
    await receive(chat, aMessage('/stop'))
    await expect.poll(async () => (await rooms.audit.last(1))[0]?.outcome).toBe('cut-off')
  })

  test('has the press of a stranger on Stop and on Retry', async () => {
    const chat = fakeChat()
    await work(chat, scriptedModel([call('hang')], [say('never')]), hangs())
    await ask(aMessage('hang'))
    const card = () => [...chat.shown.values()][0]
    await expect.poll(() => card()?.buttons[0]?.action).toBe('stop')
    const stranger = { id: 'eve', name: 'Eve' }
    const press = (id: string, action = '?', token = '?', author = stranger) =>
      receive(chat, { id, conversation: 'fake:1', author, action, token })
    await press('fake:p1', 'stop', card()?.buttons[0]?.token)
    await press('fake:p2', 'stop', card()?.buttons[0]?.token, { id: 'u', name: 'Ann' })
    await answered(chat, 1)
    const strangers = (await rooms.audit.last(5)).filter(({ decision }) => decision === 'stranger')
    expect(strangers).toMatchObject([{ person: 'fake:eve', tool: 'stop' }])
    await endWorkers()
  })

  test('tells the newest first, of one tool or server, as many as asked for', async () => {
    const add = (tool: string, conversation = 'fake:1') =>
      rooms.audit.add({
        person: 'fake:u',
        name: 'Ann',
        conversation,
        tool,
        input: '{"a":1}',
        decision: 'rule',
        outcome: 'ok',
        ms: 5,
      })
    await add('files__move')
    await add('files__read', 'fake:2')
    await add('other__move')
    const all = await byBoss('/audit')
    expect(all.indexOf('other')).toBeLessThan(all.indexOf('read'))
    expect(all).toContain('(`fake:u`) @ `fake:2` · allowed · went well · 5 ms\n```\n{"a":1}\n```')
    expect(await byBoss('/audit 1')).not.toContain('read')
    expect(await byBoss('/audit files.move')).not.toMatch(/read|other/)
    expect(await byBoss('/audit files')).toMatch(/read[\s\S]*move/)
    expect(await byBoss('/audit', { shared: true })).not.toContain('files\\_\\_read')
    expect(await tell('/audit')).toBe('Only an admin can do this.')
    expect(await byBoss('/audit one two three')).toContain('Write `/audit')
  })
})

describe('/permit', () => {
  test('makes a rule, lists it, and takes it back', async () => {
    await rooms.board.post(notice)
    expect(await byBoss('/permit deny files.move')).toBe('Noted:\n- `files__move` **is not run** for all in `fake:1` · by Boss')
    expect(await byBoss('/permit allow * @123')).toContain('every tool **runs** for `fake:123` everywhere')
    expect(await byBoss('/permit ask files everyone')).toContain('every tool of `files` **is asked about** for everyone')
    expect(await rooms.permits.rules()).toHaveLength(3)
    const listed = await byBoss('/permit')
    expect(listed).toMatch(/files__move[\s\S]*of `files`/)
    expect(listed).toContain('fake:123')
    expect(await tell('/permit')).not.toContain('fake:123')
    expect(await byBoss('/permit reset files.move here')).toBe('Taken back: 1.')
    expect(await byBoss('/permit reset files.move here')).toBe('There was nothing to take back.')
    expect(await rooms.permits.rules()).toHaveLength(2)
  })

  test('is for admins, and knows people by their ids alone', async () => {
    expect(await tell('/permit allow *')).toBe('Only an admin can do this.')
    expect(await tell('/permit allow * me')).toBe('Only an admin can do this.')
    expect(await byBoss('/permit allow * @Bob')).toContain('I know people by their ids')
    expect(await byBoss('/permit allow * <@!42>')).toContain('fake:42')
    expect(await byBoss('/permit perhaps *')).toContain('/permit <allow|ask|deny>')
    expect(await byBoss('/permit allow nowhere.to')).toContain('no such tool')
    const rules = (await rooms.permits.rules()).map(({ target, whom }) => `${target} ${whom}`)
    expect(rules.toSorted()).toEqual(['* person:fake:42', 'tool:nowhere__to here:fake:1'])
  })

  test('speaks Chinese to who does', async () => {
    expect(await byBoss('/permit deny * everyone', { author: { ...boss, locale: 'zh-CN' } })).toContain(
      '所有工具 **不运行** 对所有人',
    )
  })

  test('of a person takes back what he has approved', async () => {
    await rooms.board.post(notice)
    const caller = { person: 'fake:7', conversation: 'fake:1' } as const
    await rooms.permits.approve(caller, { name: 'files__move', server: 'files' }, 'd1', 'always')
    await byBoss('/permit ask files @7')
    expect(await rooms.permits.approvals('fake:7')).toEqual([])
  })
})

test('/tools says of each tool whether who asks may call it here', async () => {
  await rooms.board.post(notice)
  const lines = async (over: Partial<Message> = {}) => (await tell('/tools files', over)).split('\n').slice(1)
  expect(await lines()).toEqual(['- `files__read` Reads.', '- `files__move` Moves. · ❓ asks first'])
  const caller = { person: 'fake:u', conversation: 'fake:1' } as const
  await rooms.permits.approve(caller, { name: 'files__move', server: 'files' }, 'd1', 'here')
  await byBoss('/permit deny files.read')
  expect(await lines()).toEqual(['- `files__read` Reads. · ⛔ not for you', '- `files__move` Moves.'])
  expect(await lines({ conversation: 'fake:2' })).toEqual(['- `files__read` Reads.', '- `files__move` Moves. · ❓ asks first'])
})
