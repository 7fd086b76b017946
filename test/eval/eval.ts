// `npm run eval`: how well the house, and a model, do with tools, by category. Each scenario is played by its script over the local wire, which
// tells whether the house does its part; those that are marked, by the offline model too; with OPENAI_BASE_URL or OPENAI_API_KEY, all by a real
// one. `--category sources` plays one, `--transcripts` shows some as they are seen in a chat, `--mutations` what turns each category red,
// `--injections` what is tried and what prevents it.
import { parseArgs } from 'node:util'
import { silentLog } from '../../src/log.ts'
import { createOpenAiModel } from '../../src/models/openai.ts'
import { attemptsTable } from './attempts.ts'
import { type Desk, openDesk, type Played } from './desk.ts'
import { missedIn, type Outcome, table } from './judge.ts'
import { runMutations } from './mutations.ts'
import { type Scenario, scenarios } from './scenario.ts'
import { printTranscripts } from './transcripts.ts'

const { values } = parseArgs({
  options: {
    category: { type: 'string' },
    transcripts: { type: 'boolean', default: false },
    injections: { type: 'boolean', default: false },
    mutations: { type: 'boolean', default: false },
  },
})
if (values.transcripts) process.exit(await printTranscripts())
if (values.injections) {
  console.log(attemptsTable())
  process.exit(0)
}
if (values.mutations) process.exit(runMutations(values.category))

const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl, MODEL: name = 'gpt-5-mini' } = process.env
const real =
  apiKey || baseUrl
    ? createOpenAiModel({ apiKey: apiKey ?? 'none', ...(baseUrl && { baseUrl }), model: name, log: silentLog })
    : undefined
const desk = await openDesk()
const outcomes = await playAll(desk).finally(desk.close)
console.log(table(outcomes))
process.exit(outcomes.length > 0 && outcomes.every(({ by, missed }) => by === name || missed.length === 0) ? 0 : 1)

/** So many at once as a worker answers. */
async function playAll({ playScript, playOffline, play }: Desk): Promise<Outcome[]> {
  const players: [string, (scenario: Scenario) => Promise<Played> | undefined][] = [
    ['scripted', playScript],
    ['offline', scenario => (scenario.offline ? playOffline(scenario) : undefined)],
    ...(real ? [[name, (scenario: Scenario) => play(scenario, real, 180)] satisfies [string, unknown]] : []),
  ]
  const all = scenarios(values.category)
  const played = await Promise.all(
    players.flatMap(([by, player]) =>
      all.map(async (scenario): Promise<Outcome[]> => {
        const result = await player(scenario)
        return result ? [{ scenario, by, missed: missedIn(scenario, result) }] : []
      }),
    ),
  )
  return played.flat()
}
