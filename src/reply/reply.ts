import { setTimeout as sleep } from 'node:timers/promises'
import type { Button, Outgoing } from '../adapter.ts'
import type { AgentEvent } from '../agent/events.ts'
import { Gone, RateLimited } from '../errors.ts'
import type { Words } from '../i18n/i18n.ts'
import { type Log, reason } from '../log.ts'
import { renderFinal, renderLive, renderPlain } from './card.ts'
import { deliver } from './deliver.ts'
import { createSheet, type SheetOptions, toMessages } from './sheet.ts'
import { split } from './split.ts'
import { emptyView, nextView, type View } from './view.ts'

/** The one answer to one message, kept fresh by edits while the agent works. */
export interface Reply {
  show(event: AgentEvent): void
  readonly view: View
  /** The whole answer as it would be delivered now. */
  answer(): string
  /** Puts `text` in the place of the progress, over several messages if it is long. Throws when the platform does not take it for minutes. */
  finish(text: string): Promise<void>
  /** Says that the turn will go on elsewhere, and touches the reply no more. */
  pause(text: string): Promise<void>
  /** Touches the reply no more: another turn goes on with it. */
  leave(): Promise<void>
}

export interface ReplyOptions extends SheetOptions {
  words: Words
  stopButton: Button
  /** Ends all waiting for the platform. */
  closing: AbortSignal
  log: Log
}

/** Returns at once: the placeholder is on its way while the model already works. */
export function openReply(options: ReplyOptions): Reply {
  const { adapter, message, words, closing, log } = options
  const sheet = createSheet(options)
  const ending = new AbortController()
  const waking = AbortSignal.any([ending.signal, closing])
  let view = emptyView
  let pump: Promise<void> | undefined
  /** Something was shown since the pump last looked. */
  let changed = false

  /** At most one call is under way; what changes meanwhile goes out with the next. */
  async function keepFresh(): Promise<void> {
    while (!waking.aborted) {
      changed = false
      if (!(await sheet.bring(live(view, options)))) return
      await rest(adapter.limits.editEveryMs, waking)
    }
  }
  async function missOne(error: unknown): Promise<void> {
    log.debug({ reason: reason(error), conversation: message.conversation }, 'an intermediate edit was not taken')
    if (error instanceof Gone)
      ending.abort() // the last words will be posted anew, if they can be
    else await rest(error instanceof RateLimited ? error.retryAfterMs : 1000, waking)
  }
  function refresh(): void {
    if (waking.aborted || pump) return
    pump = keepFresh()
      .catch(missOne)
      .finally(() => {
        pump = undefined
        if (changed) refresh()
      })
  }
  async function settle(text: string, final: boolean): Promise<void> {
    ending.abort()
    await pump
    const wanted = toMessages(split(text, adapter.limits), [], final)
    await deliver(() => sheet.bring(wanted), { forget: () => sheet.forget(wanted), signal: closing, log })
  }
  refresh()
  return {
    show(event) {
      view = nextView(view, event)
      changed = true
      refresh()
    },
    get view() {
      return view
    },
    answer: () => (message.kind === 'api' ? renderPlain(view, words) : renderFinal(view, words)),
    finish: text => settle(text, true),
    async leave() {
      ending.abort()
      await pump
    },
    pause: text => settle([view.text, text].filter(Boolean).join('\n\n'), false),
  }
}

/** The reply as it should look while the turn runs. */
function live(view: View, { message, words, adapter, stopButton }: ReplyOptions): Outgoing[] {
  if (message.kind === 'api') return toMessages([view.text || words.thinking], [], false)
  const { large, small } = renderLive(view, words)
  const texts = split(large, adapter.limits)
  const smaller = texts.length > 1 && large !== small ? split(small, adapter.limits) : texts
  return toMessages(smaller.length < texts.length ? smaller : texts, [stopButton], false)
}

function rest(ms: number, waking: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal: waking }).catch(() => {}) // woken early
}
