import type { Tool } from '../model.ts'
import type { Redis } from '../redis/redis.ts'
import type { ServerStatus } from '../toolbox.ts'

/** What a worker tells the others about itself: a gateway has no tools of its own, but `/tools` must be answered there too. */
export interface Notice {
  /** Unique among the living workers. */
  worker: string
  model: string
  servers: ServerStatus[]
  tools: Pick<Tool, 'name' | 'description' | 'label' | 'server'>[]
}

export interface Board {
  post(notice: Notice): Promise<void>
  remove(worker: string): Promise<void>
  /** The notices of the workers that live, the newest first. */
  read(): Promise<Notice[]>
}

const key = 'bellhop:board'
/** Workers post every third of this. */
export const boardLifeMs = 15_000

export function createBoard(redis: Redis): Board {
  /** By the clock of the Redis that has the board: those of two machines may differ by more than a notice lives. */
  const now = async () => Number(await redis.eval("return redis.call('TIME')[1]", 1, key)) * 1000
  return {
    async post(notice) {
      await redis.hset(key, notice.worker, JSON.stringify({ at: await now(), notice }))
    },
    async remove(worker) {
      await redis.hdel(key, worker)
    },
    async read() {
      const oldest = (await now()) - boardLifeMs
      const posted = Object.entries(await redis.hgetall(key)).map(([worker, json]) => ({
        worker,
        ...(JSON.parse(json) as Posted),
      }))
      const dead = posted.filter(({ at }) => at < oldest).map(({ worker }) => worker)
      if (dead.length > 0) await redis.hdel(key, ...dead)
      const living = posted.filter(({ at }) => at >= oldest).sort((a, b) => b.at - a.at)
      return living.map(({ notice }) => notice)
    },
  }
}

interface Posted {
  at: number
  notice: Notice
}
