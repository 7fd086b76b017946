import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { limits } from '../adapters/telegram/outbound.ts'
import { judge, type Measure, median } from '../bench/measure.ts'
import { toTable } from '../bench/report.ts'
import type { Pace } from '../src/adapter.ts'

const root = join(import.meta.dirname, '..')

const measure = (more: Partial<Measure>): Measure => ({
  goal: 1,
  what: 'CPU',
  unit: 'ms',
  ours: [2, 20, 3],
  floors: { T: [1, 10, 3] },
  peers: {},
  bounds: [{ of: 'T', atMost: 1.2 }],
  ...more,
})

test('a ratio is taken repetition by repetition, so that a noisy one disturbs only itself', () => {
  expect(judge(measure({}))).toEqual([{ bound: { of: 'T', atMost: 1.2 }, values: [2, 2, 1], verdict: 'not yet' }])
  expect(judge(measure({ ours: [1.1, 11, 30] }))[0]?.verdict).toBe('met')
})

test('a goal beside somebody who was not measured is left open', () => {
  const bounds = [{ atMost: 5 }, { of: 'P', atMost: 0.33 }]
  expect(judge(measure({ bounds })).map(({ verdict }) => verdict)).toEqual(['met', 'not measured'])
})

test('of an even number the median lies between the two in the middle', () => {
  expect([median([4, 1, 3, 2]), median([9, 1, 5]), median([])]).toEqual([2.5, 5, Number.NaN])
})

test('the table tells floor, ours, peer, ratio, goal and whether it is met', () => {
  const [, , row] = toTable([measure({ peers: { P: [8, 8, 8] } })]).split('\n')
  expect(row?.split('|').map(cell => cell.trim())).toEqual([
    '',
    '1',
    'CPU, ms',
    'T 3 [1..10]',
    '3 [2..20]',
    'P 8 [8..8]',
    '2 [1..2] × T',
    '≤ 1.2 × T',
    'not yet',
    '',
  ])
})

test('a house that is driven to its limit asks of the same buckets, and finds no bottom', () => {
  const program = `import { limits } from './adapters/telegram/outbound.ts'; console.log(JSON.stringify(limits.pace('telegram:7')))`
  const preload = join(root, 'bench/unpaced.ts')
  const output = execFileSync(process.execPath, ['--import', preload, '--input-type=module', '-e', program], { cwd: root })
  const lifted = JSON.parse(output.toString()) as Pace
  const usual = limits.pace?.('telegram:7')
  expect([lifted.lane, lifted.gapMs, lifted.overall?.lane]).toEqual([usual?.lane, usual?.gapMs, usual?.overall?.lane])
  expect([lifted.burst, lifted.overall?.burst]).toEqual([1_000_000, 1_000_000])
})
