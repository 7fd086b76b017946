import type { Budgets, Usage } from './budgets.ts'
import type { Board, Notice } from './queue/board.ts'
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
  /** What people were told an id of, with the lines of the log; the newest first. */
  errors(): Promise<KeptError[]>
  /** Of each worker that lives. */
  servers(): Promise<WorkerServers[]>
  /** Of today. */
  budgets(): Promise<HouseBudgets>
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
}

/** Each rejects while Redis is away. */
export function createOperator({ telemetry, board, budgets }: OperatorOptions): Operator {
  return {
    openTurns: telemetry.openTurns,
    recentTurns: telemetry.recentTurns,
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
  }
}
