import type { Button, Outgoing } from '../adapter.ts'
import type { AgentEvent } from '../agent/events.ts'
import type { Words } from '../i18n/i18n.ts'
import type { Log } from '../log.ts'
import { askButtons } from './ask-card.ts'
import { renderFinal, renderLive, renderPlain } from './card.ts'
import { deliver, mayCall } from './deliver.ts'
import { openLane, type Pacer, type Urgency } from './pacer.ts'
import { createPump } from './pump.ts'
import { createSheet, type SheetOptions, toMessages } from './sheet.ts'
import { createSplitter } from './split.ts'
import { emptyView, nextView, type View } from './view.ts'

/** The one answer to one message, kept fresh by edits while the agent works. */
export interface Reply {
  show(event: AgentEvent): void
  readonly view: View
  /** The whole answer as it would be delivered now. */
  answer(): string
  /** Puts `text` in the place of the progress, over several messages if it is long. Throws when the platform does not take it for minutes. */
  finish(text: string, buttons?: Button[]): Promise<void>
  /** Says that the turn will go on elsewhere, and touches the reply no more. */
  pause(text: string): Promise<void>
  /** Shows what it has come to, and then touches the reply no more: the turn waits for a person. */
  rest(): Promise<void>
  /** Touches the reply no more: another turn goes on with it. */
  leave(): Promise<void>
}

export interface ReplyOptions extends Omit<SheetOptions, 'opening'> {
  words: Words
  stopButton: Button
  pacer: Pacer
  /** Ends all waiting for the platform. */
  closing: AbortSignal
  log: Log
}

/** Returns at once: the placeholder is on its way while the model already works. */
export function openReply(options: ReplyOptions): Reply {
  const { adapter, message, words, pacer, closing, log } = options
  const split = createSplitter(adapter.limits)
  const sheet = createSheet({ ...options, opening: opening(options) })
  const lane = openLane(adapter, message, pacer)
  let view = emptyView
  const pump = createPump({ render: () => live(view, options, split), sheet, lane, closing, log })

  const settle = (text: string, buttons: Button[], final: boolean) => bringAll(toMessages(split(text), buttons, final))
  async function bringAll(last: Outgoing[]): Promise<void> {
    let allowed = await pump.stop()
    const bring = async () => {
      if (!sheet.isStale(last)) return false
      if (!allowed) await mayCall(lane, closing)
      allowed = false
      return sheet.bring(last)
    }
    await deliver(bring, { forget: () => sheet.forget(last), hush: lane.hush, signal: closing, log })
  }
  pump.wake('post')
  return {
    show(event) {
      const before = view
      view = nextView(view, event)
      if (view !== before) pump.wake(urgencyOf(event, before))
    },
    get view() {
      return view
    },
    answer: () => (message.kind === 'api' ? renderPlain(view, words) : renderFinal(view, words)),
    finish: (text, buttons = []) => settle(text, buttons, true),
    rest: () => bringAll(live(view, options, split)),
    leave: async () => void (await pump.stop()),
    pause: text => settle([view.text, text].filter(Boolean).join('\n\n'), [], false),
  }
}

/** What an answer begins with is news, how it goes on is not. */
function urgencyOf({ type }: AgentEvent, { speaking }: View): Urgency {
  return type === 'tool-progress' || (type === 'text' && speaking) ? 'growth' : 'step'
}

function opening({ message, words, stopButton }: ReplyOptions): Outgoing {
  return message.kind === 'api'
    ? { text: words.thinking, buttons: [], final: false }
    : { text: `💭 ${words.thinking}`, buttons: [stopButton], final: false }
}

/** The reply as it should look while the turn runs. */
function live(view: View, { message, words, stopButton }: ReplyOptions, split: (text: string) => string[]): Outgoing[] {
  const [ask] = view.asks
  const buttons = [...(ask ? askButtons(ask, words) : []), stopButton]
  if (message.kind === 'api') return toMessages([view.text || words.thinking], [], false)
  const { large, small } = renderLive(view, words)
  const texts = split(large)
  const smaller = texts.length > 1 && large !== small ? split(small) : texts
  return toMessages(smaller.length < texts.length ? smaller : texts, buttons, false)
}
