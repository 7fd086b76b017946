import type { Owner } from '../toolbox.ts'
import type { FailureKind } from './outcome.ts'

/** What the calls of one tool came to since the process began. What the cache answered is no call. */
export interface ToolMetrics {
  owner: Owner
  server: string
  /** As its server calls it. */
  tool: string
  calls: number
  ok: number
  failed: number
  failures: Record<FailureKind, number>
  /** Of `calls`, from 0 to 1. */
  successRate: number
  /** Of those that were run to an end; 0 before the first. */
  meanMs: number
  /** Of the last 200 of those. */
  p95Ms: number
  /** Milliseconds since 1970. */
  lastCallAt: number
}

export interface Metrics {
  /** `ms` is how long it took. */
  record(of: { owner: Owner; server: string; tool: string }, outcome: 'ok' | FailureKind, ms: number): void
  /** The tools of a server that is no longer there. */
  forget(owner: Owner, server: string): void
  all(): ToolMetrics[]
}

interface Counter {
  owner: Owner
  server: string
  tool: string
  ok: number
  failures: Record<FailureKind, number>
  timed: number
  totalMs: number
  recentMs: number[]
  lastCallAt: number
}

const recentCalls = 200
/** They end when somebody else wishes, or at once. */
const untimed = new Set<string>(['cancelled', 'refused'])

export function createMetrics(now: () => number): Metrics {
  const counters = new Map<string, Counter>()
  return {
    record({ owner, server, tool }, outcome, ms) {
      const key = JSON.stringify([owner, server, tool])
      const counter = counters.get(key) ?? {
        owner,
        server,
        tool,
        ...nothing(),
        timed: 0,
        totalMs: 0,
        recentMs: [],
        lastCallAt: 0,
      }
      counters.set(key, counter)
      counter.lastCallAt = now()
      if (outcome === 'ok') counter.ok++
      else counter.failures[outcome]++
      if (untimed.has(outcome)) return
      counter.totalMs += ms
      counter.recentMs[counter.timed++ % recentCalls] = ms
    },
    forget(owner, server) {
      for (const [key, counter] of counters) if (counter.owner === owner && counter.server === server) counters.delete(key)
    },
    all: () => [...counters.values()].map(show),
  }
}

const nothing = () => ({ ok: 0, failures: { toolError: 0, timeout: 0, transport: 0, cancelled: 0, refused: 0 } })

function show({ owner, server, tool, ok, failures, timed, totalMs, recentMs, lastCallAt }: Counter): ToolMetrics {
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0)
  const sorted = recentMs.toSorted((a, b) => a - b)
  return {
    owner,
    server,
    tool,
    calls: ok + failed,
    ok,
    failed,
    failures: { ...failures },
    successRate: ok / (ok + failed),
    meanMs: timed === 0 ? 0 : Math.round(totalMs / timed),
    p95Ms: Math.round(sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0),
    lastCallAt,
  }
}
