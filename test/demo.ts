// `npm run demo`: six situations on the Telegram wire and the Discord wire, with the OpenAI wire as model: every call of the bot as recorded,
// and whether it kept to what the platforms allow and ended with the whole answer. `--only 4` runs one, `--quick` shortens the long one.
import { parseArgs } from 'node:util'
import { judge } from './demo/judge.ts'
import { print } from './demo/print.ts'
import type { Talk } from './demo/record.ts'
import { flood, long, marathon, refusal, type Situation, together, tools } from './demo/situations.ts'
import { openStage } from './demo/stage.ts'

const { values } = parseArgs({ options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } } })
const situations: [string, Situation][] = [
  ['A turn with tools and their progress', tools],
  ['A long answer with code, a table and Chinese', long],
  ['A flood of deltas', flood()],
  ['A 429 in the middle of an answer', refusal()],
  ['Two conversations in one chat at once', together],
  ['A long turn in a group', marathon(values.quick ? 20 : 180)],
]

const chosen = situations.map(([title, run], index) => ({ title: `${index + 1}. ${title}`, run, number: String(index + 1) }))
const wanted = chosen.filter(({ number }) => values.only === undefined || values.only === number)
const stage = await openStage()
console.log(stage.banner)
const talks = await runAll().finally(stage.close)

const faults = talks.flatMap(talk => judge(talk).faults)
console.log('\nEvery call above went over a real socket, from grammY or discord.js, to a local server of the same API.')
console.log(faults.length === 0 ? `All ${talks.length} are as they should be.` : `${faults.length} faults: see the lines with ✗.`)
process.exit(talks.length === 0 || faults.length > 0 ? 1 : 0)

/** The last one takes so long that all others, one after the other, end before it. */
async function runAll(): Promise<Talk[]> {
  const last = wanted.at(-1)
  const lastTalks = last && both(last.run)
  const all: Talk[] = []
  for (const { title, run, number } of wanted) {
    const recorded = number === last?.number && lastTalks ? await lastTalks : await both(run)
    console.log(`\n━━ ${title} ━━`)
    for (const talk of recorded) print(talk)
    all.push(...recorded)
  }
  return all
}

async function both(run: Situation): Promise<Talk[]> {
  return (await Promise.all(stage.sides.map(side => run(stage, side)))).flat()
}
