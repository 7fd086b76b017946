/** Ends work that takes too long. Its clocks stand still while a person is asked. */
export interface Deadline {
  /** Aborted by the caller, by silence, or by the absolute end; its reason is an Error in words for the model. */
  readonly signal: AbortSignal
  /** Something moved: the time of silence starts anew. */
  touch(): void
  /** Stops both clocks until as many calls of `resume`. The caller can still abort. */
  pause(): void
  /** The time of silence starts anew, and what was left of the whole time goes on. */
  resume(): void
  /** Milliseconds until it ends the work if nothing moves; Infinity while it is paused. */
  leftMs(): number
  /** Settles as `work` does, or rejects at once with the reason when the signal is aborted, whether `work` minds it or not. */
  race<T>(work: Promise<T>): Promise<T>
  end(): void
}

/** A call took too long. */
export class TimedOut extends Error {}

/**
 * `idleMs` without a `touch`, or `totalMs` whatever happens. The callers' signals are listened to one by one: one made of them by
 * `AbortSignal.any` would stay with those that live long.
 */
export function startDeadline(idleMs: number, totalMs: number, ...callers: AbortSignal[]): Deadline {
  const control = new AbortController()
  const stop = (reason: string) => control.abort(new TimedOut(reason))
  const idle = createClock(idleMs, () => stop(`no sign of life for ${inWords(idleMs)}`))
  const total = createClock(totalMs, () => stop(`not finished after ${inWords(totalMs)}`))
  let pauses = 0
  let over = false
  const onCancel = () => control.abort(new Error('cancelled'))
  if (callers.some(({ aborted }) => aborted)) onCancel()
  for (const caller of callers) caller.addEventListener('abort', onCancel, { once: true })
  idle.run(idleMs)
  total.run(totalMs)
  return {
    signal: control.signal,
    touch() {
      if (pauses === 0 && !over) idle.run(idleMs)
    },
    pause() {
      if (pauses++ > 0) return
      idle.stop()
      total.stop()
    },
    resume() {
      if (pauses === 0 || --pauses > 0 || over) return
      idle.run(idleMs)
      total.run(total.leftMs())
    },
    leftMs: () => (pauses > 0 ? Infinity : Math.min(idle.leftMs(), total.leftMs())),
    race: work => raceAbort(work, control.signal),
    end() {
      over = true
      idle.stop()
      total.stop()
      for (const caller of callers) caller.removeEventListener('abort', onCancel)
    },
  }
}

/** A timer that can be stopped and knows what it had left. */
function createClock(ms: number, onEnd: () => void) {
  let timer: NodeJS.Timeout | undefined
  let left = ms
  let since = 0
  const leftMs = () => Math.max(0, timer ? left - (performance.now() - since) : left)
  return {
    leftMs,
    run(ms: number): void {
      clearTimeout(timer)
      left = ms
      since = performance.now()
      timer = setTimeout(onEnd, ms)
    },
    stop(): void {
      left = leftMs()
      clearTimeout(timer)
      timer = undefined
    },
  }
}

/** Rejects with the signal's reason as soon as it is aborted. */
export function raceAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function inWords(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`
}
