import type { RedisHouse } from '../../src/redis/redis.ts'

/** All keys of a Redis that one house uses, counted by kind: the third part of `bellhop:{…}:kind:…`, or what comes before the first number or name. */
export async function countKeys({ redis }: RedisHouse): Promise<Map<string, number>> {
  if (!('scanStream' in redis)) throw new Error('a place of the bench is one server')
  const kinds = new Map<string, number>()
  for await (const keys of redis.scanStream({ count: 5000 }) as AsyncIterable<string[]>)
    for (const key of keys) kinds.set(kindOf(key), (kinds.get(kindOf(key)) ?? 0) + 1)
  return kinds
}

/** `bellhop:{7}:seen:…` is `seen`, `bellhop:{7}:lease:door:…`, which a gateway holds as long as it listens, is `door`, `bellhop:{pace:telegram}:…` is `pace`, `{bellhop}:mail:…` is `mail`. */
export function kindOf(key: string): string {
  return (
    /^bellhop:\{\d+\}:(?:lease:(?=door:))?([\w-]+)/.exec(key)?.[1] ??
    /^bellhop:\{([\w-]+)/.exec(key)?.[1] ??
    /^\{bellhop\}:([\w-]+)/.exec(key)?.[1] ??
    key.split(':').slice(0, 2).join(':')
  )
}

/** Of turns under way: once all have ended there is to be none of these. */
export const ofTurns = [
  'inbox',
  'journal',
  'steps',
  'lease',
  'unfinished',
  'asks',
  'ask',
  'parked',
  'parked-steps',
  'parked-inbox',
  'file',
]

/** What is remembered on purpose of each message that was heard, so that it grows with them for two days. */
export const ofMessages = 'seen'
