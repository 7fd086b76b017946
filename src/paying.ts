import { estimatePrompt, estimateTokens } from './agent/tokens.ts'
import type { Cost, Limit } from './allowance.ts'
import type { Budgets, Payer, Taken } from './budgets.ts'
import { type Log, reason } from './log.ts'
import type { Model } from './model.ts'
import type { CallOptions, Toolbox, ToolResult } from './toolbox.ts'

/** A model and tools that take from somebody's budgets whatever they use, before they use it. */
export interface Purse {
  /** Throws UsedUp, before or within an answer. */
  model: Model
  /** A call for which nothing is left is a result that says so, and one that takes longer than what is left is cut off. */
  toolbox: Toolbox
  /** Pays for a turn. Throws UsedUp. */
  begin(): Promise<void>
  /** What is nearly used up since something was paid here. */
  near(): Limit | undefined
}

/** Somebody's budget is used up: the turn ends, and says so. */
export class UsedUp extends Error {
  override name = 'UsedUp'
  readonly limit: Limit
  constructor(limit: Limit) {
    super(`the ${limit.cost} of the ${limit.whose} are used up`)
    this.limit = limit
  }
}

/** What is set aside at a time while an answer grows, and while a tool runs. */
const slice = { tokens: 1000, seconds: 2 }

interface PurseOptions {
  model: Model
  toolbox: Toolbox
  log: Log
}

export function openPurse(budgets: Budgets, payer: Payer, { model, toolbox, log }: PurseOptions): Purse {
  let near: Limit | undefined
  async function take(cost: Cost, amount: number): Promise<Exclude<Taken, { refused: Limit }>> {
    const taken = await budgets.take(payer, cost, amount)
    if (taken.refused) throw new UsedUp(taken.refused)
    near ??= taken.near
    return taken
  }
  const openMeter = (cost: keyof typeof slice, first: number) =>
    budgets.limited
      ? meter(first, slice[cost], amount => take(cost, amount))
      : countAtEnd(spent => budgets.take(payer, cost, spent))
  /** Nobody waits for it, and what was done is not undone by a Redis that cannot count it. */
  function close(meter: Meter, spent: number): void {
    meter.close(spent).catch((error: unknown) => {
      log.error({ ...payer, spent, reason: reason(error) }, 'what was spent could not be counted')
    })
  }
  return {
    model: async function* (prompt, signal) {
      const asked = estimatePrompt(prompt)
      const meter = await openMeter('tokens', asked + slice.tokens)
      let spent = asked
      let counted: number | undefined
      try {
        for await (const event of model(prompt, signal)) {
          if (event.type === 'usage') counted = (counted ?? 0) + event.input + event.output
          else if (event.type === 'text') spent += estimateTokens(event.delta)
          else if (event.type === 'call') spent += estimateTokens(JSON.stringify(event.call))
          await meter.reach(spent)
          yield event
        }
      } finally {
        close(meter, counted ?? spent)
      }
    },
    toolbox: {
      ...toolbox,
      async call(name, input, options) {
        const meter = await openMeter('seconds', slice.seconds).catch(orUsedUp)
        if (meter instanceof UsedUp) return nothingLeft(meter.limit)
        const clock = startClock(budgets.limited ? meter.reach : undefined)
        try {
          const signal = clock.over ? AbortSignal.any([options.signal, clock.over]) : options.signal
          const result = await toolbox.call(name, input, clock.still({ ...options, signal }))
          const why: unknown = clock.over?.reason
          return why instanceof UsedUp && !result.ok ? nothingLeft(why.limit) : result
        } finally {
          close(meter, clock.stop())
        }
      },
    },
    begin: async () => void (await take('turns', 1)),
    near: () => near,
  }
}

type Take = (amount: number) => Promise<Exclude<Taken, { refused: Limit }>>

interface Meter {
  /** Sets more aside when so much is spent. Throws UsedUp. */
  reach(spent: number): Promise<void>
  close(spent: number): Promise<void>
}

/** Of something that grows: it begins with so much set aside. Throws UsedUp. */
async function meter(first: number, more: number, take: Take): Promise<Meter> {
  const begun = await take(first)
  let reserved = first
  return {
    async reach(spent) {
      if (spent <= reserved) return
      reserved += more // before it is known that there is so much, so that nobody asks twice
      await take(more).catch((error: unknown) => {
        reserved -= more
        throw error
      })
    },
    close: spent => begun.settle(spent - (reserved - first)),
  }
}

const countAtEnd = async (count: (spent: number) => Promise<unknown>): Promise<Meter> => ({
  reach: async () => {},
  close: async spent => void (await count(spent)),
})

function orUsedUp(error: unknown): UsedUp {
  if (error instanceof UsedUp) return error
  throw error
}

/** Counts the seconds of a call, which stand still while a person is asked; `over` when `reach` says that there are no more. Absent: there are. */
function startClock(reach?: (seconds: number) => Promise<void>) {
  const over = reach && new AbortController()
  let since: number | undefined = performance.now()
  let before = 0
  const seconds = () => (before + (since === undefined ? 0 : performance.now() - since)) / 1000
  const ahead = () => void reach?.(seconds() + 1).catch((error: unknown) => over?.abort(error))
  const ticking = reach && setInterval(ahead, 500).unref()
  return {
    over: over?.signal,
    still({ ask, ...options }: CallOptions): CallOptions {
      if (!ask) return options
      const wait: NonNullable<CallOptions['ask']> = async (...asked) => {
        before = seconds() * 1000
        since = undefined
        return ask(...asked).finally(() => (since = performance.now()))
      }
      return { ...options, ask: wait }
    },
    stop(): number {
      clearInterval(ticking)
      return seconds()
    },
  }
}

/** For the model, which tells it in its own words; the footer tells it in the house's. */
const nothingLeft = ({ whose }: Limit): ToolResult => ({
  ok: false,
  text: `The tool was not run to its end: the seconds that the ${whose === 'place' ? 'conversation' : whose} may have tools at work today are used up. Call no more tools; answer with what there is.`,
  fault: 'not-permitted',
})
