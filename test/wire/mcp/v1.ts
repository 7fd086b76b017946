// A server built on the v1 SDK, as most servers out there are. Run as a program it speaks over stdio.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { z } from 'zod'

export function createV1Server(): McpServer {
  const server = new McpServer({ name: 'v1', version: '1.0.0' }, { instructions: 'Say what you want echoed.' })
  server.registerTool('echo.loud', { title: 'Echo', description: 'Repeats', inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text: text.toUpperCase() }],
  }))
  server.registerTool('numbers', { inputSchema: {}, outputSchema: { sum: z.number() } }, () => ({
    content: [],
    structuredContent: { sum: 42 },
  }))
  server.registerTool('media', {}, () => ({
    content: [
      { type: 'image', mimeType: 'image/png', data: Buffer.alloc(12_000).toString('base64') },
      { type: 'resource_link', name: 'report', uri: 'file:///report.pdf' },
    ],
  }))
  server.registerTool('nothing', {}, () => ({ content: [] }))
  server.registerTool('refuse', {}, () => ({ isError: true, content: [{ type: 'text', text: 'not today' }] }))
  server.registerTool('flood', {}, () => ({ content: [{ type: 'text', text: 'x'.repeat(150_000) }] }))
  server.registerTool('wait', {}, () => new Promise(() => {}))
  return server
}

if (import.meta.main) await createV1Server().connect(new StdioServerTransport())
