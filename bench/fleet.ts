import { type Composition, openComposition, type Wanted } from './composition.ts'
import { areInstalled } from './peers/installed.ts'
import { bellhop, libraries, type Recipe, single } from './recipes.ts'
import type { Run } from './run.ts'

/** raw: Node alone; L: libraries as their pages say; T: the same, tuned; P: another program's whole framework. */
export type Rival = 'ours' | 'raw' | 'T' | 'L' | 'P'

export const recipes: Record<Rival, Recipe> = {
  ours: bellhop(),
  T: libraries('tuned'),
  L: libraries('libs'),
  raw: single('bench/peers/raw.ts'),
  P: single('bench/peers/chat.ts'),
}

/** Opens these, as far as they are installed, hands them over warm, and closes them. */
export async function withFleet<T>(
  run: Run,
  names: Rival[],
  wanted: Wanted,
  use: (fleet: Partial<Record<Rival, Composition>>) => Promise<T>,
): Promise<T> {
  const fleet: Partial<Record<Rival, Composition>> = {}
  try {
    for (const name of there(names)) {
      run.tell(`opening ${name}`)
      fleet[name] = await openComposition(name, recipes[name], wanted)
      await fleet[name].drive({ k: 32, forMs: run.quick ? 1000 : warmMs })
    }
    return await use(fleet)
  } finally {
    await Promise.all(Object.values(fleet).map(composition => composition.close()))
  }
}

/** The compiler has then seen what is hot. */
const warmMs = 6000

/** L and T hear by grammY's runner, which comes with the peers. */
export const there = (names: Rival[]) => names.filter(name => name === 'ours' || name === 'raw' || areInstalled)

/** The same piece of work for each. */
export function forEach<T>(
  fleet: Partial<Record<Rival, Composition>>,
  work: (composition: Composition) => Promise<T>,
): Partial<Record<Rival, () => Promise<T>>> {
  const entries = Object.values(fleet).map(composition => [composition.name, () => work(composition)])
  return Object.fromEntries(entries)
}
