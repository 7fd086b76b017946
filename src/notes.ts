import { setTimeout as sleep } from 'node:timers/promises'
import type { Adapter, Outgoing } from './adapter.ts'
import { Gone, Refused } from './errors.ts'
import type { WordsOf } from './i18n/i18n.ts'
import type { Message } from './message.ts'
import { groupOf } from './queue/group.ts'
import { joined } from './queue/inbox.ts'
import type { Journal } from './queue/journal.ts'
import type { Lease } from './queue/lease.ts'
import { tokenOf } from './queue/token.ts'
import { openLane, type Pacer, type Urgency } from './reply/pacer.ts'

export interface NotesOptions {
  /** Native ids of the notes that stand already, by the id of the message that waits. */
  notes: Map<string, string>
  lease: Lease
  journal: Journal
  adapter: Adapter
  pacer: Pacer
  wordsOf: WordsOf
}

/** Whoever is further back is not told: in a busy place the chat would fill with such notes. */
const shownTurns = 3

/** The notes "queued, 2 ahead": each becomes the reply to its message when its turn has come. */
export function createNotes({ notes: known, lease, journal, adapter, pacer, wordsOf }: NotesOptions) {
  const { conversation } = lease
  const notes = new Map<string, { id: string; text?: string }>([...known].map(([message, id]) => [message, { id }]))

  /** Nobody waits for a note, so it leaves the way to all that is said. */
  async function mayCall(message: Pick<Message, 'replyTo'>, urgency: Urgency, signal: AbortSignal): Promise<void> {
    const lane = openLane(adapter, { ...message, conversation }, pacer)
    for (let waitMs = await lane.ask(urgency); waitMs > 0; waitMs = await lane.ask(urgency)) {
      await sleep(waitMs, undefined, { signal })
    }
    signal.throwIfAborted()
    await lease.check()
  }
  async function post(message: Message, text: string, signal: AbortSignal): Promise<void> {
    await mayCall(message, 'note', signal)
    // Under the key by which the turn would post it, so that it is recognised where a post can be repeated.
    const id = await adapter.post(conversation, unfinished(text), message.replyTo, `${tokenOf(message.id)}.0.0`)
    await journal.keepNote(lease, message.id, id)
    notes.set(message.id, { id, text })
  }
  async function count(message: Message, text: string, signal: AbortSignal): Promise<void> {
    const note = notes.get(message.id)
    if (!note || note.text === text) return
    await mayCall(message, 'idle', signal)
    await adapter.edit(conversation, note.id, unfinished(text))
    note.text = text
  }
  /** A note whose message is not to be answered by itself any more. */
  async function close(messageId: string, text: string, signal: AbortSignal, urgency: Urgency): Promise<void> {
    const note = notes.get(messageId)
    if (!note) return
    await mayCall({}, urgency, signal)
    await adapter.edit(conversation, note.id, { text, buttons: [], final: true }).catch(passIfNeverTaken)
    await journal.keepNote(lease, messageId, undefined)
    notes.delete(messageId)
  }
  return {
    areShown: () => notes.size > 0,
    /** `known` are all messages that are not taken back, `urgency` that of notes which are to end. */
    async bring(toShow: Message[], known: Message[], signal: AbortSignal, urgency: Urgency = 'step'): Promise<void> {
      const groups = groupsOf(toShow)
      const firsts = new Set(groups.map(([first]) => first?.id))
      for (const messageId of notes.keys()) {
        if (firsts.has(messageId)) continue
        const answered = known.find(({ id }) => id === messageId)
        const words = wordsOf(answered?.author)
        await close(messageId, answered || messageId.startsWith(joined) ? words.joined : `*${words.withdrawn}*`, signal, urgency)
      }
      const texts = groups.slice(0, shownTurns).flatMap(([first], at) => {
        // One that comes back has a reply already.
        return first?.kind === 'chat' && !first.resumed ? [[first, `⏳ ${wordsOf(first.author).queued(at + 1)}`] as const] : []
      })
      for (const [first, text] of texts) if (!notes.has(first.id)) await post(first, text, signal)
      for (const [first, text] of texts) await count(first, text, signal)
    },
  }
}

const unfinished = (text: string): Outgoing => ({ text, buttons: [], final: false })

function passIfNeverTaken(error: unknown): void {
  if (!(error instanceof Gone || error instanceof Refused)) throw error
}

/** The turns that these messages will be. */
function groupsOf(waiting: Message[]): Message[][] {
  const group = groupOf(waiting)
  return group.length === 0 ? [] : [group, ...groupsOf(waiting.slice(group.length))]
}
