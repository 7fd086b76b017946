import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster } from 'ioredis'
import type { Redis } from './connect.ts'

/** What the servers that are written to say of themselves; `name` is host:port within a Redis Cluster, empty otherwise. */
export async function askMasters(redis: Redis): Promise<{ name: string; info: string }[]> {
  if (!(redis instanceof Cluster)) return [{ name: '', info: await redis.info() }]
  await redis.ping() // only then is it known which nodes there are
  while (true) {
    try {
      return await Promise.all(namesOf(redis).map(async name => ({ name, info: await askNode(redis, name) })))
    } catch (error) {
      if (redis.status !== 'ready' || !isClosed(error)) throw error
    }
    await sleep(100) // its replica may take over, or it comes up itself
    redis.refreshSlotsCache()
  }
}

/** Those that have slots: a node that cannot be reached is among them still, while ioredis has no connection to it. */
const namesOf = ({ slots }: Cluster) => [...new Set(slots.flatMap(([master]) => master ?? []))]

async function askNode(cluster: Cluster, name: string): Promise<string> {
  const node = cluster.nodes('master').find(one => nameOf(one) === name)
  if (!node) throw new Error(closed)
  return node.info()
}

const closed = 'Connection is closed.' // ioredis' own word, which has no class
const isClosed = (error: unknown) => error instanceof Error && error.message === closed

export interface Watch {
  /** Something failed that may be tried again, or matter to nobody. */
  note(error: Error): void
  /** A master cannot be reached. */
  began(error: Error): void
  /** Every master can be reached again. */
  ended(): void
}

/**
 * ioredis goes on by itself, and tells no more than what failed: whether that node is a master still, or answers again, is looked up
 * whenever the cluster was asked for its nodes.
 */
export function watchMasters(cluster: Cluster, { note, began, ended }: Watch): { readonly allUp: boolean } {
  const away = new Set<string>()
  const find = (name: string) => cluster.nodes('master').find(node => nameOf(node) === name)
  const isBack = (name: string) => void (away.delete(name) && away.size === 0 && ended())
  cluster.on('node error', (error: Error, name: string) => {
    note(error)
    const node = find(name)
    if (cluster.status !== 'ready' || !node || node.status === 'ready') return
    away.add(name)
    began(error)
  })
  cluster.on('refresh', () => {
    for (const name of away) {
      const node = find(name)
      if (!node || node.status === 'ready') isBack(name)
      else
        void node.ping().then(
          () => isBack(name),
          () => {}, // the next refresh asks again
        )
    }
  })
  cluster.on('connect', () => note(new Error('CLUSTER INFO must say cluster_state:ok')))
  return {
    get allUp() {
      return cluster.status === 'ready' && away.size === 0
    },
  }
}

const nameOf = ({ options }: ReturnType<Cluster['nodes']>[number]) => `${options.host}:${options.port}`
