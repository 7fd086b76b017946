// Whether the Bellhop of this machine or container is at work: for a health check, which reads the exit code.
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Config, loadConfig } from '../src/config/config.ts'
import { reason, silentLog } from '../src/log.ts'
import { createBoard } from '../src/queue/board.ts'
import { openRedis } from '../src/redis/redis.ts'

const projectFolder = join(import.meta.dirname, '..')

/** A gateway answers on its web door. */
async function askWeb({ host, port }: Config['web']): Promise<boolean> {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host
  const response = await fetch(`http://${name}:${port}/health`, { signal: AbortSignal.timeout(5000) })
  return response.ok
}

/** A worker has no door; it signs a board in Redis every few seconds, with the name of its machine. */
async function askBoard(config: Config): Promise<boolean> {
  const place = { root: projectFolder, dir: join(config.dataDir, 'redis'), path: config.searchPath, log: silentLog }
  const house = await openRedis({ ...place, ...(config.redisUrl !== undefined && { url: config.redisUrl }) })
  try {
    const notices = await createBoard(house.redis).read()
    return notices.some(({ worker }) => worker.startsWith(`${hostname()}-`))
  } finally {
    await house.close()
  }
}

try {
  const config = loadConfig(projectFolder)
  const isWell = await (config.role === 'worker' ? askBoard(config) : askWeb(config.web))
  process.stdout.write(isWell ? 'at work\n' : 'not at work\n')
  process.exitCode = isWell ? 0 : 1
} catch (error) {
  process.stdout.write(`not at work: ${reason(error)}\n`)
  process.exitCode = 1
}
