import type { Scope } from '../ask.ts'
import type { Conversation } from '../message.ts'
import type { Permission, Tool } from '../model.ts'
import type { Redis } from '../redis/redis.ts'
import { type Caller, covers, type Person, type Rule, type Target, type Whom } from './rules.ts'

/** What a person has approved beyond the one call: an answer to a question, so that it is stronger than no rule. */
export interface Approval {
  tool: string
  server: string
  /** `definitionOf` the tool as it was shown. */
  definition: string
  /** Absent: everywhere. */
  conversation?: Conversation
}

/** What admins have decided, and what people have approved; kept until it is taken back. */
export interface Permits {
  rules(): Promise<Rule[]>
  /** In place of the rule for the same tools and the same people. */
  set(rule: Rule): Promise<void>
  /** False when there was none. */
  remove(target: Target, whom: Whom): Promise<boolean>
  approvals(person: Person): Promise<Approval[]>
  /** That this person wants to be asked about this tool, defined as it is, no more. */
  approve(caller: Caller, tool: Pick<Tool, 'name' | 'server'>, definition: string, scope: Scope): Promise<void>
  /** How many there were. */
  forget(person: Person, target: Target): Promise<number>
}

const rulesKey = 'bellhop:rules'
const approvalsKey = (person: Person) => `bellhop:approvals:${person}`

export function createPermits(redis: Redis): Permits {
  const field = (target: Target, whom: Whom) => `${target} ${whom}`
  async function approvals(person: Person): Promise<Approval[]> {
    return Object.values(await redis.hgetall(approvalsKey(person))).map(json => JSON.parse(json) as Approval)
  }
  return {
    rules: async () => Object.values(await redis.hgetall(rulesKey)).map(json => JSON.parse(json) as Rule),
    async set(rule) {
      await redis.hset(rulesKey, field(rule.target, rule.whom), JSON.stringify(rule))
    },
    remove: async (target, whom) => (await redis.hdel(rulesKey, field(target, whom))) === 1,
    approvals,
    async approve({ person, conversation }, { name: tool, server }, definition, scope) {
      const approval: Approval = { tool, server, definition, ...(scope === 'here' && { conversation }) }
      await redis.hset(approvalsKey(person), fieldOf(approval), JSON.stringify(approval))
    },
    async forget(person, target) {
      const gone = (await approvals(person)).filter(({ tool: name, server }) => covers(target, { name, server }))
      return gone.length === 0 ? 0 : redis.hdel(approvalsKey(person), ...gone.map(fieldOf))
    },
  }
}

const fieldOf = ({ tool, conversation }: Approval) => `${tool} ${conversation ?? ''}`

/** Whether the caller has said of just this tool, as it is now, that he wants to be asked no more. */
export function isApproved(approvals: Approval[], { conversation }: Caller, tool: string, definition: string): boolean {
  return approvals.some(
    one => one.tool === tool && one.definition === definition && (one.conversation ?? conversation) === conversation,
  )
}

/** What a question would come to that need not be asked. */
export function settled(decided: Permission, approved: boolean): Permission {
  return decided === 'ask' && approved ? 'allow' : decided
}
