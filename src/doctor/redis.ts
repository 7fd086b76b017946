import type { Finding } from '../adapter.ts'
import { ConfigError } from '../errors.ts'
import { factOf } from '../redis/info.ts'
import { keysOf } from '../redis/keys.ts'
import { askMasters } from '../redis/masters.ts'
import { openRedis, type RedisHouse, type RedisOpening } from '../redis/redis.ts'
import { broken } from './report.ts'

const about = 'Redis'
/** Of what it may use at most: above, writes are refused soon. */
const fullFrom = 0.8

/** Opens the Redis that the house would use, a private one included; whoever asked closes it. */
export async function checkRedis(opening: RedisOpening): Promise<{ findings: Finding[]; house?: RedisHouse }> {
  try {
    const house = await openRedis(opening)
    const masters = await askMasters(house.redis)
    return { findings: masters.flatMap(master => ofMaster(master, opening)), house }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { findings: error.problems.map(problem => broken(about, problem)) }
  }
}

function ofMaster({ name, info }: { name: string; info: string }, { url, dir }: RedisOpening): Finding[] {
  const fact = (field: string) => factOf(info, field)
  const where = url === undefined ? `a private one in ${dir}` : `the one of REDIS_URL${name && `, ${name}`}`
  const kind = fact('valkey_version') ? `Valkey ${fact('valkey_version')}` : `version ${fact('redis_version')}`
  const findings: Finding[] = [{ state: 'good', about, found: `${where}, ${kind}, throws nothing away` }]
  const doubt = (found: string, fix: string) => findings.push({ state: 'doubtful', about, found, fix })
  if (fact('aof_enabled') !== '1')
    doubt(`${where} keeps no append-only file: a restart of it loses what is under way`, 'set appendonly to yes')
  if (fact('aof_enabled') === '1' && fact('aof_last_write_status') === 'err')
    findings.push({ ...broken(about, `${where} cannot write its file any more`), fix: 'look at its disk and its log' })
  const [used, most] = [Number(fact('used_memory')), Number(fact('maxmemory'))]
  if (most > 0 && used > most * fullFrom)
    doubt(
      `${where} has used ${Math.round((used / most) * 100)} % of its maxmemory`,
      'raise maxmemory: when it is full, nothing is taken',
    )
  return findings
}

/** Whether some gateway holds the door of this platform open; `listener` is the `oneListener` of its adapter. */
export async function isListening({ redis }: RedisHouse, platform: string, listener: string): Promise<boolean> {
  return (await redis.exists(keysOf(`door:${platform}:${listener}`).lease)) === 1
}
