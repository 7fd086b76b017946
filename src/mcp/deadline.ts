/** Why a deadline ended the work, in words for the model. */
export interface Deadline {
  /** Aborted by the caller, by silence, or by the absolute end. */
  readonly signal: AbortSignal
  /** Something moved: the time of silence starts anew. */
  touch(): void
  /** Settles as `work` does, or rejects at once with the reason when the signal is aborted, whether `work` minds it or not. */
  race<T>(work: Promise<T>): Promise<T>
  end(): void
}

/** A call took too long. */
export class TimedOut extends Error {}

/** `idleMs` without a `touch`, or `totalMs` whatever happens. */
export function startDeadline(idleMs: number, totalMs: number, caller: AbortSignal): Deadline {
  const control = new AbortController()
  const stop = (reason: string) => control.abort(new TimedOut(reason))
  const idle = setTimeout(() => stop(`no sign of life for ${inWords(idleMs)}`), idleMs)
  const total = setTimeout(() => stop(`not finished after ${inWords(totalMs)}`), totalMs)
  const onCancel = () => control.abort(new Error('cancelled'))
  if (caller.aborted) onCancel()
  else caller.addEventListener('abort', onCancel, { once: true })
  return {
    signal: control.signal,
    touch: () => void idle.refresh(),
    race: work => raceAbort(work, control.signal),
    end() {
      clearTimeout(idle)
      clearTimeout(total)
      caller.removeEventListener('abort', onCancel)
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
