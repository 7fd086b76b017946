// `npm run mcp:mutations`: takes away one fix of a pitfall of MCP at a time, in a copy, and tells as a Markdown table whether the test that is
// named beside it notices. `--only 13` does so for one pitfall. Fails unless every test does.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ofLines } from './mcp-pitfalls.lines.ts'
import { faultsIn, type PitfallMutation, pitfalls } from './mcp-pitfalls.ts'
import { ofWords } from './mcp-pitfalls.words.ts'
import { type FileResult, inCopy, runTests, whileChanged } from './mutant.ts'

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true, default: [] } } })
const mutations = [...ofLines, ...ofWords].toSorted((a, b) => a.pitfall - b.pitfall)
const chosen = mutations.filter(({ pitfall }) => values.only.length === 0 || values.only.includes(String(pitfall)))
if (chosen.length === 0) throw new Error(`there is no pitfall ${values.only}: they are 1 to ${Object.keys(pitfalls).length}`)

const faults = faultsIn(join(import.meta.dirname, '..'), mutations)
if (faults.length > 0) {
  console.error(`The table cannot be trusted:\n  ${faults.join('\n  ')}`)
  process.exit(1)
}
process.exit(inCopy([], tryAll))

/** The exit code. */
function tryAll(copy: string): number {
  const before = runNamed(copy, chosen)
  const notGreen = chosen.flatMap(({ test }) => {
    const state = stateOf(before, test)
    return state === 'green' ? [] : [`${test.file} "${test.sentence}": ${state}`]
  })
  if (notGreen.length > 0) {
    console.error(`This is not green with every fix in its place:\n  ${[...new Set(notGreen)].join('\n  ')}`)
    return 2
  }
  console.log('| Pitfall | Its test | What was taken away | Red? |\n| --- | --- | --- | --- |')
  const missed = chosen.filter(mutation => !isNoticed(copy, mutation)).length
  console.log(`\nOf ${chosen.length} fixes that were taken away, ${missed === 0 ? 'none' : missed} went unnoticed.`)
  return missed === 0 ? 0 : 1
}

/** Prints its row. */
function isNoticed(copy: string, mutation: PitfallMutation): boolean {
  const { pitfall, taken, change, test } = mutation
  const state = stateOf(
    whileChanged(copy, change, () => runNamed(copy, [mutation])),
    test,
  )
  const cells = [`${pitfall}. ${pitfalls[pitfall]}`, `${test.file} "${test.sentence}"`, `${taken} (${change.file})`]
  console.log(`| ${[...cells, state === 'red' ? 'yes' : `**no: ${state}**`].join(' | ')} |`)
  return state === 'red'
}

/** Only the tests that are named, and no more of them than it takes to see one red. */
function runNamed(copy: string, named: PitfallMutation[]): FileResult[] {
  const files = [...new Set(named.map(({ test }) => test.file))]
  const pattern = [...new Set(named.map(({ test }) => patternOf(test.sentence)))].join('|')
  return runTests(copy, files, ['-t', `(^| )(${pattern})$`, '--bail=1', '--testTimeout=8000', '--expect.poll.timeout=5000'])
}

/** What is filled in for `%s` and its like can be anything. */
function patternOf(sentence: string): string {
  return sentence
    .split(/%[sdifjo#]/)
    .map(words => words.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    .join('.*')
}

/** A file that does not even load proves nothing. */
function stateOf(results: FileResult[], { file, sentence }: PitfallMutation['test']): string {
  const result = results.find(one => one.file === file)
  if (!result?.runs) return 'its file does not run'
  const title = new RegExp(`^${patternOf(sentence)}$`, 's')
  const states = result.tests.filter(one => title.test(one.title)).map(({ status }) => status)
  if (states.includes('failed')) return 'red'
  return states.includes('passed') ? 'green' : 'no such test was run'
}
