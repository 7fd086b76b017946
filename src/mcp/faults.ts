import { SdkError, SdkErrorCode, UnauthorizedError } from '@modelcontextprotocol/client'
import type { ServerConfig } from '../config/servers.ts'
import { type Busy, findBusy } from './busy.ts'
import { tidy } from './clean.ts'
import type { ProcessTransport } from './stdio.ts'

/** Why a server could not be connected, and whether another way of asking would meet the same. */
export interface Fault {
  /** One sentence without secrets. */
  sentence: string
  final: boolean
  /** It asked to be left alone for a time. */
  busy?: Busy
}

/** To be asked before the process is ended, since how it ended by itself is the best reason. */
export function processFault(error: unknown, config: ServerConfig, timedOut: boolean, process: ProcessTransport): Fault {
  const started = process.pid !== undefined
  const why = process.ended() ?? (timedOut ? `it did not answer within ${config.connectMs} ms` : messageOf(error))
  const sentence = `server "${config.name}" could not start: ${why}${lastWords(process)}`
  return { sentence: hideSecrets(sentence, config), final: !started }
}

const itSaid = '; it said: '

function lastWords(process: ProcessTransport): string {
  const said = process.stderr().trim().split('\n').slice(-5).join(' / ').slice(-500)
  return said ? `${itSaid}${said}` : ''
}

/** How a process ended that had been up, with its last words. */
export function processEnd(process: ProcessTransport, config: ServerConfig): string | undefined {
  const ended = process.ended()
  return ended && hideSecrets(`${ended}${lastWords(process)}`, config)
}

/** A sentence that strangers may read: what a server printed is for the log, since nobody knows what it prints. */
export function withoutOutput(sentence: string): string {
  return sentence.split(itSaid)[0] ?? ''
}

const signIn = 'it wants a sign-in'

/** Whether the server of which this was said could be reached if somebody signed in. */
export function wantsSignIn(sentence: string): boolean {
  return sentence.includes(signIn)
}

export function webFault(error: unknown, config: ServerConfig, timedOut: boolean): Fault {
  const status = statusOf(error)
  const busy = findBusy(error)
  const why = status === undefined && timedOut ? `it did not answer within ${config.connectMs} ms` : webReason(error)
  return {
    sentence: hideSecrets(`server "${config.name}" could not be reached: ${why}`, config),
    final: busy !== undefined || status === 401 || status === 403 || isUnauthorized(error),
    ...(busy && { busy }),
  }
}

/** A failed call as the model reads it: the reason, and neither the page that came with it nor a secret. Its HTTP status is kept. */
export function callFault(error: unknown, config: ServerConfig): Error {
  if (!(error instanceof Error)) return new Error(messageOf(error))
  const isWeb = config.transport.kind !== 'stdio'
  const sentence = isWeb ? webReason(error) : messageOf(error)
  return Object.defineProperty(error, 'message', { value: hideSecrets(sentence, config) })
}

/** The HTTP status that an error of the SDK carries, or tells. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  if (error instanceof UnauthorizedError) return 401
  if ('status' in error && typeof error.status === 'number') return error.status
  const [, told] = /^Error POSTing to endpoint \(HTTP (\d{3})\)/.exec(error.message) ?? []
  return told === undefined ? undefined : Number(told)
}

function webReason(error: unknown): string {
  const busy = findBusy(error)
  if (busy) return busy.message
  const status = statusOf(error)
  if (status === 401) return `${signIn} (HTTP 401)`
  if (isUnauthorized(error)) return signIn
  if (status !== undefined) return `it answered HTTP ${status}${redirectIn(error)}`
  return pageIn(error) ?? messageOf(error)
}

/** It was refused, and there is a way to sign in: the SDK has tried what it could without a person. */
function isUnauthorized(error: unknown): boolean {
  return error instanceof UnauthorizedError || (error instanceof Error && isUnauthorized(error.cause))
}

/** The SDK follows redirects within one origin only, since headers go along. */
function redirectIn(error: unknown): string {
  const [, to] =
    /Redirect (?:to|from https to plain http not followed; try) (\S+)/.exec(error instanceof Error ? error.message : '') ?? []
  return to === undefined ? '' : ` and sends on to ${to}; if that is meant, write it as the address of the server`
}

/** A web page in place of a message: what stands on it is no reason. */
function pageIn(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if (error instanceof SdkError && error.code === SdkErrorCode.ClientHttpUnexpectedContent)
    return `it answered with something else than a message (${tidy(error.message, 100)})`
  return pageIn(error.cause)
}

/** The SDK wraps errors several deep; the innermost says what happened. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return tidy(String(error), 500)
  if (error.cause instanceof Error) return messageOf(error.cause)
  return tidy(error.message || ('code' in error ? String(error.code) : error.name), 500)
}

/** A server that fails likes to print what it was given; short values are left, since they would blot out plain words. */
function hideSecrets(text: string, { transport }: ServerConfig): string {
  const secrets =
    transport.kind === 'stdio'
      ? [...Object.values(transport.env), ...transport.args]
      : [...Object.values(transport.headers), transport.url]
  return secrets.filter(secret => secret.length >= 6).reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text)
}
