import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'

/** Answers as its caller's: a tool that is named after the token, and one that all have and that says whose it is. */
export async function serveByToken(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
  const whose = (request.headers.authorization ?? 'nobody').replace(/^Bearer /, '')
  const server = new McpServer({ name: 'by-token', version: '1' })
  const annotations = { readOnlyHint: true }
  server.registerTool(`of_${whose.replace(/\W/g, '_')}`, { annotations }, () => ({ content: [] }))
  server.registerTool('whoami', { annotations }, () => ({ content: [{ type: 'text', text: `you are ${whose}` }] }))
  const transport = new StreamableHTTPServerTransport({})
  await server.connect(transport as Parameters<McpServer['connect']>[0])
  await transport.handleRequest(request, response, body)
}

export interface TokenWeb {
  url: string
  /** The Authorization headers of all requests. */
  heard: string[]
  close(): Promise<void>
}

export async function startTokenWeb(): Promise<TokenWeb> {
  const heard: string[] = []
  const web = createServer((request, response) => {
    heard.push(request.headers.authorization ?? '')
    serveByToken(request, response, undefined).catch(error => response.destroy(error))
  })
  await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(web.address() as AddressInfo).port}/mcp`,
    heard,
    close: () =>
      new Promise(resolve => {
        web.close(() => resolve())
        web.closeAllConnections()
      }),
  }
}
