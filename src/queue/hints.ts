import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisHouse } from '../redis/redis.ts'
import type { Typing } from '../toolbox.ts'

/** What somebody types for a prompt of one of the house's servers. */
export interface HintRequest extends Typing {
  server: string
  prompt: string
}

/** How what is typed may go on: the process that hears the person has no servers, so it asks one that has. */
export interface Hints {
  /** Nothing when nobody answers while it still helps. */
  ask(request: HintRequest): Promise<string[]>
  /** From now on this process answers; one of those that do takes each request. */
  answer(find: (request: HintRequest, signal: AbortSignal) => Promise<string[]>): Promise<void>
}

const channel = 'bellhop:hints'
const keyOf = (id: string, what: 'taken' | 'found') => `bellhop:{hint:${id}}:${what}`
/** Who types waits no longer: Discord gives three seconds for all of it. */
const patienceMs = 1500
const lookEveryMs = 25
const keepSeconds = 10

export function createHints(house: Pick<RedisHouse, 'redis' | 'open'>): Hints {
  const { redis } = house
  async function take(id: string, find: () => Promise<string[]>): Promise<void> {
    if ((await redis.set(keyOf(id, 'taken'), '1', 'EX', keepSeconds, 'NX')) === null) return
    const found = await find().catch(() => []) // the server's health tells why
    await redis.set(keyOf(id, 'found'), JSON.stringify(found), 'EX', keepSeconds)
  }
  return {
    async ask(request) {
      const id = randomUUID()
      const until = performance.now() + patienceMs
      await redis.publish(channel, JSON.stringify({ id, request }))
      while (performance.now() < until) {
        const found = await redis.get(keyOf(id, 'found'))
        if (found !== null) return JSON.parse(found) as string[]
        await sleep(lookEveryMs)
      }
      return []
    },
    async answer(find) {
      const subscriber = house.open()
      subscriber.on('message', (_channel: string, json: string) => {
        const { id, request } = JSON.parse(json) as { id: string; request: HintRequest }
        take(id, () => find(request, AbortSignal.timeout(patienceMs))).catch(() => {}) // who types goes on without
      })
      await subscriber.subscribe(channel)
    },
  }
}
