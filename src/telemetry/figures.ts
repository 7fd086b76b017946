import type { Redis } from '../redis/redis.ts'

/** One metric as `getMetricsAsJSON` of prom-client tells it, without what nobody reads. */
export interface Metric {
  name: string
  help: string
  type: string
  aggregator?: string
  values: { labels: Record<string, string | number>; value: number; metricName?: string }[]
}

/** The metrics of all processes, side by side in Redis. */
export interface Figures {
  /** False when they were put with those of the ended, since nothing was heard of this process for long: it is to begin at zero. */
  post(metrics: Metric[]): Promise<boolean>
  /** The last ones of this process. */
  leave(metrics: Metric[]): Promise<void>
  /** Of the others that live; and what all that ended came to, which can only be counted on. `names` are those that live, this one too. */
  read(): Promise<{ names: Set<string>; living: Metric[][]; ended: Metric[][] }>
  /** Puts together what ended processes came to, so that they take no room of their own. */
  fold(add: (metrics: Metric[][]) => Promise<Metric[]>): Promise<void>
}

const processesKey = 'bellhop:{telemetry}:processes'
const endedKey = 'bellhop:{telemetry}:ended-processes'
/** Who is silent for so long is not counted among the living, and after the second is not waited for. */
const lifeSeconds = 15
const awaitedSeconds = 60
/** Names that nobody has any more fall away when it has grown so large: then it begins anew. */
const mostEndedChars = 2_000_000

const postScript = `
if ARGV[3] == 'goes on' and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], redis.call('TIME')[1] .. ' ' .. ARGV[2])
return 1`

const readScript = `return { redis.call('TIME')[1], redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[2]) }`

/** Of several who would do it, one does. */
const foldScript = `
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
for at = 3, #ARGV, 2 do if redis.call('HGET', KEYS[1], ARGV[at]) ~= ARGV[at + 1] then return 0 end end
for at = 3, #ARGV, 2 do redis.call('HDEL', KEYS[1], ARGV[at]) end
redis.call('SET', KEYS[2], ARGV[2])
return 1`

/** `self` is a name that no other process ever has. */
export function createFigures(redis: Redis, self: string): Figures {
  let posted = false
  async function readAll() {
    const [now, lines, ended] = (await redis.eval(readScript, 2, processesKey, endedKey)) as [string, string[], string | null]
    const processes = lines.flatMap((name, at) => (at % 2 === 0 ? [stateOf(name, lines[at + 1] ?? '', Number(now))] : []))
    return { processes, ended }
  }
  return {
    async post(metrics) {
      const how = posted ? 'goes on' : 'begins'
      const isKept = (await redis.eval(postScript, 1, processesKey, self, JSON.stringify(metrics), how)) === 1
      posted = isKept
      return isKept
    },
    async leave(metrics) {
      await redis.hset(processesKey, self, `0 ${JSON.stringify(metrics)}`)
    },
    async read() {
      const { processes, ended } = await readAll()
      const living = processes.filter(({ silentFor }) => silentFor <= lifeSeconds)
      const others = living.filter(({ name }) => name !== self)
      const dead = processes.filter(({ silentFor, name }) => silentFor > lifeSeconds && name !== self)
      return {
        names: new Set([...living.map(({ name }) => name), self]),
        living: others.map(({ metrics }) => metrics()),
        ended: [...(ended ? [JSON.parse(ended) as Metric[]] : []), ...dead.map(({ metrics }) => metrics().filter(isCounted))],
      }
    },
    async fold(add) {
      const { processes, ended } = await readAll()
      const gone = processes.filter(({ silentFor }) => silentFor > awaitedSeconds)
      if (gone.length === 0) return
      const before = ended && ended.length < mostEndedChars ? [JSON.parse(ended) as Metric[]] : []
      const all = await add([...before, ...gone.map(({ metrics }) => metrics().filter(isCounted))])
      const facts = gone.flatMap(({ name, raw }) => [name, raw])
      await redis.eval(foldScript, 2, processesKey, endedKey, ended ?? '', JSON.stringify(all), ...facts)
    },
  }
}

function stateOf(name: string, raw: string, now: number) {
  const space = raw.indexOf(' ')
  return {
    name,
    raw,
    silentFor: now - Number(raw.slice(0, space)),
    metrics: () => JSON.parse(raw.slice(space + 1)) as Metric[],
  }
}

/** What only ever grows; how something stands has ended with the process. */
const isCounted = ({ type, name }: Metric) => (type === 'counter' || type === 'histogram') && !name.startsWith('process_start')
