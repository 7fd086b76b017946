import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, vi } from 'vitest'
import { dataFolder } from './processes.ts'

/** A Redis of an operator's own. */
export interface RedisServer {
  port: number
  /** For asking it about itself. */
  redis: Redis
  kill(): Promise<void>
}

const packed = join(import.meta.dirname, '../.runtime/bin/redis-server')
const program = existsSync(packed) ? packed : 'redis-server'

/** Servers on ports of their own, in a folder that goes with them. */
export function createServers() {
  const data = dataFolder()
  const servers: RedisServer[] = []

  async function start(settings: Record<string, string> = {}): Promise<RedisServer> {
    const port = await freePort()
    const own = {
      port: String(port),
      bind: '127.0.0.1',
      save: '',
      dir: data.path,
      dbfilename: `${port}.rdb`,
      'repl-diskless-sync-delay': '0',
      ...settings,
    }
    const args = Object.entries(own).flatMap(([name, value]) => [`--${name}`, value])
    return watch(port, spawn(program, args, { stdio: 'ignore' }), settings['requirepass'])
  }

  function watch(port: number, child: ChildProcess, password?: string): RedisServer {
    const redis = new Redis(port, '127.0.0.1', { lazyConnect: true, maxRetriesPerRequest: null, ...(password && { password }) })
    redis.on('error', () => {}) // it is not up yet, or was killed
    const server = {
      port,
      redis,
      async kill() {
        redis.disconnect()
        if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit')
      },
    }
    servers.push(server)
    return server
  }

  /** `settings` is the whole of its file, which it rewrites as it learns. */
  async function startSentinel(settings: string[]): Promise<RedisServer> {
    const port = await freePort()
    const file = join(data.path, `sentinel-${port}.conf`)
    writeFileSync(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${data.path}`, ...settings].join('\n'))
    return watch(port, spawn(program, [file, '--sentinel'], { stdio: 'ignore' }))
  }

  return {
    start,
    startSentinel,
    async close() {
      await Promise.all(servers.map(server => server.kill()))
      data.remove()
    },
  }
}

export type Servers = ReturnType<typeof createServers>

const slots = 16_384

/** So many masters that share the slots. */
export async function startCluster(servers: Servers, masters: number): Promise<RedisServer[]> {
  const nodes = await Promise.all(Array.from({ length: masters }, () => startNode(servers)))
  await Promise.all(
    nodes.map(async ({ redis }, at) => {
      await redis.cluster('SET-CONFIG-EPOCH', at + 1)
      const [from, to] = [Math.floor((at * slots) / masters), Math.floor(((at + 1) * slots) / masters)]
      await redis.cluster('ADDSLOTS', ...Array.from({ length: to - from }, (_, slot) => from + slot))
    }),
  )
  const [first, ...others] = nodes
  for (const { port } of others) await first?.redis.cluster('MEET', '127.0.0.1', port)
  const whole = new RegExp(`cluster_state:ok[^]*cluster_known_nodes:${masters}`)
  for (const { redis } of nodes) await eventually(async () => expect(await redis.cluster('INFO')).toMatch(whole))
  return nodes
}

const startNode = (servers: Servers) =>
  servers.start({ 'cluster-enabled': 'yes', 'cluster-config-file': `nodes-${Math.random()}.conf` })

/** A node that takes over when the first of these masters dies, known to all of them. */
export async function addReplica(servers: Servers, masters: RedisServer[]): Promise<RedisServer> {
  const [master, ...others] = masters
  const replica = await startNode(servers)
  const [id, own] = [String(await master?.redis.cluster('MYID')), String(await replica.redis.cluster('MYID'))]
  for (const { port } of masters) await replica.redis.cluster('MEET', '127.0.0.1', port)
  await eventually(() => replica.redis.cluster('REPLICATE', id)) // once it knows this master
  await eventually(async () => expect(await replica.redis.info('replication')).toContain('master_link_status:up'))
  const known = new RegExp(`${own}.* slave ${id} .* connected`)
  for (const { redis } of others) await eventually(async () => expect(await redis.cluster('NODES')).toMatch(known))
  return replica
}

const eventually = (check: () => Promise<unknown>) => vi.waitFor(check, { timeout: 20_000, interval: 50 })

/** One below those that systems give away by themselves, with the one that a cluster's nodes talk over, 10,000 above, free too. */
async function freePort(): Promise<number> {
  while (true) {
    const port = 12_000 + Math.floor(Math.random() * 10_000)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1')
  const free = await Promise.race([once(probe, 'listening').then(() => true), once(probe, 'error').then(() => false)])
  probe.close()
  return free
}
