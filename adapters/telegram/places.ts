import { Gone } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import { addressOf, type Conversation } from '../../src/message.ts'
import type { Notebook } from './notebook.ts'

/** Where a conversation is held now. */
export interface Place {
  chat: number
  /** Empty outside of topics, and in "General", which must not be named (its id is 1). */
  topic: { message_thread_id?: number }
  /** The group of this conversation has become a supergroup: no message of the time before is there. */
  moved: boolean
}

export interface Places {
  find(conversation: Conversation): Promise<Place>
  /** The group `from` is the supergroup `to` now. Kept across restarts. */
  move(from: number, to: number): Promise<void>
  /**
   * Throws Gone if the bot was shut out of the chat lately. `newest` is the newest native id that the call is about: one that is newer than
   * all that met the closed door tells that the door may be open again.
   */
  knock(chat: number, newest: number): void
  shut(chat: number, newest: number): void
  opened(chat: number): void
}

/** A turn that goes on after a person has blocked the bot ends well within it. */
const shutMs = 10 * 60_000

export function createPlaces(notebook: Notebook, log: Log): Places {
  const closed = new Map<number, { newest: number; until: number }>()
  let moves: Map<number, number> | undefined

  async function readMoves(): Promise<Map<number, number>> {
    return new Map((await notebook.read<[number, number][]>('moved')) ?? [])
  }

  /** Without the notebook, Telegram itself tells where the group went. */
  async function movesKnown(): Promise<Map<number, number>> {
    try {
      moves ??= await readMoves()
    } catch (error) {
      log.debug({ reason: reason(error) }, 'Telegram: which groups have moved could not be read')
    }
    return moves ?? new Map()
  }

  return {
    async find(conversation) {
      const [chat = Number.NaN, topic] = addressOf(conversation).map(Number)
      const to = chat < 0 ? (await movesKnown()).get(chat) : undefined
      return {
        chat: to ?? chat,
        topic: topic === undefined || topic === 1 ? {} : { message_thread_id: topic },
        moved: to !== undefined,
      }
    },
    async move(from, to) {
      moves = (moves ?? new Map()).set(from, to)
      const all = new Map([...(await readMoves()), ...moves])
      await notebook.write('moved', [...all])
      moves = all
    },
    knock(chat, newest) {
      const door = closed.get(chat)
      if (door && performance.now() < door.until && newest <= door.newest)
        throw new Gone('Telegram: the bot was shut out of this chat a short time ago')
    },
    shut(chat, newest) {
      const now = performance.now()
      for (const [other, { until }] of closed) if (until < now) closed.delete(other)
      closed.set(chat, { newest: Math.max(newest, closed.get(chat)?.newest ?? 0), until: now + shutMs })
    },
    opened: chat => void closed.delete(chat),
  }
}
