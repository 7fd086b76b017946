import { ConfigError } from '../errors.ts'
import type { Redis } from './connect.ts'
import { factOf } from './info.ts'
import { askMasters } from './masters.ts'

/** Throws ConfigError, with a sentence for each server that would lose what the house keeps in it, or cannot do what it needs. */
export async function refuseUnfit(redis: Redis): Promise<void> {
  const problems = (await askMasters(redis)).flatMap(({ name, info }) =>
    problemsOf(name ? `The Redis at ${name}` : 'This Redis', info),
  )
  if (problems.length > 0) throw new ConfigError(problems)
}

function problemsOf(which: string, info: string): string[] {
  const problems: string[] = []
  const policy = factOf(info, 'maxmemory_policy')
  if (policy !== 'noeviction')
    problems.push(
      `${which} may throw keys away (maxmemory-policy is "${policy}"), and with them messages: set maxmemory-policy to noeviction`,
    )
  const [major = 0, minor = 0] = factOf(info, 'redis_version').split('.').map(Number)
  if (major < 6 || (major === 6 && minor < 2))
    problems.push(`${which} is version ${factOf(info, 'redis_version')}: it must be 6.2 or later, or Valkey`)
  if (factOf(info, 'role') === 'slave')
    problems.push(`${which} is a replica, which takes no writes: REDIS_URL must lead to its master`)
  return problems
}
