import type { Adapter, Button, Outgoing } from '../adapter.ts'
import type { Message } from '../message.ts'

/** The messages that make up one reply, as they stand on the platform. */
export interface Sheet {
  /** Whether `bring` would send something. */
  isStale(wanted: Outgoing[]): boolean
  /** Sends the first message that is not as it should be. False when all are. */
  bring(wanted: Outgoing[]): Promise<boolean>
  /** The message that `bring` would edit next is gone: it is posted anew. Nothing happens when `bring` would post. */
  forget(wanted: Outgoing[]): void
}

export interface SheetOptions {
  adapter: Adapter
  message: Message
  /** At most 16 characters, of this turn and no other: from it come the keys by which a post is recognised when it is repeated. */
  turn: string
  /** Ids of the messages that an earlier attempt posted: they are edited, not posted anew. */
  posted: string[]
  /** There was an earlier attempt, which may have posted one message more and died before it was kept. */
  again: boolean
  /** What a first message shows that cannot be posted twice without harm. */
  opening: Outgoing
  /** Called after each post, with all ids so far; what is not kept would be posted twice after a crash. */
  keep(ids: string[]): Promise<void>
  /** Asked before each call: rejects when another worker speaks here now. */
  mayAct(): Promise<void>
}

/** One message. What it shows is not known after a crash. */
interface Part {
  id: string
  shown?: Outgoing
}

/**
 * Where a post cannot be repeated without harm (Telegram), a crash between the post and the keeping of its id doubles the message. So
 * only placeholders are posted there: first the opening, later ones this, and the text comes by an edit.
 */
const placeholder: Outgoing = { text: '…', buttons: [], final: false }

export function createSheet({ adapter, message, turn, posted, again, opening, keep, mayAct }: SheetOptions): Sheet {
  const parts: Part[] = posted.map(id => ({ id }))
  let forgotten = 0
  /** Where a post may have arrived although nobody knows its id: the next one there may be given that message, with what it shows. */
  let doubtful = again ? posted.length : -1
  const firstStale = (wanted: Outgoing[]) => wanted.findIndex((out, index) => !isSame(out, parts[index]?.shown))
  /** With what is to become of the messages of an earlier, longer attempt. */
  const whole = (wanted: Outgoing[]) => [...wanted, ...parts.slice(wanted.length).map(() => placeholder)]
  return {
    isStale: wanted => firstStale(whole(wanted)) >= 0,
    async bring(wanted) {
      const at = firstStale(whole(wanted))
      const out = whole(wanted)[at]
      if (!out) return false
      const part = parts[at]
      await mayAct()
      if (part) {
        await adapter.edit(message.conversation, part.id, out)
        part.shown = out
      } else {
        const { keyedPosts } = adapter.limits
        const isDoubtful = at === doubtful
        const first = keyedPosts ? out : at === 0 && !isDoubtful ? opening : placeholder
        const key = `${turn}.${at}.${forgotten}`
        doubtful = at
        const replyTo = at === 0 ? message.replyTo : undefined
        const id = await adapter.post(message.conversation, first, replyTo, key, parts[at - 1]?.id)
        doubtful = -1
        parts.push({ id, ...(!(keyedPosts && isDoubtful) && { shown: first }) })
        await keep(parts.map(({ id }) => id))
      }
      return true
    },
    forget(wanted) {
      const at = firstStale(wanted)
      if (at < 0 || at >= parts.length) return
      parts.splice(at, 1)
      forgotten++
    },
  }
}

/** Texts as messages: only the last one carries the buttons, and the mark that all is said. */
export function toMessages(texts: string[], buttons: Button[], final: boolean): Outgoing[] {
  return texts.map((text, index) => {
    const last = index === texts.length - 1
    return { text, buttons: last ? buttons : [], final: last && final }
  })
}

function isSame(a: Outgoing, b: Outgoing | undefined): boolean {
  const same = b !== undefined && a.text === b.text && a.final === b.final
  return same && JSON.stringify(a.buttons) === JSON.stringify(b.buttons)
}
