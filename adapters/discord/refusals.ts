import { isForbidden } from './calls.ts'

/**
 * Places that have refused the bot for want of a permission. They are left alone for a while: Discord blocks an address from which
 * 10,000 refused calls came in ten minutes ("Rate Limits").
 */
export interface Refusals {
  /** Makes the call, or throws in its place what the last one there threw. */
  guard<T>(place: string, make: () => Promise<T>): Promise<T>
}

/** Short enough for somebody who has given the permission and tries again; each further refusal doubles it. */
const pauseMs = { first: 60_000, most: 8 * 60_000 }
const rememberedPlaces = 1000

export function createRefusals(): Refusals {
  const refused = new Map<string, { error: unknown; pauseMs: number; until: number }>()

  function remember(place: string, error: unknown): void {
    const before = refused.get(place)
    const wait = before ? Math.min(before.pauseMs * 2, pauseMs.most) : pauseMs.first
    refused.delete(place)
    refused.set(place, { error, pauseMs: wait, until: Date.now() + wait })
    const [oldest] = refused.keys()
    if (refused.size > rememberedPlaces && oldest !== undefined) refused.delete(oldest)
  }

  return {
    async guard(place, make) {
      const known = refused.get(place)
      if (known && Date.now() < known.until) throw known.error
      try {
        const made = await make()
        refused.delete(place)
        return made
      } catch (error) {
        if (isForbidden(error)) remember(place, error)
        throw error
      }
    },
  }
}
