import type { Outgoing } from '../adapter.ts'
import { either } from '../either.ts'
import { Gone, RateLimited } from '../errors.ts'
import { type Log, reason } from '../log.ts'
import { type Lane, moreUrgent, type Urgency } from './pacer.ts'
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
  const { signal: waking, letGo } = either(ending.signal, closing)
  let running: Promise<void> | undefined
  let unused = false
  const [pressure, newest] = [createPressure(), createNewest(render)]

  async function keepFresh(): Promise<void> {
    while (!waking.aborted && sheet.isStale(newest.take())) {
      const hurry = pressure.watch()
      const waitMs = await lane.ask(pressure.urgency())
      if (waitMs > 0) await rest(waitMs, waking, hurry)
      else if (waking.aborted) unused = true
      else await bringOne(newest.take())
    }
    pressure.release()
  }
  async function bringOne(now: Outgoing[]): Promise<void> {
    const urgency = pressure.release()
    try {
      await sheet.bring(now)
    } catch (error) {
      pressure.raise(moreUrgent(urgency, 'growth') ? 'growth' : urgency)
      throw error
    }
    // A text that moves into the next message is seen in none until all calls of the move are made; else a placeholder was posted.
    if (sheet.isStale(now)) pressure.raise(now.length > 1 ? 'post' : 'step')
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
      pressure.raise(how)
      run()
    },
    async stop() {
      ending.abort('stopped') // an error as its reason would be made for nothing
      await running
      letGo()
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

/** How pressing what is not shown yet is. */
function createPressure() {
  let urgency: Urgency = 'idle'
  let hurry: Hurry = { isOver: false }
  return {
    urgency: () => urgency,
    raise(how: Urgency): void {
      if (!moreUrgent(how, urgency)) return
      urgency = how
      hurry.isOver = true
      hurry.wake?.()
    },
    /** Nothing presses any more; returns what did. */
    release(): Urgency {
      const was = urgency
      urgency = 'idle'
      return was
    },
    /** Over when it becomes more pressing than it is now. */
    watch(): Hurry {
      hurry = { isOver: false }
      return hurry
    },
  }
}

/** The same as a signal at a tenth of its price: one is made for every call of a reply. */
interface Hurry {
  isOver: boolean
  wake?(): void
}

/** Ends early when it is woken. */
function rest(ms: number, waking: AbortSignal, hurry: Hurry = { isOver: false }): Promise<void> {
  return new Promise(resolve => {
    if (waking.aborted || hurry.isOver) return resolve()
    const end = () => {
      clearTimeout(timer)
      waking.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    waking.addEventListener('abort', end)
    hurry.wake = end
  })
}
