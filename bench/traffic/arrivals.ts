import { type Assumed, limits, zones } from './assumptions.ts'

export const daySeconds = 86_400

/** One turn, in seconds of a day that begins again where it ends. */
export interface Turn {
  at: number
  seconds: number
}

/** A server or a group on one day. */
export interface Place {
  messagesPerDay: number
  /** Its clock, in hours ahead of UTC. */
  ahead: number
  turns: Turn[]
}

/** The same place whatever others there are: so that a larger world holds the smaller one. */
export function placeOf(number: number, seed: number, assumed: Assumed): Place {
  const chance = createChance(seed, number)
  const { messagesPerDay: mean, spread, addressed } = assumed
  const messagesPerDay = mean * Math.exp(spread * chance.normal() - spread ** 2 / 2)
  const ahead = zoneOf(chance.next())
  const talks = chance.poisson(messagesPerDay * addressed)
  const turns = Array.from({ length: talks }, () => talk(chance, ahead, assumed)).flat()
  return { messagesPerDay, ahead, turns }
}

function zoneOf(share: number): number {
  let below = 0
  const zone = zones.find(({ share: its }) => {
    below += its
    return share < below
  })
  return (zone ?? zones[0])?.ahead ?? 0
}

/** A cascade: a first question at the pace of the day, and what follows from each answer. */
function talk(chance: Chance, ahead: number, assumed: Assumed): Turn[] {
  const turns: Turn[] = []
  let at = startOf(chance, assumed.peak) - ahead * 3600 + daySeconds
  do {
    const seconds = lengthOf(chance, assumed)
    turns.push({ at: at % daySeconds, seconds })
    at += seconds + assumed.followUpSeconds * Math.exp(chance.normal())
  } while (chance.next() < 1 - 1 / assumed.turnsPerTalk)
  return turns
}

/** A second of its own day, drawn by rejection. */
function startOf(chance: Chance, peak: number): number {
  const pace = paceOf(peak)
  for (;;) {
    const second = chance.next() * daySeconds
    if (chance.next() * peak <= pace(second)) return second
  }
}

const eveningSecond = 20 * 3600

/** How lively a place is at each second of its own day, 1 being its mean: most at eight in the evening, when it is `peak` (von Mises). */
export function paceOf(peak: number): (second: number) => number {
  const known = paces.get(peak)
  if (known) return known
  const sharpness = sharpnessOf(peak)
  const mean = bessel(sharpness)
  const pace = (second: number) => Math.exp(sharpness * Math.cos(((second - eveningSecond) / daySeconds) * 2 * Math.PI)) / mean
  paces.set(peak, pace)
  return pace
}

const paces = new Map<number, (second: number) => number>()

/** By bisection: there is no formula for it. */
function sharpnessOf(peak: number): number {
  let [low, high] = [0, 50]
  for (let n = 0; n < 60; n++) {
    const middle = (low + high) / 2
    if (Math.exp(middle) / bessel(middle) < peak) low = middle
    else high = middle
  }
  return low
}

/** The modified Bessel function of order 0: the mean of exp(x·cos) over a day. */
function bessel(x: number): number {
  let [sum, term] = [1, 1]
  for (let n = 1; term > sum * 1e-12; n++) {
    term *= (x / 2 / n) ** 2
    sum += term
  }
  return sum
}

function lengthOf(chance: Chance, { modelSeconds, toolsPerTurn, toolSeconds }: Assumed): number {
  const step = () => modelSeconds * Math.exp(0.7 * chance.normal())
  const call = () => toolSeconds * Math.exp(1.2 * chance.normal())
  let seconds = step()
  while (chance.next() < toolsPerTurn / (1 + toolsPerTurn)) seconds += call() + step()
  return Math.min(seconds, limits.turnSeconds)
}

type Chance = ReturnType<typeof createChance>

/** Numbers that look like chance and are the same each time: mulberry32, begun at a place of its own for each pair. */
function createChance(seed: number, number: number) {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35)
  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return {
    next,
    normal,
    poisson(mean: number): number {
      if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()))
      let count = 0
      for (let left = Math.exp(-mean), product = next(); product > left; product *= next()) count++
      return count
    },
  }
}
