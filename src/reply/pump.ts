import { setTimeout as sleep } from 'node:timers/promises'
import type { Outgoing } from '../adapter.ts'
import { Gone, RateLimited } from '../errors.ts'
import { type Log, reason } from '../log.ts'
import type { Lane, Urgency } from './pacer.ts'
import type { Sheet } from './sheet.ts'

/** Keeps the reply on the platform as fresh as the platform allows: at most one call is under way, and the newest state wins. */
export interface Pump {
  /** There is something new to be shown. */
  wake(urgency: Urgency): void
  /** Resolves when the last call has ended; there is none after it. True when the lane has allowed one more that was not made. */
  stop(): Promise<boolean>
}

export interface PumpOptions {
  /** The reply as it should look now. */
  render(): Outgoing[]
  sheet: Sheet
  lane: Lane
  closing: AbortSignal
  log: Log
}

const afterErrorMs = 1000

export function createPump({ render, sheet, lane, closing, log }: PumpOptions): Pump {
  const ending = new AbortController()
  const waking = AbortSignal.any([ending.signal, closing])
  let running: Promise<void> | undefined
  /** Of the most pressing thing that is not shown yet. */
  let urgency: Urgency = 'growth'
  let hurry = new AbortController()
  let unused = false
  const newest = createNewest(render)

  async function keepFresh(): Promise<void> {
    while (!waking.aborted && sheet.isStale(newest.take())) {
      hurry = new AbortController()
      const waitMs = await lane.ask(urgency)
      if (waitMs > 0) await rest(waitMs, AbortSignal.any([waking, hurry.signal]))
      else if (waking.aborted) unused = true
      else {
        const now = newest.take()
        urgency = 'growth'
        await sheet.bring(now)
        // A text that moves into the next message is seen in none until all calls of the move are made; else a placeholder was posted.
        if (sheet.isStale(now)) urgency = now.length > 1 ? 'post' : 'step'
      }
    }
  }
  async function missOne(error: unknown): Promise<void> {
    log.debug({ reason: reason(error) }, 'an intermediate edit was not taken')
    if (error instanceof Gone) return ending.abort() // the last words will be posted anew, if they can be
    if (error instanceof RateLimited) await lane.hush(error.retryAfterMs, error.foretold)
    else await rest(afterErrorMs, waking)
    newest.change()
  }
  function run(): void {
    if (waking.aborted || running) return
    running = keepFresh()
      .catch(missOne)
      .finally(() => {
        running = undefined
        if (newest.hasChanged()) run()
      })
  }
  return {
    wake(how) {
      newest.change()
      if (how !== 'growth' && urgency === 'growth') {
        urgency = how
        hurry.abort()
      }
      run()
    },
    async stop() {
      ending.abort()
      await running
      const left = unused
      unused = false
      return left
    },
  }
}

/** Rendered only when something has changed, for that is the dear part of an edit. */
function createNewest(render: () => Outgoing[]) {
  let changed = false
  let wanted: Outgoing[] = []
  return {
    change(): void {
      changed = true
    },
    hasChanged: () => changed,
    take(): Outgoing[] {
      if (changed) wanted = render()
      changed = false
      return wanted
    },
  }
}

function rest(ms: number, waking: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal: waking }).catch(() => {}) // woken early
}
