import type { Button, Outgoing } from '../adapter.ts'
import type { AgentEvent } from '../agent/events.ts'
import type { Log } from '../log.ts'
import { inOne, type Look, renderFinal, renderPlain } from './card.ts'
import { deliver, mayCall } from './deliver.ts'
import { createLive } from './live.ts'
import type { Lane, Urgency } from './pacer.ts'
import { type Packing, pack } from './pack.ts'
import { createPump } from './pump.ts'
import { createSheet, type SheetOptions, toMessages } from './sheet.ts'
import { createSplitter } from './split.ts'
import { emptyView, nextView, type View } from './view.ts'

/** The one answer to one message, kept fresh by edits while the agent works. */
export interface Reply {
  show(event: AgentEvent): void
  readonly view: View
  /** The answer as it would be delivered now. */
  answer(): Answer
  /**
   * Puts `text` in the place of the progress, over several messages if it is long, or these messages. Throws when the platform does not
   * take it for minutes.
   */
  finish(text: string | string[], buttons?: Button[]): Promise<void>
  /** Says that the turn will go on elsewhere, and touches the reply no more. */
  pause(text: string): Promise<void>
  /** Shows what it has come to, and then touches the reply no more: the turn waits for a person. */
  rest(): Promise<void>
  /** Touches the reply no more: another turn goes on with it, or it stands. May be called again. */
  leave(): Promise<void>
}

export interface Answer {
  /** The whole of it. */
  text: string
  /** When that is too long for a chat: the messages in its place, and what belongs into the file of which the last one speaks. */
  short?: { messages: string[]; file: string }
}

export interface ReplyOptions extends Omit<SheetOptions, 'opening'> {
  /** Of the message. */
  lane: Lane
  look: Look
  stopButton: Button
  /** Ends all waiting for the platform. */
  closing: AbortSignal
  log: Log
}

/** How often what takes long says for how long, at most: oftener would not look calm. */
const tickMs = 5000

/** Returns at once: the placeholder is on its way while the model already works. */
export function openReply(options: ReplyOptions): Reply {
  const { lane, closing, log } = options
  const packing = packingFor(options)
  const live = createLive({ ...options, packing })
  const sheet = createSheet({ ...options, opening: opening(options) })
  let view = { ...emptyView, since: performance.now() }
  const pump = createPump({ render: () => live.render(view), sheet, lane, closing, log })
  const ticking = setInterval(() => live.tick(view) && pump.wake('idle'), tickMs).unref()

  async function stop(): Promise<boolean> {
    clearInterval(ticking)
    return pump.stop()
  }
  const settle = (texts: string[], buttons: Button[], final: boolean) => bringAll(toMessages(texts, buttons, final))
  async function bringAll(last: Outgoing[]): Promise<void> {
    let allowed = await stop()
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
      view = nextView(view, event, performance.now())
      if (event.type === 'text' || live.isNews(view)) pump.wake(urgencyOf(event, before))
    },
    get view() {
      return view
    },
    answer: () => answerOf(view, options, packing),
    finish: (text, buttons = []) => settle([text].flat().flatMap(packing.split), buttons, true),
    rest: () => bringAll(live.render(view)),
    leave: async () => void (await stop()),
    pause: text => settle(packing.split([options.look.redact(view.text), text].filter(Boolean).join('\n\n')), [], false),
  }
}

/** What an answer begins with is news, how it goes on is not. */
function urgencyOf({ type }: AgentEvent, { speaking }: View): Urgency {
  return type === 'tool-progress' || (type === 'text' && speaking) ? 'growth' : 'step'
}

function opening({ message, look, stopButton }: ReplyOptions): Outgoing {
  return message.kind === 'api'
    ? { text: look.words.thinking, buttons: [], final: false }
    : { text: `💭 ${look.words.thinking}`, buttons: [stopButton], final: false }
}

function packingFor({ adapter, look }: ReplyOptions): Packing {
  const room = adapter.limits
  return { room, split: createSplitter(room), ending: adapter.postFile && look.words.wholeInFile }
}

function answerOf(view: View, { message, look }: ReplyOptions, packing: Packing): Answer {
  const plain = look.redact(renderPlain(view, look.words))
  if (message.kind === 'api') return { text: plain }
  const card = renderFinal(view, look)
  const { messages, needsFile } = pack(card, packing)
  return { text: inOne(card), ...(needsFile && { short: { messages, file: plain } }) }
}
