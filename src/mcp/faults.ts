import type { ServerConfig } from '../config/servers.ts'
import type { ProcessTransport } from './stdio.ts'

/** Why a server could not be connected, and whether another way of asking would meet the same. */
export interface Fault {
  /** One sentence without secrets. */
  sentence: string
  final: boolean
}

/** To be asked before the process is ended, since how it ended by itself is the best reason. */
export function processFault(error: unknown, config: ServerConfig, timedOut: boolean, process: ProcessTransport): Fault {
  const started = process.pid !== undefined
  const said = process.stderr().trim().split('\n').slice(-5).join(' / ').slice(-500)
  const ended = process.ended()
  const why = ended ? `it ended with ${ended}` : timedOut ? `it did not answer within ${config.connectMs} ms` : messageOf(error)
  const sentence = `server "${config.name}" could not start: ${why}${said ? `${itSaid}${said}` : ''}`
  return { sentence: hideSecrets(sentence, config), final: !started }
}

const itSaid = '; it said: '

/** A sentence that strangers may read: what a server printed is for the log, since nobody knows what it prints. */
export function withoutOutput(sentence: string): string {
  return sentence.split(itSaid)[0] ?? ''
}

const signIn = 'it wants a sign-in (HTTP 401)'

/** Whether the server of which this was said could be reached if somebody signed in. */
export function wantsSignIn(sentence: string): boolean {
  return sentence.includes(signIn)
}

export function webFault(error: unknown, config: ServerConfig, timedOut: boolean): Fault {
  const status = statusOf(error)
  const sentence = `server "${config.name}" could not be reached: ${webReason(error, config, timedOut)}`
  return { sentence: hideSecrets(sentence, config), final: status === 401 || status === 403 }
}

/** The HTTP status that an error of the SDK carries. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined
}

function webReason(error: unknown, { connectMs }: ServerConfig, timedOut: boolean): string {
  const status = statusOf(error)
  if (status === 401) return signIn
  if (status !== undefined) return `it answered HTTP ${status}`
  return timedOut ? `it did not answer within ${connectMs} ms` : messageOf(error)
}

/** The SDK wraps errors several deep; the innermost says what happened. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.cause instanceof Error) return messageOf(error.cause)
  return error.message || ('code' in error ? String(error.code) : error.name)
}

/** A server that fails likes to print what it was given; short values are left, since they would blot out plain words. */
function hideSecrets(text: string, { transport }: ServerConfig): string {
  const secrets =
    transport.kind === 'stdio'
      ? [...Object.values(transport.env), ...transport.args]
      : [...Object.values(transport.headers), transport.url]
  return secrets.filter(secret => secret.length >= 6).reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text)
}
