/** So many things at once, and no more. */
export interface Slots {
  /** Runs `work` when there is room, in the order of asking. Rejects with the reason of the signal that is aborted before that. */
  run<T>(work: () => Promise<T>, ...signals: AbortSignal[]): Promise<T>
  /** Under way now. */
  readonly busy: number
}

export function createSlots(most: number): Slots {
  const waiting = new Set<() => void>()
  let busy = 0

  function leave(): void {
    const [next] = waiting
    if (next) next()
    else busy--
  }
  function enter(signals: AbortSignal[]): Promise<void> {
    for (const signal of signals) signal.throwIfAborted()
    if (busy < most) {
      busy++
      return Promise.resolve()
    }
    const signal = AbortSignal.any(signals) // dear; most need not wait
    return new Promise((resolve, reject) => {
      const go = () => {
        giveUp()
        resolve()
      }
      const onAbort = () => {
        giveUp()
        reject(signal.reason)
      }
      const giveUp = () => {
        waiting.delete(go)
        signal.removeEventListener('abort', onAbort)
      }
      waiting.add(go)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }
  return {
    async run(work, ...signals) {
      await enter(signals)
      try {
        return await work()
      } finally {
        leave()
      }
    },
    get busy() {
      return busy
    },
  }
}
