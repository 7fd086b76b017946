import { randomUUID } from 'node:crypto'
import type { Button, Feed, Outgoing, TurnEvent } from '../../src/adapter.ts'
import type { Conversation } from '../../src/message.ts'

/**
 * What travels over the feed from the worker that answers to the server that holds the connection. An `id` begins with that of the
 * message that it replies to, since who comes late may have missed the post.
 */
type ReplyEvent = { type: 'post'; id: string; replyTo?: string; out: Outgoing } | { type: 'edit'; id: string; out: Outgoing }

/** One state of a reply, as a client sees it. */
export interface Card {
  id: string
  text: string
  buttons: Button[]
  final: boolean
  /** What tools returned for the eyes of who asked; absent where nothing came. */
  files?: SentFile[]
}

/** A file as it is told; its bytes are at `/chat/files/<session>/<id>`. */
export interface SentFile {
  id: string
  name: string
  mime: string
  bytes: number
}

interface FileEvent {
  type: 'file'
  id: string
  file: SentFile
}

/** Of a question whose program is told what happens: of its reply, only the last state is written. */
export const quietly = (messageId: string) => `${quiet}${messageId}`
const quiet = 'quiet:'
/** Enough for a program that was away for a minute while a model spoke fast. */
const keptTurnEvents = 1500

interface ToldEvent {
  type: 'turn'
  id: string
  event: TurnEvent
}

export function writeTurn(feed: Feed, conversation: Conversation, replyTo: string, event: TurnEvent): Promise<void> {
  return feed.write(conversation, { type: 'turn', id: `${replyTo}/`, event } satisfies ToldEvent, keptTurnEvents)
}

export async function writePost(
  feed: Feed,
  conversation: Conversation,
  out: Outgoing,
  replyTo?: string,
  key?: string,
): Promise<string> {
  const id = `${replyTo ?? ''}/${key ?? randomUUID()}`
  if (isUnheard(id, out)) return id
  const event: ReplyEvent = { type: 'post', id, out, ...(replyTo === undefined ? {} : { replyTo }) }
  await feed.write(conversation, event, keptWith(id))
  return id
}

/** The last state of a reply may not push out what was told of its turn. */
const keptWith = (id: string) => (id.startsWith(quiet) ? keptTurnEvents : undefined)
const isUnheard = (id: string, { final }: Outgoing) => id.startsWith(quiet) && !final

export async function writeEdit(feed: Feed, conversation: Conversation, id: string, out: Outgoing): Promise<void> {
  if (isUnheard(id, out)) return
  return feed.write(conversation, { type: 'edit', id, out } satisfies ReplyEvent, keptWith(id))
}

export async function writeFile(
  feed: Feed,
  conversation: Conversation,
  file: SentFile,
  replyTo?: string,
  key?: string,
): Promise<string> {
  const id = `${replyTo ?? ''}/${key ?? randomUUID()}`
  await feed.write(conversation, { type: 'file', id, file } satisfies FileEvent)
  return id
}

/**
 * Hears every state of the reply to one message, with `past` those of the last minutes too, until the returned function is called; `at` is
 * the place in the feed.
 */
export function followReply(
  feed: Feed,
  conversation: Conversation,
  messageId: string,
  show: (card: Card, at: string) => void,
  past = false,
): Promise<() => void> {
  const files = new Map<string, SentFile>() // one that is told twice is the same
  const hear = (event: unknown, at: string) => {
    if (isFileEvent(event) && event.id.startsWith(`${messageId}/`)) files.set(event.id, event.file)
    if (!isReplyEvent(event) || !event.id.startsWith(`${messageId}/`)) return
    show({ id: event.id, ...event.out, ...(files.size > 0 && { files: [...files.values()] }) }, at)
  }
  return feed.listen(conversation, hear, past)
}

/** Hears what happens while a message is answered `quietly`; a reply that nothing was told of is an end as well. */
export function followTurn(
  feed: Feed,
  conversation: Conversation,
  messageId: string,
  hear: (event: TurnEvent, at: string) => void,
  past: boolean,
): Promise<() => void> {
  const mine = `${quietly(messageId)}/`
  const listen = (event: unknown, at: string) => {
    if (isToldEvent(event) && event.id === mine) hear(event.event, at)
    else if (isReplyEvent(event) && event.id.startsWith(mine) && event.out.final) hear(endWith(event.out.text), at)
  }
  return feed.listen(conversation, listen, past)
}

const endWith = (text: string): TurnEvent => {
  return { type: 'end', how: 'answered', text, usage: { input: 0, output: 0, estimated: true } }
}

function isToldEvent(event: unknown): event is ToldEvent {
  if (typeof event !== 'object' || event === null) return false
  return 'type' in event && event.type === 'turn' && 'id' in event && 'event' in event
}

function isFileEvent(event: unknown): event is FileEvent {
  if (typeof event !== 'object' || event === null || !('type' in event && 'id' in event && 'file' in event)) return false
  return event.type === 'file' && typeof event.id === 'string' && typeof event.file === 'object' && event.file !== null
}

/** The feed is shared with other versions of this program, so its events are looked at before they are believed. */
function isReplyEvent(event: unknown): event is ReplyEvent {
  if (typeof event !== 'object' || event === null) return false
  if (!('type' in event && 'id' in event && 'out' in event)) return false
  const { out } = event
  return typeof event.id === 'string' && typeof out === 'object' && out !== null && 'text' in out && 'final' in out
}
