// `npm run bench:traffic -- [--seed 1] [--turn-ms 12]`: a day of 10,000 servers, simulated: nothing is started and nothing measured. Prints what it
// takes and what breaks first; as it is, also into docs/performance.md.
import { parseArgs } from 'node:util'
import { writePart } from './page.ts'
import { assume } from './traffic/assumptions.ts'
import { report } from './traffic/text.ts'

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' }, 'turn-ms': { type: 'string' } } })
const [seed, turnMs] = [Number(values.seed), Number(values['turn-ms'] ?? assume().turnMs)]
if (!Number.isInteger(seed) || !(turnMs > 0)) {
  process.stderr.write('--seed is a whole number, --turn-ms the CPU of a turn in milliseconds\n')
  process.exit(64)
}
const text = report({ turnMs }, seed)
process.stdout.write(`${text}\n`)
if (seed === 1) writePart('traffic', text)
