import OpenAI from 'openai'
import { createWebAdapter, type WebOptions } from '../adapters/web/web.ts'
import type { WorkerTools } from '../src/compose.ts'
import { silentLog } from '../src/log.ts'
import type { Model } from '../src/model.ts'
import { createOpenAiModel } from '../src/models/openai.ts'
import { createReceive } from '../src/receive.ts'
import { discreet } from '../src/redact.ts'
import type { Toolbox } from '../src/toolbox.ts'
import { createTurns, type Turns } from '../src/turns.ts'
import { answer } from '../src/worker.ts'
import { fakeToolbox } from './fakes.ts'
import { testRooms } from './rooms.ts'
import { fine } from './web.house.ts'
import { startOpenAiWire } from './wire/openai.ts'

interface Change {
  toolbox?: Toolbox
  model?: Model
  web?: Partial<WebOptions>
  worker?: Partial<WorkerTools>
}

/** A web door and a worker over one Redis, with a model at the other end of a wire: all but the process is real. */
export async function apiHouse() {
  const rooms = await testRooms()
  const wire = await startOpenAiWire()
  const model = createOpenAiModel({ baseUrl: wire.url, apiKey: 'k', model: 'test-model', log: silentLog })
  const closers: (() => Promise<unknown>)[] = []

  function openDoor(web: Partial<WebOptions> = {}) {
    const status = async () => ({ ...fine, models: ['test-model', 'other-model'] })
    const plain = createWebAdapter({
      host: '127.0.0.1',
      port: 0,
      apiKeys: [],
      feed: rooms.feed,
      status,
      log: silentLog,
      ...web,
    })
    const adapter = discreet(plain, rooms.redact)
    const tools = { ...rooms, isUp: () => true, admins: [], locale: 'en', log: silentLog, closing: new AbortController().signal }
    return { adapter, plain, start: () => adapter.start(createReceive(adapter, tools)) }
  }
  return {
    rooms,
    wire,
    openDoor,
    /** A door that is open, and a worker that answers there. */
    async open({ toolbox = fakeToolbox(), web = {}, worker = {}, ...more }: Change = {}) {
      const door = openDoor(web)
      await door.start()
      const at = { ...rooms, adapters: new Map([['web', door.adapter]]), model: more.model ?? model, toolbox }
      const rest = { toolsReady: Promise.resolve(), maxSteps: 6, patienceMs: 100, admins: [], locale: 'en', log: silentLog }
      const turns: Turns = createTurns({
        ...rooms,
        answer: (waiting, turn) => answer(waiting, turn, { ...at, ...rest, ...worker }),
      })
      await rooms.signals.listen(turns.hear)
      const bell = rooms.jobs.work(turns.work, 4)
      closers.push(async () => {
        const ended = bell.close()
        await turns.close(0)
        await ended
        await door.adapter.stop()
      })
      const url = door.plain.url ?? ''
      const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
        fetch(url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        })
      const client = (apiKey = 'none') => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 2 })
      return { ...door, url, post, client, turns }
    },
    /** Ends what was opened, and forgets everything. */
    async clear() {
      for (const close of closers.splice(0).reverse()) await close()
      await rooms.redis.flushall()
      wire.script(() => ({ text: 'Hello.' }))
      wire.requests.length = 0
    },
    async close() {
      await wire.close()
      await rooms.close()
    },
  }
}
