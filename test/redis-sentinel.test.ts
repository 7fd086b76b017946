import { afterAll, expect, test } from 'vitest'
import { silentLog } from '../src/log.ts'
import { openRedis } from '../src/redis/redis.ts'
import { createServers } from './redis-servers.ts'

const servers = createServers()
afterAll(() => servers.close())

test('when a master dies that sentinels watch, work goes on with the one that they name', async () => {
  const login = { requirepass: 'secret', masterauth: 'secret' }
  const master = await servers.start(login)
  const replica = await servers.start({ ...login, replicaof: `127.0.0.1 ${master.port}` })
  await expect.poll(() => replica.redis.info('replication')).toContain('master_link_status:up')
  const sentinel = await servers.startSentinel([
    `sentinel monitor house 127.0.0.1 ${master.port} 1`,
    'sentinel auth-pass house secret',
    'sentinel down-after-milliseconds house 500',
    'sentinel failover-timeout house 2000',
    'requirepass hush',
  ])
  const open = (sentinels: string, name: string) =>
    openRedis({
      root: '/nowhere',
      dir: 'unused',
      path: '',
      log: silentLog,
      url: `redis+sentinel://:secret@${sentinels}/${name}/2?sentinel_password=hush`,
    })
  const here = `127.0.0.1:${sentinel.port}`
  const stranger = open(here, 'other').catch(String)
  const house = await open(`127.0.0.1:1,${here}`, 'house')
  await house.redis.set('before', 'kept')
  expect(await master.redis.info('keyspace')).toContain('db2:keys=1')
  await expect.poll(() => replica.redis.info('keyspace')).toContain('db2:keys=1')
  await master.kill()
  expect(await house.redis.eval("return redis.call('SET', KEYS[1], 'written')", 1, 'after')).toBe('OK')
  expect(await house.redis.mget('before', 'after')).toEqual(['kept', 'written'])
  expect(await replica.redis.info('replication')).toContain('role:master')
  expect(await stranger).toContain(`sentinel ${here} because ERR No such master with that name`)
  await house.close()
}, 30_000)
