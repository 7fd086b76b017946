// Goal 13: from start to ready at most 1 s, and 1.25 × the time in which the libraries alone are loaded. A bot of Telegram alone loads no
// discord.js, and a worker no web server. Idle, all of it holds at most 160 MB, and a worker 125.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Composition, openComposition } from '../composition.ts'
import type { Measure } from '../measure.ts'
import { rssMb } from '../proc.ts'
import { bellhop, type Recipe, single } from '../recipes.ts'
import { column, each, interleave, type Run } from '../run.ts'

interface Found {
  readyMs: number
  rss: number
}

const idleMs = 3000

const recipes = {
  libraries: single('bench/peers/load.ts'),
  ours: bellhop({}, ['all']),
  worker: bellhop({}, ['worker']),
}

async function measureOpening(name: string, recipe: Recipe): Promise<Found> {
  const composition: Composition = await openComposition(name, recipe)
  await sleep(idleMs)
  const rss = rssMb(composition.pids)
  await composition.close()
  return { readyMs: composition.readyMs, rss }
}

export async function measureStart(run: Run): Promise<Measure[]> {
  const results = await interleave(run, {
    libraries: () => measureOpening('libraries', recipes.libraries),
    ours: () => measureOpening('ours', recipes.ours),
    worker: () => measureOpening('worker', recipes.worker),
  })
  const ready = ({ readyMs }: Found) => readyMs
  const rss = (found: Found) => found.rss
  const base = { goal: 13, peers: {} }
  return [
    {
      ...{ ...base, what: 'start → ready, one process, Telegram', unit: 'ms' },
      ours: each(results.ours, ready),
      floors: column(results, ['libraries'], ready),
      bounds: [{ atMost: 1000 }, { of: 'libraries', atMost: 1.25 }],
    },
    {
      ...{ ...base, what: 'resident memory of it, idle', unit: 'MB', bounds: [{ atMost: 160 }] },
      ours: each(results.ours, rss),
      floors: column(results, ['libraries'], rss),
    },
    {
      ...{ ...base, what: 'resident memory of a worker, idle', unit: 'MB', bounds: [{ atMost: 125 }] },
      ours: each(results.worker, rss),
      floors: {},
    },
  ]
}
