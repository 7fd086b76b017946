import { setTimeout as sleep } from 'node:timers/promises'
import type { Conversation, Message } from './message.ts'
import type { Inbox } from './queue/inbox.ts'
import type { Lease, Leases } from './queue/lease.ts'
import type { Signal } from './queue/signals.ts'
import { tokenOf } from './queue/token.ts'

/** `interrupt`: the asker has said something new that is to be answered instead. */
type TurnEnd = Exclude<Signal['what'], 'mail' | 'answered'> | 'interrupt'

/** Why a turn's signal was aborted by somebody's wish. */
export class TurnEnded extends Error {
  override name = 'TurnEnded'
  readonly how: TurnEnd
  constructor(how: TurnEnd) {
    super(`the turn ended: ${how}`)
    this.how = how
  }
}

/** What is being answered here. */
export interface Turn {
  lease: Lease
  /** Aborted when somebody stops it, another worker has taken it, or the house closes. */
  signal: AbortSignal
  /** Aborted when even the last words must not wait any longer, or are another worker's. */
  closing: AbortSignal
  /** The house closes: another worker goes on. */
  wasHandedOver(): boolean
  /** `look` is called when mail may have come. */
  onMail(look: () => void): void
  /** `look` is called when somebody may have answered what the turn has asked. */
  onAnswer(look: () => void): void
  end(how: TurnEnd): void
}

/** The turns that this process runs. */
export interface Turns {
  /** Answers all mail of a conversation, one turn after the other. */
  work(conversation: Conversation): Promise<void>
  hear(signal: Signal): void
  /** Lets running turns end for so long, then hands over what is left: resolves with the conversations where others must go on. */
  close(drainMs: number): Promise<Conversation[]>
}

interface Running {
  message: Message
  controller: AbortController
  /** Mail came before anybody looked. */
  hasMail?: true
  look(): void
  lookForAnswer(): void
}

/** How long the last words "I will go on in a moment" may take. */
const lastWordsMs = 3000

export interface TurnsOptions {
  inbox: Inbox
  leases: Leases
  /** Answers the first of the messages that wait, and those of the others that belong to it. Resolves with what waits then, if it knows. */
  answer(waiting: Message[], turn: Turn): Promise<Message[] | undefined>
}

export function createTurns({ inbox, leases, answer }: TurnsOptions): Turns {
  const running = new Map<Conversation, Running>()
  const working = new Set<Promise<void>>()
  /** Where mail may be left: a conversation whose work has not ended well since it began last. */
  const leftOver = new Set<Conversation>()
  const handover = new AbortController()
  const closing = new AbortController()

  async function runTurn(message: Message, waiting: Message[], lease: Lease): Promise<Message[] | undefined> {
    const controller = new AbortController()
    const signal = AbortSignal.any([controller.signal, handover.signal, lease.lost])
    const run: Running = { message, controller, look: () => {}, lookForAnswer: () => {} }
    running.set(message.conversation, run)
    const house = { closing: AbortSignal.any([closing.signal, lease.lost]), wasHandedOver: () => handover.signal.aborted }
    const turn: Turn = { lease, signal, ...house, ...wishesFor(run) }
    return answer(waiting, turn).finally(() => running.delete(message.conversation))
  }
  async function workThrough(conversation: Conversation): Promise<void> {
    leftOver.add(conversation)
    const lease = await leases.take(conversation, handover.signal)
    try {
      let waiting = lease.mail
      for (let [first] = waiting; first; [first] = waiting) {
        handover.signal.throwIfAborted()
        const left = await runTurn(first, waiting, lease).catch(passIfRestarted)
        waiting = left ?? (await inbox.waiting(conversation))
      }
      leftOver.delete(conversation)
    } finally {
      await lease.release()
    }
  }
  return {
    work(conversation) {
      const work = workThrough(conversation)
      working.add(work)
      return work.finally(() => working.delete(work))
    },
    hear({ conversation, token, by, what }) {
      const turn = running.get(conversation)
      if (!turn || (token !== undefined && token !== tokenOf(turn.message.id))) return // an old card
      if (by !== undefined && by !== turn.message.author.id) return // somebody else's
      if (what === 'mail') {
        turn.hasMail = true
        turn.look()
      } else if (what === 'answered') turn.lookForAnswer()
      else turn.controller.abort(new TurnEnded(what))
    },
    async close(drainMs) {
      const all = Promise.allSettled(working)
      await Promise.race([all, sleep(drainMs, undefined, { ref: false })])
      handover.abort()
      await Promise.race([all, sleep(lastWordsMs, undefined, { ref: false })])
      closing.abort()
      await all
      return [...leftOver]
    },
  }
}

function wishesFor(run: Running): Pick<Turn, 'onMail' | 'onAnswer' | 'end'> {
  return {
    onMail: look => {
      run.look = look
      if (run.hasMail) look()
    },
    onAnswer: look => (run.lookForAnswer = look),
    end: how => run.controller.abort(new TurnEnded(how)),
  }
}

/** The edited message is the first of the inbox still: it is answered next. */
function passIfRestarted(error: unknown): undefined {
  if (!(error instanceof TurnEnded) || error.how !== 'restart') throw error
}
