import { randomUUID } from 'node:crypto'
import type { Button, Feed, Outgoing } from '../../src/adapter.ts'
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
}

export async function writePost(
  feed: Feed,
  conversation: Conversation,
  out: Outgoing,
  replyTo?: string,
  key?: string,
): Promise<string> {
  const id = `${replyTo ?? ''}/${key ?? randomUUID()}`
  const event: ReplyEvent = { type: 'post', id, out, ...(replyTo === undefined ? {} : { replyTo }) }
  await feed.write(conversation, event)
  return id
}

export function writeEdit(feed: Feed, conversation: Conversation, id: string, out: Outgoing): Promise<void> {
  return feed.write(conversation, { type: 'edit', id, out } satisfies ReplyEvent)
}

/** Hears every state of the reply to one message, with `past` those of the last minutes too, until the returned function is called. */
export function followReply(
  feed: Feed,
  conversation: Conversation,
  messageId: string,
  show: (card: Card) => void,
  past = false,
): Promise<() => void> {
  const hear = (event: unknown) => {
    if (isReplyEvent(event) && event.id.startsWith(`${messageId}/`)) show({ id: event.id, ...event.out })
  }
  return feed.listen(conversation, hear, past)
}

/** The feed is shared with other versions of this program, so its events are looked at before they are believed. */
function isReplyEvent(event: unknown): event is ReplyEvent {
  if (typeof event !== 'object' || event === null) return false
  if (!('type' in event && 'id' in event && 'out' in event)) return false
  const { out } = event
  return typeof event.id === 'string' && typeof out === 'object' && out !== null && 'text' in out && 'final' in out
}
