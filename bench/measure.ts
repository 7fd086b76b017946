/** One figure of Bellhop beside those of others, each once a repetition and in the same order, so that they can be compared pair by pair. */
export interface Measure {
  /** The number by which the headers of `cases/` know it. */
  goal: number
  what: string
  unit: string
  ours: number[]
  /** What cannot be beaten, or not by much: `T`, `raw`, a library alone. */
  floors: Record<string, number[]>
  peers: Record<string, number[]>
  bounds: Bound[]
}

/** `of` names a floor or a peer; absent, the bound is a figure in the unit. A bound `of` what was not measured is left open. */
export interface Bound {
  of?: string
  atMost?: number
  atLeast?: number
}

export type Verdict = 'met' | 'not yet' | 'not measured'

export interface Judged {
  bound: Bound
  /** Ours through the other's, of each repetition; ours itself where the bound has no other. */
  values: number[]
  verdict: Verdict
}

export function judge({ ours, floors, peers, bounds }: Measure): Judged[] {
  return bounds.map(bound => {
    const other = bound.of === undefined ? undefined : ({ ...floors, ...peers }[bound.of] ?? [])
    const values = other ? ratios(ours, other) : ours
    return { bound, values, verdict: verdictOf(values, bound) }
  })
}

const ratios = (ours: number[], other: number[]) =>
  ours.slice(0, other.length).map((value, at) => value / (other[at] ?? Number.NaN))

function verdictOf(values: number[], { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY }: Bound): Verdict {
  if (values.length === 0) return 'not measured'
  const value = median(values)
  return value <= atMost && value >= atLeast ? 'met' : 'not yet'
}

/** Between the two in the middle where their number is even; NaN of nothing. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]]
  return (low + high) / 2
}

/** The value below which this share lies; NaN of nothing. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
