import { once } from 'node:events'
import { Redis } from 'ioredis'
import { ConfigError } from '../errors.ts'
import { type Log, reason } from '../log.ts'
import { startEmbeddedRedis } from './embedded.ts'

export type { Redis } from 'ioredis'

/** The connections of one process to its Redis. */
export interface RedisHouse {
  /** For commands that answer at once. */
  redis: Redis
  /** One more connection, for whoever blocks or subscribes on it; closed with the house. */
  open(): Redis
  /** Whether the last thing heard of it was good. */
  readonly isUp: boolean
  /** Closes every connection, and an embedded server when nobody else uses it. */
  close(): Promise<void>
}

export interface RedisOpening {
  /** Absent: an embedded server in `dir`, found under `root` or on `path`. */
  url?: string
  root: string
  dir: string
  path: string
  log: Log
}

/** Throws ConfigError when there is no Redis, or one that would lose what the house keeps in it. */
export async function openRedis(opening: RedisOpening): Promise<RedisHouse> {
  const socket = opening.url === undefined ? await startEmbeddedRedis(opening) : undefined
  const connections: Redis[] = []
  let told = false
  function open(): Redis {
    const options = { maxRetriesPerRequest: null, connectionName: `bellhop-${process.pid}` }
    const redis = socket === undefined ? new Redis(opening.url ?? '', options) : new Redis(socket, options)
    redis.on('error', error => {
      if (!told) opening.log.error({ reason: reason(error) }, 'Redis cannot be reached; work goes on when it is back')
      told = true
    })
    redis.on('ready', () => {
      if (told) opening.log.info({}, 'Redis is back')
      told = false
    })
    connections.push(redis)
    return redis
  }
  const redis = open()
  try {
    await refuseUnfit(redis)
  } catch (error) {
    for (const connection of connections) connection.disconnect()
    throw error instanceof ConfigError ? error : new ConfigError(`Redis cannot be used (${reason(error)}): check REDIS_URL`)
  }
  return {
    redis,
    open,
    get isUp() {
      return redis.status === 'ready'
    },
    async close() {
      for (const connection of connections.slice(1)) connection.disconnect()
      if (socket !== undefined) await shutDownIfAlone(redis)
      redis.disconnect()
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

/** The last process to leave turns the light off: another one may have adopted the same embedded server. */
async function shutDownIfAlone(redis: Redis): Promise<void> {
  const clients = String(await redis.client('LIST', 'TYPE', 'NORMAL'))
    .trim()
    .split('\n')
  const others = clients.filter(line => !line.includes(` name=bellhop-${process.pid} `))
  if (others.length > 0) return
  const closed = once(redis, 'close')
  redis.shutdown().catch(() => {}) // it closes the connection instead of answering
  await closed
}
