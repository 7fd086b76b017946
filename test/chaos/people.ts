import { setTimeout as sleep } from 'node:timers/promises'
import { editedFrom, questionOf } from './answers.ts'
import type { Place } from './places.ts'
import type { Random } from './random.ts'
import { type Asked, isSettled } from './verdict.ts'

export interface Question extends Asked {
  place: Place
  /** Milliseconds since 1970, as all times here. */
  saidAt: number
  settledAt?: number
  /** What became of it since, in order: as many edits as it has further numbers, and perhaps its deletion. */
  changes: Change[]
}

/** A question was edited or deleted. */
export interface Change {
  at: number
  /** Whether the platform knows by now that the house has kept it. */
  isKept?(): boolean
  /** By then the house knew of it: for certain where `isKept` told it, else because it was there to listen. */
  keptAt?: number
  /** Nobody may have heard of it, and Discord does not tell again. */
  missed?: true
}

export interface People {
  questions: Question[]
  /** Asks until the signal ends it. */
  ask(signal: AbortSignal): Promise<void>
  /** One of the questions that are not settled is edited, or deleted where that is told; says which, unless there is none. */
  change(how: 'edit' | 'delete', random: Random): string | undefined
  /**
   * Resolves when all is settled, or nothing has changed for so long; in any case after `mostMs`. A question that was deleted before
   * anything was shown for it is never settled.
   */
  quiet(calmMs: number, mostMs: number): Promise<void>
  /** The longest time in which a conversation that waited for an answer saw no change, although somebody was there to work. */
  longestGap(): { ms: number; conversation: string; until: number }
  close(): void
}

export interface PeopleOptions {
  places: Place[]
  random: Random
  mayAsk(place: Place): boolean
  /** Whether what is said there now is kept soon. */
  isHeard(place: Place): boolean
  /** Whether a gateway, a worker and Redis are there, so that an answer can be expected. */
  isAble(): boolean
}

/** On average a person says something this often, if the bot lets them. */
const speakEveryMs = 8000
const lookEveryMs = 200
const mostWaiting = 3
/** Who goes on listening after something was said has kept it after so long, at the latest. */
const keepMs = 1000
/** An answer that is given up for a newer one is not the end: what was changed is looked at for so long. */
const changeMayWorkMs = 15_000
const restMs = 3000

const isOpen = ({ settledAt }: Question) => settledAt === undefined
/** An answer is due. */
const isDue = (question: Question) => isOpen(question) && question.deletedAt === undefined

export function createPeople({ places, random, mayAsk, isHeard, isAble }: PeopleOptions): People {
  const questions: Question[] = []
  const watch = createWatch(questions, isHeard, isAble)
  const waiting = (place: Place) => questions.filter(question => question.place === place && isDue(question)).length
  let edits = 0

  function say(place: Place): void {
    const n = questions.length + 1
    const saidAt = Date.now()
    questions.push({ numbers: [n], place, id: place.say(questionOf(n)), saidAt, changes: [] })
  }
  async function askOnce(signal: AbortSignal): Promise<void> {
    const patient = !random.chance(0.1)
    const able = places.filter(place => mayAsk(place) && waiting(place) < (patient ? 1 : mostWaiting))
    if (able.length === 0) return
    const place = random.pick(able)
    const times = random.chance(0.15) ? random.pick([2, 3]) : 1
    for (let time = 0; time < times && mayAsk(place); time++) {
      if (time > 0) await sleep(random.between(0, 300), undefined, { signal })
      say(place)
    }
  }
  function edit({ id, place, numbers, changes }: Question): string {
    const n = editedFrom + edits++
    const isKept = place.edit(id, questionOf(n))
    changes.push({ at: Date.now(), ...(isKept && { isKept }) })
    numbers.push(n)
    return `#${numbers.at(-2)} is edited to #${n}`
  }
  function remove(question: Question): string {
    question.place.remove?.(question.id)
    question.deletedAt = Date.now()
    question.changes.push({ at: question.deletedAt })
    return `#${question.numbers.at(-1)} is deleted`
  }
  return {
    questions,
    async ask(signal) {
      while (!signal.aborted) {
        await sleep(random.around(speakEveryMs / places.length), undefined, { signal })
          .then(() => askOnce(signal))
          .catch(() => {})
      }
    },
    change(how, dice) {
      const able = questions.filter(question => isDue(question) && (how === 'edit' || question.place.remove))
      if (able.length === 0) return undefined
      const question = dice.pick(able)
      return how === 'edit' ? edit(question) : remove(question)
    },
    async quiet(calmMs, mostMs) {
      const from = Date.now()
      while (Date.now() - from < mostMs) {
        const calm = Date.now() - Math.max(from, watch.changedAt())
        if (calm > (questions.some(isOpen) ? calmMs : restMs)) return
        await sleep(lookEveryMs)
      }
    },
    longestGap: watch.longestGap,
    close: watch.close,
  }
}

/** Looks at every conversation in which somebody waits, or has just changed what was said. */
function createWatch(questions: Question[], isHeard: PeopleOptions['isHeard'], isAble: () => boolean) {
  const seen = new Map<Place, { text: string; at: number }>()
  let gap = { ms: 0, conversation: '', until: 0 }
  let changedAt = 0
  let unableAt = 0

  function look(): void {
    const now = Date.now()
    if (!isAble()) unableAt = now
    for (const question of questions) for (const change of question.changes) follow(change, isHeard(question.place), now)
    const watched = questions.filter(question => isOpen(question) || now - (question.changes.at(-1)?.at ?? 0) < changeMayWorkMs)
    for (const place of new Set(watched.map(question => question.place))) {
      const shown = place.shown()
      const text = JSON.stringify(shown)
      const before = seen.get(place)
      const due = watched.find(question => question.place === place && isDue(question))
      const since = Math.max(unableAt, before?.at ?? 0, due?.saidAt ?? now)
      if (now - since > gap.ms) gap = { ms: now - since, conversation: place.conversation, until: now }
      if (before?.text === text) continue
      seen.set(place, { text, at: now })
      changedAt = now
      for (const question of watched) {
        if (question.place === place && isSettled(question, shown)) question.settledAt ??= now
      }
    }
  }
  const timer = setInterval(look, lookEveryMs)
  return { changedAt: () => changedAt, longestGap: () => gap, close: () => clearInterval(timer) }
}

/** Finds out whether the house knows of a change by now; `heard`: it listens there at this moment. */
export function follow(change: Change, heard: boolean, now: number): void {
  if (change.keptAt !== undefined || change.missed) return
  if (change.isKept) {
    if (change.isKept()) change.keptAt = now
  } else if (!heard) change.missed = true
  else if (now - change.at > keepMs) change.keptAt = now
}
