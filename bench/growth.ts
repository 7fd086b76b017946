// `npm run bench:growth -- [--quick] [--only NAME,…] [--reps 3]`: what a turn costs while one thing grows and all else stays. Prints a table; when
// all curves were run, it also goes into docs/performance.md, and their picture into docs/growth.svg.
import { parseArgs } from 'node:util'
import { closeAll } from './composition.ts'
import { conversations } from './curves/conversations.ts'
import { type Curve, type Measured, measureCurve } from './curves/curve.ts'
import { history } from './curves/history.ts'
import { message } from './curves/message.ts'
import { toPicture } from './curves/picture.ts'
import { toText } from './curves/text.ts'
import { tools } from './curves/tools.ts'
import { workers } from './curves/workers.ts'
import { machineLine, writeBeside, writePart } from './page.ts'
import { noisyFrom, type Run } from './run.ts'

const curves: Curve[] = [history, conversations, tools, workers, message]

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    reps: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
  },
})
const names = values.only?.split(',') ?? curves.map(({ name }) => name)
const chosen = curves.filter(({ name }) => names.includes(name))
const reps = Number(values.reps)
const say = (text: string) => void process.stderr.write(`${text}\n`)
if (chosen.length < names.length || !(reps >= 1)) {
  say(`there are ${curves.map(({ name }) => name).join(', ')}`)
  process.exit(64)
}

/** Nothing stays behind, however it ends. */
async function leave(code: number): Promise<void> {
  await closeAll()
  process.exit(code)
}
process.once('SIGINT', () => void leave(130))
process.once('SIGTERM', () => void leave(143))

function caption(noise: number[]): string {
  const noisy = noise.filter(share => share > noisyFrom).length
  const others = noisy > 0 ? `; in ${noisy} of ${noise.length} runs others used more than ${noisyFrom * 100} % of the CPU` : ''
  return `${machineLine()}; medians of ${reps}, k=8 but where said, CPU of gateway and worker together${values.quick ? '; a quick run, of few points' : ''}${others}.`
}

const noise: number[] = []
const measured: Measured[] = []
for (const curve of chosen) {
  const run: Run = { reps, quick: values.quick, noise, tell: what => say(`${curve.name}: ${what}`) }
  measured.push({ curve, points: await measureCurve(curve, run) })
}
const text = `${caption(noise)}\n\n${toText(measured)}`
process.stdout.write(`${text}\n`)
if (chosen.length === curves.length) {
  writePart('growth', `![What a turn costs while one thing grows](growth.svg)\n\n${text}`)
  writeBeside('growth.svg', toPicture(measured))
}
