// Goal 15: resident memory after 100,000 turns is at most 1.1 × that after 10,000. Takes minutes: only run when it is named.
import { openComposition } from '../composition.ts'
import type { Measure } from '../measure.ts'
import { rssMb } from '../proc.ts'
import { bellhop } from '../recipes.ts'
import type { Run } from '../run.ts'

export async function measureEndurance(run: Run): Promise<Measure[]> {
  const [early, late] = run.quick ? [500, 3000] : [10_000, 100_000]
  const composition = await openComposition('ours', bellhop())
  try {
    await composition.drive({ k: 32, turns: early })
    const before = rssMb(composition.pids)
    run.tell(`${early} turns: ${before.toFixed(0)} MB`)
    await composition.drive({ k: 32, turns: late - early })
    return [
      {
        ...{ goal: 15, what: `resident memory after ${late} turns`, unit: 'MB', peers: {} },
        ours: [rssMb(composition.pids)],
        floors: { [`after ${early}`]: [before] },
        bounds: [{ of: `after ${early}`, atMost: 1.1 }],
      },
    ]
  } finally {
    await composition.close()
  }
}
