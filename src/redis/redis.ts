import { Cluster, Redis as Single } from 'ioredis'
import { ConfigError } from '../errors.ts'
import { type Log, reason } from '../log.ts'
import { readRedisAddress } from './address.ts'
import { connectToServer, disconnect, findWay, nameOfOurs, pulseEveryMs, type Redis, takePulse } from './connect.ts'
import { type EmbeddedPlace, startEmbeddedRedis } from './embedded.ts'
import { refuseUnfit } from './fitness.ts'
import { watchMasters } from './masters.ts'

export type { Redis } from './connect.ts'

/** The connections of one process to its Redis. */
export interface RedisHouse {
  /** For commands that answer at once. */
  redis: Redis
  /** One more connection, for whoever blocks or subscribes on it; closed with the house. */
  open(): Redis
  /** Whether the last thing heard of it was good; of a cluster, of all its masters. */
  readonly isUp: boolean
  /** Refuses at once all that waits for a Redis that is away, and all that is asked from now on. */
  giveUp(): void
  /** Closes every connection, and an embedded server when nobody else uses it. */
  close(): Promise<void>
}

export interface RedisOpening extends EmbeddedPlace {
  /** As in REDIS_URL: a server, nodes of a cluster, or sentinels. Absent: an embedded server. */
  url?: string
  log: Log
}

/** Throws ConfigError when there is no Redis, or one that would lose what the house keeps in it. */
export async function openRedis(opening: RedisOpening): Promise<RedisHouse> {
  const address = opening.url === undefined ? undefined : readRedisAddress(opening.url)
  const socket = address ? '' : await startEmbeddedRedis(opening)
  const trouble = createTrouble(opening)
  const connections: Redis[] = []
  const kept = <R extends Redis>(redis: R): R => {
    connections.push(redis)
    return redis
  }
  const disconnectAll = () => connections.splice(0).forEach(disconnect)
  async function enter() {
    const connect = address
      ? await findWay(address, url => kept(connectToServer(url)).on('error', trouble.note).info())
      : () => connectToServer(socket)
    disconnectAll() // who was only asked
    const open = () => kept(connect()).on('error', trouble.began).on('sentinelError', trouble.note).on('ready', trouble.ended)
    const redis = open()
    const masters = redis instanceof Cluster ? watchMasters(redis, trouble) : undefined
    await refuseUnfit(redis)
    return { redis, masters, open }
  }
  const { redis, masters, open } = await inTime(enter(), trouble.last).catch((error: unknown) => {
    disconnectAll()
    throw error instanceof ConfigError ? error : new ConfigError(`Redis cannot be used (${reason(error)}): check REDIS_URL`)
  })
  redis.on('close', trouble.mend)
  const pulse = setInterval(() => connections.forEach(takePulse), pulseEveryMs).unref()
  return {
    redis,
    open,
    get isUp() {
      return masters ? masters.allUp : redis.status === 'ready'
    },
    giveUp() {
      trouble.leave()
      clearInterval(pulse)
      connections.forEach(disconnect)
    },
    async close() {
      trouble.leave()
      clearInterval(pulse)
      connections.filter(connection => connection !== redis).forEach(disconnect)
      if (!address && redis instanceof Single && redis.status === 'ready') await shutDownIfLast(redis)
      disconnect(redis)
    },
  }
}

/** Tells once that Redis is away and once that it is back; an embedded server that died is started again. */
function createTrouble(opening: RedisOpening) {
  let last = ''
  let told = false
  let mending = false
  let leaving = false
  return {
    /** What was heard last, empty if nothing was. */
    last: () => last,
    leave(): void {
      leaving = true
    },
    note(error: Error): void {
      last = reason(error)
    },
    began(error: Error): void {
      if (leaving) return
      // Of a round in vain, what the single sentinels and nodes said is more.
      if (!last || !/^(All sentinels|Failed to refresh)/.test(error.message)) last = reason(error)
      if (!told) opening.log.error({ reason: last }, 'Redis cannot be reached; work goes on when it is back')
      told = true
    },
    ended(): void {
      last = ''
      if (told) opening.log.info({}, 'Redis is back')
      told = false
    },
    mend(): void {
      if (opening.url !== undefined || mending || leaving) return
      mending = true
      startEmbeddedRedis(opening)
        .catch((error: unknown) => opening.log.error({ reason: reason(error) }, 'the embedded Redis could not be started again'))
        .finally(() => {
          mending = false
        })
    },
  }
}

async function inTime<T>(work: Promise<T>, last: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const sentence = 'Redis did not answer within 5 seconds: check REDIS_URL, its password, and that the server runs'
    timer = setTimeout(() => reject(new ConfigError(last() ? `${sentence} (${last()})` : sentence)), 5000)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

const nameOfLeaving = 'bellhop-leaving'

/**
 * The last process to leave turns the light off: others may share the server. Who leaves says so before looking round, so that of
 * several who leave at once the last one to say it sees nobody who stays.
 */
async function shutDownIfLast(redis: Single): Promise<void> {
  const closed = new Promise<void>(resolve => redis.once('close', () => resolve()))
  const asked = askToEnd(redis).catch(() => closed) // refused because it ends already: somebody else was the last
  await Promise.race([closed, asked])
}

async function askToEnd(redis: Single): Promise<void> {
  await redis.client('SETNAME', nameOfLeaving)
  const clients = String(await redis.client('LIST', 'TYPE', 'NORMAL'))
    .trim()
    .split('\n')
  const staying = clients.filter(line => !line.includes(` name=${nameOfOurs} `) && !line.includes(` name=${nameOfLeaving} `))
  if (staying.length === 0) await redis.shutdown() // it closes the connection instead of answering
}
