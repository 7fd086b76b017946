import { randomUUID } from 'node:crypto'
import type { Button, Feed, Outgoing } from '../../src/adapter.ts'
import type { Conversation } from '../../src/message.ts'

/** What travels over the feed from the worker that answers to the server that holds the connection. */
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
  const id = key ?? randomUUID()
  const event: ReplyEvent = { type: 'post', id, out, ...(replyTo === undefined ? {} : { replyTo }) }
  await feed.write(conversation, event)
  return id
}

export function writeEdit(feed: Feed, conversation: Conversation, id: string, out: Outgoing): Promise<void> {
  return feed.write(conversation, { type: 'edit', id, out } satisfies ReplyEvent)
}

/** Hears every state of the reply to one message, until the returned function is called. */
export async function followReply(feed: Feed, conversation: Conversation, messageId: string, show: (card: Card) => void) {
  const ours = new Set<string>()
  return feed.listen(conversation, event => {
    if (!isReplyEvent(event)) return
    if (event.type === 'post' && event.replyTo === messageId) ours.add(event.id)
    if (ours.has(event.id)) show({ id: event.id, ...event.out })
  })
}

/** The feed is shared with other versions of this program, so its events are looked at before they are believed. */
function isReplyEvent(event: unknown): event is ReplyEvent {
  if (typeof event !== 'object' || event === null) return false
  if (!('type' in event && 'id' in event && 'out' in event)) return false
  const { out } = event
  return typeof event.id === 'string' && typeof out === 'object' && out !== null && 'text' in out && 'final' in out
}
