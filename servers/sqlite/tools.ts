import type { CallToolResult, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Database } from './database.ts'
import { plural, showRows, showTable } from './table.ts'

const memo = 'memo://insights'
const reads = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }
const adds = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false }

export function registerTools(server: McpServer, database: Database): void {
  registerSchemaTools(server, database)
  registerQueryTools(server, database)
  registerInsights(server, database)
}

function registerSchemaTools(server: McpServer, database: Database): void {
  server.registerTool(
    'list_tables',
    {
      title: 'List tables',
      description:
        'List all tables and views in the SQLite database, with their columns and how many rows each has. Call this first to learn what data there is.',
      inputSchema: z.object({}),
      annotations: reads,
    },
    () => answer(() => listTables(database)),
  )
  server.registerTool(
    'describe_table',
    {
      title: 'Describe table',
      description: 'Describe one table of the database: its columns, types, keys and the CREATE statement (schema).',
      inputSchema: z.object({ table_name: z.string().min(1).describe('Name of the table, as list_tables gives it') }),
      annotations: reads,
    },
    ({ table_name }) => answer(() => describeTable(database, table_name)),
  )
}

function registerQueryTools(server: McpServer, database: Database): void {
  const query = (describe: string) => z.object({ query: z.string().min(1).describe(describe) })
  server.registerTool(
    'read_query',
    {
      title: 'Query the database',
      description:
        'Run one SQL SELECT query on the SQLite database and get the rows as a table. Cannot change anything. At most 200 rows are shown: aggregate or LIMIT.',
      inputSchema: query('One SELECT statement in SQLite syntax'),
      annotations: reads,
    },
    input => answer(async () => showRows(await database.run('read', input.query))),
  )
  server.registerTool(
    'write_query',
    {
      title: 'Change rows',
      description:
        'Run one SQL INSERT, UPDATE or DELETE statement on the SQLite database. Changes data for good; says how many rows changed.',
      inputSchema: query('One INSERT, UPDATE or DELETE statement in SQLite syntax'),
      annotations: { ...adds, destructiveHint: true },
    },
    input => answer(() => write(database, input.query)),
  )
  server.registerTool(
    'create_table',
    {
      title: 'Create table',
      description: 'Create a new table (or an index or a view) in the SQLite database with one SQL CREATE statement.',
      inputSchema: query('One CREATE TABLE, CREATE INDEX or CREATE VIEW statement in SQLite syntax'),
      annotations: adds,
    },
    input => answer(() => create(database, input.query)),
  )
}

function registerInsights(server: McpServer, database: Database): void {
  server.registerTool(
    'append_insight',
    {
      title: 'Note an insight',
      description: `Add a business insight, found in the data, to the memo that is kept in the database and read at ${memo}.`,
      inputSchema: z.object({ insight: z.string().min(1).describe('One finding, in a sentence or two') }),
      annotations: adds,
    },
    ({ insight }) => answer(() => appendInsight(database, insight)),
  )
  const facts = { title: 'Insights', description: 'What was learnt from the data so far', mimeType: 'text/plain' }
  server.registerResource('insights', memo, facts, async uri => ({
    contents: [{ uri: uri.href, mimeType: 'text/plain', text: await readInsights(database) }],
  }))
}

/** An error in SQL is for the model to read and mend, not an error of the protocol. */
async function answer(work: () => Promise<string>): Promise<CallToolResult> {
  try {
    return { content: [{ type: 'text', text: await work() }] }
  } catch (error) {
    return { content: [{ type: 'text', text: error instanceof Error ? error.message : String(error) }], isError: true }
  }
}

const tableNames = `SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`

async function listTables(database: Database): Promise<string> {
  const { rows } = await database.run('inspect', tableNames)
  if (rows.length === 0) return 'The database has no tables yet.'
  const lines = await Promise.all(rows.map(([name = '', type = '']) => summarise(database, name, type)))
  return `${showTable(['table', 'kind', 'rows', 'columns'], lines)}\n\n${plural(rows.length, 'table')}`
}

async function summarise(database: Database, name: string, type: string): Promise<string[]> {
  const { rows: columns } = await database.run('inspect', 'SELECT name FROM pragma_table_info(?)', [name])
  const { rows: count } = await database.run('inspect', `SELECT count(*) FROM "${name.replaceAll('"', '""')}"`)
  return [name, type, count[0]?.[0] ?? '', columns.map(([column]) => column).join(', ')]
}

async function describeTable(database: Database, name: string): Promise<string> {
  const columns = await database.run('inspect', describe, [name])
  if (columns.rows.length === 0) throw new Error(`there is no table "${name}"; ${await namesOf(database)}`)
  const { rows } = await database.run('inspect', 'SELECT sql FROM sqlite_schema WHERE name = ? COLLATE NOCASE', [name])
  return `${showTable(columns.columns, columns.rows)}\n\n\`\`\`sql\n${rows[0]?.[0] ?? ''}\n\`\`\``
}

const describe = `SELECT name AS "column", type, iif("notnull", 'yes', '') AS required, iif(pk, 'yes', '') AS "primary key",
  ifnull(dflt_value, '') AS "default" FROM pragma_table_info(?)`

async function namesOf(database: Database): Promise<string> {
  const { rows } = await database.run('inspect', tableNames)
  return rows.length === 0 ? 'the database has no tables yet' : `there are ${rows.map(([name]) => name).join(', ')}`
}

async function write(database: Database, sql: string): Promise<string> {
  const result = await database.run('write', sql)
  return result.columns.length > 0 ? showRows(result) : `${plural(result.changes, 'row')} changed.`
}

async function create(database: Database, sql: string): Promise<string> {
  await database.run('create', sql)
  return `Created; ${await namesOf(database)}.`
}

async function appendInsight(database: Database, insight: string): Promise<string> {
  await database.run('create', 'CREATE TABLE IF NOT EXISTS insights (id INTEGER PRIMARY KEY, insight TEXT NOT NULL)')
  await database.run('write', 'INSERT INTO insights (insight) VALUES (?)', [insight])
  return `Noted in ${memo}.`
}

async function readInsights(database: Database): Promise<string> {
  const { rows: there } = await database.run('inspect', `SELECT 1 FROM sqlite_schema WHERE name = 'insights'`)
  const { rows } = there.length > 0 ? await database.run('inspect', 'SELECT insight FROM insights ORDER BY id') : { rows: [] }
  return rows.length === 0 ? 'No insights yet.' : rows.map(([insight]) => `- ${insight}`).join('\n')
}
