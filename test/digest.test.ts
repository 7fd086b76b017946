import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../src/log.ts'
import type { Model, ToolEntry } from '../src/model.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel } from './fakes.ts'
import { answered, finals, testWorkers } from './workers.ts'

let house: Awaited<ReturnType<typeof testWorkers>>
beforeAll(async () => {
  house = await testWorkers()
})
afterEach(() => house.clear())
afterAll(() => house.close())

const lines = (count: number) => Array.from({ length: count }, (_, at) => `- line ${at + 1} of the log`).join('\n')
const logOf = (count: number) => fakeToolbox({ log: () => ({ ok: true, text: lines(count) }) })

/** What the main model read of the log, when all is said. */
async function read(count: number, digests: Model, chat = fakeChat()): Promise<ToolEntry> {
  const model = scriptedModel([call('log')], [say('That is all.')])
  await house.work(chat, model, logOf(count), silentLog, { digests })
  await house.ask(aMessage('what is in the log?'))
  await answered(chat, 1)
  const load = async () => (await house.rooms.history.load('fake:1')).find(entry => entry.role === 'tool')
  await expect.poll(load).toBeDefined()
  return (await load()) as ToolEntry
}

test('a long result is summed up before its beginning, and can still be read on', async () => {
  const small = scriptedModel([say('Ten thousand lines '), say('of a log.')])
  const { text, remark } = await read(10_000, small)
  expect(text).toMatch(/^Ten thousand lines of a log\.\n\n---\n\n- line 1 of the log\n/)
  expect(remark).toMatch(/; first stands a digest of .* by a small model; shown are parts 1 to \d+ of .*read_more with/)
  expect(small.heard[0]?.transcript[0]?.text).toMatch(/^```\n- line 1 of the log\n/)
  expect(small.heard[0]?.tools).toEqual([])
})

test('what the small model is given has an end, and the model is told which', async () => {
  const small = scriptedModel([say('Lines.')])
  const { remark } = await read(60_000, small)
  expect(remark).toMatch(/a digest of the first 40 of its \d{3} pages/)
  expect(small.heard[0]?.transcript[0]?.text.includes('line 50000 ')).toBe(false)
})

test('it is shown as it grows, in the line of its step', async () => {
  const chat = fakeChat()
  const lately = () => chat.calls.map(({ out }) => out.text)
  let seen = () => {}
  const shown = new Promise<void>(resolve => (seen = resolve))
  const slow: Model = async function* () {
    yield say(`${'Word by word. '.repeat(20)}Mostly lines`)
    await shown
    yield say(' and no banjo.')
  }
  const reading = read(10_000, slow, chat)
  await expect.poll(() => lately().some(text => /⏳ log · ….*Word by word\. Mostly lines$/m.test(text))).toBe(true)
  seen()
  expect((await reading).text).toContain('Mostly lines and no banjo.\n\n---')
  expect(finals(chat)[0]).toContain('That is all.')
})

test('what is short is not summed up, nor what a person has asked for by name', async () => {
  const small = scriptedModel([say('Lines.')])
  expect((await read(10, small)).text).toBe(lines(10))
  await house.clear()
  const chat = fakeChat()
  await house.work(chat, scriptedModel(), logOf(10_000), silentLog, { digests: small })
  await house.ask(aMessage('/call log'))
  await answered(chat, 1)
  expect(finals(chat).join()).toContain('shown are parts 1 to')
  expect(finals(chat).join()).not.toContain('digest')
  expect(small.heard).toEqual([])
})

test('a small model that fails leaves the result cut, as without one', async () => {
  const { text, remark } = await read(10_000, scriptedModel([say('Li'), new Error('away')]))
  expect(text).toMatch(/^- line 1 of the log\n/)
  expect(remark).toMatch(/shown are parts 1 to \d+ of/)
  expect(remark).not.toContain('digest')
})
