import { ModelError } from '../errors.ts'
import { type Log, reason } from '../log.ts'
import type { Model, ModelEvent, Prompt } from '../model.ts'
import { whyOf } from './failure.ts'
import { goOn } from './go-on.ts'

export interface ChainMember {
  name: string
  model: Model
}

interface ChainOptions {
  /** In the order in which they are asked. */
  members: [ChainMember, ...ChainMember[]]
  log: Log
  /** In milliseconds. */
  now?(): number
}

/** A model that shall be asked before all others; undefined, or of an unknown name: in the order of the chain. */
export type ModelNamed = (name: string | undefined) => Model

/** How long a model that failed is asked after the others. */
const restMs = { away: 60_000, locked: 600_000 }

/**
 * Several models as one: when one fails, the next is asked, and goes on where the other broke off. One that has just failed is for a while
 * asked last. Throws ModelError when all have failed.
 */
export function createChain({ members, log, now = Date.now }: ChainOptions): ModelNamed {
  const restsUntil = new Map<string, number>()
  const told = new Set<string>()
  const rest = ({ name }: ChainMember) => restsUntil.get(name) ?? 0

  function inTurn(listed: ChainMember[]): ChainMember[] {
    const rested = listed.filter(one => rest(one) <= now())
    return [...rested, ...listed.filter(one => rest(one) > now()).sort((a, b) => rest(a) - rest(b))]
  }

  function note({ name }: ChainMember, error: ModelError, next: ChainMember | undefined): void {
    const why = whyOf(error)
    if (why === 'away' || why === 'locked') restsUntil.set(name, now() + restMs[why])
    const facts = { model: name, why, reason: reason(error), next: next?.name }
    if (why !== 'locked') log.warn(facts, 'a model failed')
    else if (!told.has(name)) log.error(facts, 'a model does not answer until its settings are mended')
    if (why === 'locked') told.add(name)
  }

  function recover({ name }: ChainMember): void {
    restsUntil.delete(name)
    told.delete(name)
  }

  return wanted => {
    const listed = [...members.filter(({ name }) => name === wanted), ...members.filter(({ name }) => name !== wanted)]
    return async function* (prompt, signal) {
      const failures: ModelError[] = []
      const order = inTurn(listed)
      let said = ''
      for (const [at, member] of order.entries()) {
        try {
          for await (const event of ask(member, goOn(prompt, said), member !== listed[0], signal)) {
            if (event.type === 'text') said += event.delta
            yield event
          }
          return recover(member)
        } catch (error) {
          if (!(error instanceof ModelError)) throw error
          note(member, error, order[at + 1])
          failures.push(error)
        }
      }
      throw together(failures)
    }
  }
}

/** Who answers is told with the first that is heard of him. */
async function* ask(
  { name, model }: ChainMember,
  prompt: Prompt,
  instead: boolean,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  let heard = false
  for await (const event of model(prompt, signal)) {
    if (!heard) yield { type: 'model', name, instead }
    heard = true
    yield event
  }
}

function together([first, ...others]: ModelError[]): ModelError {
  if (!first || others.length === 0) return first ?? new ModelError('no model was asked')
  const text = `none of the ${others.length + 1} models answered; the first said: ${first.message}`
  return new ModelError(text, { cause: first.cause })
}
