import { createHash } from 'node:crypto'
import type { Tool } from '../model.ts'
import type { Redis } from '../redis/redis.ts'
import { runScript } from '../redis/script.ts'
import type { ServerStatus } from '../toolbox.ts'

/** What a worker tells the others about itself: a gateway has no tools of its own, but `/tools` must be answered there too. */
export interface Notice {
  /** Unique among the living workers. */
  worker: string
  model: string
  /** Those that may be chosen from. Absent: of an older worker, or there is no choice. */
  models?: string[]
  servers: ServerStatus[]
  /** `definition` as `definitionOf` tells it; absent from an older worker. */
  tools: (Pick<Tool, 'name' | 'description' | 'label' | 'server' | 'permission'> & { definition?: string })[]
  /** Absent: of an older worker, or there are none. `keys` are the names of their arguments. */
  prompts?: { server: string; name: string; keys: string[] }[]
  /** Of the tools of the house, since the worker began; times in milliseconds. Absent from an older worker. */
  metrics?: { server: string; tool: string; calls: number; ok: number; failed: number; meanMs: number; p95Ms: number }[]
  /** Absent from an older worker. `descriptions` are translations, by locale. */
  skills?: { name: string; description: string; descriptions: Record<string, string> }[]
}

export interface Board {
  post(notice: Notice): Promise<void>
  remove(worker: string): Promise<void>
  /** The notices of the workers that live, the newest first. */
  read(): Promise<Notice[]>
}

const key = 'bellhop:board'
/** Workers post every fifth of this. */
export const boardLifeMs = 15_000
/** Lists of tools are long and seldom change, so they lie beside the board, once for all workers that have the same. */
const keyOfTools = (mark: string) => `bellhop:board:tools:${mark}`
const toolsLiveSeconds = 60

export function createBoard(redis: Redis): Board {
  /** By the clock of the Redis that has the board: those of two machines may differ by more than a notice lives. */
  const now = async () => Number(await runScript(redis, "return redis.call('TIME')[1]", [key])) * 1000

  async function keepTools(tools: Notice['tools']): Promise<string> {
    const json = JSON.stringify(tools)
    const mark = createHash('sha256').update(json).digest('hex').slice(0, 32)
    const isKept = await redis.expire(keyOfTools(mark), toolsLiveSeconds)
    if (isKept === 0) await redis.set(keyOfTools(mark), json, 'EX', toolsLiveSeconds)
    return mark
  }
  async function findTools(marks: string[]): Promise<Map<string, Notice['tools']>> {
    const found = marks.map(async mark => [mark, JSON.parse((await redis.get(keyOfTools(mark))) ?? '[]')] as const)
    return new Map(await Promise.all(found))
  }

  return {
    async post({ tools, ...notice }) {
      const posted: Posted = { at: await now(), notice, tools: await keepTools(tools) }
      await redis.hset(key, notice.worker, JSON.stringify(posted))
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
      const tools = await findTools([...new Set(living.map(({ tools: mark }) => mark))])
      return living.map(({ notice, tools: mark }) => ({ ...notice, tools: tools.get(mark) ?? [] }))
    },
  }
}

interface Posted {
  at: number
  notice: Omit<Notice, 'tools'>
  /** Where its list lies. */
  tools: string
}
