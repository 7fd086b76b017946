/** What may be used in a day; absent: as much as there is. */
export interface Allowance {
  /** Questions answered. */
  turns?: number
  /** In and out. */
  tokens?: number
  /** Of tools at work. */
  seconds?: number
}

export type Cost = keyof Allowance
export type Whose = 'person' | 'place' | 'house'

/** A limit that is reached, or nearly. */
export interface Limit {
  whose: Whose
  cost: Cost
  limit: number
  /** When a new day begins. */
  resetsAt: number
}

const parts = /^(\d+(?:\.\d+)?)\s*(k|m)?\s*(turns?|tokens?|seconds?)$/
const sizes: Record<string, number> = { k: 1000, m: 1_000_000 }
const most = 1e12

/** Undefined when it is none: `200 turns, 500k tokens, 1800 seconds`, each of them at most once. */
export function readAllowance(text: string): Allowance | undefined {
  const found: Allowance = {}
  for (const part of text.split(',')) {
    const [, number = '', size = '', unit = ''] = parts.exec(part.trim().toLowerCase()) ?? []
    const amount = Math.round(Number(number) * (sizes[size] ?? 1))
    const cost = `${unit.replace(/s$/, '')}s` as keyof Allowance
    if (number === '' || amount < 1 || amount > most || found[cost] !== undefined) return undefined
    found[cost] = amount
  }
  return found
}
