import { setTimeout as sleep } from 'node:timers/promises'
import type { Bookmarks } from '../../src/adapter.ts'
import { Gone } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Conversation, Message } from '../../src/message.ts'
import type { Call } from './calls.ts'
import { type Guild, idAt, type Talk, toTalks } from './inbound.ts'
import { createMarks, isLater, type Marks } from './marks.ts'
import { type Offer, tooLateMs } from './offer.ts'
import { createOrder, type Order } from './order.ts'
import { createPast, type Past, type Place } from './past.ts'

/**
 * Discord tells a new session nothing of what was said before it. So each conversation has a bookmark, and what stands behind it is
 * read from the channel's past. Where nothing was ever heard there is none: a guild tells which of its channels and active threads have
 * something new, and they are read from where it is not too late to answer. Two things stay unheard: a slash command, which Discord keeps
 * for three seconds, and what somebody says in a DM that was never heard before, since Discord tells a bot of no DMs when a session begins.
 */
export interface CatchUp extends Pick<Order, 'behindPast'> {
  /** This message is safe: the bookmark of its conversation moves to it, never back. */
  kept(message: Message): void
  /** A new session has begun. Ends the reading for an earlier one, whose bookmarks stay where they are. */
  begin(botId: string, offer: Offer): void
  /** A guild that the bot was in when the session began. */
  find(guild: Guild): void
  /** Resolves when the last bookmark is written. */
  settled(): Promise<unknown>
}

export interface CatchUpOptions {
  bookmarks: Bookmarks
  call: Call
  log: Log
  stopping: AbortSignal
}

/** The conversations that were heard last, and those with the newest messages among the others. */
const conversations = { heard: 200, unheard: 100 }

/**
 * How many are read at once, and the least time that each takes: of the 50 calls a second that a bot has for everything (Discord's
 * "Rate Limits"), one or two for each of 20 conversations, so that answers find their way between.
 */
const pace = { atOnce: 4, eachMs: 200 }

/** What outlives a session. */
interface Tools {
  marks: Marks
  order: Order
  /** Asked for once, and refused: Discord blocks who asks too often for what it refuses. */
  closed: Set<Conversation>
  log: Log
}

interface Session {
  past: Past
  offer: Offer
  /** Ends with the session. */
  signal: AbortSignal
}

export function createCatchUp({ bookmarks, call, log, stopping }: CatchUpOptions): CatchUp {
  const marks = createMarks(bookmarks, log)
  const order = createOrder(stopping)
  const closed = new Set<Conversation>()
  let reading = new AbortController()
  let places: Places | undefined
  return {
    behindPast: order.behindPast,
    kept({ id, conversation }) {
      closed.delete(conversation)
      marks.move({ conversation, messageId: id.slice(id.indexOf(':') + 1) })
    },
    begin(botId, offer) {
      reading.abort()
      reading = new AbortController()
      const signal = AbortSignal.any([reading.signal, stopping])
      order.begin()
      places = createPlaces({ marks, order, closed, log }, { past: createPast(botId, call, signal), offer, signal })
      void marks.read(conversations.heard, stopping).then(places.list)
    },
    find: guild => places?.find(toTalks(guild)),
    settled: marks.settled,
  }
}

/** Where one session has to read. */
interface Places {
  /** Called once with what the bookmarks tell. */
  list(heard: Place[]): void
  find(talks: Talk[]): void
}

function createPlaces(tools: Tools, session: Session): Places {
  const { marks, order } = tools
  const enqueue = createQueue(place => read(place, tools, session), order.isAwaited, session.signal)
  const named = new Set<Conversation>()
  let early: Talk[] | undefined = []
  let room = conversations.unheard

  function expect(places: Place[]): void {
    for (const { conversation } of places) {
      named.add(conversation)
      order.expect(conversation)
    }
    enqueue(places)
  }
  function expectUnheard(talks: Talk[]): void {
    const newestFirst = talks.toSorted((a, b) => (isLater(a.lastMessageId, b.lastMessageId) ? -1 : 1))
    const places = newestFirst.flatMap(talk => (named.has(talk.conversation) ? [] : (toPlace(talk, tools) ?? []))).slice(0, room)
    room -= places.length
    places.forEach(marks.hold)
    expect(places)
  }
  return {
    list(heard) {
      if (session.signal.aborted) return
      expect(heard)
      expectUnheard(early ?? [])
      early = undefined
      order.listed()
    },
    find: talks => (early ? void early.push(...talks) : expectUnheard(talks)),
  }
}

/** Where something may have been said that nobody heard; undefined if not, or if it is not for the bot to read. */
function toPlace({ conversation, guildId, lastMessageId }: Talk, { marks, closed }: Tools): Place | undefined {
  if (closed.has(conversation)) return undefined
  const tooLate = idAt(Date.now() - tooLateMs)
  const heard = marks.newest(conversation)
  const messageId = heard !== undefined && isLater(heard, tooLate) ? heard : tooLate
  return isLater(lastMessageId, messageId) ? { conversation, messageId, guildId } : undefined
}

/**
 * Offers all at once what was said there, so that it stands before whatever is let pass then. The bookmark is released only behind the
 * last message that was kept, lest it pass what is still to be read.
 */
async function read(place: Place, { marks, order, closed, log }: Tools, { past, offer, signal }: Session): Promise<void> {
  const { conversation } = place
  const offered: Promise<boolean>[] = []
  try {
    for await (const message of past(place)) {
      if (signal.aborted) return
      offered.push(offer(message))
    }
  } catch (error) {
    if (signal.aborted) return
    const isClosed = error instanceof Gone
    const event = 'what was said on Discord meanwhile could not be read'
    log[isClosed ? 'debug' : 'warn']({ conversation, reason: reason(error) }, event)
    if (!isClosed) return
    closed.add(conversation)
  } finally {
    if (!signal.aborted) order.passed(conversation)
  }
  void Promise.all(offered).then(kept => {
    if (kept.every(Boolean) && !signal.aborted) marks.release(conversation)
  })
}

/** Reads a few places at once, in the order in which they came, but those first where somebody waits for it. */
function createQueue(
  read: (place: Place) => Promise<void>,
  isAwaited: (conversation: Conversation) => boolean,
  signal: AbortSignal,
): (places: Place[]) => void {
  const queue: Place[] = []
  let readers = 0

  function next(): Place | undefined {
    const awaited = queue.findIndex(({ conversation }) => isAwaited(conversation))
    return signal.aborted ? undefined : queue.splice(Math.max(0, awaited), 1)[0]
  }
  async function readOn(): Promise<void> {
    readers++
    for (let place = next(); place; place = next())
      await Promise.all([read(place), sleep(pace.eachMs, undefined, { signal }).catch(() => {})])
    readers--
  }
  return places => {
    queue.push(...places)
    while (readers < pace.atOnce && queue.length > 0 && !signal.aborted) void readOn()
  }
}
