import type { Conversation, Press } from '../message.ts'
import type { SourceState } from '../model.ts'
import type { Redact } from '../redact.ts'
import type { Redis } from '../redis/redis.ts'
import { callerOf, type Person } from './rules.ts'

/**
 * Why a call was made, or was not. `rule`: it was allowed without asking. `earlier`: it was approved for more than once. `admin`: nobody
 * could be asked, and an admin wanted it. `yes`: somebody said so. Not made: `deny` by a rule, `no`, `nobody` in time, `unasked` where nobody
 * can be asked, `unshown` since its arguments could not be shown whole. `stranger`: somebody pressed who may not, which decided nothing.
 */
export type Decision = 'rule' | 'earlier' | 'admin' | 'yes' | 'deny' | 'no' | 'nobody' | 'unasked' | 'unshown' | 'stranger'

/** One call, or one press of somebody who may not. */
export interface Deed {
  /** Milliseconds since 1970. */
  at: number
  person: Person
  /** Of the person, as the platform tells it. */
  name: string
  conversation: Conversation
  /** Under its full name; of a press, the question's text or what the button does. */
  tool: string
  /** JSON, cut. */
  input?: string
  decision: Decision
  /** Who said yes or no. */
  by?: string
  /** `cut-off`: the turn ended first. Absent where it was not made. */
  outcome?: SourceState | 'cut-off'
  /** Of the call itself, without the time that people took. */
  ms?: number
}

/** What was called by whom, newest last; the oldest are dropped. */
export interface Audit {
  /** Hides secrets in the input before it cuts it. */
  add(deed: Omit<Deed, 'at'>): Promise<void>
  /** The newest first, of those that fit. */
  last(count: number, fits?: (deed: Deed) => boolean): Promise<Deed[]>
}

/** Of somebody who pressed a button that is not for him: `about` is the question, or what the button does. */
export function strangePress({ conversation, author }: Press, about: string, input?: string): Omit<Deed, 'at'> {
  const { person } = callerOf(conversation, author)
  return { person, name: author.name, conversation, tool: about, ...(input !== undefined && { input }), decision: 'stranger' }
}

const stream = 'bellhop:audit'
/** About a week of a busy community; some 5 MB. */
const mostDeeds = 10_000
const inputChars = 500
const pageSize = 500

export function createAudit(redis: Redis, redact: Redact): Audit {
  return {
    async add({ input, ...deed }) {
      const kept: Deed = { at: Date.now(), ...deed, ...(input !== undefined && { input: shorten(redact(input)) }) }
      await redis.xadd(stream, 'MAXLEN', '~', mostDeeds, '*', 'deed', JSON.stringify(kept))
    },
    async last(count, fits = () => true) {
      const found: Deed[] = []
      let end = '+'
      while (found.length < count) {
        const page = await redis.xrevrange(stream, end, '-', 'COUNT', pageSize)
        found.push(...page.map(([, fields]) => JSON.parse(fields[1] ?? 'null') as Deed).filter(fits))
        const oldest = page.at(-1)?.[0]
        if (page.length < pageSize || oldest === undefined) break
        end = `(${oldest}`
      }
      return found.slice(0, count)
    },
  }
}

function shorten(text: string): string {
  return text.length > inputChars ? `${text.slice(0, inputChars).replace(/[\uD800-\uDBFF]$/, '')}…` : text
}
