import type { Entry } from './entry.ts'
import type { Notes } from './notes.ts'

export interface Timeouts {
  connectMs: number
  callMs: number
  maxCallMs: number
  idleMs?: number
}

export const defaultTimeouts = { connectMs: 15_000, callMs: 60_000, maxCallMs: 600_000 }

/** Below it a `timeout` is one of seconds. */
const secondsBelow = 1000
/** The longest that Cline lets its users choose, in its seconds; what is longer is one of milliseconds in every client. */
const longestSeconds = 3600

/** What names its unit wins over `timeout`, which clients count in seconds or in milliseconds. */
export function readTimeouts(raw: Entry, notes: Notes): Timeouts {
  const { timeout } = raw
  const parts = typeof timeout === 'object' ? timeout : {}
  const connectMs = raw.connectMs ?? raw.startup_timeout_ms ?? inMs(raw.startup_timeout_sec) ?? parts.startup
  const named = raw.callMs ?? inMs(raw.tool_timeout_sec ?? raw.tool_timeout ?? raw.toolTimeout) ?? parts.request
  const callMs = named ?? (typeof timeout === 'number' ? guessUnit(timeout, notes) : defaultTimeouts.callMs)
  return {
    connectMs: connectMs ?? defaultTimeouts.connectMs,
    callMs,
    maxCallMs: Math.max(callMs, raw.maxCallMs ?? defaultTimeouts.maxCallMs),
    ...(raw.idleMs !== undefined && { idleMs: raw.idleMs }),
  }
}

function guessUnit(timeout: number, { at, warnings }: Notes): number {
  const ms = timeout < secondsBelow ? inMs(timeout) : Math.round(timeout)
  if (timeout <= longestSeconds)
    warnings.push(
      `${at}.timeout is ${timeout}, taken as ${timeout < secondsBelow ? 'seconds' : 'milliseconds'}: write "callMs": ${ms} if that is meant`,
    )
  return ms
}

function inMs(seconds: number): number
function inMs(seconds: number | undefined): number | undefined
function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.max(100, Math.round(seconds * 1000))
}
