/** How something changes, by least squares. */
export interface Trend {
  mean: number
  perHour: number
  /** Standard error of the slope: as if what lies beside the line were independent from sample to sample. */
  error: number
}

export interface Sample {
  atMs: number
  value: number
}

const hourMs = 3_600_000

export function trendOf(samples: Sample[]): Trend {
  const count = samples.length
  const mean = samples.reduce((sum, { value }) => sum + value, 0) / count
  const middle = samples.reduce((sum, { atMs }) => sum + atMs, 0) / count
  const width = samples.reduce((sum, { atMs }) => sum + (atMs - middle) ** 2, 0)
  const slope = samples.reduce((sum, { atMs, value }) => sum + (atMs - middle) * (value - mean), 0) / width
  const beside = samples.reduce((sum, { atMs, value }) => sum + (value - mean - slope * (atMs - middle)) ** 2, 0)
  const error = Math.sqrt(beside / (count - 2) / width)
  return { mean, perHour: slope * hourMs, error: error * hourMs }
}

export type Verdict = 'flat' | 'not flat' | 'too short to tell'

/** Whether it grows by more than is tolerated in an hour; what falls is no leak. Sure of it by two standard errors, either way. */
export function judgeTrend({ perHour, error }: Trend, tolerated: number): Verdict {
  if (perHour - 2 * error > tolerated) return 'not flat'
  return perHour + 2 * error <= tolerated ? 'flat' : 'too short to tell'
}
