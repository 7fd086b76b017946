import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { Redis } from 'ioredis'
import { setting } from './env.ts'
import { createLibraryModel } from './model-library.ts'
import { createTunedModel } from './model-tuned.ts'
import type { ChatMessage, Parts } from './turn.ts'

const remembered = 50

export const connectRedis = () => new Redis(setting('REDIS_SOCKET'), { maxRetriesPerRequest: null })

/** All that a turn needs but the platform: a history in Redis, a model, and one MCP server that stays up. */
export async function openParts(): Promise<Omit<Parts, 'platform'>> {
  const redis = connectRedis()
  const tools = new Client({ name: 'bench', version: '1' })
  const server = new URL('../echo-server.ts', import.meta.url).pathname
  await tools.connect(new StdioClientTransport({ command: process.execPath, args: [server, setting('TOOL_MS')] }))
  const listed = await tools.listTools()
  return {
    ask: (setting('KIND') === 'tuned' ? createTunedModel : createLibraryModel)(setting('OPENAI_BASE_URL')),
    offered: listed.tools.map(({ name, description = '', inputSchema }) => ({
      type: 'function',
      function: { name, description, parameters: inputSchema },
    })),
    /** One round trip: what was said is added, and what is read holds it. */
    async remember(chat, said) {
      const key = `history:${chat}`
      const line = JSON.stringify(said)
      const replies = await redis.multi().rpush(key, line).ltrim(key, -remembered, -1).lrange(key, -remembered, -1).exec()
      const read = (replies?.[2]?.[1] ?? []) as string[]
      return read.map(text => JSON.parse(text) as ChatMessage)
    },
    async callTool(name, input) {
      const { content } = await tools.callTool({ name, arguments: input })
      return (content as { text?: string }[]).map(({ text = '' }) => text).join('\n')
    },
  }
}
