import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { Log } from '../src/log.ts'
import { silentLog } from '../src/log.ts'
import type { Entry, Model, Prompt } from '../src/model.ts'
import { createRecaps } from '../src/recaps.ts'
import { aMessage, fakeChat, fakeToolbox, say, scriptedModel } from './fakes.ts'
import { fc } from './properties.ts'
import { answered, finals, testWorkers } from './workers.ts'

const { rooms, work, receive, clear, close } = await testWorkers()
afterEach(clear)
afterAll(close)
const { history } = rooms

const here = 'fake:1'
const ask = (text: string): Entry => ({ role: 'user', text })
const answer = (text: string): Entry => ({ role: 'assistant', text, calls: [] })

/** A turn of this many calls. */
function aTurn(n: number, calls = 0, chars = 20): Entry[] {
  const ids = Array.from({ length: calls }, (_, at) => `c${n}-${at}`)
  const called = ids.map((id): Entry[] => [
    { role: 'assistant', text: '', calls: [{ id, name: 'look', input: {} }] },
    { role: 'tool', callId: id, name: 'look', text: 'x'.repeat(chars), ok: true },
  ])
  return [ask(`question ${n}`), ...called.flat(), answer(`answer ${n}`)]
}

async function remember(entries: Entry[]): Promise<void> {
  const lease = await rooms.leases.take(here, new AbortController().signal)
  const message = aMessage('a')
  await rooms.inbox.add(message)
  await rooms.inbox.finish([message], entries, lease)
  await lease.release()
}

/** A model that sums up with these words, and what it was given. */
function summing(words: (times: number) => string) {
  const given: Prompt[] = []
  const model: Model = async function* (prompt) {
    given.push(prompt)
    yield { type: 'text', delta: words(given.length) }
  }
  return { given, model }
}

const turns = (from: number, to: number, calls = 0) =>
  Array.from({ length: to - from }, (_, at) => aTurn(from + at, calls)).flat()

async function sumUp(model: Model, log: Log = silentLog): Promise<void> {
  const recaps = createRecaps({ history, model, log })
  recaps.look(here, await history.load(here))
  await expect.poll(async () => (await history.load(here))[0]?.text).toContain('summed up')
  await recaps.close()
}

test('a short talk is left as it is', async () => {
  await remember(turns(0, 10))
  const { given, model } = summing(() => 'sum')
  const recaps = createRecaps({ history, model, log: silentLog })
  recaps.look(here, await history.load(here))
  await recaps.close()
  expect(given).toEqual([])
})

test('of a long talk the older part is summed up, and the newest turns stay as they were said', async () => {
  await remember(turns(0, 30))
  const { given, model } = summing(() => 'Ann likes cats.')
  await sumUp(model)
  const [first, ...rest] = await history.load(here)
  expect(first?.text).toBe('[what was said here before, summed up]\n```\nAnn likes cats.\n```\n\nquestion 20')
  expect(rest).toEqual(turns(20, 30).slice(1))
  expect(given[0]?.transcript).toHaveLength(1)
  expect(given[0]?.transcript[0]?.text).toMatch(/^Person: question 0\n\nBot: answer 0\n\n.*Bot: answer 19$/s)
  expect(given[0]?.tools).toEqual([])
})

test('what was summed up goes into the next sum', async () => {
  const { given, model } = summing(times => `sum ${times}`)
  await remember(turns(0, 30))
  await sumUp(model)
  await remember(turns(30, 50))
  const recaps = createRecaps({ history, model, log: silentLog })
  recaps.look(here, await history.load(here))
  await expect.poll(async () => (await history.load(here))[0]?.text).toContain('sum 2')
  expect(given[1]?.transcript[0]?.text).toMatch(/^sum 1\n\nPerson: question 20\n/)
})

test('a talk that was forgotten meanwhile stays forgotten', async () => {
  await remember(turns(0, 30))
  const other = [...aTurn(40), ...turns(1, 22)]
  let go: (() => void) | undefined
  const model: Model = async function* () {
    await new Promise<void>(resolve => (go = resolve))
    yield { type: 'text', delta: 'sum' }
  }
  const recaps = createRecaps({ history, model, log: silentLog })
  recaps.look(here, await history.load(here))
  await expect.poll(() => go).toBeDefined()
  await history.clear(here)
  await remember(other)
  go?.()
  await expect.poll(async () => history.load(here)).toEqual(other)
  await recaps.close()
  expect(await history.load(here)).toEqual(other)
  expect((await history.open(here)).summedUp).toBe(false)
})

test('a model that fails or says nothing changes nothing, and it is tried again after a later turn', async () => {
  await remember(turns(0, 30))
  const before = await history.load(here)
  const log: string[] = []
  const telling = { ...silentLog, warn: (_facts: object, text: string) => log.push(text) } as Log
  let times = 0
  const model: Model = async function* () {
    if (++times === 1) throw new Error('busy')
    yield { type: 'text', delta: ' ' }
  }
  const recaps = createRecaps({ history, model, log: telling })
  for (const count of [1, 2]) {
    recaps.look(here, before)
    await expect.poll(() => times).toBe(count)
    await expect.poll(() => log).toEqual(['a conversation could not be summed up'])
  }
  await recaps.close()
  expect(await history.load(here)).toEqual(before)
})

test('people are told once that their talk was summed up, in the next answer', async () => {
  await remember(turns(0, 30))
  const chat = fakeChat()
  const recaps = createRecaps({ history, model: summing(() => 'sum').model, log: silentLog })
  const model = scriptedModel([say('One.')], [say('Two.')], [say('Three.')])
  await work(chat, model, fakeToolbox(), silentLog, { recaps })
  for (const [at, text] of ['first', 'second', 'third'].entries()) {
    await receive(chat, aMessage(text))
    await answered(chat, at + 1)
    await expect.poll(async () => (await history.load(here))[0]?.text).toContain('summed up')
  }
  expect(finals(chat).map(text => text.includes('I have summed up its beginning'))).toEqual([false, true, false])
  expect(model.heard[1]?.transcript[0]?.text).toMatch(/summed up\]\n```\nsum\n```\n\nquestion \d+$/)
  await receive(chat, aMessage('/reset'))
  await expect.poll(() => history.load(here)).toEqual([])
  await recaps.close()
})

test('the last turn stays as it was said, however long it is', async () => {
  await remember([...turns(0, 10), ...aTurn(10, 14, 8000)])
  expect((await history.older(here))?.entries).toEqual(turns(0, 10))
})

describe('however a talk has grown', () => {
  test('no call is torn from its result, and what is kept and what is summed up are all of it', async () => {
    const shape = fc.array(fc.record({ calls: fc.nat(14), chars: fc.constantFrom(5, 900, 8000) }), {
      minLength: 1,
      maxLength: 40,
    })
    await fc.assert(
      fc.asyncProperty(shape, async all => {
        await rooms.redis.flushall()
        const entries = all.flatMap(({ calls, chars }, n) => aTurn(n, calls, chars)).slice(-400)
        await remember(entries)
        const stored = await rooms.redis.lrange((await rooms.redis.keys('*:history:*'))[0] ?? '', 0, -1)
        const older = await history.older(here)
        const sums = older ? older.entries.length : 0
        if (older) expect(await history.sumUp(here, older, 'sum')).toBe(true)
        expect(torn(await history.load(here))).toEqual([])
        expect((await rooms.redis.lrange((await rooms.redis.keys('*:history:*'))[0] ?? '', 0, -1)).length + sums).toBe(
          stored.length,
        )
      }),
      { numRuns: 60 },
    )
  })

  test('from fifty messages on, loading reads and returns no more', async () => {
    const sizes: number[] = []
    for (let n = 0; n < 400; n += 10) {
      await remember(turns(n, n + 10, 1))
      const older = n % 50 === 40 ? await history.older(here) : undefined
      if (older) await history.sumUp(here, older, 'sum')
      sizes.push(JSON.stringify(await history.load(here)).length)
    }
    expect(Math.max(...sizes.slice(5))).toBeLessThan(1.1 * Math.max(...sizes.slice(0, 5)))
  })
})

/** Ids of calls without a result and of results without a call. */
function torn(entries: Entry[]): string[] {
  const calls = entries.flatMap(entry => (entry.role === 'assistant' ? entry.calls.map(({ id }) => id) : []))
  const results = entries.flatMap(entry => (entry.role === 'tool' ? [entry.callId] : []))
  return [...calls.filter(id => !results.includes(id)), ...results.filter(id => !calls.includes(id))]
}
