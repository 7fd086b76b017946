import type { HouseStatus } from './status.ts'

/** As often as workers tell of themselves. */
const lookEveryMs = 3000

export interface ToolWatch {
  /** Nobody looks while nobody would be told. */
  isHeard(): boolean
  tell(): void
  /** Ends it. */
  signal: AbortSignal
  everyMs?: number | undefined
}

/** Tells when the tools of the house have become others. */
export function watchTools(
  status: () => Promise<HouseStatus>,
  { isHeard, tell, signal, everyMs = lookEveryMs }: ToolWatch,
): void {
  let known: string | undefined
  async function look(): Promise<void> {
    if (!isHeard()) {
      known = undefined
      return
    }
    const now = JSON.stringify((await status()).tools ?? [])
    if (known !== undefined && now !== known) tell()
    known = now
  }
  const timer = setInterval(() => void look().catch(() => {}), everyMs) // Redis is away: the tools are as they were
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}
