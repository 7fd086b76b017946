// The child process that runs the statements: SQLite cannot be interrupted from within, but a process can be ended from without.
import { type Order, type Rows, runStatement } from './statement.ts'

/** What the parent hears for each order, in the order of the orders. */
export type Answer = { rows: Rows } | { error: string }

process.on('message', (order: Order) => process.send?.(answer(order)))
process.on('disconnect', () => process.exit(0))

function answer(order: Order): Answer {
  try {
    return { rows: runStatement(order) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}
