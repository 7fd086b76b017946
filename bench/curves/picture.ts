import { at, type Figure, figures, type Measured, type Point } from './curve.ts'
import { short } from './text.ts'

const [panelWidth, panelHeight] = [196, 132]
/** Around the lines of a panel: room for its numbers. */
const [left, right, top, bottom] = [38, 12, 26, 22]
const headHeight = 26

/** Readable on white and on black: the reader's own choice of the two decides. */
const style = `
text { font: 11px system-ui, sans-serif; fill: #57606a }
.name { font-weight: 600; font-size: 13px; fill: #1f2328 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.line { fill: none; stroke: #0969da; stroke-width: 2; stroke-linejoin: round }
.dot { fill: #0969da }
.spread { stroke: #0969da; stroke-width: 1; opacity: .5 }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1 }
  .name { fill: #f0f6fc }
  .grid { stroke: #3d444d }
  .line, .spread { stroke: #4493f8 }
  .dot { fill: #4493f8 }
}`

/** A column for each curve, a row for each figure; what grows lies on a logarithmic axis, what it costs on one that begins at 0. */
export function toPicture(measured: Measured[]): string {
  const [width, height] = [measured.length * panelWidth, headHeight + 3 * panelHeight]
  const columns = measured.map(({ curve, points }, column) => {
    const shown: Figure[] = ['cpuMs', 'finalMs', curve.third]
    const panels = shown.map((figure, row) => panel(points, figure, headHeight + row * panelHeight))
    const name = `<text class="name" x="${left}" y="16">${curve.axis}</text>`
    return `<g transform="translate(${column * panelWidth} 0)">${[name, ...panels].join('\n')}</g>`
  })
  const label =
    'What a turn costs while one thing grows: CPU, time to the final edit, and a third figure, for each thing that grows'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">
<style>${style}</style>
${columns.join('\n')}
</svg>
`
}

function panel(points: Point[], figure: Figure, offset: number): string {
  const highest = niceAbove(Math.max(...points.flatMap(({ samples }) => samples.map(sample => sample[figure]))))
  const xOf = scaleX(points.map(({ size }) => size))
  const yOf = (value: number) => panelHeight - bottom - (value / highest) * (panelHeight - top - bottom)
  const places = points.map(point => ({ x: xOf(point.size), y: yOf(at(point, figure)), point }))
  const grid = [0, highest / 2, highest].map(
    value =>
      `<line class="grid" x1="${left}" x2="${panelWidth - right}" y1="${round(yOf(value))}" y2="${round(yOf(value))}"/><text x="${left - 5}" y="${round(yOf(value) + 4)}" text-anchor="end">${short(value)}</text>`,
  )
  const marks = places.map(({ x, y, point }) => {
    const values = point.samples.map(sample => sample[figure])
    const [low, high] = [yOf(Math.min(...values)), yOf(Math.max(...values))].map(round)
    return `<line class="spread" x1="${round(x)}" x2="${round(x)}" y1="${low}" y2="${high}"/><circle class="dot" cx="${round(x)}" cy="${round(y)}" r="3"/><text x="${round(x)}" y="${panelHeight - 6}" text-anchor="middle">${brief(point.size)}</text>`
  })
  const line = `<polyline class="line" points="${places.map(({ x, y }) => `${round(x)},${round(y)}`).join(' ')}"/>`
  return `<g transform="translate(0 ${offset})"><text x="${left}" y="14">${figures[figure]}</text>${[...grid, line, ...marks].join('')}</g>`
}

function scaleX(sizes: number[]): (size: number) => number {
  const [low, high] = [Math.log(Math.min(...sizes)), Math.log(Math.max(...sizes))]
  const inner = panelWidth - left - right - 24
  return size => left + 12 + (high > low ? ((Math.log(size) - low) / (high - low)) * inner : inner / 2)
}

/** 1, 2 or 5 times a power of ten, no less than this. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find(step => step * power >= value) ?? 10) * power
}

const brief = (size: number) => (size >= 1000 ? `${size / 1000}k` : `${size}`)
const round = (value: number) => Math.round(value * 10) / 10
