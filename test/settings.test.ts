import { afterAll, afterEach, expect, test } from 'vitest'
import { createRedact } from '../src/redact.ts'
import { choices, settingNames } from '../src/settings.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel, texts } from './fakes.ts'
import { answered, finals, hanging, testWorkers } from './workers.ts'

const { rooms, work, ask, receive, clear, close } = await testWorkers()
afterEach(clear)
afterAll(close)

const ben = { id: 'b', name: 'Ben', locale: 'de' }
const shown = (chat: ReturnType<typeof fakeChat>) => [...chat.shown.values()].map(({ text }) => text)

test('who has chosen nothing has the first of the choices, and so has who chose what there is no more', async () => {
  expect(await rooms.settings.all('fake:1')).toEqual({ busy: 'queue', steps: 'full', language: 'auto' })
  await rooms.settings.set('fake:1', 'steps', 'off')
  await rooms.redis.hset((await rooms.redis.keys('*:settings:fake:1'))[0] ?? '', 'busy', 'panic')
  expect(await rooms.settings.all('fake:1')).toEqual({ busy: 'queue', steps: 'off', language: 'auto' })
  expect(await rooms.settings.get('fake:1', 'steps')).toBe('off')
  await expect(rooms.settings.set('fake:1', 'steps', 'loud')).rejects.toThrow('full, compact, off')
})

test.each<[string, string, RegExp]>([
  ['full', '✅ look · 0.0 s\n⏳ hang', /^\*Stopped\.\*\n\n-# ✅ look 0\.0 s · ⏹ hang$/],
  ['compact', '⏳ hang', /^\*Stopped\.\*\n\n-# ✅ look 0\.0 s · ⏹ hang$/],
  ['off', '💭 thinking…', /^\*Stopped\.\*$/],
])('a conversation with `steps` at %s sees so much of what tools do', async (steps, live, final) => {
  const chat = fakeChat({ editEveryMs: 1 })
  const toolbox = fakeToolbox({ look: () => ({ ok: true, text: 'x' }), hang: hanging() })
  await receive(chat, aMessage(`/settings steps ${steps}`))
  await answered(chat, 1)
  await work(chat, scriptedModel([call('look')], [call('hang')]), toolbox)
  await ask(aMessage('go'))
  await expect.poll(() => shown(chat)[1]).toBe(live)
  await rooms.signals.send({ conversation: 'fake:1', by: 'u', what: 'stop' })
  await answered(chat, 2)
  expect(finals(chat)[1]).toMatch(final)
})

test('a conversation that has chosen a language hears it, whatever the platform tells', async () => {
  const chat = fakeChat({ editEveryMs: 1 })
  const hear = async (text: string) => {
    const before = finals(chat).length
    await receive(chat, aMessage(text, { author: ben }))
    await answered(chat, before + 1)
    return finals(chat).at(-1)
  }
  expect(await hear('/reset')).toBe('Forgotten. We start afresh.')
  expect(await hear('/settings language zh')).toBe('已记下：从现在起，这里的 `language` 为 **zh**。')
  expect(await hear('/reset')).toBe('已忘记，我们重新开始。')
  expect(await hear('/settings')).toContain('- `language` 现为 **zh**（可选：`auto`, `en`, `zh`）')
  expect(await hear('/nope')).toContain('我不认识')
  expect(await hear(' ')).toContain('在！')
  expect(await hear('/settings language auto')).toContain('language')
  expect(await hear('/reset')).toBe('Forgotten. We start afresh.')
})

test('in its language are the card, its buttons, the notes and the notice of having been away', async () => {
  await rooms.settings.set('fake:1', 'language', 'zh')
  const chat = fakeChat({ editEveryMs: 1 })
  await work(chat, scriptedModel([call('hang')], [say('')]), fakeToolbox({ hang: hanging() }))
  await receive(chat, aMessage('one'))
  await receive(chat, aMessage('two', { author: ben }))
  await receive(chat, aMessage('three', { author: { id: 'c', name: 'Cem' }, unansweredBefore: Date.now() }))
  await expect.poll(() => shown(chat)).toEqual(['⏳ hang', '⏳ 排队中，前面还有 1 个', '⏳ 排队中，前面还有 2 个'])
  expect(chat.shown.get('1')?.buttons).toMatchObject([{ label: '停止' }])
  await rooms.signals.send({ conversation: 'fake:1', by: 'u', what: 'stop' })
  await answered(chat, 3)
  expect(finals(chat)).toEqual([
    expect.stringContaining('*已停止。*'),
    expect.stringContaining('模型没有给出回答'),
    expect.stringContaining('我刚才不在'),
  ])
  expect(chat.shown.get('2')?.buttons).toMatchObject([{ label: '重试', action: 'retry' }])
})

test('the default speaks where neither says anything, and the choice of one conversation is no other’s', async () => {
  await rooms.settings.set('fake:2', 'language', 'zh')
  const chat = fakeChat()
  await receive(chat, aMessage('/reset'))
  await answered(chat, 1)
  expect(finals(chat)).toEqual(['Forgotten. We start afresh.'])
})

test('every setting is explained in every language, with all of its choices', async () => {
  for (const locale of ['en', 'zh']) {
    const chat = fakeChat()
    await receive(chat, aMessage('/settings', { author: { id: 'u', name: 'Ann', locale } }))
    await answered(chat, 1)
    const lines = finals(chat)[0]?.split('\n').slice(2) ?? []
    expect(lines).toHaveLength(settingNames.length)
    for (const [at, name] of settingNames.entries())
      for (const choice of choices[name]) expect(lines[at]?.split(`\`${choice}\``).length, choice).toBeGreaterThan(2)
  }
})

test('a secret is hidden in what is shown, and history keeps what was said', async () => {
  const chat = fakeChat({ editEveryMs: 1 })
  const { redact } = rooms
  rooms.redact = createRedact(['correct horse'])
  await work(chat, scriptedModel([say('It is corr'), say('ect horse.')]))
  await ask(aMessage('what is it? correct horse?'))
  await answered(chat, 1)
  rooms.redact = redact
  expect(JSON.stringify(chat.calls)).not.toMatch(/corr|horse/)
  expect(finals(chat)).toEqual(['It is [hidden].'])
  await expect
    .poll(async () => texts(await rooms.history.load('fake:1')))
    .toEqual(['user: what is it? correct horse?', 'assistant: It is correct horse.'])
})

test('a secret in the answer to a command is hidden, wherever that is cut', async () => {
  const { redact } = rooms
  rooms.redact = createRedact(['correct horse'])
  for (let before = 0; before < 45; before += 3) {
    const chat = fakeChat({ chars: 40 })
    await rooms.board.post({ worker: 'w', model: 'm', servers: [{ name: 's', state: 'active', tools: 0 }], tools: [] })
    await receive(chat, aMessage(`/tools ${'x '.repeat(before)}correct horse`))
    await answered(chat, 1)
    expect(shown(chat).join(' ')).not.toMatch(/correct|horse/)
  }
  rooms.redact = redact
})
