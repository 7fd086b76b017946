import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { limits } from '../adapters/telegram/outbound.ts'
import { at, type Curve, type Sample } from '../bench/curves/curve.ts'
import { toPicture } from '../bench/curves/picture.ts'
import { toText } from '../bench/curves/text.ts'
import { judge, type Measure, median } from '../bench/measure.ts'
import { toTable } from '../bench/report.ts'
import { kindOf } from '../bench/soak/keys.ts'
import { judgeTrend, trendOf } from '../bench/soak/trend.ts'
import { createDriver } from '../bench/wires/drive.ts'
import { lastWord } from '../bench/wires/words.ts'
import type { Pace } from '../src/adapter.ts'
import { keysOf } from '../src/redis/keys.ts'

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

const minute = 60_000
const every = (values: number[]) => values.map((value, n) => ({ atMs: n * minute, value }))

test('a slope is told per hour, with its standard error', () => {
  expect(trendOf(every([10, 11, 12, 13]))).toEqual({ mean: 11.5, perHour: 60, error: 0 })
  const { perHour, error } = trendOf(every([10, 12, 10, 12]))
  expect([perHour, error].map(Math.round)).toEqual([24, 34])
})

test('what surely grows is not flat, what surely does not is, and a run too short for either says so', () => {
  const judge = (perHour: number, error: number) => judgeTrend({ mean: 100, perHour, error }, 10)
  expect([judge(31, 10), judge(-50, 20), judge(0, 4), judge(5, 10), judge(20, 10)]).toEqual([
    'not flat',
    'flat',
    'flat',
    'too short to tell',
    'too short to tell',
  ])
})

test('keys are told apart by what they are for', () => {
  const keys = keysOf('telegram:7')
  expect(
    [
      keys.seen('telegram:7:1'),
      keys.journal,
      keys.unfinished,
      'bellhop:{pace:telegram}:telegram:7',
      '{bellhop}:mail:id',
      keysOf('door:telegram:1').lease,
      keys.lease,
    ].map(kindOf),
  ).toEqual(['seen', 'journal', 'unfinished', 'pace', 'mail', 'door', 'lease'])
})

const sample = (cpuMs: number): Sample => ({ cpuMs, finalMs: 5, sentKb: 20, heldMb: 3, perSecond: Number.NaN, modelCalls: 2 })
const curve: Curve = {
  name: 'tools',
  axis: 'tools',
  sizes: [],
  few: [],
  third: 'sentKb',
  open: () => Promise.reject(new Error()),
}
const points = [
  { size: 10, samples: [2, 1, 90].map(sample) },
  { size: 2000, samples: [4, 3, 5].map(sample) },
]

test('a point of a curve is a median, and told beside the first point', () => {
  expect(at(points[0] ?? { size: 0, samples: [] }, 'cpuMs')).toBe(2)
  const rows = toText([{ curve, points }]).split('\n').slice(2)
  expect(rows).toEqual([
    '| tools: 10 | 2 | 5 | 20 | 3 | 2.00 |',
    '| tools: 2,000 | 4 (2.00 ×) | 5 (1.00 ×) | 20 (1.00 ×) | 3 (1.00 ×) | 2.00 |',
  ])
})

test('the picture has a dot for each point of each of three figures, inside its frame, and a night dress', () => {
  const picture = toPicture([{ curve, points }])
  const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(picture)?.map(Number) ?? []
  const dots = [...picture.matchAll(/<circle class="dot" cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)])
  expect(dots).toHaveLength(6)
  expect(dots.every(([x = -1, y = -1]) => x > 0 && x < width && y > 0 && y < height)).toBe(true)
  expect(picture).toContain('prefers-color-scheme: dark')
  expect(picture).not.toContain('NaN')
})

test('people who speak at their own pace do not wait for answers, and nobody is asked anything while he waits for one', async () => {
  const { hear, drive } = createDriver({ lastSaidAt: 0, calls: 0 })
  const waiting: number[] = []
  const told: number[] = []
  const answer = (chat: number) => hear({ method: 'sendMessage', chat, text: lastWord, isOpen: false })
  const say = (chat: number) => {
    told.push(chat)
    if (told.length < 5) waiting.push(chat)
    else for (const one of [...waiting.splice(0), chat]) setImmediate(answer, one)
  }
  const { turns } = await drive({ url: '', delayMs: 0, say, close() {} }, { k: 1, perSecond: 500, turns: 12, chats: 6 })
  expect(turns).toHaveLength(12)
  expect(new Set(told.slice(0, 5)).size).toBe(5)
  const crowded = drive({ url: '', delayMs: 0, say() {}, close() {} }, { k: 1, perSecond: 500, turns: 4, chats: 3 })
  await expect(crowded).rejects.toThrow('all of 3 chats wait')
})
