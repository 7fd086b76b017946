import { table } from '../page.ts'
import { at, type Figure, figures, type Measured, type Point } from './curve.ts'

const always: Figure[] = ['cpuMs', 'finalMs', 'sentKb', 'heldMb']

/** A table for all curves: a row for each point, and in brackets how it stands to the first point of its curve. */
export function toText(measured: Measured[]): string {
  const hasSpeed = measured.some(({ curve }) => curve.third === 'perSecond')
  const shown: Figure[] = hasSpeed ? [...always, 'perSecond'] : always
  const rows = measured.flatMap(({ curve, points }) =>
    points.map(point => [
      `${curve.axis}: ${short(point.size)}`,
      ...shown.map(figure => cell(point, points[0], figure)),
      at(point, 'modelCalls').toFixed(2),
    ]),
  )
  return table(['', ...shown.map(figure => figures[figure]), 'steps of the model per turn'], rows)
}

function cell(point: Point, first: Point | undefined, figure: Figure): string {
  const value = at(point, figure)
  if (Number.isNaN(value)) return ''
  return first && first !== point ? `${short(value)} (${(value / at(first, figure)).toFixed(2)} ×)` : short(value)
}

export const short = (value: number): string =>
  Math.abs(value) >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
