import type { Notice } from '../agent/events.ts'
import type { Words } from '../i18n/i18n.ts'
import { renderAsk } from './ask-card.ts'
import { openFence } from './fence.ts'
import { plain } from './plain.ts'
import { steady } from './steady.ts'
import type { Step, View } from './view.ts'

const marks = { running: '⏳', ok: '✅', failed: '⚠️', cutOff: '⏹' }
const shownSteps = 8
const footerSteps = 4

/** The reply while the turn runs, in two sizes: with a line per step, and small for when the large one would need another message. */
export function renderLive(view: View, words: Words): { large: string; small: string } {
  const said = view.speaking ? steady(view.text) : view.text
  const small = join(said, footer(view.steps))
  if (view.speaking && said.trim() !== '') return { large: small, small }
  const [ask] = view.asks
  const thinking = ask || view.steps.some(step => step.state === 'running') ? [] : [`💭 ${words.thinking}`]
  const heard = view.heard.map(({ text }) => `↪ ${plain(text)}`)
  const lines = [...stepLines(view.steps, words), ...heard, ...thinking]
  const asked = ask ? renderAsk(ask, words) : ''
  return { large: join(said, lines.join('\n'), asked), small: join(small, asked || (small === '' ? thinking.join('') : '')) }
}

/** The reply when the turn is over: what was said, what the house adds, and a footer of what was done. */
export function renderFinal(view: View, words: Words): string {
  const notices = view.notices.map(notice => sentenceOf(notice, words))
  return join(join(view.text, ...notices), footer(view.steps.map(endStep)))
}

/** Nothing runs any more. */
function endStep(step: Step): Step {
  return step.state === 'running' ? { ...step, state: 'cutOff' } : step
}

/** For who wants the answer alone. */
export function renderPlain(view: View, words: Words): string {
  return join(view.text, ...view.notices.map(notice => sentenceOf(notice, words)))
}

function sentenceOf(notice: Notice, words: Words): string {
  switch (notice.kind) {
    case 'step-limit':
      return `*${words.stepLimit(notice.steps)}*`
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

function stepLines(steps: Step[], words: Words): string[] {
  const hidden = steps.length - shownSteps
  return [...(hidden > 0 ? [`… ${words.and(hidden)}`] : []), ...steps.slice(-shownSteps).map(stepLine)]
}

function stepLine(step: Step): string {
  const { progress } = step
  const percent = progress?.total ? `${Math.min(100, Math.floor((progress.done / progress.total) * 100))} %` : ''
  const detail = step.state === 'running' ? [percent, plain(progress?.message ?? '')] : [duration(step.ms)]
  return [`${marks[step.state]} ${plain(step.label)}`, ...detail].filter(part => part !== '').join(' · ')
}

/** `-#` is Discord's mark of small print; the other doors know it too. */
function footer(steps: Step[]): string {
  if (steps.length === 0) return ''
  const shown = steps.slice(0, footerSteps).map(step => `${marks[step.state]} ${plain(step.label)} ${duration(step.ms)}`.trim())
  const more = steps.length > footerSteps ? [`+${steps.length - footerSteps}`] : []
  return `-# ${[...shown, ...more].join(' · ')}`
}

function duration(ms: number | undefined): string {
  if (ms === undefined) return ''
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}
