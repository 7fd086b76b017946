import type { AgentEvent, Notice } from '../agent/events.ts'
import type { Ask } from '../ask.ts'
import type { Outcome, ToolEntry } from '../model.ts'
import type { ToolProgress } from '../toolbox.ts'

/** What is known of a turn at one moment: the state behind the reply. */
export interface View {
  /** All that the model said so far, paragraphs of different steps apart. */
  text: string
  /** The model is in the middle of a text: the next delta belongs to it. */
  speaking: boolean
  steps: Step[]
  notices: Notice[]
  /** What the asker said while it runs. */
  heard: { id: string; text: string }[]
  /** What waits for a person. */
  asks: Ask[]
  /** Which model answers now, if it is not the one that was asked first. */
  standIn?: string
  /** When the newest of it began, in milliseconds of the reply's clock; progress begins nothing. */
  since: number
}

export interface Step {
  callId: string
  label: string
  /** `empty`: it went well and found nothing. `cutOff`: the turn ended while it ran. */
  state: 'running' | 'ok' | 'empty' | 'failed' | 'cutOff'
  /** Absent where it was kept before the house judged. */
  outcome?: Outcome
  progress?: ToolProgress
  /** When it began, by the same clock. */
  since: number
  ms?: number
}

export const emptyView: View = { text: '', speaking: false, steps: [], notices: [], heard: [], asks: [], since: 0 }

/** The state after this event, which happened `now`; the same object if it changes nothing. */
export function nextView(view: View, event: AgentEvent, now: number): View {
  switch (event.type) {
    case 'text': {
      const gap = view.speaking || view.text === '' ? '' : '\n\n'
      return { ...view, text: view.text + gap + event.delta, speaking: true, since: now }
    }
    case 'tool-start': {
      if (view.steps.some(({ callId, state }) => callId === event.call.id && state === 'running')) return view // it is taken up again
      const step: Step = { callId: event.call.id, label: event.label, state: 'running', since: now }
      return { ...view, speaking: false, steps: [...view.steps, step], since: now }
    }
    case 'tool-progress':
      return changeStep(view, event.callId, { progress: event.progress })
    case 'tool-end':
      return { ...changeStep(view, event.result.callId, { ...howItWent(event.result), ms: event.ms }), since: now }
    case 'model': {
      const { standIn: _, ...rest } = view
      return event.instead ? { ...rest, standIn: event.name } : view.standIn === undefined ? view : rest
    }
    case 'notice':
      return { ...view, speaking: false, notices: [...view.notices, event.notice], since: now }
    case 'heard': {
      const { id, text } = event
      return view.heard.some(one => one.id === id) ? view : { ...view, heard: [...view.heard, { id, text }], since: now }
    }
    case 'asked':
      return { ...view, asks: [...view.asks.filter(({ token }) => token !== event.ask.token), event.ask], since: now }
    case 'answered':
      return { ...view, asks: view.asks.filter(({ token }) => token !== event.token) }
    case 'entry':
      return view
  }
}

function howItWent({ ok, outcome }: ToolEntry): Pick<Step, 'state' | 'outcome'> {
  if (!outcome) return { state: ok ? 'ok' : 'failed' }
  return { state: outcome.state === 'ok' || outcome.state === 'empty' ? outcome.state : 'failed', outcome }
}

/** The newest step of that id: some endpoints number the calls of every answer from one. */
function changeStep(view: View, callId: string, change: Partial<Step>): View {
  const at = view.steps.findLastIndex(step => step.callId === callId)
  const step = view.steps[at]
  return step ? { ...view, steps: view.steps.with(at, { ...step, ...change }) } : view
}
