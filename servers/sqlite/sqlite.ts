#!/usr/bin/env node
// An MCP server for one SQLite database, over stdio.
import { basename, resolve } from 'node:path'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createDatabase } from './database.ts'
import { ensureSample } from './sample.ts'
import { registerTools } from './tools.ts'

const help = `sqlite: an MCP server for one SQLite database, over stdio

  node servers/sqlite/sqlite.ts

Environment
  DB_PATH           the database file (default ./data/sample.db); a small sample hotel is made where no file is yet
  QUERY_TIMEOUT_MS  a statement that takes longer is stopped (default 10000)

Tools      list_tables, describe_table, read_query, write_query, create_table, append_insight
Resources  memo://insights
`

const instructions =
  'One SQLite database. Look at list_tables and describe_table before you write SQL; read with read_query, which cannot change anything.'

if (process.argv.some(argument => argument === '--help' || argument === '-h')) process.stdout.write(help)
else serve()

function serve(): void {
  const path = resolve(process.env['DB_PATH'] || './data/sample.db')
  const timeoutMs = Number(process.env['QUERY_TIMEOUT_MS'] || 10_000)
  try {
    ensureSample(path)
  } catch (error) {
    process.stderr.write(`sqlite: cannot make ${path}: ${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  }
  const database = createDatabase(path, timeoutMs)
  process.on('exit', database.close)
  // An exit runs the line above, an unheard signal would not.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(0))
  process.stdin.on('close', () => process.exit(0))
  serveStdio(() => {
    const server = new McpServer({ name: 'sqlite', title: `SQLite (${basename(path)})`, version: '1.0.0' }, { instructions })
    registerTools(server, database)
    return server
  })
}
