import type { Owner, ServerState, ServerStatus } from '../toolbox.ts'
import { wantsSignIn } from './faults.ts'
import { createHealth, type HealthRules, type Told } from './health.ts'

/** Told once for each change, when it happens. */
export interface StatusChange {
  server: string
  owner: Owner
  from: ServerState
  to: ServerState
  /** In one sentence, without secrets. */
  reason: string
  /** Milliseconds since 1970. */
  at: number
}

/** In which state a server is, by what its connection tells and by what its calls come to. */
export interface Standing {
  view(): StandingView
  /** The connection has told something new. */
  hear(status: ServerStatus): void
  /** As of a connection that has just been begun: nothing to tell anybody. */
  begin(status: ServerStatus): void
  /** As `Health.admit`. */
  admit(): Told
  /** A call was refused for want of a sign-in. */
  lock(why: string): void
  /** Looks whether the state is another one, and tells. Looks again by itself when time alone may change it. */
  settle(): void
  /** It is taken out. */
  end(): void
  /** Connections that were made, and that ended by themselves. */
  readonly counts: { connects: number; losses: number }
}

export interface StandingView {
  state: ServerState
  /** Empty when there is nothing to say. */
  reason: string
  nextAt?: number
}

export interface StandingDeps {
  now(): number
  health: Partial<HealthRules>
  onEdge(change: Omit<StatusChange, 'server' | 'owner'>): void
}

/** How long a refused sign-in is believed in: somebody may have renewed it. */
const lockHoldsMs = 60_000
/** A longer wait is looked at in between: clocks are set. */
const longestLookMs = 60_000

export function createStanding({ now, health: rules, onEdge }: StandingDeps): Standing {
  const health = createHealth(now, rules)
  let seen: Pick<ServerStatus, 'state' | 'error'> = { state: 'connecting' }
  let shown: ServerState = 'connecting'
  let locked: { until: number; why: string } | undefined
  let timer: NodeJS.Timeout | undefined
  let ended = false
  const counts = { connects: 0, losses: 0 }

  function view(): StandingView {
    if (ended) return { state: 'disabled', reason: 'it was taken out' }
    const { state, error = '' } = seen
    if (state === 'error') return { state: wantsSignIn(error) ? 'needs_auth' : 'error', reason: error }
    if (state !== 'active') return { state, reason: error }
    if (locked && now() < locked.until) return { state: 'needs_auth', reason: locked.why, nextAt: locked.until }
    return health.view()
  }
  function settle(): void {
    clearTimeout(timer)
    const { state, reason, nextAt } = view()
    if (nextAt !== undefined) timer = setTimeout(settle, Math.min(Math.max(nextAt - now(), 1), longestLookMs)).unref()
    if (state === shown) return
    const from = shown
    shown = state
    onEdge({ from, to: state, reason: reason || 'it answers', at: now() })
  }

  return {
    view,
    settle,
    hear(status) {
      const { state, error = '' } = status
      if (state === 'error' && status !== seen && !wantsSignIn(error)) health.connectFailed(error)
      if (state === 'active' && seen.state !== 'active') {
        counts.connects++
        locked = undefined
        health.connected()
      }
      if (state === 'connecting' && seen.state === 'active') counts.losses++
      seen = status
      settle()
    },
    begin(status) {
      seen = status
    },
    admit: () => health.admit(),
    lock(why) {
      locked = { until: now() + lockHoldsMs, why }
    },
    end() {
      ended = true
      settle()
      clearTimeout(timer)
    },
    counts,
  }
}
