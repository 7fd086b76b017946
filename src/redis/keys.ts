import type { Conversation } from '../message.ts'

/**
 * How many buckets the conversations are spread over. All keys of one conversation share the hash tag of its bucket, and so does the
 * bucket's list of unfinished conversations: one script may touch them all, on Redis Cluster too. Changing it strands what is stored.
 */
const bucketCount = 64

export interface ConversationKeys {
  /** List of messages that wait, the first of which is being answered. */
  inbox: string
  /** Who answers it now. */
  lease: string
  /** Who answered it last, or does now. */
  lastHolder: string
  /** What is known of the running turn. */
  journal: string
  /** List of what the running turn has done so far. */
  steps: string
  /** Hash: the notes below messages that wait, by message. */
  notes: string
  /** Hash of what its people chose. */
  settings: string
  /** List of transcript entries. */
  history: string
  /** What was said before that, summed up. */
  sum: string
  /** That it was summed up since the last turn. */
  sumNews: string
  /** Stream of what web and terminal show. */
  feed: string
  /** The bytes of a file that waits to be posted. */
  file(id: string): string
  /** List: what a long text is, and its pages. */
  text(ref: string): string
  /** Sorted set: conversations of the bucket with messages, by the time of the first. */
  unfinished: string
  /** Hash: what a person was asked, and what he has answered. */
  ask(token: string): string
  /** Sorted set: open questions of the bucket, as `token conversation`, by the time at which they end. */
  asks: string
  /** Hash: which question each person was asked last, by his native id. */
  asked: string
  /** What is known of a turn that waits for a person: its journal, its steps and its messages, by `tokenOf` its first message. */
  parked(turn: string): { journal: string; steps: string; inbox: string }
  /** What was asked last. */
  last: string
  /** What the Retry button with this token asks. */
  retry(token: string): string
  /** That an event of this id was heard. */
  seen(id: string): string
}

export function keysOf(conversation: Conversation): ConversationKeys {
  const bucket = `bellhop:{${bucketOf(conversation)}}`
  return {
    inbox: `${bucket}:inbox:${conversation}`,
    lease: `${bucket}:lease:${conversation}`,
    lastHolder: `${bucket}:holder:${conversation}`,
    journal: `${bucket}:journal:${conversation}`,
    steps: `${bucket}:steps:${conversation}`,
    notes: `${bucket}:notes:${conversation}`,
    settings: `${bucket}:settings:${conversation}`,
    history: `${bucket}:history:${conversation}`,
    sum: `${bucket}:sum:${conversation}`,
    sumNews: `${bucket}:sum-news:${conversation}`,
    feed: `${bucket}:feed:${conversation}`,
    file: id => `${bucket}:file:${conversation}:${id}`,
    text: ref => `${bucket}:text:${conversation}:${ref}`,
    unfinished: `${bucket}:unfinished`,
    ask: token => `${bucket}:ask:${token}`,
    asks: `${bucket}:asks`,
    asked: `${bucket}:asked:${conversation}`,
    parked: turn => ({
      journal: `${bucket}:parked:${turn}`,
      steps: `${bucket}:parked-steps:${turn}`,
      inbox: `${bucket}:parked-inbox:${turn}`,
    }),
    last: `${bucket}:last:${conversation}`,
    retry: token => `${bucket}:retry:${token}`,
    seen: id => `${bucket}:seen:${id}`,
  }
}

/** The `unfinished` key of every bucket. */
export const unfinishedKeys = Array.from({ length: bucketCount }, (_, bucket) => `bellhop:{${bucket}}:unfinished`)

/** The `asks` key of every bucket. */
export const asksKeys = unfinishedKeys.map(key => key.replace(/unfinished$/, 'asks'))

/** FNV-1a, 32 bits: even enough, and the same for ever. */
function bucketOf(conversation: Conversation): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(conversation)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0) % bucketCount
}
