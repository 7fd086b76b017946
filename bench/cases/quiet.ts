// Goal 3: first visible reply of a turn that is alone, median at most 1.1 × T and 1.0 × P, 99th percentile at most 4 × its median.
// Goal 4: its final edit, at most 1.15 × T and 0.75 × P.
import { forEach, withFleet } from '../fleet.ts'
import { type Measure, median, quantile } from '../measure.ts'
import { column, each, interleave, type Run } from '../run.ts'
import type { Drive } from '../wires/drive.ts'

export async function measureQuiet(run: Run): Promise<Measure[]> {
  const order = { k: 1, turns: run.quick ? 60 : 300, forMs: 10_000, pauseMs: 5 }
  const results = await withFleet(run, ['raw', 'T', 'ours', 'L', 'P'], {}, fleet =>
    interleave(
      run,
      forEach(fleet, composition => composition.drive(order)),
    ),
  )
  const measure = (
    goal: number,
    what: string,
    unit: string,
    of: (drive: Drive) => number,
    bounds: Measure['bounds'],
  ): Measure => ({
    ...{ goal, what, unit, bounds },
    ours: each(results.ours, of),
    floors: column(results, ['raw', 'T'], of),
    peers: column(results, ['L', 'P'], of),
  })
  const firsts = ({ turns }: Drive) => turns.map(({ first }) => first)
  const finals = ({ turns }: Drive) => turns.map(({ final }) => final)
  return [
    measure(3, 'idle, first visible p50', 'ms', drive => median(firsts(drive)), [
      { of: 'T', atMost: 1.1 },
      { of: 'P', atMost: 1 },
    ]),
    measure(3, 'idle, first visible p99 ÷ p50', '×', drive => quantile(firsts(drive), 0.99) / median(firsts(drive)), [
      { atMost: 4 },
    ]),
    measure(4, 'idle, final edit p50', 'ms', drive => median(finals(drive)), [
      { of: 'T', atMost: 1.15 },
      { of: 'P', atMost: 0.75 },
    ]),
  ]
}
