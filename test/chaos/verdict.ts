import { answerTo, closingOf, numbersIn, preludeOf } from './answers.ts'
import type { Shown } from './places.ts'

// What stands in a conversation at the end, held against what was asked there. Pure.

export interface Asked {
  n: number
  /** The house's id of the message. */
  id: string
}

export type Fate = 'answered once' | 'answered twice' | 'final text wrong' | 'set aside' | 'lost'

export interface Verdict {
  fates: { n: number; fate: Fate; outOfOrder: boolean; shown: Shown[] }[]
  /** Messages of the bot that belong to no answer. */
  orphans: Shown[]
}

/** The house's own words, in which it gives a question up. */
const setAsideWords = /have put it aside/
const gaveUpWords = /\(error e-\w{8}\)/

/** Whether nothing more is to be expected for this question. */
export function isSettled({ n, id }: Asked, shown: Shown[]): boolean {
  return shown.some(({ text, buttons, answers }) => {
    return buttons.length === 0 && (text.includes(closingOf(n)) || (answers === id && gaveUpWords.test(text)))
  })
}

/** `asked` in the order in which it was said. */
export function judge(asked: Asked[], shown: Shown[]): Verdict {
  const owner = (message: Shown) => {
    const [first] = numbersIn(message.text)
    return first ?? asked.find(({ id }) => id === message.answers)?.n
  }
  const used = new Set<Shown>()
  let furthest = -1
  const fates = asked.map(({ n }) => {
    const own = shown.filter(message => owner(message) === n || numbersIn(message.text).includes(n))
    const { fate, parts } = fateOf(n, own)
    for (const message of parts) used.add(message)
    const place = fate === 'answered once' && parts[0] ? shown.indexOf(parts[0]) : furthest
    const outOfOrder = place < furthest
    furthest = Math.max(furthest, place)
    return { n, fate, outOfOrder, shown: own }
  })
  return { fates, orphans: shown.filter(message => !used.has(message)) }
}

function fateOf(n: number, own: Shown[]): { fate: Fate; parts: Shown[] } {
  const copies = copiesOf(n, own)
  const parts = copies.flat()
  if (copies.length > 1) return { fate: 'answered twice', parts }
  if (copies.length === 1) {
    return { fate: parts.some(({ buttons }) => buttons.length > 0) ? 'final text wrong' : 'answered once', parts }
  }
  const partial = own.filter(({ text }) => text.includes('of the answer to'))
  if (partial.length > 0) return { fate: 'final text wrong', parts: own }
  const aside = own.filter(({ text }) => setAsideWords.test(text))
  return aside.length > 0 ? { fate: 'set aside', parts: aside } : { fate: 'lost', parts: own }
}

/** Every set of messages that together are one whole answer; no message is in two of them. */
function copiesOf(n: number, own: Shown[]): Shown[][] {
  const copies: Shown[][] = []
  let rest = own
  while (true) {
    const copy = wordings(n, rest)
      .map(expected => compose(expected, rest))
      .find(found => found !== undefined)
    if (!copy || copy.length === 0) return copies
    copies.push(copy)
    rest = rest.filter(message => !copy.includes(message))
  }
}

/** Several questions in a row may be answered by one reply; a word said before a call may have been cut off with its worker. */
function wordings(n: number, own: Shown[]): string[] {
  const together = numbersIn(own.map(({ text }) => text).join('\n'))
  const groups = together.length > 1 ? [[n], together, together.toSorted((a, b) => a - b)] : [[n]]
  return groups.flatMap(group => {
    const answers = group.map(answerTo).join(' ')
    return [[...group.map(preludeOf), answers].join(' '), answers].map(flatten)
  })
}

/** Messages of which each goes on where the one before it ended, up to the end of what was expected. */
function compose(expected: string, own: Shown[]): Shown[] | undefined {
  if (expected === '') return []
  for (const [at, message] of own.entries()) {
    const text = flatten(message.text)
    if (text === '' || !expected.startsWith(text)) continue
    const others = compose(expected.slice(text.length).trimStart(), own.slice(at + 1))
    if (others) return [message, ...others]
  }
  return undefined
}

/** In one line, without the house's own lines about steps. */
function flatten(text: string): string {
  const lines = text.split('\n').filter(line => !/^(-# )?(✅|⚠️|⏳|∅)/u.test(line))
  return lines.join(' ').replace(/\s+/g, ' ').trim()
}
