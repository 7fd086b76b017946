import { existsSync } from 'node:fs'
import { constants, DatabaseSync, type StatementSync } from 'node:sqlite'

/** What a statement may do. `inspect` is for the server's own questions about the schema. */
export type Right = 'inspect' | 'read' | 'write' | 'create'

export interface Order {
  path: string
  right: Right
  sql: string
  values: string[]
}

export interface Rows {
  columns: string[]
  /** At most 200, and fewer where they are long; `more` says that there were others. */
  rows: string[][]
  more: boolean
  /** Rows that a write inserted, changed or deleted. */
  changes: number
}

const maxRows = 200
const maxCellChars = 1000
/** Of all rows together: a table may have two thousand columns. */
const maxChars = 500_000

/** Runs one statement on a connection of its own, so that nothing is left behind. Throws with SQLite's own words. */
export function runStatement(order: Order): Rows {
  const readOnly = order.right === 'inspect' || order.right === 'read'
  if (readOnly && existsSync(`${order.path}-journal`)) takeBack(order.path)
  return runOnce(order, readOnly)
}

/** What a killed writer has left half done is undone by the next look that may write, and by no other. */
function takeBack(path: string): void {
  const db = new DatabaseSync(path, { timeout: 5000 })
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
  } finally {
    db.close()
  }
}

function runOnce(order: Order, readOnly: boolean): Rows {
  // A text or blob of a gigabyte, SQLite's own limit, would take the machine down.
  const options = { readOnly, timeout: 5000, limits: { length: 10_000_000 } }
  const db = new DatabaseSync(order.path, options)
  try {
    db.enableDefensive(true)
    if (order.right !== 'inspect') db.setAuthorizer(guard(order.right))
    return readRows(db, prepareOne(db, order), order.values)
  } finally {
    db.close()
  }
}

/** SQLite prepares the first statement and ignores what follows; here that is an error. */
function prepareOne(db: DatabaseSync, { right, sql }: Order): StatementSync {
  if (right === 'create' && !/^\s*create\s/i.test(withoutComments(sql)))
    throw new Error('create_table takes a CREATE statement only')
  const statement = prepare(db, right, sql)
  const rest = sql.slice(statement.sourceSQL.length)
  if (withoutComments(rest).replace(/[\s;]+/g, '') !== '') throw new Error('one statement at a time, please; this has several')
  return statement
}

function prepare(db: DatabaseSync, right: Right, sql: string): StatementSync {
  try {
    return db.prepare(sql)
  } catch (error) {
    const refused = error instanceof Error && /not authorized|prohibited/i.test(error.message)
    throw refused ? new Error(`${error.message}: ${rules[right]}`) : error
  }
}

function withoutComments(sql: string): string {
  return sql.replace(/--[^\n]*|\/\*[\s\S]*?(\*\/|$)/g, ' ')
}

function readRows(db: DatabaseSync, statement: StatementSync, values: string[]): Rows {
  const columns = statement.columns().map(column => column.name)
  statement.setReturnArrays(true)
  statement.setReadBigInts(true)
  const rows: string[][] = []
  let more = false
  let chars = 0
  for (const row of statement.iterate(...values)) {
    if (rows.length === maxRows || chars > maxChars) {
      more = true
      break
    }
    const cells = Object.values(row).map(showCell)
    chars += cells.reduce((sum, { length }) => sum + length, 0)
    rows.push(cells)
  }
  return { columns, rows, more, changes: columns.length === 0 ? countChanges(db) : rows.length }
}

function countChanges(db: DatabaseSync): number {
  return Number(db.prepare('SELECT changes() AS n').get()?.['n'] ?? 0)
}

function showCell(value: unknown): string {
  if (value === null) return 'NULL'
  if (value instanceof Uint8Array) return `[blob, ${value.length} bytes]`
  const text = String(value)
  return text.length > maxCellChars ? `${text.slice(0, maxCellChars)}… (${text.length} characters)` : text
}

const rules: Record<Right, string> = {
  inspect: 'inspection only reads the schema',
  read: 'read_query only reads; use write_query to change rows and create_table to make tables',
  write: 'write_query runs INSERT, UPDATE and DELETE; use read_query to read and create_table to make tables',
  create: 'create_table runs CREATE TABLE, CREATE INDEX and CREATE VIEW',
}

const reading = [constants.SQLITE_SELECT, constants.SQLITE_READ, constants.SQLITE_FUNCTION, constants.SQLITE_RECURSIVE]
const writing = [...reading, constants.SQLITE_INSERT, constants.SQLITE_UPDATE, constants.SQLITE_DELETE]
const creating = [
  ...writing,
  constants.SQLITE_CREATE_TABLE,
  constants.SQLITE_CREATE_INDEX,
  constants.SQLITE_CREATE_VIEW,
  constants.SQLITE_REINDEX,
]
const allowed = { read: new Set(reading), write: new Set(writing), create: new Set(creating) }

/** They tell about the schema and change nothing; full-text search asks for `data_version` itself. */
const harmlessPragmas = new Set([
  'table_info',
  'table_xinfo',
  'table_list',
  'index_list',
  'index_info',
  'foreign_key_list',
  'data_version',
])

/** SQLite asks before it compiles each action; all that is not allowed here, ATTACH among it, is refused. */
function guard(right: Exclude<Right, 'inspect'>) {
  return (action: number, name: string | null): number => {
    if (action === constants.SQLITE_PRAGMA && harmlessPragmas.has(name ?? '')) return constants.SQLITE_OK
    return allowed[right].has(action) ? constants.SQLITE_OK : constants.SQLITE_DENY
  }
}
