import { Redis } from 'ioredis'
import { ConfigError } from '../errors.ts'
import { type Log, reason } from '../log.ts'
import { type EmbeddedPlace, startEmbeddedRedis } from './embedded.ts'

export type { Redis } from 'ioredis'

/** The connections of one process to its Redis. */
export interface RedisHouse {
  /** For commands that answer at once. */
  redis: Redis
  /** One more connection, for whoever blocks or subscribes on it; closed with the house. */
  open(): Redis
  /** Whether the last thing heard of it was good. */
  readonly isUp: boolean
  /** Refuses at once all that waits for a Redis that is away, and all that is asked from now on. */
  giveUp(): void
  /** Closes every connection, and an embedded server when nobody else uses it. */
  close(): Promise<void>
}

export interface RedisOpening extends EmbeddedPlace {
  /** Absent: an embedded server. */
  url?: string
  log: Log
}

/** Throws ConfigError when there is no Redis, or one that would lose what the house keeps in it. */
export async function openRedis(opening: RedisOpening): Promise<RedisHouse> {
  const address = opening.url ?? (await startEmbeddedRedis(opening))
  const connections: Redis[] = []
  const trouble = createTrouble(opening)
  function open(): Redis {
    const redis = new Redis(address, { maxRetriesPerRequest: null, connectionName: nameOfOurs })
    redis.on('error', trouble.began)
    redis.on('ready', trouble.ended)
    connections.push(redis)
    return redis
  }
  const redis = open()
  redis.on('close', trouble.mend)
  const disconnect = (which: Redis[]) => {
    for (const connection of which) connection.disconnect()
  }
  try {
    await refuseUnfit(redis)
  } catch (error) {
    disconnect(connections)
    throw error instanceof ConfigError ? error : new ConfigError(`Redis cannot be used (${reason(error)}): check REDIS_URL`)
  }
  return {
    redis,
    open,
    get isUp() {
      return redis.status === 'ready'
    },
    giveUp() {
      trouble.leave()
      disconnect(connections)
    },
    async close() {
      trouble.leave()
      disconnect(connections.slice(1))
      if (opening.url === undefined && redis.status === 'ready') await shutDownIfLast(redis)
      disconnect([redis])
    },
  }
}

/** Tells once that Redis is away and once that it is back; an embedded server that died is started again. */
function createTrouble(opening: RedisOpening) {
  let told = false
  let mending = false
  let leaving = false
  return {
    leave(): void {
      leaving = true
    },
    began(error: Error): void {
      if (leaving) return
      if (!told) opening.log.error({ reason: reason(error) }, 'Redis cannot be reached; work goes on when it is back')
      told = true
    },
    ended(): void {
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

async function refuseUnfit(redis: Redis): Promise<void> {
  const info = await withTimeout(redis.info(), 5000)
  const fact = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? ''
  const policy = fact('maxmemory_policy')
  if (policy !== 'noeviction')
    throw new ConfigError(
      `This Redis may throw keys away (maxmemory-policy is "${policy}"), and with them messages: set maxmemory-policy to noeviction`,
    )
  const [major = 0, minor = 0] = fact('redis_version').split('.').map(Number)
  if (major < 6 || (major === 6 && minor < 2))
    throw new ConfigError(`This Redis is version ${fact('redis_version')}: it must be 6.2 or later, or Valkey`)
}

async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const sentence = 'Redis did not answer within 5 seconds: check REDIS_URL, its password, and that the server runs'
    timer = setTimeout(() => reject(new ConfigError(sentence)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

const nameOfOurs = `bellhop-${process.pid}`
const nameOfLeaving = 'bellhop-leaving'

/**
 * The last process to leave turns the light off: others may share the server. Who leaves says so before looking round, so that of
 * several who leave at once the last one to say it sees nobody who stays.
 */
async function shutDownIfLast(redis: Redis): Promise<void> {
  const closed = new Promise<void>(resolve => redis.once('close', () => resolve()))
  const asked = askToEnd(redis).catch(() => closed) // refused because it ends already: somebody else was the last
  await Promise.race([closed, asked])
}

async function askToEnd(redis: Redis): Promise<void> {
  await redis.client('SETNAME', nameOfLeaving)
  const clients = String(await redis.client('LIST', 'TYPE', 'NORMAL'))
    .trim()
    .split('\n')
  const staying = clients.filter(line => !line.includes(` name=${nameOfOurs} `) && !line.includes(` name=${nameOfLeaving} `))
  if (staying.length === 0) await redis.shutdown() // it closes the connection instead of answering
}
