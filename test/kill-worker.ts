// A worker that kills itself at one chosen point of a turn: `node test/kill-worker.ts <point>`; a program of kill.test.ts.
import { appendFileSync } from 'node:fs'
import { createTelegramAdapter } from '../adapters/telegram/telegram.ts'
import { createTextStore } from '../src/agent/text-store.ts'
import { createBudgets } from '../src/budgets.ts'
import { createHistory } from '../src/history.ts'
import { silentLog } from '../src/log.ts'
import { createFileStore } from '../src/media/store.ts'
import type { Model } from '../src/model.ts'
import { createWholeFetch } from '../src/net/whole-fetch.ts'
import { createAudit } from '../src/permissions/audit.ts'
import { createPermits } from '../src/permissions/permits.ts'
import { createAsks } from '../src/queue/asks.ts'
import { createInbox } from '../src/queue/inbox.ts'
import { createJournal } from '../src/queue/journal.ts'
import { createLeases } from '../src/queue/lease.ts'
import { createMemory } from '../src/queue/memory.ts'
import { createRetries } from '../src/queue/retries.ts'
import { createRedact } from '../src/redact.ts'
import { openRedis } from '../src/redis/redis.ts'
import { createPacer } from '../src/reply/pacer.ts'
import { createSettings } from '../src/settings.ts'
import { createTurns } from '../src/turns.ts'
import { answer } from '../src/worker.ts'
import { fakeToolbox } from './fakes.ts'

const [point = '', dir = '', apiRoot = '', token = '', ledger = ''] = process.argv.slice(2)
const counts = new Map<string, number>()

/** Every call of a room's function is two points: `before name 1` and `after name 1`, counted from 1. */
function mined<T extends object>(room: string, target: T): T {
  return new Proxy(target, {
    get(object, name) {
      const value = Reflect.get(object, name)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        const what = `${room}.${String(name)}`
        const count = (counts.get(what) ?? 0) + 1
        counts.set(what, count)
        pass(`before ${what} ${count}`)
        const result = await value.apply(object, args)
        pass(`after ${what} ${count}`)
        return result
      }
    },
  })
}

function pass(here: string): void {
  if (point === 'list') console.log(here)
  if (here === point) process.kill(process.pid, 'SIGKILL')
}

/** Looks up, then writes down, then answers in two parts. */
const model: Model = async function* ({ transcript }) {
  const done = transcript.filter(({ role }) => role === 'tool').length
  if (done === 0) yield { type: 'call', call: { id: 'c1', name: 'look_up', input: {} } }
  else if (done === 1) yield { type: 'call', call: { id: 'c2', name: 'write_down', input: {} } }
  else yield { type: 'text', delta: `The answer.\n\n${'word '.repeat(900)}The end.` }
}
const write = (line: string) => () => {
  appendFileSync(ledger, `${line}\n`)
  return { ok: true, text: 'done' }
}

const house = await openRedis({ root: `${import.meta.dirname}/..`, dir, path: process.env['PATH'] ?? '', log: silentLog })
const { redis } = house
const adapter = mined(
  'telegram',
  createTelegramAdapter({ token, apiRoot, fetch: createWholeFetch(), memory: createMemory(redis), log: silentLog }),
)
const toolbox = fakeToolbox({ look_up: write('look_up'), write_down: write('write_down') }, ['look_up'])
const inbox = mined('inbox', createInbox(redis))
const tools = {
  adapters: new Map([['telegram', adapter]]),
  inbox,
  journal: mined('journal', createJournal(redis)),
  files: createFileStore(redis),
  texts: createTextStore(redis),
  history: createHistory(redis),
  settings: createSettings(redis),
  pacer: createPacer(redis),
  retries: createRetries(redis),
  asks: createAsks(redis),
  budgets: createBudgets(redis, { person: {}, place: {}, house: {} }),
  permits: createPermits(redis),
  audit: createAudit(redis, createRedact([])),
  patienceMs: 100,
  model,
  toolbox: { ...toolbox, call: mined('toolbox', { call: toolbox.call }).call },
  toolsReady: Promise.resolve(),
  maxSteps: 5,
  locale: 'en',
  admins: [],
  redact: createRedact([]),
  log: silentLog,
}
const leases = mined('leases', createLeases(redis, { lifeMs: 250, renewMs: 80 }))
const turns = createTurns({ inbox, leases, answer: (message, turn) => answer(message, turn, tools) })
await turns.work('telegram:42')
await house.close()
process.exit(0)
