import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { silentLog } from '../src/log.ts'
import { startEmbeddedRedis } from '../src/redis/embedded.ts'
import { asksKeys, keysOf, unfinishedKeys } from '../src/redis/keys.ts'
import { openRedis } from '../src/redis/redis.ts'
import { dataFolder, startProcess } from './processes.ts'
import { createServers, type RedisServer } from './redis-servers.ts'

const root = join(import.meta.dirname, '..')
const path = process.env['PATH'] ?? ''
const folders: ReturnType<typeof dataFolder>[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove()
})

function folder(): string {
  const made = dataFolder()
  folders.push(made)
  return made.path
}

const open = (dir: string, url?: string) => openRedis({ root, dir, path, log: silentLog, ...(url && { url }) })

describe('the embedded server', () => {
  test('keeps what it was told over a restart', async () => {
    const dir = folder()
    const first = await open(dir)
    await first.redis.set('said', 'yes')
    await first.close()
    const second = await open(dir)
    expect(await second.redis.get('said')).toBe('yes')
    await second.close()
  })

  test('ends with the last who uses it, and no sooner', async () => {
    const data = folder()
    const dir = join(data, 'redis')
    const house = startProcess({ DATA_DIR: data, LOG_LEVEL: 'silent' })
    await house.says('Bellhop is up')
    const guest = await open(dir)
    expect(await house.end()).toBe(0)
    expect(await guest.redis.ping()).toBe('PONG')
    await guest.close()
    await expect.poll(() => existsSync(join(dir, 'redis.sock'))).toBe(false)
  })

  test('is taken over from a process that was killed', async () => {
    const data = folder()
    const house = startProcess({ DATA_DIR: data, LOG_LEVEL: 'silent' })
    await house.says('Bellhop is up')
    await house.end('SIGKILL')
    const heir = await open(join(data, 'redis'))
    expect(await heir.redis.hlen('bellhop:memory')).toBe(0)
    await heir.close()
    await expect.poll(() => existsSync(join(data, 'redis', 'redis.sock'))).toBe(false)
  })

  test('is one, however many start at once, and none is left when all leave at once', async () => {
    const data = folder()
    const houses = Array.from({ length: 3 }, () => startProcess({ DATA_DIR: data, LOG_LEVEL: 'silent' }))
    await Promise.all(houses.map(house => house.says('Bellhop is up')))
    const guest = await open(join(data, 'redis'))
    const names = String(await guest.redis.client('LIST')).match(/ name=bellhop-\d+/g)
    expect(new Set(names).size).toBe(4)
    await guest.close()
    await Promise.all(houses.map(house => house.end()))
    await expect.poll(() => existsSync(join(data, 'redis', 'redis.sock'))).toBe(false)
  })

  test('is started again when it was killed, with what it was told', async () => {
    const dir = folder()
    const house = await open(dir)
    await house.redis.set('said', 'yes')
    await sleep(1100) // the append-only file is synced every second
    const pid = Number(/process_id:(\d+)/.exec(await house.redis.info())?.[1])
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => house.isUp).toBe(false)
    expect(await house.redis.get('said')).toBe('yes')
    await house.close()
    await expect.poll(() => existsSync(join(dir, 'redis.sock'))).toBe(false)
  })

  test('is not started again by a house that gives up on it', async () => {
    const dir = folder()
    const house = await open(dir)
    const pid = Number(/process_id:(\d+)/.exec(await house.redis.info())?.[1])
    house.giveUp()
    process.kill(pid, 'SIGKILL')
    await sleep(500)
    await house.close()
    await expect(once(createConnection(join(dir, 'redis.sock')), 'connect')).rejects.toThrow()
  })

  test('has a short socket name in a folder of a long one', async () => {
    const dir = join(folder(), 'x'.repeat(120))
    mkdirSync(dir)
    const house = await open(dir)
    expect(await house.redis.ping()).toBe('PONG')
    await house.close()
  })

  /** A redis-server that only says what it is told to, so many times, and then that it is up. */
  function pretender(says: string, times: number) {
    const place = dataFolder()
    const bin = join(place.path, '.runtime', 'bin')
    mkdirSync(bin, { recursive: true })
    const program = `#!${process.execPath}
const { createServer } = require('node:net')
require('node:fs').appendFileSync('${join(place.path, 'started')}', process.pid + '\\n')
let left = ${times}
const answer = socket => socket.on('data', () => socket.write(left-- > 0 ? '${says}\\r\\n' : '+PONG\\r\\n')).on('error', () => {})
createServer(answer).listen(process.argv[process.argv.indexOf('--unixsocket') + 1])
`
    writeFileSync(join(bin, 'redis-server'), program, { mode: 0o755 })
    const started = () => readFileSync(join(place.path, 'started'), 'utf8').trim().split('\n').map(Number)
    const start = () => startEmbeddedRedis({ root: place.path, dir: join(place.path, 'redis'), path: '', patienceMs: 2000 })
    return { start, started, remove: place.remove }
  }

  test('that reads its data for long is waited for by all, and is one', async () => {
    const { start, started, remove } = pretender('-LOADING Redis is loading the dataset in memory', 30)
    const sockets = await Promise.all([start(), start()])
    expect(new Set(sockets).size).toBe(1)
    expect(started()).toHaveLength(1)
    process.kill(started()[0] ?? 0, 'SIGKILL')
    remove()
  })

  test('that does not come up is ended, so that the next one is alone', async () => {
    const { start, started, remove } = pretender('-ERR what?', 1e9)
    await expect(start()).rejects.toThrow(/did not come up.*redis\.log says why/)
    await expect.poll(() => existsSync(`/proc/${started()[0]}/exe`)).toBe(false)
    remove()
  })

  test('that cannot be found is one sentence', async () => {
    const nowhere = { root: '/nowhere', dir: folder(), path: '/nowhere', log: silentLog }
    const error = await openRedis(nowhere).then(
      house => house.close(), // this machine has one in its usual folders
      (reason: Error) => reason.message,
    )
    if (error !== undefined) expect(error).toMatch(/^No redis-server or valkey-server was found: run script\/bootstrap/)
  })
})

describe('a Redis of the operator’s own', () => {
  const servers = createServers()
  afterAll(() => servers.close())
  const addressOf = ({ port }: RedisServer) => `redis://127.0.0.1:${port}`

  test('is used, and left alone at the end', async () => {
    const server = await servers.start()
    const house = await open('unused', addressOf(server))
    await house.redis.set('a', 'b')
    await house.close()
    expect(await server.redis.get('a')).toBe('b')
  })

  test('that throws keys away is refused with the fix', async () => {
    const server = await servers.start({ 'maxmemory-policy': 'allkeys-lru' })
    await expect(open('unused', addressOf(server))).rejects.toThrow(
      'This Redis may throw keys away (maxmemory-policy is "allkeys-lru"), and with them messages: set maxmemory-policy to noeviction',
    )
  })

  test('that wants another password is told, without repeating ours', async () => {
    const url = addressOf(await servers.start({ requirepass: 'right' }))
    const error = await open('unused', url.replace('//', '//:wrong@')).catch((reason: Error) => reason)
    expect(String(error)).toMatch(/^ConfigError: Redis cannot be used \(WRONGPASS.*\): check REDIS_URL$/)
    expect(String(error)).not.toContain('wrong@')
  })

  test('that is made a replica for a while is waited for', async () => {
    const server = await servers.start()
    const house = await open('unused', addressOf(server))
    await server.redis.replicaof('127.0.0.1', 1)
    const written = house.redis.eval("return redis.call('SET', KEYS[1], 'b')", 1, 'a')
    await expect.poll(() => house.isUp).toBe(false)
    await server.redis.replicaof('NO', 'ONE')
    expect(await written).toBe('OK')
    await house.close()
  })
})

test('all keys of one conversation lie in one slot, and in one of the buckets that are swept', () => {
  for (const conversation of ['telegram:-100123:7', 'discord:1573602284221235205', 'web:{odd}']) {
    const { seen, retry, file, text, ask, parked, ...keys } = keysOf(conversation)
    const tags = [
      ...Object.values(keys),
      seen('id'),
      retry('token'),
      file('id'),
      text('ref'),
      ask('token'),
      ...Object.values(parked('token')),
    ].map(key => /\{(.*?)\}/.exec(key)?.[1])
    expect(new Set(tags).size).toBe(1)
    expect(unfinishedKeys).toContain(keys.unfinished)
    expect(asksKeys).toContain(keys.asks)
  }
})
