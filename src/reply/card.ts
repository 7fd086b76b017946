import type { Notice } from '../agent/events.ts'
import { tellOutcome } from '../agent/sources.ts'
import type { Words } from '../i18n/i18n.ts'
import type { Redact } from '../redact.ts'
import type { Setting } from '../settings.ts'
import { renderAsk } from './ask-card.ts'
import { openFence } from './fence.ts'
import { plain } from './plain.ts'
import { steady } from './steady.ts'
import type { Step, View } from './view.ts'

/** A text, and what stands below it however much of the text is shown. */
export interface Card {
  text: string
  below: string
}

/** How the cards of one reply are to look. */
export interface Look {
  words: Words
  steps: Setting<'steps'>
  redact: Redact
}

const marks = { running: '⏳', ok: '✅', empty: '∅', failed: '⚠️', cutOff: '⏹' }
const shownSteps = 8
/** In the footer of a compact card. */
const footerSteps = 4
/** Different ones, in any footer: more would crowd out the answer. */
const footerTroubles = 12
const longestWhy = 160

/** What goes on for so many milliseconds without a change says for how long. */
export const longMs = 10_000

/**
 * The reply while the turn runs, in two sizes: with what tools do, and small for when the large one would need another message. `now` is
 * by the clock of the view.
 */
export function renderLive(view: View, look: Look, now: number): { large: Card; small: Card } {
  const { words, steps, redact } = look
  const text = view.speaking ? steady(redact(view.text, true)) : redact(view.text)
  const small = { text, below: footer(view, look) }
  if (view.speaking && text.trim() !== '') return { large: small, small }
  const [ask] = view.asks
  // Nobody counts the seconds that a person takes to answer.
  const shown = stepLines(view.steps, look, ask ? Number.NEGATIVE_INFINITY : now)
  const heard = view.heard.map(({ text }) => `↪ ${plain(redact(text))}`)
  const thinks = !ask && (steps === 'off' || view.steps.every(({ state }) => state !== 'running'))
  const thinking = thinks ? [withTime(`💭 ${words.thinking}`, now - view.since)] : []
  const asked = ask ? renderAsk(ask, words, redact) : ''
  const large = { text, below: join('', [...shown, ...heard, ...thinking].join('\n'), asked) }
  const without = inOne(small) === '' ? thinking.join('') : ''
  return { large, small: { text, below: join('', small.below, asked || without) } }
}

/** The reply when the turn is over: what was said, what the house adds, and a footer of what was done. */
export function renderFinal(view: View, look: Look): Card {
  const { words, redact } = look
  const notices = view.notices.map(notice => redact(sentenceOf(notice, words)))
  return { text: redact(view.text), below: join('', ...notices, footer({ ...view, steps: view.steps.map(endStep) }, look)) }
}

/** The card as one text. */
export const inOne = ({ text, below }: Card): string => join(text, below)

/** Nothing runs any more. */
function endStep(step: Step): Step {
  return step.state === 'running' ? { ...step, state: 'cutOff' } : step
}

/** The answer alone, with all that is in it. */
export function renderPlain(view: View, words: Words): string {
  return join(view.text, ...view.notices.map(notice => sentenceOf(notice, words)))
}

function sentenceOf(notice: Notice, words: Words): string {
  switch (notice.kind) {
    case 'step-limit':
      return `*${words.stepLimit(notice.steps)}*`
    case 'time-limit':
      return `*${words.timeLimit(notice.seconds)}*`
    case 'token-limit':
      return `*${words.tokenLimit(notice.tokens)}*`
    case 'summed-up':
      return `*${words.summedUp}*`
    case 'used-up':
      return `*${words.usedUp(notice.limit)}*`
    case 'nearly-used-up':
      return `*${words.nearlyUsedUp(notice.limit)}*`
    case 'interrupted':
      return `*${words.interrupted}*`
    case 'stopped':
      return `*${words.stopped}*`
    case 'withdrawn':
      return `*${words.withdrawn}*`
    case 'no-text':
      return words.noText(notice.id)
    case 'unread':
      return `*${words.unread[notice.why](notice.name, notice.detail)}*`
    case 'failed':
      return words.failed(notice.id)
    case 'model-failed':
      return words.modelFailed(notice.what, notice.id)
    case 'set-aside':
      return words.setAside(notice.id)
  }
}

/** Blocks with a blank line between them. A code fence that the text left open would swallow what follows it. */
function join(text: string, ...blocks: string[]): string {
  const fence = openFence(text)
  const body = fence === undefined ? text : `${text.trimEnd()}\n${fence.close}`
  return [body.trim(), ...blocks].filter(block => block !== '').join('\n\n')
}

function stepLines(all: Step[], { steps, words, redact }: Look, now: number): string[] {
  const lineOf = (step: Step) => stepLine(step, redact, now)
  if (steps === 'full') {
    const hidden = all.length - shownSteps
    return [...(hidden > 0 ? [`… ${words.and(hidden)}`] : []), ...all.slice(-shownSteps).map(lineOf)]
  }
  const running = all.filter(({ state }) => state === 'running')
  const others = running.length > 1 ? ` · +${running.length - 1}` : ''
  return steps === 'compact' ? running.slice(-1).map(step => lineOf(step) + others) : []
}

function stepLine(step: Step, redact: Redact, now: number): string {
  const { progress } = step
  const label = `${marks[step.state]} ${plain(redact(step.label))}`
  if (step.state !== 'running') return [label, duration(step.ms)].filter(part => part !== '').join(' · ')
  const percent = progress?.total ? `${Math.min(100, Math.floor((progress.done / progress.total) * 100))} %` : ''
  const said = plain(redact(progress?.message ?? ''))
  return withTime([label, percent, said].filter(part => part !== '').join(' · '), now - step.since)
}

/**
 * What was done, and which sources gave nothing, why, and what would help: those are told however little is to be shown, and so is the model
 * that answered in place of another. `-#` is Discord's mark of small print; the other doors know it too.
 */
function footer({ steps: all, standIn }: View, look: Look): string {
  const most = { full: all.length, compact: footerSteps, off: 0 }[look.steps]
  const parts: string[] = []
  const troubles = new Set<string>()
  let done = 0
  for (const step of all) {
    const trouble = troubleOf(step, look)
    if (trouble === undefined) {
      if (done++ < most) parts.push(doneOf(step, all, look.redact))
    } else if (!troubles.has(trouble) && troubles.size < footerTroubles) {
      troubles.add(trouble)
      parts.push(trouble)
    }
  }
  if (done > most && most > 0) parts.push(`+${done - most}`)
  if (standIn !== undefined) parts.push(look.words.answeredBy(plain(look.redact(standIn))))
  return parts.length === 0 ? '' : `-# ${parts.join(' · ')}`
}

/** `∅ jianshu search: no hits, try a broader word`; undefined when it went well, or nobody can tell. */
function troubleOf({ state, outcome }: Step, { words, redact }: Look): string | undefined {
  if (!outcome || outcome.state === 'ok') return undefined
  const { why, help } = tellOutcome(outcome, words)
  return `${marks[state]} ${words.sourceTrouble(plain(redact(outcome.source)), plain(redact(why), longestWhy), help)}`
}

/** `✅ List tables (12) 0.2 s`; with its server where another tool is called the same. */
function doneOf({ state, label, outcome, ms }: Step, all: Step[], redact: Redact): string {
  const isTwice = all.some(other => other.label === label && other.outcome && other.outcome.source !== outcome?.source)
  const count = outcome?.count === undefined ? '' : `(${outcome.count})`
  const name = plain(redact((isTwice && outcome?.source) || label))
  return [marks[state], name, count, duration(ms)].filter(part => part !== '').join(' ')
}

function duration(ms: number | undefined): string {
  if (ms === undefined) return ''
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

/** `⏳ Download · 43 % · 1:07` */
function withTime(line: string, ms: number): string {
  if (ms < longMs) return line
  const seconds = Math.floor(ms / 1000)
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(String)
  const time = hours === '0' ? minutes : `${hours}:${minutes?.padStart(2, '0')}`
  return `${line} · ${time}:${rest?.padStart(2, '0')}`
}
