import type { Entry, Prompt, ToolEntry } from '../model.ts'
import type { Overflow } from './window.ts'

/** Of the window, what a prompt may fill: the answer needs room too, and a size in bytes is only about one in tokens. */
const mostOfWindow = 0.75
/** Where the endpoint does not tell how much was too much. */
const mostOfUnknown = 0.5
/** What stays of the result of a call, in characters: of earlier turns, and of this one. */
const keptOfOld = 300
const keptOfNew = 1500

const leftOut = '[the beginning of this conversation was left out here, since it is too long for you]'

/**
 * How many bytes a prompt may have of which this much was too much. In UTF-8 a token is about four bytes of English and three of Chinese,
 * so that bytes tell more of tokens than characters do.
 */
export function roomAfter(prompt: Prompt, { limit, counted }: Overflow): number {
  const share = limit !== undefined && counted !== undefined ? (mostOfWindow * limit) / counted : mostOfUnknown
  return Math.floor(sizeOf(prompt) * Math.min(mostOfWindow, share))
}

/**
 * The same with less of the past: old results are cut, then the oldest turns are left out, at last the results of this turn are cut. A call
 * and its result go or stay together, and the newest question stays whole. Undefined when nothing is left that could be taken away.
 */
export function compact(prompt: Prompt, room: number): Prompt | undefined {
  const turns = turnsOf(prompt.transcript)
  const last = turns.pop() ?? []
  const old = turns.map(turn => turn.map(entry => shorten(entry, keptOfOld)))
  const withLess = (kept: Entry[][], now: Entry[]) => ({ ...prompt, transcript: [...kept.flat(), ...now] })
  const before = sizeOf(prompt)
  const isEnough = (less: Prompt) => sizeOf(less) <= room && sizeOf(less) < before
  for (let from = 0; from <= old.length; from++) {
    const less = withLess(old.slice(from), from === 0 ? last : markLeftOut(last))
    if (isEnough(less)) return less
  }
  const bare = withLess([], old.length > 0 ? markLeftOut(shortenAll(last)) : shortenAll(last))
  return sizeOf(bare) < before ? bare : undefined
}

/** In bytes; pictures do not count, since nobody knows what they weigh. */
export function sizeOf({ system, transcript, tools }: Prompt): number {
  const texts = transcript.map(entry => (entry.role === 'assistant' ? entry.text + JSON.stringify(entry.calls) : entry.text))
  const defined = tools.map(({ name, description, inputSchema }) => name + description + JSON.stringify(inputSchema))
  return [system, ...texts, ...defined].reduce((sum, text) => sum + Buffer.byteLength(text), 0)
}

/** Each begins with what a person said. */
function turnsOf(transcript: Entry[]): Entry[][] {
  const turns: Entry[][] = []
  for (const entry of transcript) {
    if (entry.role === 'user' || turns.length === 0) turns.push([])
    turns.at(-1)?.push(entry)
  }
  return turns
}

/** Before the newest question, where no other role than a person's may begin. */
function markLeftOut([first, ...rest]: Entry[]): Entry[] {
  return first?.role === 'user' ? [{ ...first, text: `${leftOut}\n\n${first.text}` }, ...rest] : first ? [first, ...rest] : []
}

const shortenAll = (turn: Entry[]) => turn.map(entry => shorten(entry, keptOfNew))

function shorten(entry: Entry, kept: number): Entry {
  if (entry.role !== 'tool') return entry
  const { pictures: _, ...result } = entry
  return entry.text.length <= kept ? result : { ...result, text: cut(entry, kept) }
}

function cut({ text }: ToolEntry, kept: number): string {
  const start = text.slice(0, kept).replace(/[\uD800-\uDBFF]$/, '')
  return `${start}\n(the rest, ${text.length - start.length} characters, was left out: the conversation is too long)`
}
