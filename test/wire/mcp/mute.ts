// A server that says it has resources and never answers when it is asked for them.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { ListResourcesRequestSchema, ListResourceTemplatesRequestSchema } from '@modelcontextprotocol/sdk/types.js'

const { server } = new McpServer({ name: 'mute', version: '1.0.0' }, { capabilities: { resources: {} } })
server.setRequestHandler(ListResourcesRequestSchema, () => new Promise(() => {}))
server.setRequestHandler(ListResourceTemplatesRequestSchema, () => new Promise(() => {}))
await server.connect(new StdioServerTransport())
