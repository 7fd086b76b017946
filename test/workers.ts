import { expect } from 'vitest'
import type { WorkerTools } from '../src/compose.ts'
import { type Log, silentLog } from '../src/log.ts'
import type { Heard, Message } from '../src/message.ts'
import type { Model } from '../src/model.ts'
import { type Bell, createJobs } from '../src/queue/jobs.ts'
import { createReceive } from '../src/receive.ts'
import type { Toolbox } from '../src/toolbox.ts'
import { createTurns, type Turns } from '../src/turns.ts'
import { answer } from '../src/worker.ts'
import { type FakeChat, type FakeTool, fakeToolbox } from './fakes.ts'
import { testRooms } from './rooms.ts'

/** Workers in this process, over one Redis of their own. */
export async function testWorkers() {
  const rooms = await testRooms()
  const workers: { turns: Turns; jobs: ReturnType<typeof createJobs> }[] = []

  /** A worker that answers with this model and these tools. */
  async function work(
    chat: FakeChat,
    model: Model,
    toolbox: Toolbox = fakeToolbox(),
    log: Log = silentLog,
    more: Partial<
      Pick<
        WorkerTools,
        | 'journal'
        | 'transcribe'
        | 'skills'
        | 'recaps'
        | 'budgets'
        | 'toolSearch'
        | 'modelNamed'
        | 'digests'
        | 'telemetry'
        | 'modelName'
      >
    > = {},
  ): Promise<{ turns: Turns; bell: Bell; signals: AbortSignal[] }> {
    const { house } = rooms
    const adapters = new Map([['fake', chat.adapter]])
    const tools = {
      ...rooms,
      adapters,
      model,
      toolbox,
      toolsReady: Promise.resolve(),
      maxSteps: 6,
      patienceMs: 100,
      locale: 'en',
      admins: ['fake:boss'],
      log,
      ...more,
    }
    const signals: AbortSignal[] = []
    const turns = createTurns({
      ...rooms,
      answer(waiting, turn) {
        signals.push(turn.signal)
        return answer(waiting, turn, tools)
      },
    })
    const jobs = createJobs(house, silentLog)
    await rooms.signals.listen(turns.hear)
    const bell = jobs.work(turns.work, 4)
    workers.push({ turns, jobs })
    return { turns, bell, signals }
  }
  async function endWorkers(): Promise<void> {
    for (const { turns, jobs } of workers.splice(0)) {
      const ended = jobs.close()
      await turns.close(0)
      await ended
    }
  }
  return {
    rooms,
    work,
    async ask(message: Message): Promise<void> {
      await rooms.inbox.add(message)
      await rooms.jobs.ring(message.conversation)
    },
    /** As an adapter hands over what it hears. */
    receive(chat: FakeChat, what: Heard): Promise<void> {
      const tools = {
        ...rooms,
        isUp: () => true,
        admins: ['fake:boss'],
        locale: 'en',
        log: silentLog,
        closing: new AbortController().signal,
      }
      return createReceive(chat.adapter, tools)(what)
    },
    endWorkers,
    /** Ends the workers and forgets everything. */
    async clear(): Promise<void> {
      await endWorkers()
      await rooms.redis.flushall()
    },
    close: rooms.close,
  }
}

export const finals = (chat: FakeChat) => [...chat.shown.values()].filter(out => out.final).map(out => out.text)
export const answered = (chat: FakeChat, count: number) => expect.poll(() => finals(chat).length, { timeout: 10_000 }).toBe(count)
export const hanging =
  (onStart = () => {}): FakeTool =>
  (_input, { signal }) => {
    onStart()
    return new Promise(resolve => {
      const cancel = () => resolve({ ok: false, text: 'cancelled' })
      if (signal.aborted)
        cancel() // stopped between its line in the card and its call
      else signal.addEventListener('abort', cancel)
    })
  }
export const hangs = (onStart = () => {}) => fakeToolbox({ hang: hanging(onStart) })
