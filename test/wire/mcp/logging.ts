// A server that writes for its operator while it works: of 2026, or with `legacy` of the protocols before. Run as a program it speaks over stdio.

import { McpServer as V1Server } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'

const capabilities = { logging: {} }
const done = { content: [{ type: 'text' as const, text: 'done' }] }

async function serveV1(): Promise<void> {
  const server = new V1Server({ name: 'talks', version: '1.0.0' }, { capabilities })
  server.registerTool('talk', {}, async () => {
    await server.sendLoggingMessage({ level: 'info', data: { text: 'Bob is here\u202e' } })
    await server.sendLoggingMessage({ level: 'warning', logger: 'desk', data: 'Bob is lost' })
    return done
  })
  await server.connect(new StdioServerTransport())
}

function createModern(): McpServer {
  const server = new McpServer({ name: 'talks', version: '1.0.0' }, { capabilities })
  server.registerTool('talk', {}, async ctx => {
    await ctx.mcpReq.log('info', { text: 'Bob is here\u202e' })
    await ctx.mcpReq.log('warning', 'Bob is lost', 'desk')
    return done
  })
  return server
}

if (process.argv[2] === 'legacy') await serveV1()
else serveStdio(createModern, { legacy: 'reject' })
