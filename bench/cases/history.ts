// Goal 12: what was said is read in one round trip, and a conversation of 10,000 messages costs at most 1.1 × one of 50; here: of as many as
// are read at once, so that both read the same.
import { createHistory } from '../../src/history.ts'
import type { Entry } from '../../src/model.ts'
import { keysOf } from '../../src/redis/keys.ts'
import type { RedisHouse } from '../../src/redis/redis.ts'
import { type Measure, median } from '../measure.ts'
import { withRedis } from '../place.ts'
import { column, each, interleave, type Run } from '../run.ts'
import { timeEach } from '../timing.ts'

/** The house reads 60 at most. */
const lengths = { short: 60, long: 10_000 }
const textChars = 440

/** Beyond what the inbox keeps, so that it is the reading that has to be flat. */
async function fill({ redis }: RedisHouse, conversation: string, count: number): Promise<void> {
  const text = 'x'.repeat(textChars)
  for (let at = 0; at < count; at += 50) {
    const entries = Array.from(
      { length: 50 },
      (_, n): Entry => (n % 2 ? { role: 'assistant', text, calls: [] } : { role: 'user', text }),
    )
    await redis.rpush(keysOf(conversation).history, ...entries.map(entry => JSON.stringify(entry)))
  }
}

export async function measureHistory(run: Run): Promise<Measure[]> {
  return withRedis(async house => {
    const history = createHistory(house.redis)
    for (const [name, count] of Object.entries(lengths)) await fill(house, `telegram:${name}`, count)
    const times = run.quick ? 300 : 2000
    const read = async (name: string) => median(await timeEach(times, () => history.load(`telegram:${name}`)))
    const bare = async (name: string) =>
      median(
        await timeEach(times, async () =>
          (await house.redis.lrange(keysOf(`telegram:${name}`).history, -50, -1)).map(line => JSON.parse(line)),
        ),
      )
    const results = await interleave(run, {
      lrange: () => bare('short'),
      'of 60': () => read('short'),
      ours: () => read('long'),
    })
    return [
      {
        ...{
          goal: 12,
          what: 'history of 10,000 messages, read, p50',
          unit: 'ms',
          peers: {},
          bounds: [{ of: 'of 60', atMost: 1.1 }],
        },
        ours: each(results.ours, ms => ms),
        floors: column(results, ['of 60', 'lrange'], ms => ms),
      },
    ]
  })
}
