// Goal 5: with 50 ms for a call of the platform, 100 for the model and 50 for the tool, the final edit comes after at most 1.05 × the 250 ms
// that follow from one another when one turn is outstanding, and 1.12 × with 32. No post and no edit is waited for before the model or the tool.
import { forEach, withFleet } from '../fleet.ts'
import { type Measure, median } from '../measure.ts'
import { column, each, interleave, type Run } from '../run.ts'
import type { Drive, Order } from '../wires/drive.ts'

const delays = { platformMs: 50, modelMs: 100 }
const toolMs = 50
const idealMs = 2 * delays.modelMs + toolMs

export async function measureChain(run: Run): Promise<Measure[]> {
  const alone: Order = { k: 1, turns: run.quick ? 6 : 12, delays }
  const many: Order = { k: 32, turns: run.quick ? 96 : 256, delays }
  const results = await withFleet(run, ['raw', 'T', 'ours', 'L', 'P'], { toolMs }, fleet =>
    interleave(
      run,
      forEach(fleet, async composition => ({ alone: await composition.drive(alone), many: await composition.drive(many) })),
    ),
  )
  const measure = (what: string, of: (both: { alone: Drive; many: Drive }) => Drive, atMost: number): Measure => {
    const timesIdeal = (both: { alone: Drive; many: Drive }) => median(of(both).turns.map(({ final }) => final)) / idealMs
    return {
      ...{ goal: 5, what, unit: '× ideal', bounds: [{ atMost }] },
      ours: each(results.ours, timesIdeal),
      floors: column(results, ['raw', 'T'], timesIdeal),
      peers: column(results, ['L', 'P'], timesIdeal),
    }
  }
  return [
    measure('chain 50/100/50, final, k=1', ({ alone: drive }) => drive, 1.05),
    measure('chain 50/100/50, final, k=32', ({ many: drive }) => drive, 1.12),
  ]
}
