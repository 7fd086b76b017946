// `npm run bench:profile [ours|T|L|P] [k]`: where a warm bot's CPU goes under load. By packages, by the dearest functions, and by whichever
// function of ours it was done for. Shares are of what was seen on the main thread, microseconds of the CPU time of all threads.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Composition, openComposition } from './composition.ts'
import { type Rival, recipes } from './fleet.ts'
import { cpuMs } from './proc.ts'

interface Frame {
  functionName: string
  url: string
  lineNumber: number
}

interface Profile {
  nodes: { id: number; callFrame: Frame; children?: number[] }[]
  samples: number[]
  /** Microseconds before each sample. */
  timeDeltas: number[]
}

const [name = 'ours', k = '64'] = process.argv.slice(2)
const root = join(import.meta.dirname, '..')
const warmMs = 6000
const watchMs = 8000
const listed = 25
const print = (text = '') => void process.stdout.write(`${text}\n`)

/** A file of a package is told by the package, one of ours by its path, one of Node's by its module. */
function placeOf({ url }: Frame): string {
  const installed = url.lastIndexOf('node_modules/')
  if (installed >= 0) return url.slice(installed + 'node_modules/'.length)
  return url.replace(`file://${root}/`, '') || '(engine)'
}

function packageOf(frame: Frame): string {
  const place = placeOf(frame)
  if (place === '(engine)') return frame.functionName
  return /^(node:internal\/deps\/[^/]+|node:internal\/[^/]+|node:[^/]+|@?[^/]+\/[^/]+)/.exec(place)?.[1] ?? place
}

const functionOf = (frame: Frame) => `${frame.functionName || '(anonymous)'} ${placeOf(frame)}:${frame.lineNumber + 1}`
const isOurs = ({ url }: Frame) => url.startsWith(`file://${root}/`) && !url.includes('node_modules/')
/** What belongs to no turn: waiting, and this watching itself. */
const isAside = ({ functionName, url }: Frame) => functionName === '(idle)' || url === 'node:inspector'

/** Sums up by each way of naming; `turnUs` is what all of it together cost in a turn. */
function show({ nodes, samples, timeDeltas }: Profile, turnUs: number): void {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map(child => [child, id] as const)))
  const ownerOf = (id: number | undefined): string => {
    for (let at = id; at !== undefined; at = parents.get(at)) {
      const frame = frames.get(at)
      if (frame && isOurs(frame)) return functionOf(frame)
    }
    return 'nobody: callbacks of Node and of libraries'
  }
  const sums = { package: new Map<string, number>(), function: new Map<string, number>(), 'for whom': new Map<string, number>() }
  let all = 0
  samples.forEach((id, at) => {
    const frame = frames.get(id)
    const us = timeDeltas[at] ?? 0
    if (!frame || isAside(frame)) return
    all += us
    const keys = { package: packageOf(frame), function: functionOf(frame), 'for whom': ownerOf(id) }
    for (const kind of ['package', 'function', 'for whom'] as const)
      sums[kind].set(keys[kind], (sums[kind].get(keys[kind]) ?? 0) + us)
  })
  for (const [kind, sum] of Object.entries(sums)) {
    print(`\n${kind}`)
    for (const [key, us] of [...sum].toSorted(([, a], [, b]) => b - a).slice(0, listed))
      print(`${((us / all) * 100).toFixed(1).padStart(5)} % ${((us / all) * turnUs).toFixed(0).padStart(5)} µs  ${key}`)
  }
}

/** Tells the processes to begin, or to end and write down what they saw. */
const signal = (pids: number[]) => pids.map(pid => process.kill(pid, 'SIGUSR2'))

async function watch(composition: Composition, dir: string): Promise<void> {
  const { pids } = composition
  await composition.drive({ k: Number(k), forMs: warmMs })
  signal(pids)
  await sleep(200)
  const before = pids.map(pid => cpuMs([pid]))
  const { turns, tookMs } = await composition.drive({ k: Number(k), forMs: watchMs })
  const used = pids.map((pid, at) => cpuMs([pid]) - (before[at] ?? 0))
  signal(pids)
  print(`${turns.length} turns in ${(tookMs / 1000).toFixed(1)} s`)
  for (const [at, pid] of pids.entries()) {
    while (!existsSync(join(dir, `${pid}.done`))) await sleep(100)
    const turnMs = (used[at] ?? 0) / turns.length
    print(`\nprocess ${at + 1} of ${pids.length}: ${turnMs.toFixed(2)} ms CPU a turn, while watched`)
    show(JSON.parse(readFileSync(join(dir, `${pid}.json`), 'utf8')) as Profile, turnMs * 1000)
  }
}

const dir = mkdtempSync(join(tmpdir(), 'bellhop-profile-'))
try {
  const nodeOptions = `--import ${join(root, 'bench/report-profile.ts')}`
  const composition = await openComposition(name, recipes[name as Rival], { nodeOptions, env: { PROFILE_DIR: dir } })
  await watch(composition, dir).finally(() => composition.close())
} finally {
  rmSync(dir, { recursive: true, force: true })
}
