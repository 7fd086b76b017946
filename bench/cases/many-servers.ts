// Goal 16: with 2,000 tools on 40 servers a turn costs at most 1.1 × one with 10 tools. (What idle conversations cost: `npm run bench:idle`.)
// Beyond `MAX_TOOLS` a turn has one more step, in which the model searches for its tool: `searched` has it too, among 60 tools.
import { type Composition, driveAndCount, openComposition } from '../composition.ts'
import { manyServers } from '../many-servers.ts'
import type { Measure } from '../measure.ts'
import { column, each, interleave, type Run } from '../run.ts'

const tools = { few: manyServers(1, 9), searched: manyServers(2, 30), ours: manyServers(40, 50) }

async function load(composition: Composition, forMs: number) {
  const { turns, botMs, modelCalls } = await driveAndCount(composition, { k: 16, forMs })
  return { botMs: botMs / turns.length, steps: modelCalls / turns.length }
}

export async function measureManyServers(run: Run): Promise<Measure[]> {
  const forMs = run.quick ? 2000 : 5000
  const open: Composition[] = []
  try {
    const works: Partial<Record<keyof typeof tools, () => ReturnType<typeof load>>> = {}
    for (const name of ['few', 'searched', 'ours'] as const) {
      run.tell(`opening ${name}`)
      const composition = await openComposition(name, tools[name])
      open.push(composition)
      await composition.drive({ k: 16, forMs: run.quick ? 3000 : 8000 })
      works[name] = () => load(composition, forMs)
    }
    const results = await interleave(run, works)
    const base = { goal: 16, peers: {} }
    return [
      {
        ...{ ...base, what: 'bot CPU per turn, 2,000 tools on 40 servers', unit: 'ms' },
        ours: each(results.ours, ({ botMs }) => botMs),
        floors: column(results, ['few', 'searched'], ({ botMs }) => botMs),
        bounds: [{ of: 'few', atMost: 1.1 }],
      },
      {
        ...{ ...base, what: 'steps of the model per turn, 2,000 tools', unit: '', bounds: [] },
        ours: each(results.ours, ({ steps }) => steps),
        floors: column(results, ['few', 'searched'], ({ steps }) => steps),
      },
    ]
  } finally {
    await Promise.all(open.map(composition => composition.close()))
  }
}
