import { setTimeout as sleep } from 'node:timers/promises'
import { questionOf } from './answers.ts'
import type { Place } from './places.ts'
import type { Random } from './random.ts'
import { isSettled } from './verdict.ts'

export interface Question {
  n: number
  place: Place
  /** The house's id of the message. */
  id: string
  /** Milliseconds since 1970. */
  saidAt: number
  settledAt?: number
}

export interface People {
  questions: Question[]
  /** Asks until the signal ends it. */
  ask(signal: AbortSignal): Promise<void>
  /** Resolves when all is answered, or nothing has changed for so long; in any case after `mostMs`. */
  quiet(calmMs: number, mostMs: number): Promise<void>
  /** The longest time in which a conversation that waited for an answer saw no change, although somebody was there to work. */
  longestGap(): { ms: number; conversation: string; until: number }
  close(): void
}

export interface PeopleOptions {
  places: Place[]
  random: Random
  /** Whether what is said there now can be heard. */
  mayAsk(place: Place): boolean
  /** Whether a gateway, a worker and Redis are there, so that an answer can be expected. */
  isAble(): boolean
}

/** On average a person says something this often, if the bot lets them. */
const speakEveryMs = 8000
const lookEveryMs = 200
const mostWaiting = 3

export function createPeople({ places, random, mayAsk, isAble }: PeopleOptions): People {
  const questions: Question[] = []
  const watch = createWatch(questions, isAble)
  const waiting = (place: Place) => questions.filter(question => question.place === place && !question.settledAt).length

  function say(place: Place): void {
    const n = questions.length + 1
    const saidAt = Date.now()
    questions.push({ n, place, id: place.say(questionOf(n)), saidAt })
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
  return {
    questions,
    async ask(signal) {
      while (!signal.aborted) {
        await sleep(random.around(speakEveryMs / places.length), undefined, { signal })
          .then(() => askOnce(signal))
          .catch(() => {})
      }
    },
    async quiet(calmMs, mostMs) {
      const until = Date.now() + mostMs
      const from = Date.now()
      while (Date.now() < until) {
        const open = questions.filter(({ settledAt }) => !settledAt)
        if (open.length === 0) return
        if (Date.now() - Math.max(from, watch.changedAt()) > calmMs) return
        await sleep(lookEveryMs)
      }
    },
    longestGap: watch.longestGap,
    close: watch.close,
  }
}

/** Looks at every conversation in which somebody waits. */
function createWatch(questions: Question[], isAble: () => boolean) {
  const seen = new Map<Place, { text: string; at: number }>()
  let gap = { ms: 0, conversation: '', until: 0 }
  let changedAt = 0
  let unableAt = 0

  function look(): void {
    const now = Date.now()
    if (!isAble()) unableAt = now
    const open = questions.filter(({ settledAt }) => !settledAt)
    for (const place of new Set(open.map(question => question.place))) {
      const shown = place.shown()
      const text = JSON.stringify(shown)
      const before = seen.get(place)
      const since = Math.max(unableAt, before?.at ?? 0, open.find(question => question.place === place)?.saidAt ?? now)
      if (now - since > gap.ms) gap = { ms: now - since, conversation: place.conversation, until: now }
      if (before?.text === text) continue
      seen.set(place, { text, at: now })
      changedAt = now
      for (const question of open) {
        if (question.place === place && isSettled(question, shown)) question.settledAt = now
      }
    }
  }
  const timer = setInterval(look, lookEveryMs)
  return { changedAt: () => changedAt, longestGap: () => gap, close: () => clearInterval(timer) }
}
