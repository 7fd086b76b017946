import { either } from '../either.ts'
import type { Entry, ToolCall } from '../model.ts'
import type { Notice } from './events.ts'

/** What one turn may cost. */
export interface TurnLimits {
  seconds: number
  /** In and out, as the endpoint counts them; where it counts none, none are known. */
  tokens: number
}

/** Of one turn as it runs. */
export interface Spending {
  /** Aborted when the time is over: what tools do is cut off, and the model answers with what there is. */
  readonly over: AbortSignal
  /** Aborted then, or with the turn. */
  readonly call: AbortSignal
  /** Aborted when that takes too long as well. */
  readonly end: AbortSignal
  /** Aborted then, or with the turn. */
  readonly answer: AbortSignal
  add(tokens: number): void
  /** What is used up; undefined while nothing is. */
  usedUp(): Notice | undefined
  /** Stops the clocks, which would keep what listens to them long after the turn. */
  close(): void
}

/** What a last answer may take, in milliseconds. */
const graceMs = 60_000

/** `signal` is the turn's. */
export function startSpending({ seconds, tokens }: TurnLimits, signal: AbortSignal): Spending {
  const over = startClock(seconds * 1000)
  const end = startClock(seconds * 1000 + Math.min(graceMs, seconds * 1000))
  const call = either(signal, over.signal)
  const answer = either(signal, end.signal)
  let spent = 0
  return {
    over: over.signal,
    call: call.signal,
    end: end.signal,
    answer: answer.signal,
    add(more) {
      spent += more
    },
    usedUp() {
      if (over.signal.aborted) return { kind: 'time-limit', seconds }
      return spent >= tokens ? { kind: 'token-limit', tokens } : undefined
    },
    close() {
      over.stop()
      end.stop()
      call.letGo()
      answer.letGo()
    },
  }
}

function startClock(ms: number): { signal: AbortSignal; stop(): void } {
  const ending = new AbortController()
  const timer = setTimeout(() => ending.abort(), ms).unref()
  return { signal: ending.signal, stop: () => clearTimeout(timer) }
}

/** The same call so often in one turn is a circle. */
const sameCalls = 2

/** Of these calls those that were made before in this turn with the same arguments, twice: what the model is told in place of a third time. */
export function findCircles(turn: Entry[], calls: ToolCall[]): Map<string, string> {
  const made = new Map<string, number>()
  const count = (call: ToolCall) => {
    const key = `${call.name} ${JSON.stringify(inOrder(call.input))}`
    const times = (made.get(key) ?? 0) + 1
    made.set(key, times)
    return times
  }
  for (const entry of turn) if (entry.role === 'assistant' && entry.calls !== calls) entry.calls.forEach(count)
  const again = calls.filter(call => count(call) > sameCalls)
  return new Map(
    again.map(({ id }) => [
      id,
      'this same call was made twice before, so it was not run a third time: use what it returned, or ask for something else',
    ]),
  )
}

/** Whatever the order of its keys. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, inOrder(part)]),
  )
}
