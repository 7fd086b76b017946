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
  /** Resolves when the last call has ended; there is none after it. */
  stop(): Promise<void>
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
  let changed = false
  let wanted: Outgoing[] = []

  /** Rendered only when something has changed, for that is the dear part of an edit. */
  function newest(): Outgoing[] {
    if (changed) wanted = render()
    changed = false
    return wanted
  }
  async function keepFresh(): Promise<void> {
    while (!waking.aborted && sheet.isStale(newest())) {
      hurry = new AbortController()
      const waitMs = await lane.ask(urgency)
      if (waitMs > 0) await rest(waitMs, AbortSignal.any([waking, hurry.signal]))
      else if (!waking.aborted) {
        urgency = 'growth'
        await sheet.bring(newest())
      }
    }
  }
  async function missOne(error: unknown): Promise<void> {
    log.debug({ reason: reason(error) }, 'an intermediate edit was not taken')
    if (error instanceof Gone) return ending.abort() // the last words will be posted anew, if they can be
    if (error instanceof RateLimited) await lane.hush(error.retryAfterMs)
    else await rest(afterErrorMs, waking)
    changed = true
  }
  function run(): void {
    if (waking.aborted || running) return
    running = keepFresh()
      .catch(missOne)
      .finally(() => {
        running = undefined
        if (changed) run()
      })
  }
  return {
    wake(how) {
      changed = true
      if (how !== 'growth' && urgency === 'growth') {
        urgency = how
        hurry.abort()
      }
      run()
    },
    async stop() {
      ending.abort()
      await running
    },
  }
}

function rest(ms: number, waking: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal: waking }).catch(() => {}) // woken early
}
