import { join } from 'node:path'
import type { Checkup, Finding } from '../adapter.ts'
import type { Config } from '../config/config.ts'
import { silentLog } from '../log.ts'
import { checkClock, checkDataFolder, checkNode, checkPort, checkPrograms } from './machine.ts'
import { checkModels } from './models.ts'
import { checkRedis, isListening } from './redis.ts'
import { isUnreadable } from './report.ts'
import { checkServers } from './servers.ts'
import { checkSettings } from './settings.ts'

/** Whether a gateway of this house listens on the platform, by the `oneListener` of its adapter. */
export type IsListening = (platform: string, listener: string) => Promise<boolean>

export interface Patient {
  /** As far as it could be read. */
  config: Config
  /** What could not be read of it, as in ConfigError. */
  problems: string[]
  /** Of the project. */
  root: string
  /** Of Node. */
  nodeVersion: string
  /** What each platform that has a token says. */
  platforms: ((isListening: IsListening) => Promise<Checkup>)[]
}

/** Tries all that an operator can get wrong, and says what came of it; starts nothing that stays. */
export async function examine({ config, problems, root, nodeVersion, platforms }: Patient): Promise<Finding[]> {
  const folder = checkDataFolder(config.dataDir)
  const { findings: ofRedis, house } = isUnreadable(problems, 'REDIS_URL')
    ? { findings: [], house: undefined }
    : await checkRedis({
        ...(config.redisUrl !== undefined && { url: config.redisUrl }),
        root,
        dir: join(config.dataDir, 'redis'),
        path: config.searchPath,
        log: silentLog,
      })
  try {
    const listens: IsListening = async (...door) => house !== undefined && isListening(house, ...door)
    const [checkups, ofModels, ofServers, ofPrograms, ofPort] = await Promise.all([
      Promise.all(platforms.map(check => check(listens))),
      isUnreadable(problems, 'OPENAI_BASE_URL') || isUnreadable(problems, 'MODEL') ? [] : checkModels(config.model),
      checkServers(config, house?.redis),
      checkPrograms(config, root),
      config.role === 'worker' || isUnreadable(problems, 'PORT') ? [] : [checkPort(config.web)],
    ])
    return [
      checkNode(nodeVersion),
      ...checkSettings(config, problems),
      ...folder,
      ...ofRedis,
      ...(await Promise.all(ofPort)),
      ...checkups.flatMap(({ findings }) => findings),
      ...ofModels,
      ...ofServers,
      ...ofPrograms,
      ...checkClock(checkups.flatMap(({ aheadMs }) => aheadMs ?? [])),
    ]
  } finally {
    await house?.close()
  }
}
