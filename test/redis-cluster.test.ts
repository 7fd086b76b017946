import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Log, silentLog } from '../src/log.ts'
import { createBoard } from '../src/queue/board.ts'
import { createBookmarks } from '../src/queue/bookmarks.ts'
import { createFeed } from '../src/queue/feed.ts'
import { createMemory } from '../src/queue/memory.ts'
import { createSignals } from '../src/queue/signals.ts'
import { openRedis, type RedisHouse } from '../src/redis/redis.ts'
import { addReplica, createServers, type RedisServer, startCluster } from './redis-servers.ts'
import { standOn } from './rooms.ts'
import { answerFourIn } from './scale.ts'

const servers = createServers()
let nodes: RedisServer[] = []
let pair: RedisServer[] = []
let replica: RedisServer
let url = ''
beforeAll(async () => {
  ;[nodes, pair] = await Promise.all([startCluster(servers, 3), startCluster(servers, 2)])
  replica = await addReplica(servers, nodes)
  url = addressOf(nodes)
  standOn(url)
}, 60_000)
afterAll(() => servers.close())

const houses: RedisHouse[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close()
})

const addressOf = (list: RedisServer[]) => list.map(({ port }) => `redis://127.0.0.1:${port}`).join(',')

async function open(address: string, log = silentLog): Promise<RedisHouse> {
  const house = await openRedis({ root: '/nowhere', dir: 'unused', path: '', log, url: address })
  houses.push(house)
  return house
}

const refusal = (address: string) =>
  open(address).then(
    () => [],
    (error: Error & { problems?: string[] }) => error.problems ?? [String(error)],
  )

describe('the rooms of the queue are on a cluster what they are on one server:', async () => {
  await import('./queue.test.ts')
})

test('the memory and the bookmarks of adapters are kept on a cluster', async () => {
  const { redis } = await open(url)
  const memory = createMemory(redis)
  await memory.set('offset', '7')
  expect(await memory.get('offset')).toBe('7')
  const bookmarks = createBookmarks(redis, 'discord')
  for (let n = 0; n < 30; n++) await bookmarks.set(`discord:${n}`, `m${n}`)
  const recent = await bookmarks.recent(30)
  expect(recent).toHaveLength(30)
  expect(recent).toContainEqual({ conversation: 'discord:29', messageId: 'm29' })
})

test('the board goes by the clock of one node', async () => {
  const board = createBoard((await open(url)).redis)
  for (const node of nodes) await node.redis.config('RESETSTAT')
  for (let n = 0; n < 20; n++) await board.read()
  const stats = await Promise.all(nodes.map(node => node.redis.info('commandstats')))
  expect(stats.filter(text => text.includes('cmdstat_time:'))).toHaveLength(1)
})

test('on a cluster, one gateway and two workers answer each message once and in order', async () => {
  await answerFourIn(12, { REDIS_URL: url })
}, 90_000)

test('one address of a cluster is enough, and all its masters are written to', async () => {
  const { redis } = await open(addressOf(nodes.slice(1, 2)))
  await Promise.all(Array.from({ length: 64 }, (_, n) => redis.set(`spread:${n}`, n)))
  for (const node of nodes) expect(await node.redis.keys('spread:*')).not.toEqual([])
})

test('of several addresses one that answers is enough', async () => {
  const { redis } = await open(`redis://127.0.0.1:1,${addressOf(nodes.slice(2))}`)
  expect(await redis.set('a', 'b')).toBe('OK')
})

describe('refused in one sentence:', () => {
  test('masters of a cluster that throw keys away, each by name', async () => {
    const [, second, third] = nodes
    for (const node of [second, third]) await node?.redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const problems = await refusal(url)
    for (const node of [second, third]) await node?.redis.config('SET', 'maxmemory-policy', 'noeviction')
    const rest =
      'may throw keys away (maxmemory-policy is "allkeys-lru"), and with them messages: set maxmemory-policy to noeviction'
    expect(problems.sort()).toEqual([second, third].map(node => `The Redis at 127.0.0.1:${node?.port} ${rest}`).sort())
  })

  test('several addresses of what is no cluster', async () => {
    const [one, other] = [await servers.start(), await servers.start()]
    expect(await refusal(addressOf([one, other]))).toEqual([
      'REDIS_URL has several addresses, but there is no Redis Cluster: it must have one',
    ])
  })

  test('a database in a cluster', async () => {
    expect(await refusal(`${addressOf(nodes.slice(0, 1))}/3`)).toEqual([
      'REDIS_URL asks for database 3, but a Redis Cluster has only 0: leave it out',
    ])
  })

  test('a replica that takes no writes', async () => {
    const master = await servers.start()
    const follower = await servers.start({ replicaof: `127.0.0.1 ${master.port}` })
    expect(await refusal(addressOf([follower]))).toEqual([
      'This Redis is a replica, which takes no writes: REDIS_URL must lead to its master',
    ])
  })

  test('what does not answer, or not whole, or not yet', async () => {
    const [living, dead] = pair as [RedisServer, RedisServer]
    const lonely = await servers.start({ 'cluster-enabled': 'yes', 'cluster-config-file': 'lonely.conf' })
    await dead.kill()
    const refusals = [
      'redis://127.0.0.1:1,redis://127.0.0.1:2',
      'redis+sentinel://127.0.0.1:1/main',
      addressOf([lonely]),
      addressOf([living]),
    ].map(refusal)
    const sentence = 'Redis did not answer within 5 seconds: check REDIS_URL, its password, and that the server runs'
    expect(await Promise.all(refusals)).toEqual([
      [expect.stringMatching(`^${sentence} \\(connect ECONNREFUSED 127.0.0.1:[12]\\)$`)],
      [expect.stringMatching(`^${sentence} \\(failed to connect to sentinel 127.0.0.1:1 because .*\\)$`)],
      [`${sentence} (CLUSTER INFO must say cluster_state:ok)`],
      [`${sentence} (connect ECONNREFUSED 127.0.0.1:${dead.port})`],
    ])
  })
})

/** What the log said, in order. */
function notes(): { log: Log; said: string[] } {
  const said: string[] = []
  const keep = (_facts: object, event: string) => void said.push(event)
  return { log: { ...silentLog, error: keep, info: keep }, said }
}

const away = 'Redis cannot be reached; work goes on when it is back'

test('when a master dies, what is asked waits until its replica has taken over, and listeners go on hearing', async () => {
  const { log, said } = notes()
  const house = await open(url, log)
  const heard: unknown[] = []
  const [feed, stops] = [createFeed(house, silentLog), createSignals(house)]
  await feed.listen('web:a', event => heard.push(event))
  await stops.listen(wish => heard.push(wish.conversation))
  for (const node of [...nodes, replica]) await node.redis.config('SET', 'cluster-node-timeout', '1000')
  await nodes[0]?.kill()
  const written = Promise.all(Array.from({ length: 64 }, (_, n) => house.redis.set(`during:${n}`, n)))
  await expect.poll(() => house.isUp).toBe(false)
  expect(await written).toEqual(Array.from({ length: 64 }, () => 'OK'))
  expect(await replica.redis.keys('during:*')).not.toEqual([])
  await expect.poll(() => house.isUp).toBe(true)
  await feed.write('web:a', 'event')
  await expect
    .poll(() => stops.send({ conversation: 'stop', what: 'stop' }).then(() => heard))
    .toEqual(expect.arrayContaining(['event', 'stop']))
  expect(said[0]).toBe(away)
  await expect.poll(() => said.at(-1)).toBe('Redis is back') // while the nodes disagree it may be told more than once
  feed.close()
}, 30_000)

test('when every node is dead, who gives up refuses all that waits', async () => {
  const house = await open(addressOf(nodes.slice(1)))
  for (const node of [...nodes, replica]) await node.kill()
  await expect.poll(() => house.isUp).toBe(false)
  await expect.poll(() => house.redis.status).toBe('reconnecting')
  const waiting = house.redis.get('a')
  house.giveUp()
  await expect(waiting).rejects.toThrow()
  await expect(house.redis.get('b')).rejects.toThrow()
})
