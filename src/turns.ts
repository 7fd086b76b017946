import { setTimeout as sleep } from 'node:timers/promises'
import { either } from './either.ts'
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

/** A turn that begins so often in a row without an end would for ever. */
const mostBeginnings = 50

/** How long the last words "I will go on in a moment" may take. */
const lastWordsMs = 3000

export interface TurnsOptions {
  inbox: Inbox
  leases: Leases
  /** Answers the first of the messages that wait, and those of the others that belong to it. Resolves with what waits then, if it knows. */
  answer(waiting: Message[], turn: Turn): Promise<Message[] | undefined>
}

export function createTurns({ inbox, leases, answer }: TurnsOptions): Turns {
  const working = new Set<Promise<void>>()
  /** Where mail may be left: a conversation whose work has not ended well since it began last. */
  const leftOver = new Set<Conversation>()
  const ears = createEars(conversation => leftOver.has(conversation))
  const handover = new AbortController()
  const closing = new AbortController()

  async function runTurn(message: Message, waiting: Message[], lease: Lease): Promise<Message[] | undefined> {
    const controller = new AbortController()
    const ending = either(controller.signal, handover.signal, lease.lost)
    const lastEnd = either(closing.signal, lease.lost)
    const run: Running = { message, controller, look: () => {}, lookForAnswer: () => {} }
    ears.open(run)
    const signals = { signal: ending.signal, closing: lastEnd.signal }
    const turn: Turn = { lease, ...signals, wasHandedOver: () => handover.signal.aborted, ...wishesFor(run) }
    return answer(waiting, turn).finally(() => {
      ears.close(run)
      ending.letGo()
      lastEnd.letGo()
    })
  }
  async function workThrough(conversation: Conversation): Promise<void> {
    leftOver.add(conversation)
    const lease = await leases.take(conversation, handover.signal)
    try {
      let waiting = lease.mail
      let inVain = 0
      for (let [first] = waiting; first; [first] = waiting) {
        handover.signal.throwIfAborted()
        const left = await runTurn(first, waiting, lease).catch(passIfRestarted)
        inVain = left === 'restarted' ? inVain + 1 : 0
        if (inVain === mostBeginnings) throw new Error(`a turn began ${inVain} times in vain`)
        // What waited when the turn was finished may have been edited or deleted since; where nothing did, the lease is let go.
        waiting = left?.length === 0 ? [] : await inbox.waiting(conversation)
      }
      leftOver.delete(conversation)
    } finally {
      ears.forget(conversation)
      await lease.release()
    }
  }
  return {
    work(conversation) {
      const work = workThrough(conversation)
      working.add(work)
      return work.finally(() => working.delete(work))
    },
    hear: ears.hear,
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

/** Who hears what is said to the turns that run. */
function createEars(isWorking: (conversation: Conversation) => boolean) {
  const running = new Map<Conversation, Running>()
  /** Where mail came while what waits was being read. */
  const missed = new Set<Conversation>()
  return {
    open(run: Running): void {
      const { conversation } = run.message
      running.set(conversation, run)
      if (missed.delete(conversation)) run.hasMail = true
    },
    /** Who has let the lease go may still tidy up while the next one answers, which goes on hearing. */
    close(run: Running): void {
      const { conversation } = run.message
      if (running.get(conversation) === run) running.delete(conversation)
    },
    forget: (conversation: Conversation) => void missed.delete(conversation),
    hear({ conversation, token, by, what }: Signal): void {
      const turn = running.get(conversation)
      if (!turn && what === 'mail' && isWorking(conversation)) missed.add(conversation)
      if (!turn || (token !== undefined && token !== tokenOf(turn.message.id))) return // an old card
      if (by !== undefined && by !== turn.message.author.id) return // somebody else's
      if (what === 'mail') {
        turn.hasMail = true
        turn.look()
      } else if (what === 'answered') turn.lookForAnswer()
      else turn.controller.abort(new TurnEnded(what))
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

/** A message was edited or taken back: what waits now is read, and answered next. */
function passIfRestarted(error: unknown): 'restarted' {
  if (!(error instanceof TurnEnded) || error.how !== 'restart') throw error
  return 'restarted'
}
