import type { Context } from 'hono'
import type { Feed, FormFor, Receive } from '../../src/adapter.ts'
import { Closing } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Author, Conversation } from '../../src/message.ts'
import type { KeptFiles } from './kept-files.ts'
import { type Caller, localCaller } from './key-ring.ts'
import { problem } from './problem.ts'

/** What every route needs that hands on what somebody says. */
export interface TalkOptions {
  feed: Feed
  receive: Receive
  /** Absent: nothing can be asked in a form. */
  formFor?: FormFor
  /** Where what people attach is laid aside. Absent: it stays in what they say. */
  files?: KeptFiles
  /** Absent: they are not counted. */
  sessions?: Sessions
  log: Log
  heartbeatEveryMs: number
  /** How long a connection waits for its answer before it is told to come back. */
  patienceMs: number
  /** Aborted when the server goes down. */
  closing: AbortSignal
}

/** Throws 503 when what was said is not kept. */
export async function kept<T>(receiving: Promise<T>, log: Log): Promise<T> {
  return receiving.catch((error: unknown) => {
    log.warn({ reason: reason(error) }, 'web: not kept')
    const why = error instanceof Closing ? 'the server is going down' : 'the queue is away'
    throw problem(503, `the message could not be kept because ${why}: try again in a moment`)
  })
}

export function whyNoAnswer({ closing, patienceMs }: Pick<TalkOptions, 'closing' | 'patienceMs'>): [503 | 504, string] {
  if (closing.aborted) return [503, 'the server is going down: the message is kept and will be answered in its session']
  return [504, `no answer within ${Math.round(patienceMs / 1000)} seconds: the turn goes on, ask again with the same session_id`]
}

/**
 * Aborted when who asked is gone, the server goes down, or patience is at its end; `stop` lets go of all three, which live longer than an
 * answer and would keep it.
 */
export function patienceOf(
  gone: AbortSignal,
  { closing, patienceMs }: Pick<TalkOptions, 'closing' | 'patienceMs'>,
): { over: AbortSignal; stop(): void } {
  const ending = new AbortController()
  const end = () => ending.abort()
  const timer = setTimeout(end, patienceMs).unref()
  const others = [gone, closing]
  for (const other of others) other.addEventListener('abort', end, { once: true })
  if (others.some(({ aborted }) => aborted)) end()
  const stop = () => {
    clearTimeout(timer)
    for (const other of others) other.removeEventListener('abort', end)
  }
  return { over: ending.signal, stop }
}

/** Who asks, until he is gone. */
export interface Asker {
  author: Author
  gone: AbortSignal
}

export const askerOf = (c: Context): Asker => ({ author: authorOf(c), gone: c.req.raw.signal })

export const conversationOf = (c: Context, session: string) => conversationWith(authorOf(c), session)

/** A session belongs to the key that began it: with another key the same id is another talk. */
export function conversationWith({ id }: Author, session: string): Conversation {
  return id === localCaller ? `web:${session}` : `web:${id}:${session}`
}

export function authorOf(c: Context): Author {
  const { id, admin }: Caller = c.get('caller')
  const locale = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*/.exec(c.req.header('accept-language') ?? '')?.[0]
  return { id, name: id, ...(locale === undefined ? {} : { locale }), ...(admin && { admin }) }
}

/** Where the sessions of each key are counted. */
export interface Sessions {
  /** False when this would be a new one, and the key has as many as it may. */
  enter(person: string, session: string): Promise<boolean>
}

/** A session that will be remembered is begun, or goes on. Throws 429 when the key has too many, and 503. */
export async function enterSession({ id }: Author, session: string, { sessions, log }: TalkOptions): Promise<void> {
  if (id === localCaller || !sessions || (await kept(sessions.enter(id, session), log))) return
  const sentence =
    'this key has as many sessions as it may: go on in one of them by its "session_id"; one that rests for a week ends'
  throw problem(429, sentence, { code: 'too_many_sessions' })
}

/** Of a reader who takes nothing: a minute at the usual pace, as other servers give. */
const beatsInVain = 4

/**
 * While a stream is silent, a comment now and then, so that no proxy takes it for dead; none while the reader has not taken the last.
 * `giveUp` is called once, when he has taken nothing for long.
 */
export function startHeart(
  write: (comment: string) => Promise<unknown>,
  everyMs: number,
  giveUp: () => void = () => {},
): { stop(): void } {
  let isTaken = true
  let inVain = 0
  const beat = async () => {
    if (!isTaken) return void (++inVain === beatsInVain && giveUp())
    isTaken = false
    await write(': still here\n\n')
    isTaken = true
    inVain = 0
  }
  const timer = setInterval(() => void beat(), everyMs)
  return { stop: () => clearInterval(timer) }
}
