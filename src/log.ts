import { destination, pino, stdTimeFunctions, transport } from 'pino'
import type { Redact } from './redact.ts'

/** One line of JSON per event; on a terminal, one readable line. Never given chat text or secrets. */
export interface Log {
  debug(facts: object, event: string): void
  info(facts: object, event: string): void
  warn(facts: object, event: string): void
  error(facts: object, event: string): void
}

/** Fields of these names are never written, wherever they stand in an object's first two levels. */
const secretFields = [
  'token',
  'apiKey',
  'api_key',
  'authorization',
  'Authorization',
  'password',
  'secret',
  'secretKey',
  'headers',
  'env',
]

/** `redact` reads every line before it is written: an error may repeat what it was given. `hear` is told each as it is written. */
export function createLog(level: string, readable: boolean, redact: Redact, hear: (line: string) => void = () => {}): Log {
  const fields = { paths: secretFields.flatMap(name => [name, `*.${name}`]), censor: '[hidden]' }
  const streamWrite = (line: string) => {
    const written = redact(line)
    hear(written)
    return written
  }
  const hooks = { streamWrite }
  const base = { level, redact: fields, hooks, base: null, timestamp: stdTimeFunctions.isoTime }
  if (!readable) return pino(base, destination(standardError))
  return pino(
    base,
    transport({
      target: 'pino-pretty',
      options: { destination: standardError, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' },
    }),
  )
}

/** Standard output is for what people asked to see. */
const standardError = 2

/** For tests, and for programs that have nowhere to write. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** What an error says, and its cause, in one line without a stack. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return `${error.message || error.name}${cause}`
}

/** What a person is told and an operator greps for: `e-` and eight letters or digits. */
export function errorId(): string {
  return `e-${Math.random().toString(36).slice(2, 10).padEnd(8, '0')}`
}
