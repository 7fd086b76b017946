import { ProtocolError, UnauthorizedError } from '@modelcontextprotocol/client'
import { reason } from '../log.ts'
import { TimedOut } from './deadline.ts'
import { statusOf, wantsSignIn, withoutOutput } from './faults.ts'
import { CircuitOpen } from './health.ts'

/**
 * How a call can fail. `toolError`: the tool says so itself. `timeout`: no answer in time. `transport`: the server or the way to it failed.
 * `cancelled`: nobody waited any more. `refused`: it was not run, by the server's will (arguments, sign-in, rate) or by ours (the circuit is open).
 */
export type FailureKind = 'toolError' | 'timeout' | 'transport' | 'cancelled' | 'refused'

export interface Verdict {
  kind: FailureKind
  /** What it says of the server's health: only what the server or the way to it did wrong is held against it. */
  health: 'answered' | 'failed' | 'ignored'
  needsAuth: boolean
  /** For everybody to read: not in the server's own words, which may hold anything. */
  why: string
}

/** JSON-RPC: internal error, and the range in which the two SDKs tell of lost connections and time-outs. */
const serverFaults = new Set([-32603, -32000, -32001])

/** What a call that threw came to; `aborted`: whoever waited for it, or who keeps the server, gave it up. */
export function judge(error: unknown, aborted: boolean): Verdict {
  const [kind, health, needsAuth = false] = sort(error, aborted)
  return { kind, health, needsAuth, why: whyOf(error) }
}

function sort(error: unknown, aborted: boolean): [FailureKind, Verdict['health'], needsAuth?: boolean] {
  if (aborted) return ['cancelled', 'ignored']
  if (error instanceof CircuitOpen) return ['refused', 'ignored']
  if (error instanceof TimedOut) return ['timeout', 'failed']
  if (isAuth(error)) return ['refused', 'ignored', true]
  if (isAnswer(error)) return ['refused', 'answered']
  return ['transport', 'failed']
}

function whyOf(error: unknown): string {
  if (error instanceof ProtocolError) return `it answered with error ${error.code}`
  const status = statusOf(error)
  return status === undefined ? withoutOutput(reason(error)) : `it answered HTTP ${status}`
}

function isAuth(error: unknown): boolean {
  return error instanceof UnauthorizedError || statusOf(error) === 401 || wantsSignIn(reason(error))
}

/** The server is there and says no: an unknown tool, arguments that it does not take, too many requests. */
function isAnswer(error: unknown): boolean {
  if (error instanceof ProtocolError) return !serverFaults.has(error.code)
  const status = statusOf(error)
  return status !== undefined && status < 500 && status !== 404
}
