import { Cluster, type RedisOptions, Redis as Single } from 'ioredis'
import { ConfigError } from '../errors.ts'
import type { RedisAddress, SentinelAddress, ServerAddress } from './address.ts'
import { factOf } from './info.ts'

/** A connection to one server, or the connections to all nodes of a Redis Cluster, which are used alike. */
export type Redis = Single | Cluster

/** Whether what is asked first is done first. */
export const doesInOrder = (redis: Redis): boolean => !(redis instanceof Cluster)

/** By which a server's list of clients shows whose connection it is. */
export const nameOfOurs = `bellhop-${process.pid}`

const usual = {
  connectionName: nameOfOurs,
  maxRetriesPerRequest: null, // what is asked waits for a Redis that is away
  // A machine that lost its power says no goodbye, and TCP believes in it for a quarter of an hour. BullMQ's longest wait takes 10 seconds.
  socketTimeout: 20_000,
} satisfies RedisOptions

/** A master that became a replica keeps its old connections where nobody cuts them: asked again, the way leads to the new one. */
const reconnectOnError = (error: Error) => (/(^|-)READONLY /.test(error.message) ? 2 : false)

/**
 * How connections are made to what is at this address. `ask` resolves with what a server says of itself (INFO): a single address may be
 * that of a whole cluster, as managed ones have it. Throws ConfigError for several addresses without a cluster.
 */
export async function findWay(address: RedisAddress, ask: (url: string) => Promise<string>): Promise<() => Redis> {
  if (address.kind === 'sentinels') return () => connectThroughSentinels(address)
  const { urls, database } = address
  const info = await Promise.any(urls.map(ask)).catch((error: unknown) => {
    throw error instanceof AggregateError ? error.errors[0] : error
  })
  if (factOf(info, 'cluster_enabled') !== '1') {
    if (urls.length > 1) throw new ConfigError('REDIS_URL has several addresses, but there is no Redis Cluster: it must have one')
    return () => connectToServer(urls[0] ?? '')
  }
  if (database > 0) throw new ConfigError(`REDIS_URL asks for database ${database}, but a Redis Cluster has only 0: leave it out`)
  return () => connectToCluster(address)
}

/** `address` is a redis:// or rediss:// address, or the path of a unix socket. */
export function connectToServer(address: string): Single {
  return gathering(new Single(address, { ...usual, reconnectOnError }))
}

/** What is asked before anybody can answer travels in one write: most of what a command costs here is the call of the system. */
function gathering(redis: Single): Single {
  return redis.on('connect', () => {
    const { stream } = redis
    const write = stream.write
    stream.write = (...what: unknown[]) => {
      if (stream.writableCorked === 0) {
        stream.cork()
        process.nextTick(() => stream.uncork())
      }
      return Reflect.apply(write, stream, what) as boolean
    }
  })
}

function connectThroughSentinels({ sentinels, master, login, sentinelLogin, tls, database }: SentinelAddress): Single {
  return new Single({
    ...usual,
    reconnectOnError,
    sentinels,
    name: master,
    ...login,
    db: database,
    ...(sentinelLogin.username && { sentinelUsername: sentinelLogin.username }),
    ...(sentinelLogin.password && { sentinelPassword: sentinelLogin.password }),
    ...(tls && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
  })
}

function connectToCluster({ nodes, login, tls }: ServerAddress): Cluster {
  return new Cluster(nodes, {
    redisOptions: { ...usual, ...login, ...(tls && { tls: {} }) },
    dnsLookup: (host, done) => done(null, host), // left to the socket: certificates are made out to names
    // A command is sent again until some node takes it, however long a failover lasts; the pause is for nodes that point at each other.
    maxRedirections: Number.POSITIVE_INFINITY,
    retryDelayOnMoved: 50,
  })
}

/** How often who opened connections takes their pulse: half of the time after which silence ends them. */
export const pulseEveryMs = 10_000

/** A connection that only listens would never learn that the other side went without a word. */
export function takePulse(redis: Redis): void {
  const lines = redis instanceof Cluster ? redis.nodes() : [redis].filter(({ status }) => status === 'ready')
  for (const line of lines) line.ping().catch(() => {}) // who hears no answer is disconnected, and tells it
}

/** Ends it, and refuses what waits for it. */
export function disconnect(redis: Redis): void {
  // A Cluster without any connection ends, and lets go of what waits, only from this state (ioredis 6.0).
  if (redis instanceof Cluster && redis.status !== 'end' && redis.nodes().length === 0) redis.status = 'wait'
  redis.disconnect()
}
