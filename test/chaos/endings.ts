import { answerTo, numbersIn, preludeOf } from './answers.ts'
import type { Shown } from './places.ts'

// The replies in a conversation that have come to their end, read from what stands there alone. Pure.

/** One such reply, over one message or several. */
export interface Ending {
  parts: Shown[]
  /** The numbers that it answers from the first word to the last; of a withdrawn one, those that it speaks of. */
  numbers: number[]
  /** It says that it was given up because its question was deleted. */
  withdrawn: boolean
}

/** How far one reply was read. */
interface Reading {
  parts: Shown[]
  numbers: number[]
  /** Of which a word was said before a call. */
  announced: number[]
  /** What is still missing of the answer that was begun last. */
  missing: string
  withdrawn: boolean
}

const nothing: Reading = { parts: [], numbers: [], announced: [], missing: '', withdrawn: false }

/** The house's own sentence, in a line of its own. */
export const withdrawnWords = /^\*?Stopped, since the question was deleted\.\*?$/m

/** `known` are all numbers that were asked there. No message is in two of the endings. */
export function readEndings(shown: Shown[], known: number[]): Ending[] {
  const endings: Ending[] = []
  const taken = new Set<Shown>()
  for (const [at, first] of shown.entries()) {
    const later = shown.slice(at + 1).filter(message => !taken.has(message))
    const ending = taken.has(first) ? undefined : readFrom(nothing, first, later, known)
    if (!ending) continue
    endings.push(ending)
    for (const message of ending.parts) taken.add(message)
  }
  return endings
}

/** What lies between two messages of one reply belongs to others. */
function readFrom(reading: Reading, message: Shown, later: Shown[], known: number[]): Ending | undefined {
  const now = readOn(reading, message, known)
  if (!now || isWhole(now)) return now && endingOf(now)
  for (const [at, next] of later.entries()) {
    // Only the first message of a reply hangs below its question.
    const ending = next.answers === undefined ? readFrom(now, next, later.slice(at + 1), known) : undefined
    if (ending) return ending
  }
  return undefined
}

const isWhole = ({ numbers, announced, missing, withdrawn }: Reading) =>
  withdrawn || (numbers.length > 0 && missing === '' && announced.every(n => numbers.includes(n)))

const endingOf = ({ parts, numbers, announced, withdrawn }: Reading): Ending => ({
  parts,
  numbers: [...new Set([...announced, ...numbers])],
  withdrawn,
})

/** Undefined if the message holds anything but what is to come next: words before the calls, then answers, none of them twice. */
function readOn(reading: Reading, message: Shown, known: number[]): Reading | undefined {
  const [said = '', ...afterwards] = message.text.split(withdrawnWords)
  const withdrawn = afterwards.length > 0
  let text = flatten(said)
  if (flatten(afterwards.join('\n')) !== '' || (text === '' && !withdrawn)) return undefined
  const now: Reading = { ...reading, numbers: [...reading.numbers], announced: [...reading.announced], withdrawn }
  while (text !== '') {
    if (now.missing === '' && !begin(now, text, known)) {
      if (!withdrawn || !known.some(n => couldBegin(n, text))) return undefined
      text = '' // cut off before it said what it is about
    } else if (text.startsWith(now.missing)) {
      text = text.slice(now.missing.length).trimStart()
      now.missing = ''
    } else if (now.missing.startsWith(text)) {
      now.missing = now.missing.slice(text.length).trimStart()
      text = ''
    } else return undefined
  }
  return { ...now, parts: [...reading.parts, message] }
}

/** Sets what is expected next, by the first number that the text names. */
function begin(reading: Reading, text: string, known: number[]): boolean {
  const [n] = numbersIn(text)
  if (n === undefined || !known.includes(n) || reading.numbers.includes(n)) return false
  const prelude = flatten(preludeOf(n))
  const mayAnnounce = reading.numbers.length === 0 && !reading.announced.includes(n) && prelude !== ''
  const announces = mayAnnounce && (text.startsWith(prelude) || prelude.startsWith(text))
  reading.missing = announces ? prelude : flatten(answerTo(n))
  reading[announces ? 'announced' : 'numbers'].push(n)
  return true
}

const couldBegin = (n: number, text: string) => [preludeOf(n), answerTo(n)].some(words => flatten(words).startsWith(text))

/** In one line, without the house's own lines about steps, and about a beginning that it has summed up. */
function flatten(text: string): string {
  const lines = text.split('\n').filter(line => !/^(-# )?(✅|⚠️|⏳|⏹|∅)|^\*?This has become a long talk: /u.test(line))
  return lines.join(' ').replace(/\s+/g, ' ').trim()
}
