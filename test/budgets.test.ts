import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { readAllowance } from '../src/allowance.ts'
import { createBudgets, type Payer } from '../src/budgets.ts'
import { silentLog } from '../src/log.ts'
import type { Model } from '../src/model.ts'
import { openPurse, UsedUp } from '../src/paying.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel } from './fakes.ts'
import { answered, finals, testWorkers } from './workers.ts'

const { rooms, work, receive, clear, close } = await testWorkers()
afterEach(clear)
afterAll(close)

const ann: Payer = { person: 'fake:ann', place: 'fake:1' }
const bob: Payer = { person: 'fake:bob', place: 'fake:1' }
const none = { person: {}, place: {}, house: {} }
const noon = Date.UTC(2026, 0, 2, 12)
const budgetsOf = (limits: Partial<typeof none>, clock = () => noon) => createBudgets(rooms.redis, { ...none, ...limits }, clock)
const spentBy = async (payer: Payer) => (await budgetsOf({}).today(payer)).spent

test.each([
  ['200 turns', { turns: 200 }],
  ['1 turn, 500k tokens, 1800 seconds', { turns: 1, tokens: 500_000, seconds: 1800 }],
  ['1.5M tokens', { tokens: 1_500_000 }],
  ['0 turns', undefined],
  ['200', undefined],
  ['5 turns, 6 turns', undefined],
  ['5 euros', undefined],
  ['', undefined],
])('an allowance: %s', (text, read) => {
  expect(readAllowance(text)).toEqual(read)
})

describe('budgets', () => {
  test('what is used up is refused, with what it was and when a new day begins', async () => {
    const budgets = budgetsOf({ person: { turns: 2 } })
    for (const _ of [1, 2]) expect(await budgets.take(ann, 'turns', 1)).not.toHaveProperty('refused')
    const resetsAt = Date.UTC(2026, 0, 3)
    expect(await budgets.take(ann, 'turns', 1)).toEqual({ refused: { whose: 'person', cost: 'turns', limit: 2, resetsAt } })
    expect(await budgets.take(bob, 'turns', 1)).not.toHaveProperty('refused')
    const tomorrow = budgetsOf({ person: { turns: 2 } }, () => resetsAt)
    expect(await tomorrow.take(ann, 'turns', 1)).not.toHaveProperty('refused')
  })

  test('two workers that take at once never overspend', async () => {
    const workers = [budgetsOf({ place: { tokens: 1000 } }), budgetsOf({ place: { tokens: 1000 } })]
    const asked = Array.from({ length: 60 }, (_, at) => workers[at % 2]?.take(at % 3 === 0 ? ann : bob, 'tokens', 30))
    const taken = (await Promise.all(asked)).filter(one => one && !('refused' in one && one.refused))
    expect(taken).toHaveLength(33)
    expect((await spentBy(ann)).place.tokens).toBe(990)
  })

  test('what a Redis without room refuses to count is counted when it has room again', async () => {
    const budgets = budgetsOf({})
    const refusals = async () => Number(/errorstat_OOM:count=(\d+)/.exec(await rooms.redis.info('errorstats'))?.[1] ?? 0)
    const before = await refusals()
    await rooms.redis.config('SET', 'maxmemory', '1')
    try {
      await budgets.take(ann, 'turns', 1)
      await budgets.take(ann, 'tokens', 5)
      await expect.poll(refusals).toBeGreaterThan(before)
    } finally {
      await rooms.redis.config('SET', 'maxmemory', '0')
    }
    await budgets.take(ann, 'turns', 1)
    expect((await budgets.today(ann)).spent.person).toEqual({ turns: 2, tokens: 5, seconds: 0 })
  })

  test('where one has not so much left, nothing is taken from the others', async () => {
    const budgets = budgetsOf({ person: { tokens: 1000 }, house: { tokens: 100 } })
    expect((await budgets.take(ann, 'tokens', 101)).refused?.whose).toBe('house')
    expect(await spentBy(ann)).toEqual({
      person: { turns: 0, tokens: 0, seconds: 0 },
      place: { turns: 0, tokens: 0, seconds: 0 },
      house: { turns: 0, tokens: 0, seconds: 0 },
    })
  })

  test('who crosses four fifths is told, once', async () => {
    const budgets = budgetsOf({ person: { turns: 10 } })
    const near: boolean[] = []
    for (let n = 0; n < 10; n++) near.push('near' in (await budgets.take(ann, 'turns', 1)))
    expect(near).toEqual([false, false, false, false, false, false, false, true, false, false])
  })

  test('what was not spent is there again, on the account of the day on which it was taken', async () => {
    let now = noon
    const budgets = budgetsOf({ person: { seconds: 10 } }, () => now)
    const taken = await budgets.take(ann, 'seconds', 10)
    if (taken.refused) throw new Error('refused')
    now += 24 * 3_600_000
    await taken.settle(2.5)
    expect((await budgets.today(ann)).spent.person.seconds).toBe(0)
    now = noon
    expect((await budgets.today(ann)).spent.person.seconds).toBe(2.5)
    expect(await budgets.take(ann, 'seconds', 7.5)).not.toHaveProperty('refused')
    expect((await budgets.take(ann, 'seconds', 0.1)).refused?.cost).toBe('seconds')
  })
})

describe('a purse', () => {
  const collect = async (model: Model) => {
    let text = ''
    const prompt = { system: '', transcript: [{ role: 'user' as const, text: 'hi' }], tools: [] }
    for await (const event of model(prompt, new AbortController().signal)) if (event.type === 'text') text += event.delta
    return text
  }
  const toolbox = fakeToolbox()

  test('a model is not asked when what it would need is not there', async () => {
    const model = scriptedModel([say('hello')])
    const purse = openPurse(budgetsOf({ person: { tokens: 900 } }), ann, { log: silentLog, model, toolbox })
    await expect(collect(purse.model)).rejects.toThrow(UsedUp)
    expect(model.heard).toEqual([])
    expect((await spentBy(ann)).person.tokens).toBe(0)
  })

  test('an answer that grows beyond what is left is cut there, and what the endpoint counts is what is paid', async () => {
    const long = scriptedModel(Array.from({ length: 1 }, () => Array.from({ length: 100 }, () => say('x'.repeat(400)))).flat())
    const purse = openPurse(budgetsOf({ person: { tokens: 3500 } }), ann, { log: silentLog, model: long, toolbox })
    await expect(collect(purse.model)).rejects.toThrow(UsedUp)
    const { tokens } = (await spentBy(ann)).person
    expect(tokens).toBeGreaterThan(2900)
    expect(tokens).toBeLessThanOrEqual(3500)
    const counting: Model = async function* () {
      yield { type: 'usage', input: 40, output: 2 }
    }
    await collect(openPurse(budgetsOf({ person: { tokens: 9000 } }), bob, { log: silentLog, model: counting, toolbox }).model)
    expect((await spentBy(bob)).person.tokens).toBe(42)
  })

  test('without limits all is counted as well', async () => {
    const model = scriptedModel([say('hello there')])
    const unlimited = budgetsOf({})
    await collect(openPurse(unlimited, ann, { log: silentLog, model, toolbox }).model)
    const { tokens } = (await unlimited.today(ann)).spent.person
    expect(tokens).toBeGreaterThan(0)
    expect((await spentBy(ann)).person.tokens).toBe(tokens) // as another process reads it
  })

  test('a tool that takes longer than what is left is cut off, and the next is not begun', async () => {
    let begun = 0
    const slow = fakeToolbox({
      wait: (_input, { signal }) =>
        new Promise(resolve => {
          begun++
          signal.addEventListener('abort', () => resolve({ ok: false, text: 'cancelled' }))
        }),
    })
    const purse = openPurse(budgetsOf({ person: { seconds: 2 } }), ann, { log: silentLog, model: scriptedModel(), toolbox: slow })
    const options = { signal: new AbortController().signal, onProgress: () => {} }
    const running = purse.toolbox.call('wait', {}, options)
    await expect.poll(() => begun).toBe(1)
    expect((await purse.toolbox.call('wait', {}, options)).text).toContain('used up')
    expect(begun).toBe(1)
    expect((await running).text).toMatch(/used up/)
  })

  test.each([
    ['without limits', {}],
    ['with limits', { person: { seconds: 60 } }],
  ])('a call that was made keeps its result when it cannot be counted, %s', async (_, limits) => {
    const budgets = budgetsOf(limits)
    const away = () => Promise.reject(new Error('Redis is away'))
    const failing = {
      ...budgets,
      async take(...asked: Parameters<typeof budgets.take>) {
        if (!budgets.limited) return away()
        const taken = await budgets.take(...asked)
        return taken.refused ? taken : { ...taken, settle: away }
      },
    }
    const done = fakeToolbox({ mail: () => ({ ok: true, text: 'sent' }) })
    const purse = openPurse(failing, ann, { log: silentLog, model: scriptedModel(), toolbox: done })
    const options = { signal: new AbortController().signal, onProgress: () => {} }
    expect(await purse.toolbox.call('mail', {}, options)).toMatchObject({ ok: true, text: 'sent' })
  })

  test('the time in which a person is asked is no time of tools', async () => {
    const asking = fakeToolbox({
      ask: async (_input, { ask }) => {
        await ask?.({ key: 'a', kind: 'approve', text: '?', fields: [], waitMs: 1000 })
        return { ok: true, text: 'ok' }
      },
    })
    const purse = openPurse(budgetsOf({}), ann, { log: silentLog, model: scriptedModel(), toolbox: asking })
    const ask = () => new Promise<{ how: 'yes' }>(resolve => setTimeout(() => resolve({ how: 'yes' }), 1500))
    await purse.toolbox.call('ask', {}, { signal: new AbortController().signal, onProgress: () => {}, ask })
    expect((await spentBy(ann)).person.seconds).toBeLessThan(1.2)
  })
})

describe('in a conversation', () => {
  test('who has used up his questions is told so in a sentence, and others are answered', async () => {
    const chat = fakeChat()
    await work(chat, scriptedModel([say('One.')], [say('Two.')]), fakeToolbox(), silentLog, {
      budgets: createBudgets(rooms.redis, { ...none, person: { turns: 1 } }),
    })
    await receive(chat, aMessage('first'))
    await answered(chat, 1)
    expect(finals(chat)[0]).toContain('four fifths')
    await receive(chat, aMessage('second'))
    await answered(chat, 2)
    expect(finals(chat)[1]).toMatch(/^\*You have used up what there is for a day: 1 answer\. A new day begins in .*\*$/)
    expect([...chat.shown.values()][1]?.buttons).toEqual([])
    await receive(chat, aMessage('third', { author: { id: 'bob', name: 'Bob' } }))
    await answered(chat, 3)
    expect(finals(chat)[2]).toContain('Two.')
  })

  test('tokens that run out between two steps end the turn with what there is', async () => {
    const chat = fakeChat()
    const usage = { type: 'usage' as const, input: 3000, output: 100 }
    const model = scriptedModel([say('I look.'), call('look'), usage], [say('never')])
    await work(chat, model, fakeToolbox({ look: () => ({ ok: true, text: 'seen' }) }), silentLog, {
      budgets: createBudgets(rooms.redis, { ...none, place: { tokens: 4000 } }),
    })
    await receive(chat, aMessage('look'))
    await answered(chat, 1)
    expect(finals(chat)[0]).toContain('I look.')
    expect(finals(chat)[0]).toContain('This conversation has used up what there is for a day: 4,000 tokens.')
    expect(model.heard).toHaveLength(1)
  })

  test('/usage tells what was used, and admins what all have used', async () => {
    const chat = fakeChat()
    const usage = { type: 'usage' as const, input: 1200, output: 34 }
    await work(chat, scriptedModel([say('Hi.'), usage]))
    await receive(chat, aMessage('hello'))
    await answered(chat, 1)
    await receive(chat, aMessage('/usage'))
    await expect.poll(() => [...chat.shown.values()].at(-1)?.text).toContain('- **You**: 1 answer · 1,234 tokens · 0 seconds')
    expect([...chat.shown.values()].at(-1)?.text).not.toContain('All together')
    await receive(chat, aMessage('/usage', { author: { id: 'boss', name: 'Boss' } }))
    await expect.poll(() => [...chat.shown.values()].at(-1)?.text).toContain('- **All together**: 1 answer · 1,234 tokens')
  })
})
