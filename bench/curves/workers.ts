// How many workers share the turns.
import { openComposition } from '../composition.ts'
import { bellhop } from '../recipes.ts'
import type { Curve } from './curve.ts'

export const workers: Curve = {
  name: 'workers',
  axis: 'workers',
  sizes: [1, 2, 3, 4],
  few: [1, 4],
  third: 'perSecond',
  async open(size) {
    return { composition: await openComposition(`${size}`, bellhop({}, ['gateway', ...Array<string>(size).fill('worker')])) }
  },
}
