// `npm run chaos:mutations`: takes away one protection of the house at a time, in a copy, and sees whether any test notices. With `--chaos` a
// chaos run is made without each as well; arguments choose among the protections by the beginning of their names.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { changed, inCopy, runTests } from '../mutant.ts'
import { mutations } from './protections.ts'

const usualRun = ['--seconds=60', '--kill-every=4']
const root = join(import.meta.dirname, '../..')
const { values: options, positionals } = parseArgs({
  options: { chaos: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const chosen = mutations.filter(
  ({ protection }) => positionals.length === 0 || positionals.some(name => protection.startsWith(name)),
)
if (chosen.length === 0)
  throw new Error(`no protection begins with ${positionals}: ${mutations.map(one => one.protection).join(', ')}`)

for (const change of chosen.flatMap(({ changes }) => changes)) changed(root, change)
const runs = chosen.map(({ chaos = usualRun }) => chaos)
const untouched = inCopy([], copy =>
  seeRed(
    copy,
    chosen.flatMap(({ tests }) => tests),
    runs,
  ),
)
if (untouched.length > 0) {
  console.error(`This is red already with every protection in its place:\n  ${untouched.join('\n  ')}`)
  process.exit(2)
}
let survivors = 0
for (const { protection, changes, tests, chaos = usualRun } of chosen) {
  const red = inCopy(changes, copy => seeRed(copy, tests, [chaos]))
  if (red.length === 0) survivors++
  console.log(`${red.length > 0 ? 'red     ' : 'SURVIVED'}  ${protection}`)
  for (const name of [...red.slice(0, 3), ...red.slice(3).filter(row => row.startsWith('chaos'))]) console.log(`    ${name}`)
}
console.log(
  survivors === 0 ? 'Every protection that is taken away is missed.' : `${survivors} of ${chosen.length} are missed by nobody.`,
)
process.exit(survivors === 0 ? 0 : 1)

function seeRed(copy: string, tests: string[], runs: string[][]): string[] {
  const different = [...new Set(options.chaos ? runs.map(run => run.join(' ')) : [])]
  return [...redTests(copy, [...new Set(tests)]), ...different.flatMap(run => redRows(copy, run.split(' ')))]
}

/** Names of the tests that fail, and fail again; of a file that does not even load, its own. */
function redTests(copy: string, files: string[]): string[] {
  return runTests(copy, files).flatMap(({ file, runs, tests }) =>
    runs ? tests.filter(({ status }) => status === 'failed').map(({ name }) => `${file}: ${name}`) : [`${file}: does not run`],
  )
}

/** The rows by which a short chaos run is bad. */
function redRows(copy: string, run: string[]): string[] {
  const args = ['test/chaos/chaos.ts', '--seed=5', '--conversations=30', ...run]
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (!/^asked +\d/m.test(stdout)) throw new Error(`the chaos run came to no end:\n${stdout}${stderr}`)
  const rows = stdout.split('\n').filter(line => line.endsWith('<- bad'))
  return rows.map(row => `chaos: ${row.replace(/\s+/g, ' ').replace(' <- bad', '')}`)
}
