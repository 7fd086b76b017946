import type { Feed } from '../adapter.ts'
import type { Log } from '../log.ts'
import { reason } from '../log.ts'
import type { Conversation } from '../message.ts'
import { keysOf } from '../redis/keys.ts'
import type { Redis, RedisHouse } from '../redis/redis.ts'

const channel = 'bellhop:feed'
/** Each event holds a whole state, so that a listener who missed some loses nothing but steps between. */
const keepEvents = 100
const keepSeconds = 900
/** A published wake-up can be lost while a connection is down, so listeners look by themselves now and then. */
const lookAnywayMs = 2000

interface Listener {
  hear(event: unknown, id: string): void
  lastId: string
}

/** A capped stream per conversation holds the events; a published word wakes who listens. */
export function createFeed(house: RedisHouse, log: Log): Feed & { close(): void } {
  const { redis } = house
  const listeners = new Map<Conversation, Set<Listener>>()
  let subscriber: Redis | undefined
  let timer: NodeJS.Timeout | undefined
  const reading = new Map<Conversation, boolean>()

  async function readNew(conversation: Conversation): Promise<void> {
    for (const listener of listeners.get(conversation) ?? []) {
      for (const [id, fields] of await redis.xrange(keysOf(conversation).feed, `(${listener.lastId}`, '+')) {
        listener.lastId = id
        listener.hear(JSON.parse(fields[1] ?? 'null'), id)
      }
    }
  }
  /** One read at a time per conversation, or events would be heard twice; however often it is woken meanwhile, one more finds it all. */
  function wake(conversation: Conversation): void {
    if (reading.has(conversation)) reading.set(conversation, true)
    else if (listeners.has(conversation)) void readAll(conversation)
  }
  async function readAll(conversation: Conversation): Promise<void> {
    do {
      reading.set(conversation, false)
      await readNew(conversation).catch((error: unknown) => log.warn({ reason: reason(error) }, 'the feed stumbled'))
    } while (reading.get(conversation))
    reading.delete(conversation)
  }
  async function subscribe(): Promise<void> {
    if (subscriber) return
    subscriber = house.open()
    subscriber.on('message', (_channel: string, conversation: string) => wake(conversation))
    timer = setInterval(() => [...listeners.keys()].forEach(wake), lookAnywayMs)
    await subscriber.subscribe(channel)
  }
  return {
    async write(conversation, event, keep = keepEvents) {
      const { feed } = keysOf(conversation)
      await redis.xadd(feed, 'MAXLEN', '~', keep, '*', 'event', JSON.stringify(event))
      await redis.pipeline().expire(feed, keepSeconds).publish(channel, conversation).exec()
    },
    async listen(conversation, hear, past = false) {
      await subscribe()
      const [last] = past ? [] : await redis.xrevrange(keysOf(conversation).feed, '+', '-', 'COUNT', 1)
      const listener: Listener = { hear, lastId: last?.[0] ?? '0-0' }
      const here = listeners.get(conversation) ?? new Set()
      listeners.set(conversation, here.add(listener))
      if (past) wake(conversation)
      return () => {
        here.delete(listener)
        if (here.size === 0 && listeners.get(conversation) === here) listeners.delete(conversation)
      }
    },
    close() {
      clearInterval(timer)
      listeners.clear()
    },
  }
}
