import { Busy } from './busy.ts'

/** Something that stays open until it ends by itself or is closed; `closed` then resolves with the reason, in words. */
export interface Lasting {
  readonly closed: Promise<string>
  close(): Promise<void>
}

/** Keeps one connection open: one attempt at a time, back-off between attempts, anew after every loss. */
export interface Line<T extends Lasting> {
  current(): T | undefined
  /**
   * The open connection, or the next one; an attempt that waits for its back-off is made at once, but none is made before a busy server
   * wants to be asked again: it then rejects with Busy.
   */
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
  const quiet = createQuiet()

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
      quiet.heed()
      const fresh = await deps.connect(ending.signal)
      current = fresh
      upSince = performance.now()
      void fresh.closed.then(why => lose(fresh, why))
      deps.onUp(fresh)
      return fresh
    } catch (error) {
      if (error instanceof Busy) quiet.keepFor(error.retryAfterMs)
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
    retry = setTimeout(() => void open().catch(ignore), Math.max(backOff(failures++), quiet.leftMs()))
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

/** A time in which a busy server wants to hear nothing. */
function createQuiet() {
  let until = 0
  const leftMs = () => Math.max(0, until - performance.now())
  return {
    leftMs,
    keepFor(ms: number): void {
      until = performance.now() + ms
    },
    /** Throws Busy while it lasts. */
    heed(): void {
      if (leftMs() > 0) throw new Busy(503, leftMs())
    },
  }
}

/** Milliseconds, with some chance in it, so that servers that fell together do not rise together. */
export function backOff(failures: number): number {
  return Math.min(firstRetryMs * 2 ** failures, lastRetryMs) * (0.75 + Math.random() / 2)
}

/** `connect` has told what went wrong. */
function ignore(): void {}
