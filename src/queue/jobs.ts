import { type Job, Queue, Worker } from 'bullmq'
import { type Log, reason } from '../log.ts'
import type { Conversation } from '../message.ts'
import { doesInOrder } from '../redis/connect.ts'
import type { RedisHouse } from '../redis/redis.ts'
import type { Inbox } from './inbox.ts'

/**
 * The doorbell. A job says "this conversation has mail", no more: at most one per conversation is active and one waits, so a
 * conversation is answered in order and never by two workers at once, while different conversations run side by side.
 */
export interface Jobs {
  /**
   * `keeping` is the mail on its way to be kept, which is rung for as soon as it is there: in one round trip with it, where one Redis does
   * one thing after the other. It may be rung for in vain; rejects as `keeping` does.
   */
  ring(conversation: Conversation, keeping?: Promise<unknown>): Promise<void>
  /**
   * Rings for every conversation whose mail is older than this: who should have rung died, or the worker did. A ring too many is
   * harmless. Without `olderThanMs`, mail that is only just being rung for is left alone.
   */
  sweep(inbox: Inbox, olderThanMs?: number): Promise<void>
  /** `handle` is called for each ring. When it throws, the mail is still there and the sweep rings again. */
  work(handle: (conversation: Conversation) => Promise<void>, concurrency: number): Bell
  counts(): Promise<{ waiting: number; active: number }>
  /** BullMQ's own handle of what waits, for pages that show a queue; nobody else adds to it or takes from it. */
  readonly queue: Queue
  close(): Promise<void>
}

export interface Bell {
  /** Hears no more rings at once; resolves when what it rang for has ended. */
  close(): Promise<void>
}

interface Ring {
  conversation: Conversation
}

/** The braces keep all of BullMQ's keys on one node of a Redis Cluster. */
const prefix = '{bellhop}'
const queueName = 'mail'
/** A dead worker's conversation lies still for at most the sum of the two, in milliseconds. */
const lockMs = 8000
const lookForDeadMs = 5000
const unrungMs = 3000
/** No Redis that is there takes longer. */
const atOnceMs = 1000

export function createJobs(house: RedisHouse, log: Log): Jobs {
  const queue = new Queue<Ring>(queueName, { connection: house.redis, prefix })
  const workers: Worker<Ring>[] = []
  const onError = (error: Error) => log.warn({ reason: reason(error) }, 'the queue stumbled')
  queue.on('error', onError)

  const inOrder = doesInOrder(house.redis)
  async function ringNow(conversation: Conversation): Promise<void> {
    const deduplication = { id: conversation, keepLastIfActive: true }
    await queue.add('mail', { conversation }, { deduplication, removeOnComplete: true, removeOnFail: true })
  }
  async function ring(conversation: Conversation, keeping?: Promise<unknown>): Promise<void> {
    const began = performance.now()
    if (inOrder) await Promise.all([keeping, ringNow(conversation)])
    else await keeping
    // What was asked while Redis changed hands is sent again, and not always in its order.
    if (!inOrder || performance.now() - began > atOnceMs) await ringNow(conversation)
  }
  return {
    queue,
    ring,
    async sweep(inbox, olderThanMs = unrungMs) {
      for (const conversation of await inbox.unfinished(olderThanMs)) await ring(conversation)
    },
    work(handle, concurrency) {
      const options = {
        connection: house.open(),
        prefix,
        concurrency,
        lockDuration: lockMs,
        stalledInterval: lookForDeadMs,
        maxStalledCount: 1000,
      }
      const worker = new Worker<Ring>(queueName, (job: Job<Ring>) => handle(job.data.conversation), options)
      worker.on('error', onError)
      worker.on('failed', (job, error) =>
        log.warn(
          { conversation: job?.data.conversation, reason: reason(error) },
          'a turn was not finished; it is taken up again',
        ),
      )
      workers.push(worker)
      return { close: () => worker.close() }
    },
    async counts() {
      const { waiting = 0, active = 0 } = await queue.getJobCounts('waiting', 'active')
      return { waiting, active }
    },
    async close() {
      await Promise.all(workers.map(worker => worker.close()))
      await queue.close()
    },
  }
}
