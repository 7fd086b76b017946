/** How well one server does, by what its last calls and connections came to. */
export interface Health {
  /** `degraded` while some calls fail, or while the next one shall show whether the worst is over. */
  view(): HealthView
  /**
   * Leave to make one call, and whom to tell what came of it. Throws CircuitOpen while none may be made; after a break one call is let
   * through to find out whether it works again, and no other meanwhile.
   */
  admit(): Told
  connected(): void
  connectFailed(why: string): void
}

/** `answered`: by the server, with whatever. `ignored`: nothing is learned of it. */
export type Told = (outcome: 'answered' | 'failed' | 'ignored', why?: string) => void

export interface HealthView {
  state: 'active' | 'degraded' | 'error'
  /** In words; empty when there is nothing to say. */
  reason: string
  /** When time alone will make it another one, by the clock of `now`. */
  nextAt?: number
}

/** The call was not made, to spare a server that fails and the one who waits for it. The message says when it is tried again. */
export class CircuitOpen extends Error {}

export interface HealthRules {
  /** Older outcomes are forgotten. */
  windowMs: number
  /** At most so many outcomes are remembered. */
  most: number
  /** Fewer outcomes say nothing. */
  least: number
  /** From this share of failures on it is degraded; above the other it is an error. */
  degradedFrom: number
  errorAbove: number
  /** So many failed connections in a row are an error. */
  failedConnects: number
  /** How long it is left alone: at first, and at most. Twice as long each time that it fails again. */
  coolMs: number
  mostCoolMs: number
}

const rules: HealthRules = {
  windowMs: 300_000,
  most: 50,
  least: 5,
  degradedFrom: 0.1,
  errorAbove: 0.5,
  failedConnects: 3,
  coolMs: 15_000,
  mostCoolMs: 300_000,
}

type Break = { until: number; reason: string; of: 'calls' | 'connects'; probing: boolean }

/** `now` in milliseconds. */
export function createHealth(now: () => number, own: Partial<HealthRules> = {}): Health {
  const all = { ...rules, ...own }
  const { failedConnects, coolMs, mostCoolMs } = all
  const recent = createWindow(now, all)
  let lostConnects = 0
  let breaks = 0
  let broken: Break | undefined

  function breakOff(of: Break['of'], reason: string): void {
    broken = { until: now() + Math.min(coolMs * 2 ** breaks++, mostCoolMs), reason, of, probing: false }
  }
  function heal(): void {
    broken = undefined
    breaks = 0
    recent.clear()
  }
  const told =
    (probe?: Break): Told =>
    (outcome, why = '') => {
      if (probe) probe.probing = false
      if (outcome === 'ignored') return
      if (probe && probe === broken && outcome === 'answered') return heal()
      recent.add(outcome === 'failed', why)
      if (probe && probe === broken) breakOff(probe.of, `it failed again${why ? `: ${why}` : ''}`)
      else if (!broken && outcome === 'failed' && recent.look() === 'error') breakOff('calls', recent.inWords())
    }

  return {
    view() {
      if (broken && now() < broken.until) return { state: 'error', reason: broken.reason, nextAt: broken.until }
      if (broken) return { state: 'degraded', reason: `${broken.reason}; the next call shows whether it works again` }
      if (recent.look() === 'active') return { state: 'active', reason: '' }
      return { state: 'degraded', reason: recent.inWords(), nextAt: recent.changesAt() }
    },
    admit() {
      if (!broken) return told()
      const left = Math.ceil((broken.until - now()) / 1000)
      if (left > 0) throw new CircuitOpen(`${broken.reason}; it is tried again in ${left} s`)
      if (broken.probing) throw new CircuitOpen(`${broken.reason}; one call is finding out whether it works again`)
      broken.probing = true
      return told(broken)
    },
    connected() {
      lostConnects = 0
      if (broken?.of === 'connects') heal()
      else if (broken) broken.until = now() // one that has just been started deserves to be asked
    },
    connectFailed(why) {
      if (++lostConnects >= failedConnects && !(broken && now() < broken.until)) breakOff('connects', why)
    },
  }
}

/** What the last calls came to. */
function createWindow(now: () => number, { windowMs, most, least, degradedFrom, errorAbove }: HealthRules) {
  let outcomes: { at: number; failed: boolean }[] = []
  let lastFailure = ''
  const failures = () => outcomes.filter(({ failed }) => failed).length
  return {
    add(failed: boolean, why: string): void {
      if (failed) lastFailure = why
      outcomes.push({ at: now(), failed })
      if (outcomes.length > most) outcomes.shift()
    },
    look(): HealthView['state'] {
      if (!outcomes.some(({ failed }) => failed)) return 'active'
      outcomes = outcomes.filter(({ at }) => at > now() - windowMs)
      if (outcomes.length < least || failures() < degradedFrom * outcomes.length) return 'active'
      return failures() > errorAbove * outcomes.length ? 'error' : 'degraded'
    },
    /** When the oldest is forgotten. */
    changesAt: () => (outcomes[0]?.at ?? now()) + windowMs,
    inWords: () => `${failures()} of its last ${outcomes.length} calls failed${lastFailure ? ` (${lastFailure})` : ''}`,
    clear(): void {
      outcomes = []
    },
  }
}
