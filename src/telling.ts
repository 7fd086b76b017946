import { setTimeout as sleep } from 'node:timers/promises'
import type { Adapter, TurnEnd, TurnEvent } from './adapter.ts'
import type { AgentEvent, Notice } from './agent/events.ts'
import type { Words } from './i18n/i18n.ts'
import { type Log, reason } from './log.ts'
import type { Message } from './message.ts'
import type { ToolCall } from './model.ts'
import type { Redact } from './redact.ts'
import { renderPlain } from './reply/card.ts'
import type { View } from './reply/view.ts'
import type { Account } from './terms.ts'

/** Tells a program what happens in its turn, beside the reply, which shows people what has come of it. */
export interface Telling {
  /** After the reply was shown the event. */
  show(event: AgentEvent, view: View): void
  /** Resolves when it is told. Rejects when it cannot be. */
  end(end: TurnEnd): Promise<void>
}

export interface TellingOptions {
  adapter: Adapter
  question: Message
  redact: Redact
  log: Log
}

const silence: Telling = { show() {}, end: async () => {} }
/** So long pieces of text are gathered. */
const gatherMs = 25
/** Every so many pieces the whole text is told, for who missed one. */
const wholeEvery = 100
/** What is told of one result. */
const resultChars = 8000

/** For a question without terms it does nothing. */
export function openTelling({ adapter, question, redact, log }: TellingOptions): Telling {
  const { conversation, replyTo = question.id } = question
  if (!question.terms || !adapter.tell) return silence
  const tell = (event: TurnEvent) => adapter.tell?.(conversation, replyTo, event)
  const line: TurnEvent[] = []
  let text = ''
  let told = ''
  let pieces = 0
  let written = Promise.resolve()
  let isWriting = false
  let ended = false

  /** The text as far as it was not told; in the line it stands before what happens next. */
  function piece(): TurnEvent | undefined {
    if (text === told) return undefined
    const at = text.startsWith(told) && pieces++ % wholeEvery !== wholeEvery - 1 ? told.length : 0
    told = text
    return { type: 'text', at, text: text.slice(at) }
  }
  const next = () => (ended ? undefined : (line.shift() ?? piece()))
  async function write(): Promise<void> {
    isWriting = true
    for (let event = next(); event; event = next()) {
      try {
        await tell(event)
      } catch (error) {
        told = '' // the next piece is the whole
        log.debug({ conversation, reason: reason(error) }, 'a program could not be told what happens')
      }
      if (event.type === 'text') await sleep(gatherMs)
    }
    isWriting = false
  }
  return {
    show(event, view) {
      if (event.type !== 'text') {
        const before = piece()
        const told = toTold(event)
        line.push(...[before, told].filter(one => one !== undefined))
      }
      text = redact(view.text, view.speaking)
      if (!isWriting) written = write()
    },
    async end(end) {
      ended = true
      await written
      for (const event of line) await tell(event)
      await tell(end)
    },
  }
}

function toTold(event: AgentEvent): TurnEvent | undefined {
  if (event.type === 'tool-start') return { type: 'call', label: event.label, ...pick(event.call) }
  if (event.type === 'tool-progress') return { type: 'progress', id: event.callId, ...event.progress }
  if (event.type !== 'tool-end') return undefined
  const { callId: id, name, ok, text, outcome } = event.result
  const { state, count } = outcome ?? {}
  const judged = { ...(state && { state }), ...(count !== undefined && { count }) }
  return { type: 'result', id, name, ok, text: text.slice(0, resultChars), ms: event.ms, ...judged }
}

const pick = ({ id, name, input }: ToolCall) => ({ id, name, input })

const bad: Notice['kind'][] = ['failed', 'model-failed', 'no-text', 'set-aside']
const stopped: Notice['kind'][] = ['stopped', 'interrupted', 'withdrawn']
const limits: Notice['kind'][] = ['step-limit', 'time-limit', 'token-limit']

/** How a turn has ended, for a program. */
export function endOf(view: View, calls: ToolCall[], account: Account, words: Words, redact: Redact): TurnEnd {
  const how = howOf(new Set(view.notices.map(({ kind }) => kind)), calls)
  const problem = redact(renderPlain({ ...view, text: '' }, words))
  return {
    type: 'end',
    how,
    text: redact(how === 'answered' || how === 'limit' ? renderPlain(view, words) : view.text),
    ...(problem !== '' && how !== 'answered' && how !== 'calls' && { problem }),
    ...(calls.length > 0 && how === 'calls' && { calls }),
    ...account.spent(),
  }
}

function howOf(kinds: Set<Notice['kind']>, calls: ToolCall[]): TurnEnd['how'] {
  if (bad.some(kind => kinds.has(kind))) return 'failed'
  if (kinds.has('used-up')) return 'used-up'
  if (stopped.some(kind => kinds.has(kind))) return 'stopped'
  if (calls.length > 0) return 'calls'
  return limits.some(kind => kinds.has(kind)) ? 'limit' : 'answered'
}
