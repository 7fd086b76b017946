import { watchOthers } from './proc.ts'

/** What a case is run with. */
export interface Run {
  reps: number
  /** Everything shorter: to see whether it works, not how fast. */
  quick: boolean
  /** How noisy each run was: the share of all cores that others used. */
  noise: number[]
  tell(what: string): void
}

/** More than that, and a run is counted as noisy. */
export const noisyFrom = 0.1

type Work<T> = () => Promise<T>

/** A B A B …: each of these once a repetition, in turn, so that what disturbs the machine for a while disturbs all of them. */
export async function interleave<Name extends string, T>(
  run: Run,
  works: Partial<Record<Name, Work<T>>>,
): Promise<Partial<Record<Name, T[]>>> {
  const results: Partial<Record<Name, T[]>> = {}
  for (let rep = 0; rep < run.reps; rep++) {
    for (const [name, work] of Object.entries(works) as [Name, Work<T>][]) {
      const others = watchOthers()
      const result = await work()
      run.noise.push(others())
      results[name] = [...(results[name] ?? []), result]
      run.tell(`${name} ${rep + 1}/${run.reps}`)
    }
  }
  return results
}

/** One figure of each result; nothing where there are none. */
export const each = <T>(results: T[] | undefined, of: (result: T) => number): number[] => (results ?? []).map(of)

/** As `each`, for those that were measured, by name. */
export function column<T, Name extends string>(
  results: Partial<Record<Name, T[]>>,
  names: Name[],
  of: (result: T) => number,
): Record<string, number[]> {
  return Object.fromEntries(names.flatMap(name => (results[name] ? [[name, each(results[name], of)]] : [])))
}
