// An MCP server whose every call leaves a line in a file, so that a call that was made twice is seen.
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

const file = process.env['LEDGER'] ?? ''
const inputSchema = z.object({ n: z.number() })

/** The effect comes somewhere in the middle, as with anything real: not yet when the call begins, already before it is answered. */
async function work(tool: string, n: number) {
  await sleep(25 + Math.random() * 225)
  appendFileSync(file, `${JSON.stringify({ pid: process.pid, at: Date.now(), tool, n })}\n`)
  await sleep(25 + Math.random() * 225)
  return { content: [{ type: 'text' as const, text: `${tool} of #${n} is done` }] }
}

serveStdio(() => {
  const server = new McpServer({ name: 'ledger', version: '1.0.0' })
  const looking = { title: 'Looking up', description: 'Looks a number up', inputSchema, annotations: { readOnlyHint: true } }
  server.registerTool('look_up', looking, ({ n }) => work('look_up', n))
  const writing = { title: 'Writing down', description: 'Writes a number down', inputSchema }
  server.registerTool('write_down', writing, ({ n }) => work('write_down', n))
  return server
})

// What was begun has its effect although its worker has died.
process.stdin.on('close', () => setTimeout(() => process.exit(0), 600))
