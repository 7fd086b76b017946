import type { Context } from 'hono'
import { problem } from './problem.ts'
import { sessionShape } from './question.ts'

/** Where a reader was, as the id of the last event says that it was given. */
export interface Place {
  session: string
  messageId: string
  at: string
  /** How many characters of the text he has. */
  shown: number
}

/** As an event carries it; none of the four has a dot in it. */
export const placeId = ({ session, messageId, at, shown }: Place) => `${session}.${messageId.slice('web:'.length)}.${at}.${shown}`

/** Where the reader of this stream was, who comes back. Throws 400. */
export function readPlace(c: Context): Place | undefined {
  const given = c.req.header('last-event-id')
  if (!given) return undefined
  const [session = '', message = '', at = '', shown = ''] = given.split('.')
  if (sessionShape.test(session) && /^[0-9a-f-]{36}$/.test(message) && /^\d+-\d+$/.test(at) && /^\d{1,9}$/.test(shown))
    return { session, messageId: `web:${message}`, at, shown: Number(shown) }
  throw problem(400, 'the header Last-Event-ID is none of this server: send the id of the last event of the stream, or none')
}

/** True where the first place in the feed is not behind the second. */
export function isNotBehind(one: string, other: string): boolean {
  const [ms = 0, number = 0] = one.split('-').map(Number)
  const [otherMs = 0, otherNumber = 0] = other.split('-').map(Number)
  return ms < otherMs || (ms === otherMs && number <= otherNumber)
}
