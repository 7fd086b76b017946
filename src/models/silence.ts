import { either } from '../either.ts'

/** Measures how long a peer has been silent while somebody listens. */
export interface SilenceClock {
  /** Aborts when the caller's signal does, or when the silence lasted too long. */
  signal: AbortSignal
  listen(): void
  /** Something was heard, or nobody waits any more: the time until the next `listen` does not count. */
  rest(): void
  /** True if it was the silence that ended it. */
  tooLong(): boolean
  /** Nobody listens any more, nor will. */
  end(): void
}

export function createSilenceClock(caller: AbortSignal, silenceMs: number): SilenceClock {
  const silence = new AbortController()
  const ending = either(caller, silence.signal)
  let timer: NodeJS.Timeout | undefined
  return {
    signal: ending.signal,
    listen() {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), silenceMs)
    },
    rest: () => clearTimeout(timer),
    tooLong: () => silence.signal.aborted,
    end() {
      clearTimeout(timer)
      ending.letGo()
    },
  }
}
