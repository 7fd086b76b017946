import type { Adapter, Button, Outgoing } from '../adapter.ts'
import type { Message } from '../message.ts'
import { askButtons } from './ask-card.ts'
import { type Card, inOne, type Look, longMs, renderLive } from './card.ts'
import { createGrowing, type Packing } from './pack.ts'
import { toMessages } from './sheet.ts'
import type { View } from './view.ts'

/** The reply while the turn runs. What time alone changes in it is taken in by a tick, or together with something else that has changed. */
export interface Live {
  render(view: View): Outgoing[]
  /** Whether the card would look different, were it not for the time. */
  isNews(view: View): boolean
  /** Takes in the time when nothing else has changed for long; false if the card looks the same. */
  tick(view: View): boolean
}

export interface LiveOptions {
  adapter: Adapter
  message: Message
  look: Look
  stopButton: Button
  packing: Packing
}

export function createLive({ message, look, stopButton, packing }: LiveOptions): Live {
  const isApi = message.kind === 'api'
  const messagesOf = createGrowing(packing)
  let clock = performance.now()
  let movedAt = clock
  let shown = ''
  const cards = (view: View) => renderLive(view, look, clock)
  const isNews = (view: View) => !isApi && inOne(cards(view).large) !== shown

  return {
    isNews,
    render(view) {
      if (isApi) return toMessages([look.redact(view.text, view.speaking) || look.words.thinking], [], false)
      let now = cards(view)
      if (inOne(now.large) !== shown) {
        clock = movedAt = performance.now()
        now = cards(view)
        shown = inOne(now.large)
      }
      const [ask] = view.asks
      return toMessages(lay(now, messagesOf), [...(ask ? askButtons(ask, look.words) : []), stopButton], false)
    },
    tick(view) {
      const now = performance.now()
      if (now - movedAt < longMs) return false
      clock = now
      if (!isNews(view)) return false
      shown = inOne(cards(view).large)
      return true
    },
  }
}

/** The small card where the large one would need another message. */
function lay({ large, small }: ReturnType<typeof renderLive>, messagesOf: (card: Card) => string[]): string[] {
  const messages = messagesOf(large)
  if (messages.length === 1 || large === small) return messages
  const fewer = messagesOf(small)
  return fewer.length < messages.length ? fewer : messages
}
