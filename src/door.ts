import type { Adapter, FormFor, Receive, SignOfLife } from './adapter.ts'
import { type Log, reason } from './log.ts'
import type { Lease, Leases } from './queue/lease.ts'

/** One platform as this process listens to it. */
export interface Door {
  /** Resolves when the platform is listened to, or another process already does; this one then takes over when that one ends. */
  open(): Promise<void>
  close(): Promise<void>
}

export interface DoorTools {
  leases: Leases
  receive: Receive
  formFor?: FormFor
  signOfLife?: SignOfLife
  log: Log
}

/** Two who listened with one token would both answer, or be refused in turn: so a lease says who does. Throws ConfigError. */
export function createDoor(adapter: Adapter, { leases, receive, formFor, signOfLife, log }: DoorTools): Door {
  const closing = new AbortController()
  let watching = Promise.resolve()
  let held: Lease | undefined

  const start = () => adapter.start(receive, formFor, signOfLife)
  /** Who cannot listen must not keep others from it. */
  async function listen(lease: Lease): Promise<void> {
    held = lease
    try {
      await start()
    } catch (error) {
      await lease.release()
      throw error
    }
  }
  /** For as long as the house stands: waits for the lease, listens, and lets go when it was lost. */
  async function watch(): Promise<void> {
    while (!closing.signal.aborted) {
      if (held) {
        await ended(held.lost, closing.signal)
        if (closing.signal.aborted) return
        log.warn({ platform: adapter.platform }, 'another gateway listens with this token now; this one waits')
        await adapter.stop()
      }
      await listen(await leases.take(keyOf(adapter), closing.signal))
      log.info({ platform: adapter.platform }, 'this gateway listens now')
    }
  }
  return {
    async open() {
      if (adapter.oneListener === undefined) return start()
      const lease = await leases.tryTake(keyOf(adapter))
      if (lease) await listen(lease)
      else
        log.warn(
          { platform: adapter.platform },
          'another gateway listens with this token; this one waits, and takes over when that one ends',
        )
      watching = watch().catch((error: unknown) => {
        if (!closing.signal.aborted)
          log.error({ platform: adapter.platform, reason: reason(error) }, 'this door cannot be opened any more')
      })
    },
    async close() {
      closing.abort()
      await watching
      await adapter.stop()
      await held?.release()
    },
  }
}

const keyOf = ({ platform, oneListener }: Adapter) => `door:${platform}:${oneListener}`

function ended(...signals: AbortSignal[]): Promise<void> {
  const any = AbortSignal.any(signals)
  return new Promise(resolve => {
    if (any.aborted) resolve()
    else any.addEventListener('abort', () => resolve(), { once: true })
  })
}
