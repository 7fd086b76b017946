/** Chance that can be repeated: the same seed gives the same numbers in the same order. */
export interface Random {
  /** At least `from`, less than `to`. */
  between(from: number, to: number): number
  /** Small numbers as likely as large ones: as many between 1 and 8 as between 8 and 64. */
  betweenAnyScale(from: number, to: number): number
  /** How long to wait for something that happens every so often on average, and is never regular. */
  around(meanMs: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** One more, whose numbers do not depend on how often this one is asked. */
  branch(): Random
}

/** Mulberry32: 32 bits of state, even enough for dice. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (from: number, to: number) => from + next() * (to - from)
  return {
    between,
    betweenAnyScale: (from, to) => Math.exp(between(Math.log(from), Math.log(to))),
    around: meanMs => Math.min(meanMs * 3, -Math.log(1 - next()) * meanMs),
    chance: probability => next() < probability,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new Error('there is nothing to pick from')
      return list[Math.floor(next() * list.length)] as T
    },
    branch: () => createRandom(Math.floor(next() * 2 ** 32)),
  }
}
