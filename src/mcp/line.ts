/** Something that stays open until it ends by itself or is closed; `closed` then resolves with the reason, in words. */
export interface Lasting {
  readonly closed: Promise<string>
  close(): Promise<void>
}

/** Keeps one connection open: one attempt at a time, back-off between attempts, anew after every loss. */
export interface Line<T extends Lasting> {
  current(): T | undefined
  /** The open connection, or the next one; an attempt that waits for its back-off is made at once. */
  open(): Promise<T>
  /** Lets go of a connection that turned out to be dead. */
  lose(lost: T, why: string): void
  close(): Promise<void>
}

export interface LineDeps<T> {
  connect(signal: AbortSignal): Promise<T>
  onUp(connection: T): void
  /** `connecting`: it was up and is expected back. `error`: an attempt failed. */
  onDown(state: 'connecting' | 'error', why: string): void
}

const firstRetryMs = 250
const lastRetryMs = 60_000
/** A connection that lived this long was a good one: the back-off begins anew. */
const goodLifeMs = 10_000

export function createLine<T extends Lasting>(deps: LineDeps<T>): Line<T> {
  const ending = new AbortController()
  let current: T | undefined
  let opening: Promise<T> | undefined
  let retry: NodeJS.Timeout | undefined
  let failures = 0
  let upSince = 0

  function open(): Promise<T> {
    clearTimeout(retry)
    if (current) return Promise.resolve(current)
    opening ??= connect().finally(() => {
      opening = undefined
    })
    return opening
  }

  async function connect(): Promise<T> {
    try {
      ending.signal.throwIfAborted()
      const fresh = await deps.connect(ending.signal)
      current = fresh
      upSince = performance.now()
      void fresh.closed.then(why => lose(fresh, why))
      deps.onUp(fresh)
      return fresh
    } catch (error) {
      if (!ending.signal.aborted) openLater('error', error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  function lose(lost: T, why: string): void {
    if (lost !== current || ending.signal.aborted) return
    current = undefined
    if (performance.now() - upSince > goodLifeMs) failures = 0
    openLater('connecting', why)
  }

  function openLater(state: 'connecting' | 'error', why: string): void {
    clearTimeout(retry)
    retry = setTimeout(() => void open().catch(ignore), backOff(failures++))
    deps.onDown(state, why)
  }

  return {
    current: () => current,
    open,
    lose,
    async close() {
      ending.abort(new Error('closed'))
      clearTimeout(retry)
      await opening?.catch(ignore)
      await current?.close()
    },
  }
}

/** With some chance in it, so that servers that fell together do not rise together. */
function backOff(failures: number): number {
  return Math.min(firstRetryMs * 2 ** failures, lastRetryMs) * (0.75 + Math.random() / 2)
}

/** `connect` has told what went wrong. */
function ignore(): void {}
