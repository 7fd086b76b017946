// Goal 9: from the message that was accepted to the handler at most 1.15 × BullMQ alone, and 0.85 × its jobs a second; a job is at most 1 kB,
// and what completed leaves at most 1 MB in Redis. "Accepted" is kept in the inbox and rung for, as a platform is then told "received".
import { Queue, Worker } from 'bullmq'
import { silentLog } from '../../src/log.ts'
import type { Message } from '../../src/message.ts'
import { createInbox } from '../../src/queue/inbox.ts'
import { createJobs, type Jobs } from '../../src/queue/jobs.ts'
import type { RedisHouse } from '../../src/redis/redis.ts'
import { type Measure, median } from '../measure.ts'
import { heldBytes, withRedis } from '../place.ts'
import { column, each, interleave, type Run } from '../run.ts'
import { timed, timeEach } from '../timing.ts'

interface Line {
  /** Resolves when it is kept. */
  add(at: number): Promise<void>
  /** Without the inbox, which BullMQ alone has not. */
  ring(at: number): Promise<void>
  work(handle: () => void): { close(): Promise<void> }
}

interface Found {
  startMs: number
  perSecond: number
}

const atOnce = 32

function createOurs(house: RedisHouse, jobs: Jobs): Line {
  const inbox = createInbox(house.redis)
  let last = 0
  const ring = (at: number) => jobs.ring(`telegram:${at}`)
  return {
    ring,
    async add(at) {
      await inbox.add(messageIn(`telegram:${at}`, `${++last}`))
      await ring(at)
    },
    work: handle => jobs.work(async () => handle(), atOnce),
  }
}

function createBare(house: RedisHouse, queue: Queue): Line {
  const add = async (at: number) => void (await queue.add('turn', { chat: at, text }, { removeOnComplete: true }))
  return {
    add,
    ring: add,
    work: handle => new Worker('bare', async () => handle(), { connection: house.open(), concurrency: atOnce }),
  }
}

const text = 'What is the weather going to be like in the mountains at the end of the week, and do I need a coat?'

const messageIn = (conversation: string, id: string): Message => ({
  ...{ id: `${conversation}:${id}`, conversation, text, attachments: [], kind: 'chat', sentAt: Date.now() },
  author: { id: '1', name: 'Ada Lovelace', locale: 'en' },
})

async function measureLine(line: Line, quick: boolean): Promise<Found> {
  let heard = () => {}
  const worker = line.work(() => heard())
  const starts = await timeEach(quick ? 200 : 800, async at => {
    const { promise, resolve } = Promise.withResolvers<void>()
    heard = resolve
    await line.add(at)
    await promise
  })
  await worker.close()
  return { startMs: median(starts), perSecond: await drain(line, quick ? 2000 : 6000) }
}

/** All are there before anybody works. */
async function drain(line: Line, count: number): Promise<number> {
  for (let at = 0; at < count; at += 100) await Promise.all(Array.from({ length: 100 }, (_, n) => line.ring(1_000_000 + at + n)))
  const { promise: allHeard, resolve } = Promise.withResolvers<void>()
  let left = count
  let worker: ReturnType<Line['work']> | undefined
  const took = await timed(() => {
    worker = line.work(() => {
      if (--left === 0) resolve()
    })
    return allHeard
  })
  await worker?.close()
  return (count / took) * 1000
}

/** The hash of a job that waits, and what a thousand that were handled leave. */
async function measureSizes(house: RedisHouse, line: Line): Promise<{ jobBytes: number; leftBytes: number }> {
  await line.ring(1)
  const [, keys] = await house.redis.scan(0, 'MATCH', '{bellhop}:mail:[0-9]*', 'COUNT', 100_000)
  const jobBytes = Number(await house.redis.memory('USAGE', keys[0] ?? ''))
  const before = await heldBytes(house)
  await drain(line, 1000)
  return { jobBytes, leftBytes: Math.max(0, (await heldBytes(house)) - before) }
}

export async function measureQueue(run: Run): Promise<Measure[]> {
  return withRedis(async house => {
    const jobs = createJobs(house, silentLog)
    const queue = new Queue('bare', { connection: house.open() })
    await queue.waitUntilReady()
    const lines = { bullmq: createBare(house, queue), ours: createOurs(house, jobs) }
    const sizes = await measureSizes(house, lines.ours)
    const results = await interleave(run, {
      bullmq: () => measureLine(lines.bullmq, run.quick),
      ours: () => measureLine(lines.ours, run.quick),
    })
    await Promise.all([jobs.close(), queue.close()])
    const measure = (what: string, unit: string, of: (found: Found) => number, bound: object): Measure => ({
      ...{ goal: 9, what, unit, peers: {}, bounds: [{ of: 'bullmq', ...bound }] },
      ours: each(results.ours, of),
      floors: column(results, ['bullmq'], of),
    })
    const size = (what: string, unit: string, value: number, atMost: number): Measure => ({
      ...{ goal: 9, what, unit, ours: [value], floors: {}, peers: {}, bounds: [{ atMost }] },
    })
    return [
      measure('accepted → handler, one at a time, p50', 'ms', ({ startMs }) => startMs, { atMost: 1.15 }),
      measure('jobs per second, 32 at once', '', ({ perSecond }) => perSecond, { atLeast: 0.85 }),
      size('a job that waits', 'B', sizes.jobBytes, 1000),
      size('left of 1,000 that were handled', 'B', sizes.leftBytes, 1_000_000),
    ]
  })
}
