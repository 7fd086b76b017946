// Goal 17: two workers do 1.8 × what one does, where there are cores for them; where there are not, their CPU per turn stays what it was.
import { type Composition, driveAndCount, openComposition } from '../composition.ts'
import type { Measure } from '../measure.ts'
import { bellhop } from '../recipes.ts'
import { column, each, interleave, type Run } from '../run.ts'

const roles = { one: ['gateway', 'worker'], two: ['gateway', 'worker', 'worker'], four: ['gateway', ...Array(4).fill('worker')] }

export async function measureWorkers(run: Run): Promise<Measure[]> {
  const open: Composition[] = []
  const forMs = run.quick ? 1500 : 4000
  async function load(composition: Composition) {
    const { turns, tookMs, botMs } = await driveAndCount(composition, { k: 64, forMs })
    return { perSecond: (turns.length / tookMs) * 1000, botMs: botMs / turns.length }
  }
  try {
    const works: Partial<Record<keyof typeof roles, () => ReturnType<typeof load>>> = {}
    for (const name of ['one', 'two', 'four'] as const) {
      const composition = await openComposition(name, bellhop({}, roles[name]))
      open.push(composition)
      await composition.drive({ k: 32, forMs: run.quick ? 1000 : 6000 })
      works[name] = () => load(composition)
    }
    const results = await interleave(run, works)
    const base = { goal: 17, peers: {} }
    const speed = (found: { perSecond: number }) => found.perSecond
    const cpu = (found: { botMs: number }) => found.botMs
    return [
      {
        ...{ ...base, what: 'turns per second of two workers, k=64', unit: '', bounds: [{ of: 'one', atLeast: 1.8 }] },
        ours: each(results.two, speed),
        floors: column(results, ['one'], speed),
      },
      {
        ...{ ...base, what: 'bot CPU per turn of four workers', unit: 'ms', bounds: [{ of: 'one', atMost: 1.1 }] },
        ours: each(results.four, cpu),
        floors: column(results, ['one', 'two'], cpu),
      },
    ]
  } finally {
    await Promise.all(open.map(composition => composition.close()))
  }
}
