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
  return {
    async post(notice) {
      await redis.hset(key, notice.worker, JSON.stringify({ at: Date.now(), notice }))
    },
    async remove(worker) {
      await redis.hdel(key, worker)
    },
    async read() {
      const all = Object.entries(await redis.hgetall(key)).map(([worker, json]) => ({
        worker,
        ...(JSON.parse(json) as { at: number; notice: Notice }),
      }))
      const dead = all.filter(({ at }) => at < Date.now() - boardLifeMs)
      if (dead.length > 0) await redis.hdel(key, ...dead.map(({ worker }) => worker))
      return all
        .filter(({ at }) => at >= Date.now() - boardLifeMs)
        .sort((a, b) => b.at - a.at)
        .map(({ notice }) => notice)
    },
  }
}
