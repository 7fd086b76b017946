import { type Bound, type Judged, judge, type Measure, median } from './measure.ts'

const heads = ['#', 'what', 'floor', 'ours', 'peer', 'ratio', 'goal', 'is']

/** As a table in Markdown: medians, in brackets the least and the greatest. */
export function toTable(measures: Measure[]): string {
  const rows = measures.map(measure => {
    const judged = judge(measure)
    return [
      `${measure.goal}`,
      `${measure.what}${measure.unit && `, ${measure.unit}`}`,
      others(measure.floors),
      spread(measure.ours),
      others(measure.peers),
      judged.flatMap(ratio).join(', '),
      judged.map(({ bound }) => goal(bound, measure.unit)).join(', '),
      [...new Set(judged.map(({ verdict }) => verdict))].join(', '),
    ]
  })
  const widths = heads.map((head, at) => Math.max(...[head, ...rows.map(row => row[at] ?? '')].map(({ length }) => length)))
  const line = (cells: string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return [line(heads), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** The same for programs, with every repetition. */
export const toJson = (measures: Measure[]) => measures.map(measure => ({ ...measure, judged: judge(measure) }))

const others = (columns: Record<string, number[]>) =>
  Object.entries(columns)
    .map(([name, values]) => `${name} ${spread(values)}`)
    .join('; ')

function ratio({ bound, values }: Judged): string[] {
  return bound.of === undefined || values.length === 0 ? [] : [`${spread(values)} × ${bound.of}`]
}

function goal({ of, atMost, atLeast }: Bound, unit: string): string {
  const sign = atMost === undefined ? '≥' : '≤'
  return `${sign} ${atMost ?? atLeast}${of === undefined ? ` ${unit}` : ` × ${of}`}`.trim()
}

function spread(values: number[]): string {
  if (values.length === 0) return '–'
  if (values.length === 1) return short(median(values))
  return `${short(median(values))} [${short(Math.min(...values))}..${short(Math.max(...values))}]`
}

const short = (value: number) => (Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3))
