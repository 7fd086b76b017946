import { type Log, reason } from './log.ts'
import type { Message } from './message.ts'
import type { Entry } from './model.ts'
import { createNotes, type NotesOptions } from './notes.ts'
import type { Inbox } from './queue/inbox.ts'
import { LeaseLost } from './queue/lease.ts'
import type { Urgency } from './reply/pacer.ts'
import type { Reply } from './reply/reply.ts'
import type { Setting, Settings } from './settings.ts'

/** What is said while a turn runs: it waits in view, is handed to the turn, or ends it, as the conversation has chosen. */
export interface Behind {
  /** Looks what waits now; called whenever mail may have come. */
  look(): void
  /** The reply of the turn stands: what waits can be shown below it now. */
  begun(): void
  /** What the asker said meanwhile, if the turn is to hear it before it goes on: it belongs to the turn from here on. */
  hear(): Promise<Entry | undefined>
  /** The messages that the turn answers by now. */
  readonly taken: Message[]
  /** Resolves when nothing of it is under way any more. */
  close(): Promise<void>
}

export interface BehindOptions extends NotesOptions {
  /** With which the turn began; the first names the turn. */
  taken: Message[]
  inbox: Inbox
  settings: Settings
  reply: Pick<Reply, 'show'>
  /** What was said, as the model reads it. */
  read(messages: Message[]): Promise<Entry>
  /** Whether the reply of the turn stands: what is posted behind it must not stand before it. */
  hasBegun(): boolean
  /** Ends the turn in favour of what waits. */
  interrupt(): void
  log: Log
}

/** The next turn waits for it; longer than a platform that has just refused a call wants silence for, mostly. */
const tidyMs = 6000

export function openBehind(options: BehindOptions): Behind {
  const { lease, inbox, journal, settings, reply, read, hasBegun, interrupt, log } = options
  const { conversation } = lease
  const notes = createNotes(options)
  let taken = options.taken
  let busy: Setting<'busy'> = 'queue'
  let waits = false

  async function waitingBehind(): Promise<Message[]> {
    const ours = new Set(taken.map(({ id }) => id))
    return (await inbox.waiting(conversation)).filter(({ id }) => !ours.has(id))
  }
  async function lookOnce(signal: AbortSignal, urgency?: Urgency): Promise<void> {
    const waiting = await waitingBehind()
    waits = waiting.length > 0
    if (waits) busy = await settings.get(conversation, 'busy')
    const own = ofTheAsker(taken, waiting)
    if (busy === 'interrupt' && own.length > 0) interrupt()
    const handed = busy === 'steer' ? leading(waiting, own) : []
    for (const { id, text } of handed) reply.show({ type: 'heard', id, text })
    if (hasBegun()) await notes.bring(waiting.slice(handed.length), [...taken, ...waiting], signal, urgency)
  }
  /** What waits can be shown later too: the turn does not end over it. */
  async function lookSafely(signal: AbortSignal, urgency?: Urgency): Promise<void> {
    await lookOnce(signal, urgency).catch((error: unknown) => {
      if (!(error instanceof LeaseLost)) log.debug({ conversation, reason: reason(error) }, 'what waits could not be shown')
    })
  }
  const eye = createEye(lookSafely)
  return {
    look: eye.look,
    begun: () => {
      if (waits || eye.isLooking()) eye.look()
    },
    get taken() {
      return taken
    },
    async hear() {
      if (busy !== 'steer') return undefined
      const waiting = await waitingBehind()
      const own = leading(waiting, ofTheAsker(taken, waiting))
      if (own.length === 0 || !(await journal.take(lease, taken, own))) return undefined
      taken = [...taken, ...own]
      return read(own)
    },
    async close() {
      await eye.close()
      if (notes.areShown()) await lookSafely(AbortSignal.timeout(tidyMs), 'final') // what was taken back or taken in meanwhile
    },
  }
}

/** Looks once at a time, and anew when asked meanwhile: what the look still waits for is given up then. */
function createEye(lookOnce: (signal: AbortSignal) => Promise<void>) {
  let looking: Promise<void> = Promise.resolve()
  let patience: AbortController | undefined
  let again = false
  let closed = false
  async function lookUntilCalm(): Promise<void> {
    for (again = true; again; ) {
      again = false
      patience = new AbortController()
      await lookOnce(patience.signal)
    }
    patience = undefined
  }
  return {
    isLooking: () => patience !== undefined,
    look(): void {
      if (closed) return
      if (patience) {
        again = true
        patience.abort()
      } else looking = lookUntilCalm()
    },
    close(): Promise<void> {
      closed = true
      again = false
      patience?.abort()
      return looking
    },
  }
}

function ofTheAsker([first]: Message[], waiting: Message[]): Message[] {
  return first?.alone ? [] : waiting.filter(({ author, alone, resumed }) => author.id === first?.author.id && !alone && !resumed)
}

/** Those of `some` that nobody else is waiting before. */
function leading(waiting: Message[], some: Message[]): Message[] {
  const other = waiting.findIndex(message => !some.includes(message))
  return other < 0 ? waiting : waiting.slice(0, other)
}
