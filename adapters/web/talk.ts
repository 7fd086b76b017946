import type { Context } from 'hono'
import type { Feed, FormFor, Receive } from '../../src/adapter.ts'
import { Closing } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Author, Conversation } from '../../src/message.ts'
import { callerId, localCaller } from './guard.ts'
import type { KeptFiles } from './kept-files.ts'
import { problem } from './problem.ts'

/** What every route needs that hands on what somebody says. */
export interface TalkOptions {
  feed: Feed
  receive: Receive
  /** Absent: nothing can be asked in a form. */
  formFor?: FormFor
  /** Where what people attach is laid aside. Absent: it stays in what they say. */
  files?: KeptFiles
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

/** Who asks, until he is gone. */
export interface Asker {
  author: Author
  gone: AbortSignal
}

export const askerOf = (c: Context): Asker => ({ author: authorFrom(c.req.raw.headers), gone: c.req.raw.signal })

export const conversationOf = (c: Context, session: string) => conversationWith(authorOf(c), session)

/** A session belongs to the key that began it: with another key the same id is another talk. */
export function conversationWith({ id }: Author, session: string): Conversation {
  return id === localCaller ? `web:${session}` : `web:${id}:${session}`
}

export const authorOf = (c: Context) => authorFrom(c.req.raw.headers)

export function authorFrom(headers: Headers): Author {
  const id = callerId(headers.get('authorization') ?? undefined)
  const locale = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*/.exec(headers.get('accept-language') ?? '')?.[0]
  return { id, name: id, ...(locale === undefined ? {} : { locale }) }
}

/** While a stream is silent, a comment now and then, so that no proxy takes it for dead; none while the reader has not taken the last. */
export function startHeart(write: (comment: string) => Promise<unknown>, everyMs: number): { stop(): void } {
  let isTaken = true
  const beat = async () => {
    if (!isTaken) return
    isTaken = false
    await write(': still here\n\n')
    isTaken = true
  }
  const timer = setInterval(() => void beat(), everyMs)
  return { stop: () => clearInterval(timer) }
}
