import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { silentLog } from '../src/log.ts'
import type { Model } from '../src/model.ts'
import { createTurns } from '../src/turns.ts'
import { answer } from '../src/worker.ts'
import { aMessage, call, fakeChat, fakeToolbox, say, scriptedModel } from './fakes.ts'
import { testRooms } from './rooms.ts'

let rooms: Awaited<ReturnType<typeof testRooms>>
beforeAll(async () => {
  rooms = await testRooms()
})
afterEach(() => void vi.useRealTimers())
afterAll(() => rooms.close())

test('a turn that was stopped is not begun anew when its last words are left to another worker', async () => {
  const chat = fakeChat()
  const { edit } = chat.adapter
  let away = false
  let tried = false
  chat.adapter.edit = (conversation, id, out) => {
    tried ||= out.final
    return away ? Promise.reject(new Error('the platform is away')) : edit(conversation, id, out)
  }
  let running = false
  const toolbox = fakeToolbox({
    hang(_input, { signal }) {
      running = true
      return new Promise(resolve => signal.addEventListener('abort', () => resolve({ ok: false, text: 'cancelled' })))
    },
  })
  const tools = {
    ...rooms,
    adapters: new Map([['fake', chat.adapter]]),
    toolbox,
    maxSteps: 5,
    patienceMs: 100,
    locale: 'en',
    admins: [],
    log: silentLog,
  }
  const workerWith = (model: Model) =>
    createTurns({
      ...rooms,
      answer: (message, turn) => answer(message, turn, { ...tools, model, toolsReady: Promise.resolve() }),
    })
  await rooms.inbox.add(aMessage('question'))

  const first = workerWith(scriptedModel([say('Looking. '), call('hang')]))
  const work = first.work('fake:1').catch((error: unknown) => error)
  await expect.poll(() => running).toBe(true)
  away = true
  first.hear({ conversation: 'fake:1', what: 'stop' })
  await expect.poll(() => tried).toBe(true)
  expect(await first.close(0)).toEqual(['fake:1'])
  expect(await work).toBeInstanceOf(Error)

  away = false
  const model = scriptedModel([say('Anew.')])
  await workerWith(model).work('fake:1')
  expect([...chat.shown.values()].map(({ text }) => text)).toEqual([expect.stringMatching(/^Looking\.\n\n\*Stopped\.\*/)])
  expect(model.heard).toEqual([])
  expect(await rooms.inbox.waiting('fake:1')).toEqual([])
})

test('a turn whose answer cannot be kept touches its reply no more', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const chat = fakeChat()
  const journal = { ...rooms.journal, keepFinal: () => Promise.reject(new Error('OOM command not allowed')) }
  const adapters = new Map([['fake', chat.adapter]])
  const model: Model = async function* () {} // so that the card still thinks
  const toolsReady = Promise.resolve()
  const tools = {
    ...rooms,
    journal,
    adapters,
    toolbox: fakeToolbox(),
    model,
    toolsReady,
    maxSteps: 5,
    patienceMs: 100,
    locale: 'en',
    admins: [],
    log: silentLog,
  }
  const turns = createTurns({ ...rooms, answer: (waiting, turn) => answer(waiting, turn, tools) })
  await rooms.inbox.add(aMessage('question'))
  await expect(turns.work('fake:1')).rejects.toThrow('OOM')
  const calls = chat.calls.length
  vi.advanceTimersByTime(60_000)
  await sleep(60)
  expect(chat.calls).toHaveLength(calls)
})
