import { closingOf, numbersIn } from './answers.ts'
import { type Ending, readEndings, withdrawnWords } from './endings.ts'
import type { Shown } from './places.ts'

// What stands in a conversation at the end, held against what was asked there. Pure.

export interface Asked {
  /** The house's id of the message. */
  id: string
  /** What it asked first, and what it asked after each edit. */
  numbers: number[]
  /** Milliseconds since 1970; absent if it was not deleted. */
  deletedAt?: number
}

export type Fate = (typeof allFates)[number]
export const allFates = [
  'answered once',
  /** Of deleted questions. */
  'withdrawn',
  'nothing shown',
  'lost',
  'answered twice',
  'final text wrong',
  /** Deleted, and something stands there that is no end. */
  'left hanging',
  'set aside',
] as const

export interface Verdict<Question extends Asked> {
  fates: {
    question: Question
    fate: Fate
    /** Of its numbers the one that was answered, if it was answered once. */
    answered?: number
    /** How many questions the reply answers. */
    together: number
    outOfOrder: boolean
    shown: Shown[]
  }[]
  /** Messages of the bot that belong to no end of a question. */
  orphans: Shown[]
}

/** The house's own words, in which it gives a question up. */
const setAsideWords = /have put it aside/
const gaveUpWords = /\(error e-\w{8}\)/

/** Whether nothing more is to be expected for this question, as far as can be seen. */
export function isSettled({ id, numbers }: Asked, shown: Shown[]): boolean {
  return shown.some(({ text, buttons, answers }) => {
    if (buttons.length > 0) return false
    const givenUp = gaveUpWords.test(text) || withdrawnWords.test(text)
    return numbers.some(n => text.includes(closingOf(n))) || (answers === id && givenUp)
  })
}

/** `asked` in the order in which it was said. */
export function judge<Question extends Asked>(asked: Question[], shown: Shown[]): Verdict<Question> {
  const known = asked.flatMap(({ numbers }) => numbers)
  const endings = readEndings(shown, known)
  const used = new Set<Shown>()
  let furthest = -1
  const fates = asked.map(question => {
    const { fate, parts, answered, together = 1 } = fateOf(question, shown, endings)
    for (const message of parts) used.add(message)
    const place = fate === 'answered once' && parts[0] ? shown.indexOf(parts[0]) : furthest
    const outOfOrder = place < furthest
    furthest = Math.max(furthest, place)
    const seen = shown.filter(message => parts.includes(message) || isAbout(question, message))
    return { question, fate, ...(answered !== undefined && { answered }), together, outOfOrder, shown: seen }
  })
  return { fates: fates.map((_, at) => asideTogether(fates, at)), orphans: shown.filter(message => !used.has(message)) }
}

/** What was to be answered together is set aside together, below the last of it, in words that name no question. */
function asideTogether<One extends { fate: Fate }>(fates: One[], at: number): One {
  const one = fates[at] as One
  if (one.fate !== 'lost') return one
  const next = fates.slice(at + 1, at + 10).find(({ fate }) => fate !== 'lost' && fate !== 'nothing shown')
  return next?.fate === 'set aside' ? { ...one, fate: 'set aside' } : one
}

/** Messages that name one of its numbers, or hang below it. */
const isAbout = ({ id, numbers }: Asked, { text, answers }: Shown) =>
  answers === id || numbersIn(text).some(n => numbers.includes(n))

interface Found {
  fate: Fate
  parts: Shown[]
  answered?: number
  together?: number
}

function fateOf(question: Asked, shown: Shown[], endings: Ending[]): Found {
  const asks = (n: number) => question.numbers.includes(n)
  const hangsBelow = ({ parts }: Ending) => parts.some(({ answers }) => answers === question.id)
  const mine = endings.filter(ending => ending.numbers.some(asks) || (ending.withdrawn && hangsBelow(ending)))
  const parts = mine.flatMap(ending => ending.parts)
  const times = mine.reduce((sum, { withdrawn, numbers }) => sum + (withdrawn ? 1 : numbers.filter(asks).length), 0)
  const [ending] = mine
  if (!ending) return unanswered(question, shown, endings)
  if (times > 1) return { fate: 'answered twice', parts }
  if (parts.some(({ buttons }) => buttons.length > 0)) return { fate: 'final text wrong', parts }
  if (ending.withdrawn) return { fate: question.deletedAt === undefined ? 'final text wrong' : 'withdrawn', parts }
  return { fate: 'answered once', parts, answered: ending.numbers.find(asks) ?? 0, together: ending.numbers.length }
}

function unanswered(question: Asked, shown: Shown[], endings: Ending[]): Found {
  const own = shown.filter(message => isAbout(question, message) && !endings.some(({ parts }) => parts.includes(message)))
  const aside = own.filter(({ text }) => setAsideWords.test(text))
  if (own.some(hasAnswer)) return { fate: 'final text wrong', parts: own }
  if (aside.length > 0) return { fate: 'set aside', parts: aside }
  if (question.deletedAt === undefined) return { fate: 'lost', parts: own }
  return { fate: own.length > 0 ? 'left hanging' : 'nothing shown', parts: own }
}

/** Whether there is anything of a model's answer in it. */
export const hasAnswer = ({ text }: Shown) => text.includes('of the answer to #')
