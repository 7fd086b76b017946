import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, ProtocolError, SdkError, SdkErrorCode } from '@modelcontextprotocol/client'
import { reason } from '../log.ts'
import { findBusy } from './busy.ts'
import type { Connection } from './connection.ts'
import type { Deadline } from './deadline.ts'
import { statusOf, withoutOutput } from './faults.ts'
import type { Line } from './line.ts'
import { lostAnswer } from './mend.ts'
import { unsent } from './stdio.ts'

/** `repeatable`: what is asked may be done twice without harm. */
export interface AttemptOptions {
  deadline: Deadline
  repeatable: boolean
}

/** How often a server may put one request off before we give it up. */
const maxPutOffs = 10

/**
 * Makes a request over whatever connection is open. One that surely had no effect is made once more over a new connection, and so is
 * one whose answer was lost, if it is repeatable; the SDK gives every request an id of its own. A busy server is asked again when it
 * says, unless that is too late.
 */
export async function attempt<T>(
  line: Line<Connection>,
  use: (client: Client) => Promise<T>,
  options: AttemptOptions,
): Promise<T> {
  const { deadline, repeatable } = options
  let putOffs = 0
  for (let again = true; ; ) {
    const at = await orBusy(line.open())
    const outcome = 'busy' in at ? at : await useOnce(at, use)
    if ('result' in outcome) return outcome.result
    const { error } = outcome
    if (deadline.signal.aborted) throw error
    const wait = findBusy(error)?.retryAfterMs
    if (wait !== undefined && wait < deadline.leftMs() && putOffs++ < maxPutOffs) {
      await sleep(wait, undefined, { signal: deadline.signal })
      deadline.touch()
    } else {
      const heard = !isUnsent(error)
      if (!again || (heard && !(repeatable && isLost(error)))) throw error
      again = false
      if (!heard && !('busy' in at)) letGo(line, at, error)
    }
  }
}

async function orBusy<T extends object>(opening: Promise<T>): Promise<T | { busy: true; error: unknown }> {
  try {
    return await opening
  } catch (error) {
    if (findBusy(error)) return { busy: true, error }
    throw error
  }
}

async function useOnce<T>(at: Connection, use: (client: Client) => Promise<T>): Promise<{ result: T } | { error: unknown }> {
  const leave = at.enter()
  try {
    return { result: await use(at.client) }
  } catch (error) {
    return { error: isClosed(error) ? await closedFault(at, error) : error }
  } finally {
    leave()
  }
}

/** Others may still wait for an answer on it. */
function letGo(line: Line<Connection>, at: Connection, error: unknown): void {
  line.lose(at, reason(error))
  at.retire()
}

async function closedFault(at: Connection, cause: SdkError): Promise<Error> {
  const why = withoutOutput(await at.closed)
  const sentence = `the server stopped before it answered (${why}); whether the call had an effect is not known`
  return Object.assign(cause, { message: sentence })
}

function isClosed(error: unknown): error is SdkError {
  return error instanceof SdkError && error.code === SdkErrorCode.ConnectionClosed
}

/** The connection has closed, so that its `closed` tells why. */
export function isOver(error: unknown): boolean {
  return isClosed(error) || (error instanceof SdkError && error.code === SdkErrorCode.NotConnected)
}

/** The server does not know the session, the line was closed before, or nobody listens there. */
function isUnsent(error: unknown): boolean {
  if (isSessionGone(error)) return true
  if (error instanceof SdkError) return error.code === SdkErrorCode.NotConnected
  if (!(error instanceof Error)) return false
  return error.message === 'Not connected' || error.message === unsent || unreachable.has(codeOf(error) ?? '')
}

/** 404 by the specification; many servers that grew out of an early example of the v1 SDK answer 400 and speak of the session. */
export function isSessionGone(error: unknown): boolean {
  const status = statusOf(error)
  return status === 404 || (status === 400 && error instanceof Error && /session/i.test(error.message))
}

/** Nothing was sent where no connection was made. */
const unreachable = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Cut off while the server worked on it, or on the way there or back. */
function isLost(error: unknown): boolean {
  if (isClosed(error)) return true
  if (error instanceof ProtocolError) return error.message === lostAnswer
  const status = statusOf(error)
  return status === 502 || status === 504 || cut.has(codeOf(error) ?? '')
}

const cut = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'])

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string' && !(error instanceof SdkError)) return error.code
  return codeOf(error.cause)
}
