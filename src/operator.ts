import type { Budgets, Usage } from './budgets.ts'
import type { Board, Notice } from './queue/board.ts'
import type { Inbox } from './queue/inbox.ts'
import type { Jobs } from './queue/jobs.ts'
import type { KeptError } from './telemetry/error-lines.ts'
import type { Telemetry } from './telemetry/telemetry.ts'
import type { OpenTurn } from './telemetry/turn-log.ts'
import type { TurnReport } from './telemetry/turn-report.ts'
import type { ServerStatus } from './toolbox.ts'

/** What an operator's page shows, as plain JSON: how the house is, no word of what is said in it. */
export interface Operator {
  /** The longest first. */
  openTurns(): Promise<OpenTurn[]>
  /** The newest first, at most 200. */
  recentTurns(count: number): Promise<TurnReport[]>
  /** All attempts at one turn that are still known, the oldest first: `id` is that of its first message. */
  turn(id: string): Promise<(TurnReport | OpenTurn)[]>
  /** What people were told an id of, with the lines of the log; the newest first. */
  errors(): Promise<KeptError[]>
  /** Of each worker that lives. */
  servers(): Promise<WorkerServers[]>
  /** Of today. */
  budgets(): Promise<HouseBudgets>
  /** What waits, and who works. */
  status(): Promise<HouseLoad>
}

export interface HouseLoad {
  jobs: { waiting: number; active: number }
  /** With a message that is not answered yet. */
  conversations: number
  workers: { worker: string; model: string }[]
}

export interface WorkerServers {
  worker: string
  model: string
  servers: Omit<ServerStatus, 'instructions'>[]
  /** As in `Notice.metrics`. */
  tools: NonNullable<Notice['metrics']>
}

export interface HouseBudgets {
  /** Milliseconds since 1970. */
  resetsAt: number
  /** Of all together. */
  spent: Usage['spent']['house']
  limits: Usage['limits']
}

export interface OperatorOptions {
  telemetry: Pick<Telemetry, 'openTurns' | 'recentTurns' | 'recentErrors'>
  board: Board
  budgets: Budgets
  jobs: Pick<Jobs, 'counts'>
  inbox: Pick<Inbox, 'unfinished'>
}

const allThatAreKept = 200

/** Each rejects while Redis is away. */
export function createOperator({ telemetry, board, budgets, jobs, inbox }: OperatorOptions): Operator {
  return {
    openTurns: telemetry.openTurns,
    recentTurns: telemetry.recentTurns,
    async turn(id) {
      const [open, ended] = await Promise.all([telemetry.openTurns(), telemetry.recentTurns(allThatAreKept)])
      return [...open, ...ended].filter(report => report.id === id).sort((a, b) => a.beganAt - b.beganAt)
    },
    errors: telemetry.recentErrors,
    async servers() {
      const notices = await board.read()
      return notices.map(({ worker, model, servers, metrics = [] }) => ({
        worker,
        model,
        servers: servers.map(({ instructions: _, ...server }) => server),
        tools: metrics,
      }))
    },
    async budgets() {
      const { resetsAt, spent, limits } = await budgets.today({ person: '', place: '' })
      return { resetsAt, spent: spent.house, limits }
    },
    async status() {
      const anyAge = -60_000 // by any gateway's clock
      const [notices, counts, waiting] = await Promise.all([board.read(), jobs.counts(), inbox.unfinished(anyAge)])
      const workers = notices.map(({ worker, model }) => ({ worker, model }))
      return { jobs: counts, conversations: waiting.length, workers }
    },
  }
}
