// `npm run bench -- [--only NAME,…] [--reps N] [--quick] [--json]`: Bellhop beside what it is made of and what it is compared with, on this
// machine, in one run. Prints figures and how they stand to the goals, which the headers of `cases/` tell; asserts nothing.
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { measureChain } from './cases/chain.ts'
import { measureEndurance } from './cases/endurance.ts'
import { measureFirstTurn } from './cases/first-turn.ts'
import { measureHistory } from './cases/history.ts'
import { measureLoad } from './cases/load.ts'
import { measureManyServers } from './cases/many-servers.ts'
import { measureMcpCall } from './cases/mcp-call.ts'
import { measureModelClient } from './cases/model-client.ts'
import { measureOtherChat } from './cases/other-chat.ts'
import { measureQueue } from './cases/queue.ts'
import { measureQuiet } from './cases/quiet.ts'
import { measureStart } from './cases/start.ts'
import { measureStream } from './cases/stream.ts'
import { measureWorkers } from './cases/workers.ts'
import { closeAll } from './composition.ts'
import type { Measure } from './measure.ts'
import { areInstalled } from './peers/installed.ts'
import { toJson, toTable } from './report.ts'
import { noisyFrom, type Run } from './run.ts'

const cases: Record<string, (run: Run) => Promise<Measure[]>> = {
  load: measureLoad,
  quiet: measureQuiet,
  chain: measureChain,
  'other-chat': measureOtherChat,
  stream: measureStream,
  queue: measureQueue,
  'mcp-call': measureMcpCall,
  'model-client': measureModelClient,
  history: measureHistory,
  start: measureStart,
  'first-turn': measureFirstTurn,
  workers: measureWorkers,
}

/** Long, or large: these are run when they are named. */
const extras: typeof cases = { 'many-servers': measureManyServers, endurance: measureEndurance }
const all = { ...cases, ...extras }

const legend =
  'medians [least..greatest]; ratios repetition by repetition. raw: Node alone, T: libraries tuned, L: libraries as documented, P: the chat SDK'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    reps: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const names = values.only?.split(',') ?? Object.keys(cases)
const unknown = names.filter(name => !(name in all))
const reps = Number(values.reps)
if (unknown.length > 0 || !(reps >= 1)) {
  process.stderr.write(`no such case: ${unknown.join(', ')}; there are ${Object.keys(all).join(', ')}\n`)
  process.exit(64)
}

const print = (text: string) => void process.stdout.write(`${text}\n`)
const say = (text: string) => void process.stderr.write(`${text}\n`)
const noise: number[] = []
const measures: Measure[] = []

async function runCase(name: string): Promise<void> {
  try {
    const run = { reps, quick: values.quick, noise, tell: (what: string) => say(`${name}: ${what}`) }
    measures.push(...((await all[name]?.(run)) ?? []))
  } catch (error) {
    say(`${name} failed: ${error instanceof Error ? error.stack : error}`)
    process.exitCode = 1
  }
}

function noiseNote(): string {
  const noisy = noise.filter(share => share > noisyFrom).length
  if (noisy === 0) return ''
  const worst = (Math.max(...noise) * 100).toFixed(0)
  return `\nnoisy: in ${noisy} of ${noise.length} runs others used more than ${noisyFrom * 100} % of the CPU, up to ${worst} %`
}

function report(): void {
  if (values.json) print(JSON.stringify({ machine, measures: toJson(measures), noise }, null, 2))
  else print(`${toTable(measures)}\n\n${legend}\n${machine}${noiseNote()}`)
}

let leaving = false

/** Nothing stays behind, however it ends, and what was measured is told. */
async function leave(code: number): Promise<void> {
  leaving = true
  report()
  await closeAll()
  process.exit(code)
}
process.once('SIGINT', () => void leave(130))
process.once('SIGTERM', () => void leave(143))

const machine = `${availableParallelism()} cores, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)} at the start, ${reps} repetitions`
if (!areInstalled) say('T, L and P are left out: `npm run bench:setup` brings what they need')
for (const name of names) if (!leaving) await runCase(name)
report()
