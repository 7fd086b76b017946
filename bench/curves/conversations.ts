// How many conversations Redis remembers, each of ten turns, while others are talked in.
import { openComposition } from '../composition.ts'
import { fill } from '../fill.ts'
import { bellhop } from '../recipes.ts'
import type { Curve } from './curve.ts'

export const conversations: Curve = {
  name: 'conversations',
  axis: 'conversations',
  sizes: [100, 1000, 10_000, 50_000],
  few: [100, 5000],
  third: 'heldMb',
  async open(size, tell) {
    const composition = await openComposition(`${size}`, bellhop())
    await fill(composition.redis, size, done => tell(`filled ${done} of ${size}`))
    return { composition }
  },
}
