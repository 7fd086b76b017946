import { z } from 'zod'

// What `/admin/api` tells. Times are milliseconds since 1970.

const span = z.object({
  what: z.enum(['model', 'tool', 'post', 'file']),
  name: z.string(),
  server: z.string().optional(),
  at: z.number(),
  ms: z.number().optional().describe('absent while it runs'),
  ok: z.boolean(),
  state: z.string().optional(),
})
const facts = z.object({
  id: z.string().describe('of the first message of the turn'),
  conversation: z.string(),
  platform: z.string(),
  kind: z.enum(['chat', 'api']),
  worker: z.string(),
  author: z.string(),
  sentAt: z.number(),
  keptAt: z.number().optional(),
  beganAt: z.number(),
  again: z.boolean().describe('it was begun before, and goes on'),
  endedAt: z.number().optional().describe('absent while it runs'),
  how: z.string().optional(),
  errorId: z.string().optional(),
  model: z.string().optional(),
  tokens: z.object({ input: z.number(), output: z.number() }),
  firstPaintMs: z.number().optional(),
  edits: z.number(),
  limited: z.number().describe('calls that the platform refused since there were too many'),
  isDead: z.boolean().optional().describe('nothing was heard of its worker for a while'),
})
const attempt = facts.extend({ spans: z.array(span), more: z.number().optional() })
const brief = facts.extend({ steps: z.number(), tools: z.number(), failed: z.number().describe('of its tools') })

const allowance = z.object({ turns: z.number().optional(), tokens: z.number().optional(), seconds: z.number().optional() })
const server = z.object({
  name: z.string(),
  state: z.string(),
  tools: z.number(),
  error: z.string().optional(),
  note: z.string().optional(),
  connectMs: z.number().optional(),
})
const toolCalls = z.object({
  server: z.string(),
  tool: z.string(),
  calls: z.number(),
  ok: z.number(),
  failed: z.number(),
  meanMs: z.number(),
  p95Ms: z.number(),
})
const keptError = z.object({ id: z.string(), at: z.number(), conversation: z.string().optional(), lines: z.array(z.string()) })
const workerServers = z.object({
  worker: z.string(),
  model: z.string(),
  servers: z.array(server),
  tools: z.array(toolCalls),
})
const budgets = z.object({
  resetsAt: z.number(),
  spent: z.object({ turns: z.number(), tokens: z.number(), seconds: z.number() }),
  limits: z.object({ person: allowance, place: allowance, house: allowance }),
})
const load = z.object({
  jobs: z.object({ waiting: z.number(), active: z.number() }),
  conversations: z.number().describe('with a message that is not answered yet'),
  workers: z.array(z.object({ worker: z.string(), model: z.string() })),
})

export const turnsAnswer = z.object({
  now: z.number(),
  open: z.array(brief).describe('the longest first'),
  recent: z.array(brief).describe('the newest first, at most 200'),
})
export const turnAnswer = z.object({ now: z.number(), attempts: z.array(attempt).describe('the oldest first') })
export const errorsAnswer = z.object({ errors: z.array(keptError).describe('the newest first, at most 100') })
export const serversAnswer = z.object({ workers: z.array(workerServers) })
export const budgetsAnswer = budgets
export const statusAnswer = load.extend({ now: z.number() })

export type Attempt = z.output<typeof attempt>
export type Brief = z.output<typeof brief>

/** What an operator is shown: see `src/operator.ts`. */
export interface Operator {
  openTurns(): Promise<Attempt[]>
  recentTurns(count: number): Promise<Attempt[]>
  turn(id: string): Promise<Attempt[]>
  errors(): Promise<z.output<typeof keptError>[]>
  servers(): Promise<z.output<typeof workerServers>[]>
  budgets(): Promise<z.output<typeof budgets>>
  status(): Promise<z.output<typeof load>>
}
