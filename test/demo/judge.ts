import { type Asked, type Budget, type Call, isCounted, type Shown, type Talk } from './record.ts'
import { deviation, lettersOf, reach } from './words.ts'

export interface Verdict {
  /** One line that says how it went. */
  summary: string
  /** A sentence for each thing that must not be; empty when all is well. */
  faults: string[]
}

/** Between the pacer's clock and the wire's a call may have been under way for so long. */
const underwayMs = 500
const minuteMs = 60_000

export function judge(talk: Talk): Verdict {
  const { calls, asked, budget } = talk
  const counted = calls.filter(isCounted)
  const answers = asked.map(one => answerTo(one, talk))
  const wrong = answers.flatMap(({ fault }) => fault ?? [])
  const refused = calls.filter(call => call.refused === 429)
  const injected = refused.filter(call => call.injected).length
  const allowed = Math.floor(budget.burst + minuteMs / budget.refillMs)
  const letters = answers.reduce((sum, { parts }) => sum + parts.reduce((all, { text }) => all + text.length, 0), 0)
  const messages = answers.reduce((sum, { parts }) => sum + parts.length, 0)
  const summary = [
    `${counted.length} calls, ${counted.filter(({ kind }) => kind === 'edit').length} edits`,
    `busiest minute ${busiest(counted, minuteMs)} of ${allowed} allowed`,
    `429s ${injected} injected, ${refused.length - injected} not`,
    `first paint ${answers.map(({ firstPaintMs }) => whole(firstPaintMs)).join(' / ')} ms`,
    `longest pause ${(longestPause(counted) / 1000).toFixed(1)} s`,
    `final ${answers.map(({ delayMs }) => whole(delayMs)).join(' / ')} ms after the stream's end`,
    `last shown = final: ${wrong.length === 0 ? 'yes' : 'NO'} (${letters.toLocaleString('en')} characters in ${messages})`,
  ].join(' · ')
  const flickers = answers.flatMap(({ flicker }) => flicker ?? [])
  const others = [...strays(talk, answers), ...repeats(counted), ...silences(talk), ...flickers]
  return { summary, faults: [...refusals(calls), ...overBudget(counted, budget), ...wrong, ...others] }
}

/** Whether every answer stands as it was said, with nothing below it that says otherwise. */
export function isWhole(talk: Talk): boolean {
  return (
    talk.asked.every(one => answerTo(one, talk).fault === undefined) && talk.asked.every(({ saidAt }) => saidAt !== undefined)
  )
}

interface Answer {
  parts: Shown[]
  firstPaintMs: number | undefined
  /** From the end of the model's stream to the last call that changed the answer; below zero when the last words came with it. */
  delayMs: number | undefined
  fault?: string
  flicker?: string
}

function answerTo(asked: Asked, { calls, shown }: Talk): Answer {
  const own = shown.filter(message => message.replyTo === asked.id || isPartOf(message, asked, shown))
  const ids = new Set(own.map(({ id }) => id))
  const touched = calls.filter(({ message, kind }) => kind !== 'other' && message !== undefined && ids.has(message))
  const [first, last] = [touched[0], touched.at(-1)]
  const parts = own.filter(({ file }) => file === undefined)
  const files = own.flatMap(({ file }) => file ?? [])
  const fault = faultOf(asked, parts, files)
  const flicker = vanished(asked, parts, touched)
  return {
    parts,
    firstPaintMs: first && first.at - asked.askedAt,
    delayMs: last && asked.saidAt !== undefined ? Math.max(0, last.at - asked.saidAt) : undefined,
    ...(fault && { fault: `“${asked.question}”: ${fault}` }),
    ...(flicker && { flicker: `“${asked.question}”: ${flicker}` }),
  }
}

/** Further parts answer no message: they are known by their words, and files by the answer before them. */
function isPartOf(message: Shown, { id, said }: Asked, shown: Shown[]): boolean {
  if (message.replyTo !== undefined) return false
  const before = shown.slice(0, shown.indexOf(message)).findLast(({ replyTo }) => replyTo !== undefined)
  if (message.file !== undefined) return before?.replyTo === id
  const letters = lettersOf(message.text).slice(0, 12)
  return letters !== '' && lettersOf(said).includes(letters)
}

function faultOf({ said, saidAt }: Asked, parts: Shown[], files: string[]): string | undefined {
  if (saidAt === undefined) return "the model's stream has not ended"
  if (parts.length === 0) return 'there is no answer'
  const busy = parts.find(({ text, buttons }) => buttons.length > 0 || /💭|⏳/u.test(text))
  if (busy) return `a message still looks unfinished: “${busy.text.slice(-40)}” ${busy.buttons.join()}`
  return deviation(
    said,
    parts.map(({ text }) => text),
    files,
  )
}

/** A mark that is held back, or a line of a table that is drawn anew. */
const fewLetters = 60
const momentMs = 1000

/** What was read once stays where it is, but for the moment in which it moves into the next message. */
function vanished({ said }: Asked, parts: Shown[], calls: Call[]): string | undefined {
  const texts = new Map<string, string>()
  let most = 0
  let since: number | undefined
  for (const { at, message = '', text, refused } of calls) {
    if (refused !== undefined) continue
    if (since !== undefined && at - since > momentMs) return `words that were shown were away for ${Math.round(at - since)} ms`
    texts.set(message, text)
    const seen = reach(
      said,
      parts.flatMap(({ id }) => texts.get(id) ?? []),
    )
    since = seen < most - fewLetters ? (since ?? at) : undefined
    most = Math.max(most, seen)
  }
  return undefined
}

function repeats(calls: Call[]): string[] {
  const done = calls.filter(({ refused }) => refused === undefined)
  const again = done.filter(({ message, text, buttons }, index) => {
    const before = done.slice(0, index).findLast(one => one.message === message)
    return before !== undefined && before.text === text && before.buttons.join() === buttons.join()
  })
  return again.map(({ text }) => `an edit changed nothing: “${text.slice(-40)}”`)
}

function longestPause(calls: Call[]): number {
  return Math.max(0, ...calls.slice(1).map(({ at }, index) => at - (calls[index]?.at ?? at)))
}

function strays({ shown }: Talk, answers: Answer[]): string[] {
  const known = new Set(answers.flatMap(({ parts }) => parts.map(({ id }) => id)))
  const left = shown.filter(({ id, file }) => file === undefined && !known.has(id))
  return left.map(({ text }) => `a message belongs to no answer: “${text.slice(0, 60)}”`)
}

function refusals(calls: Call[]): string[] {
  const bad = calls.filter(call => call.refused !== undefined && !call.injected)
  return bad.map(({ method, refused }) => `${method} was refused with ${refused}, which nobody injected`)
}

/** The worst breach: so many calls within a time in which the bucket holds fewer. */
function overBudget(calls: Call[], { burst, refillMs }: Budget): string[] {
  let worst: { over: number; sentence: string } | undefined
  for (const [from, first] of calls.entries()) {
    for (const [to, last] of calls.entries()) {
      if (to < from) continue
      const ms = last.at - first.at
      const allowed = Math.floor(burst + (ms + underwayMs) / refillMs)
      const over = to - from + 1 - allowed
      if (over > (worst?.over ?? 0)) {
        const sentence = `the budget was exceeded: ${to - from + 1} calls in ${(ms / 1000).toFixed(1)} s, where ${allowed} are allowed`
        worst = { over, sentence }
      }
    }
  }
  return worst ? [worst.sentence] : []
}

/** After a 429 its chat is left alone, and no other chat for it. */
function silences({ calls, budget, retryAfterMs = 0, others }: Talk): string[] {
  const counted = calls.filter(isCounted)
  const early = counted.flatMap(refusal => {
    if (refusal.refused !== 429 || !refusal.injected) return []
    const next = counted.find(({ at }) => at > refusal.at)
    const waited = next ? next.at - refusal.at : Number.POSITIVE_INFINITY
    return waited < retryAfterMs ? [`${Math.round(waited)} ms after a 429 the next call came, not after ${retryAfterMs}`] : []
  })
  if (!others) return early
  const times = counted.map(({ at }) => at).filter(at => at > others.from - budget.refillMs && at < others.to + budget.refillMs)
  const gap = Math.max(...[...times, others.to].map((at, index, all) => at - (all[index - 1] ?? others.from)))
  const held = gap > budget.refillMs + 2000
  return [...early, ...(held ? [`another chat's 429 held this one up: ${Math.round(gap)} ms without a call`] : [])]
}

function busiest(calls: Call[], ms: number): number {
  return Math.max(0, ...calls.map(({ at: from }) => calls.filter(({ at }) => at >= from && at < from + ms).length))
}

const whole = (ms: number | undefined) => (ms === undefined ? '–' : Math.round(ms).toLocaleString('en'))
