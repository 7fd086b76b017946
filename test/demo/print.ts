import { judge } from './judge.ts'
import type { Call, Talk } from './record.ts'

/** Of a longer table the middle is left out. */
const longest = { above: 12, below: 8 }
const excerptChars = 78

/** All calls of a talk as a table, and the verdict below it. */
export function print(talk: Talk): void {
  const { wire, place, calls, asked } = talk
  const began = asked[0]?.askedAt ?? 0
  console.log(`\n${wire} · ${place}`)
  const rows = calls.map(call => row(call, began))
  const hidden = rows.length - longest.above - longest.below
  const shown =
    hidden > 1
      ? [...rows.slice(0, longest.above), `${' '.repeat(12)}… ${hidden} more calls …`, ...rows.slice(-longest.below)]
      : rows
  for (const line of shown) console.log(line)
  const { summary, faults } = judge(talk)
  console.log(`  → ${summary}`)
  for (const fault of faults) console.log(`  ✗ ${fault}`)
}

function row({ at, method, text, refused, injected }: Call, began: number): string {
  const why = refused === undefined ? '' : `${refused}${injected ? ' (injected)' : ''} `
  const time = `${Math.round(at - began).toLocaleString('en')} ms`
  return `${time.padStart(11)}  ${method.padEnd(20)} ${String(text.length).padStart(5)}  ${why}${excerpt(text)}`
}

/** Of a text that grows the end says more than the beginning. */
function excerpt(text: string): string {
  const line = text.trim().replace(/\s*\n+\s*/g, ' ⏎ ')
  return line.length <= excerptChars ? line : `${line.slice(0, 24)} … ${line.slice(27 - excerptChars)}`
}
