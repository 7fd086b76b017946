import { setTimeout as sleep } from 'node:timers/promises'
import type { Receive } from '../../src/adapter.ts'
import { type Log, reason } from '../../src/log.ts'
import { type Conversation, type Heard, isMessage, isPress, type Message } from '../../src/message.ts'

/** Hands over what was heard. False if it was not kept: because of `stop`, or because keeping it failed for too long. */
export type Offer = (what: Heard | undefined) => Promise<boolean>

/** Discord does not offer an event twice, so what `receive` could not keep is offered again by us; the last pause repeats. */
const pausesMs = [250, 1000, 3000, 9000, 15_000]

/** Nobody waits for an answer any longer than this. */
export const tooLateMs = 15 * 60_000

/** `kept` hears of each message that was handed over. */
export function createOffer(receive: Receive, kept: (message: Message) => void, log: Log, stopping: AbortSignal): Offer {
  const inTurn = createLanes()

  async function handOver(what: Heard): Promise<boolean> {
    const began = Date.now()
    for (let attempt = 0; !stopping.aborted; attempt++) {
      try {
        await receive(what)
        if (isMessage(what)) kept(what)
        return true
      } catch (error) {
        const againInMs = pausesMs[Math.min(attempt, pausesMs.length - 1)] ?? 0
        const givenUp = Date.now() - began > tooLateMs
        const facts = { id: what.id, reason: reason(error), ...(givenUp ? {} : { againInMs }) }
        log[givenUp ? 'error' : 'warn'](facts, 'an event from Discord could not be kept')
        if (givenUp) return false
        await sleep(againInMs, undefined, { signal: stopping }).catch(() => {})
      }
    }
    return false
  }

  return async what => {
    if (!what) return true
    return isPress(what) ? handOver(what) : inTurn(what.conversation, () => handOver(what))
  }
}

/** One after the other within a conversation, since what is offered again must not come after what was said later. */
export function createLanes() {
  const last = new Map<Conversation, Promise<boolean>>()
  return async (conversation: Conversation, work: () => Promise<boolean>): Promise<boolean> => {
    const turn = (last.get(conversation) ?? Promise.resolve()).then(work)
    last.set(conversation, turn)
    const result = await turn
    if (last.get(conversation) === turn) last.delete(conversation)
    return result
  }
}
