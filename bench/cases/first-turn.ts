// Goal 14: the first turn after the start takes at most 2.5 × a warm one that is alone.
import { openComposition } from '../composition.ts'
import { type Rival, recipes, there } from '../fleet.ts'
import { type Measure, median } from '../measure.ts'
import { column, each, interleave, type Run } from '../run.ts'

interface Found {
  firstMs: number
  warmMs: number
}

async function measureFirst(name: Rival, quick: boolean): Promise<Found> {
  const composition = await openComposition(name, recipes[name])
  try {
    const [first] = (await composition.drive({ k: 1, turns: 1 })).turns
    await composition.drive({ k: 16, forMs: quick ? 1000 : 4000 })
    const { turns } = await composition.drive({ k: 1, turns: 100, pauseMs: 5 })
    return { firstMs: first?.final ?? Number.NaN, warmMs: median(turns.map(({ final }) => final)) }
  } finally {
    await composition.close()
  }
}

export async function measureFirstTurn(run: Run): Promise<Measure[]> {
  const works = Object.fromEntries(there(['T', 'ours', 'P']).map(name => [name, () => measureFirst(name, run.quick)]))
  const results: Partial<Record<Rival, Found[]>> = await interleave(run, works)
  const times = ({ firstMs, warmMs }: Found) => firstMs / warmMs
  const first = ({ firstMs }: Found) => firstMs
  const measure = (what: string, unit: string, of: (found: Found) => number, bounds: Measure['bounds']): Measure => ({
    ...{ goal: 14, what, unit, bounds },
    ours: each(results.ours, of),
    floors: column(results, ['T'], of),
    peers: column(results, ['P'], of),
  })
  return [
    measure('first turn after start, final edit', 'ms', first, []),
    measure('first turn ÷ a warm idle one', '×', times, [{ atMost: 2.5 }]),
  ]
}
