import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentEvent } from './agent/events.ts'
import type { AskPerson } from './agent/run-tools.ts'
import type { Answer } from './ask.ts'
import { Parked } from './errors.ts'
import type { Message } from './message.ts'
import type { Asks, OpenQuestion } from './queue/asks.ts'
import { tokenOf } from './queue/token.ts'
import { type Turn, TurnEnded } from './turns.ts'

export interface AskingOptions {
  asks: Asks
  /** The turn's first message: its author is asked. */
  question: Message
  /** What else the tokens of its questions depend on: asked anew for other words, they are others. */
  attempt: string
  turn: Turn
  /** How long a worker waits with a turn that could go on without it, in milliseconds. */
  patienceMs: number
}

const lookEveryMs = 2000

/** How one turn asks its person. */
export function openAsking({ asks, question: message, attempt, turn, patienceMs }: AskingOptions): AskPerson {
  let news = new AbortController()
  turn.onAnswer(() => {
    news.abort()
    news = new AbortController()
  })

  async function answerTo(open: OpenQuestion, mayPark: boolean): Promise<Answer> {
    const { conversation, ask } = open
    const parkAt = mayPark ? Date.now() + patienceMs : Infinity
    while (true) {
      const woken = AbortSignal.any([news.signal, turn.signal])
      const now = await asks.find(conversation, ask.token)
      if (now?.answer) return now.answer
      if (!now) return { how: 'away' }
      turn.signal.throwIfAborted()
      if (Date.now() >= ask.expiresAt) await asks.answer(open, { how: 'away' })
      else if (Date.now() >= parkAt) throw new Parked(ask.token)
      else
        await sleep(Math.min(lookEveryMs, ask.expiresAt - Date.now(), parkAt - Date.now()), undefined, { signal: woken }).catch(
          () => {},
        ) // woken
    }
  }

  return async (callId, { key, waitMs, ...draft }, later, push) => {
    const token = tokenOf([message.id, attempt, callId, key].join('\n'))
    const { conversation, author: asker } = message
    const ask = { ...draft, token, expiresAt: Date.now() + waitMs }
    const open = await asks.open({ ask, conversation, asker, turn: tokenOf(message.id) })
    const asked: AgentEvent = { type: 'asked', callId, ask: open.ask, ...(later !== undefined && { later }) }
    if (!open.answer) push(asked)
    try {
      const answer = await answerTo(open, later !== undefined)
      push({ type: 'answered', token, answer })
      if (answer.how === 'stop') turn.end('stop')
      turn.signal.throwIfAborted()
      return answer
    } catch (error) {
      if (turn.signal.reason instanceof TurnEnded) await asks.answer(open, { how: 'stop' })
      throw error
    }
  }
}
