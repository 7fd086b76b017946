import type { AgentEvent } from '../src/agent/events.ts'
import { wordsFor } from '../src/i18n/i18n.ts'
import { createRedact } from '../src/redact.ts'
import { inOne, type Look, renderFinal, renderLive } from '../src/reply/card.ts'
import { emptyView, nextView, type View } from '../src/reply/view.ts'

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

/** What every conversation shows that has chosen nothing, unless told otherwise. */
export const look = (over: Partial<Look> = {}): Look => ({
  words: wordsFor('en', 'en'),
  steps: 'full',
  redact: createRedact([]),
  ...over,
})

/** A turn in which all of this happened at the same moment. */
export const after = (...events: AgentEvent[]): View => events.reduce((view, event) => nextView(view, event, 0), emptyView)

/** The text of the card, as the house itself renders it, after these events of a turn that still runs. */
export const liveCard = (events: AgentEvent[], over: Partial<Look> = {}, now = 0) =>
  inOne(renderLive(after(...events), look(over), now).large)

/** The card after each of these events. */
export const liveCards = (events: AgentEvent[]) => events.map((_, at) => liveCard(events.slice(0, at + 1)))

/** The same when the turn is over. */
export const finalCard = (events: AgentEvent[], over: Partial<Look> = {}) => inOne(renderFinal(after(...events), look(over)))
