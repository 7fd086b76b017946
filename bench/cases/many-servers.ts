// Goal 16: with 2,000 tools on 40 servers a turn costs at most 1.1 × one with 10 tools. (What idle conversations cost: `npm run bench:idle`.)
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Composition, driveAndCount, openComposition } from '../composition.ts'
import type { Measure } from '../measure.ts'
import { bellhop, type Recipe } from '../recipes.ts'
import { column, each, interleave, type Run } from '../run.ts'

const script = join(import.meta.dirname, '../many-tools.ts')
const echo = [join(import.meta.dirname, '../echo-server.ts')]

/** So many servers of so many tools, and one more whose tool is called. */
const withServers =
  (servers: number, tools: number): Recipe =>
  place => {
    const config = join(place.dir, 'many.json')
    const args = (at: number) => [script, `${at}`, `${tools}`]
    const many = Array.from({ length: servers }, (_, at) => [`s${at}`, { command: process.execPath, args: args(at) }])
    writeFileSync(
      config,
      JSON.stringify({ mcpServers: { bench: { command: process.execPath, args: echo }, ...Object.fromEntries(many) } }),
    )
    return bellhop({ SERVERS_CONFIG: config })(place)
  }

async function load(composition: Composition, forMs: number): Promise<number> {
  const { turns, botMs } = await driveAndCount(composition, { k: 16, forMs })
  return botMs / turns.length
}

export async function measureManyServers(run: Run): Promise<Measure[]> {
  const forMs = run.quick ? 2000 : 5000
  const open: Composition[] = []
  try {
    for (const [name, recipe] of [
      ['few', withServers(1, 9)],
      ['ours', withServers(40, 50)],
    ] as const) {
      const composition = await openComposition(name, recipe)
      open.push(composition)
      await composition.drive({ k: 16, forMs: run.quick ? 3000 : 8000 })
    }
    const works = Object.fromEntries(open.map(composition => [composition.name, () => load(composition, forMs)]))
    const results: Partial<Record<string, number[]>> = await interleave(run, works)
    return [
      {
        ...{
          goal: 16,
          what: 'bot CPU per turn, 2,000 tools on 40 servers',
          unit: 'ms',
          peers: {},
          bounds: [{ of: 'few', atMost: 1.1 }],
        },
        ours: each(results['ours'], ms => ms),
        floors: column(results, ['few'], ms => ms),
      },
    ]
  } finally {
    await Promise.all(open.map(composition => composition.close()))
  }
}
