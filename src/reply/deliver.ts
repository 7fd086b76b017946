import { setTimeout as sleep } from 'node:timers/promises'
import { Gone, RateLimited, Refused } from '../errors.ts'
import { type Log, reason } from '../log.ts'
import type { Lane } from './pacer.ts'

export interface Delivery {
  /** The message to be edited is gone: the next attempt posts a new one. */
  forget(): void
  /** The platform wants silence in this chat for so long. */
  hush(ms: number, foretold?: boolean): Promise<void>
  signal: AbortSignal
  log: Log
}

const attempts = 10
const firstPauseMs = 500
const longestPauseMs = 30_000

/**
 * Calls `bring` until it says that nothing is left, with the patience that the platform asks for; `bring` waits until its call may be made.
 * A chat that is gone ends it quietly. Throws Refused at once, the last error when the platform fails for about three minutes, and AbortError.
 */
export async function deliver(bring: () => Promise<boolean>, { forget, hush, signal, log }: Delivery): Promise<void> {
  let failures = 0
  let gone = false
  while (true) {
    try {
      if (!(await bring())) return
      failures = 0
      gone = false
    } catch (error) {
      if (error instanceof Gone) {
        if (gone) return log.info({ reason: reason(error) }, 'the chat is gone, and with it the one who asked')
        gone = true
        forget()
        continue
      }
      if (error instanceof Refused) throw error
      if (error instanceof RateLimited) {
        await hush(error.retryAfterMs, error.foretold)
        continue
      }
      if (++failures === attempts) throw error
      log.warn({ reason: reason(error), attempt: failures }, 'the platform did not take a message; it is tried again')
      await sleep(Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs), undefined, { signal })
    }
  }
}

/** Waits until a call of the last words may be made; true then. Throws AbortError. */
export async function mayCall(lane: Lane, signal: AbortSignal): Promise<true> {
  for (let waitMs = await lane.ask('final'); waitMs > 0; waitMs = await lane.ask('final')) {
    await sleep(waitMs, undefined, { signal })
  }
  return true
}
