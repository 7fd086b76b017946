import type { CallbackQuery } from 'grammy/types'
import { type Answer, type Payload, refuse } from './telegram-chats.ts'

/** What a person was shown over the chat after a press. */
export interface Alert {
  person: number
  text: string
  /** It stays until it is closed; otherwise it goes by itself. */
  stays: boolean
}

const tooOld = 'Bad Request: query is too old and response timeout expired or query ID is invalid'

/** Presses that wait for their answer: each takes one. */
export function createQueries() {
  const open = new Map<string, number>()
  const alerts: Alert[] = []
  return {
    alerts,
    /** How many buttons still show that something is under way. */
    open: () => open.size,
    ask(query: CallbackQuery): CallbackQuery {
      open.set(query.id, query.from.id)
      return query
    },
    answer(payload: Payload): Answer {
      const id = String(payload['callback_query_id'])
      const text = String(payload['text'] ?? '')
      const person = open.get(id)
      if (text.length > 200) return refuse(400, 'Bad Request: MESSAGE_TOO_LONG')
      if (person === undefined) return refuse(400, tooOld)
      open.delete(id)
      if (text) alerts.push({ person, text, stays: payload['show_alert'] === true })
      return { ok: true, result: true }
    },
  }
}
