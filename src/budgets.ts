import type { Allowance, Cost, Limit, Whose } from './allowance.ts'
import { type Message, platformOf } from './message.ts'
import type { Redis } from './redis/redis.ts'
import { runScript } from './redis/script.ts'

/** Whose budgets pay: `platform:native id` of the person, and the conversation. */
export interface Payer {
  person: string
  place: string
}

/** Who asks, where he asks. */
export const payerOf = ({ conversation, author }: Message): Payer => ({
  person: `${platformOf(conversation)}:${author.id}`,
  place: conversation,
})

export type Taken = { refused: Limit } | { refused?: never; near?: Limit; settle(spent: number): Promise<void> }

export interface Budgets {
  /**
   * Sets so much aside for all three who pay, on every worker at once, or nothing of it when one of them has not so much left. `near` is
   * told to whoever crosses four fifths. What was really spent is settled later, on the account of the same day.
   */
  take(payer: Payer, cost: Cost, amount: number): Promise<Taken>
  today(payer: Payer): Promise<Usage>
  /** Resolves when all that was counted here is written down. */
  flush(): Promise<void>
  /** False: nothing is limited, and nothing has to be set aside. */
  readonly limited: boolean
}

export type Usage = { resetsAt: number; spent: Record<Whose, Required<Allowance>>; limits: Record<Whose, Allowance> }

const whoses: Whose[] = ['person', 'place', 'house']
const costs: Cost[] = ['turns', 'tokens', 'seconds']
const dayMs = 86_400_000
const keepSeconds = 2 * 86_400
/** Seconds are counted in thousandths: most tools take less than one. */
const unit: Record<Cost, number> = { turns: 1, tokens: 1, seconds: 1000 }

/** Of names and limits in turn: all have room, and all are counted; or none is. Returns which is reached, or nearly, from 1. */
const takeScript = `
local amount, near = tonumber(ARGV[1]), 0
for at = 2, #ARGV, 2 do
  local spent, limit = tonumber(redis.call('HGET', KEYS[1], ARGV[at]) or 0), tonumber(ARGV[at + 1])
  if limit and spent + amount > limit then return -at / 2 end
  if limit and near == 0 and spent < limit * 0.8 and spent + amount >= limit * 0.8 then near = at / 2 end
end
for at = 2, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[at], amount) end
redis.call('EXPIRE', KEYS[1], ${keepSeconds})
return near`

/** How long what nobody has to be refused for waits to be written down together. */
const gatherMs = 250

/** Sums up what is only counted, and writes it down now and then. */
function gather(redis: Redis) {
  let sums = new Map<string, Map<string, number>>()
  let timer: NodeJS.Timeout | undefined
  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const taken = sums
    sums = new Map()
    await Promise.all([...taken].map(([key, fields]) => write(key, fields)))
  }
  async function write(key: string, fields: Map<string, number>): Promise<void> {
    await runScript(redis, countScript, [key], [...fields].flat()).catch((error: unknown) => {
      for (const [name, amount] of fields) keep(key, name, amount) // for the next time
      throw error
    })
  }
  function keep(key: string, name: string, amount: number): void {
    const fields = sums.get(key) ?? new Map<string, number>()
    fields.set(name, (fields.get(name) ?? 0) + amount)
    sums.set(key, fields)
  }
  return {
    add(key: string, names: string[], amount: number): void {
      if (amount === 0) return
      for (const name of names) keep(key, name, amount)
      timer ??= setTimeout(() => void flush().catch(() => {}), gatherMs) // a Redis that is away is waited for
    },
    flush,
  }
}

const countScript = `
for at = 1, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1]) end
redis.call('EXPIRE', KEYS[1], ${keepSeconds})`

function rememberLast<A, B>(make: (of: A) => B): (of: A) => B {
  let last: { of: A; made: B } | undefined
  return of => {
    if (last?.of !== of) last = { of, made: make(of) }
    return last.made
  }
}

/** `clock` tells the time, in milliseconds. */
export function createBudgets(redis: Redis, limits: Record<Whose, Allowance>, clock = Date.now): Budgets {
  const day = () => Math.floor(clock() / dayMs)
  const keyOf = rememberLast((number: number) => `bellhop:{budget}:${new Date(number * dayMs).toISOString().slice(0, 10)}`)
  const namesOf = ({ person, place }: Payer, cost: Cost) => [
    `${cost} person ${person}`,
    `${cost} place ${place}`,
    `${cost} house`,
  ]
  const gathered = gather(redis)
  const limited = whoses.some(whose => costs.some(cost => limits[whose][cost] !== undefined))

  async function take(payer: Payer, cost: Cost, amount: number): Promise<Taken> {
    const today = day()
    const asked = Math.ceil(amount * unit[cost])
    const count = (more: number) => gathered.add(keyOf(today), namesOf(payer, cost), more)
    if (!limited) {
      count(asked)
      return { settle: async spent => count(Math.round(spent * unit[cost]) - asked) }
    }
    const limitOf = (whose: Whose) => limits[whose][cost]
    const facts = namesOf(payer, cost).flatMap((name, at) => {
      const limit = limitOf(whoses[at] as Whose)
      return [name, limit === undefined ? '' : limit * unit[cost]]
    })
    const told = (await runScript(redis, takeScript, [keyOf(today)], [asked, ...facts])) as number
    const whose = whoses[Math.abs(told) - 1]
    const limit = whose && { whose, cost, limit: limitOf(whose) ?? 0, resetsAt: (today + 1) * dayMs }
    if (told < 0 && limit) return { refused: limit }
    return {
      ...(limit && { near: limit }),
      async settle(spent) {
        const more = Math.round(spent * unit[cost]) - asked
        if (more !== 0) await Promise.all(namesOf(payer, cost).map(name => redis.hincrby(keyOf(today), name, more)))
      },
    }
  }
  return {
    take,
    limited,
    flush: gathered.flush,
    async today(payer) {
      await gathered.flush()
      const today = day()
      const names = costs.flatMap(cost => namesOf(payer, cost))
      const found = await redis.hmget(keyOf(today), ...names)
      const spentBy = (at: number) => {
        const amounts = costs.map((cost, row) => [cost, Number(found[row * whoses.length + at] ?? 0) / unit[cost]])
        return Object.fromEntries(amounts) as Required<Allowance>
      }
      const spent = Object.fromEntries(whoses.map((whose, at) => [whose, spentBy(at)])) as Usage['spent']
      return { resetsAt: (today + 1) * dayMs, spent, limits }
    },
  }
}
