import type { AgentEvent } from '../src/agent/events.ts'
import { wordsFor } from '../src/i18n/i18n.ts'
import { renderFinal, renderLive } from '../src/reply/card.ts'
import { emptyView, nextView } from '../src/reply/view.ts'

export const text = (delta: string): AgentEvent => ({ type: 'text', delta })
export const start = (label: string, id = label): AgentEvent => ({ type: 'tool-start', call: { id, name: id, input: {} }, label })
export const end = (callId: string, ms: number, outcome: 'ok' | 'failed' = 'ok'): AgentEvent => ({
  type: 'tool-end',
  result: { role: 'tool', callId, name: callId, text: '', ok: outcome === 'ok' },
  ms,
})
export const progress = (callId: string, done: number, message?: string): AgentEvent => ({
  type: 'tool-progress',
  callId,
  progress: { done, total: 100, ...(message !== undefined && { message }) },
})

/** The text of the card, as the house itself renders it, after these events of a turn that still runs. */
export const liveCard = (events: AgentEvent[], locale = 'en') =>
  renderLive(events.reduce(nextView, emptyView), wordsFor(locale, 'en')).large

/** The card after each of these events. */
export const liveCards = (events: AgentEvent[]) => events.map((_, at) => liveCard(events.slice(0, at + 1)))

/** The same when the turn is over. */
export const finalCard = (events: AgentEvent[], locale = 'en') =>
  renderFinal(events.reduce(nextView, emptyView), wordsFor(locale, 'en'))
