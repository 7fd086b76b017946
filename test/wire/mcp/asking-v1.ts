// A server on the v1 SDK, so of the protocols before 2026, whose tools ask the person while they work. Run as a program it speaks over stdio.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js'

const say = (text: string) => ({ content: [{ type: 'text' as const, text }] })
const url = 'https://login.example/hotel?for=guest'
const timeout = 60_000

export function createAskingV1(): McpServer {
  const server = new McpServer({ name: 'asking-v1', version: '1.0.0' })
  server.registerTool('book', { title: 'Book a room' }, async ({ requestId: relatedRequestId }) => {
    const requestedSchema = {
      type: 'object' as const,
      properties: { name: { type: 'string' as const, title: 'Name' }, nights: { type: 'integer' as const, default: 2 } },
      required: ['name'],
    }
    const { action, content } = await server.server.elicitInput(
      { message: 'Who comes?', requestedSchema },
      { timeout, relatedRequestId },
    )
    return say(action === 'accept' ? `booked for ${content?.['name']}, ${content?.['nights']} nights` : `not booked: ${action}`)
  })
  server.registerTool('sign_in', {}, async ({ requestId: relatedRequestId }) => {
    const page = { mode: 'url' as const, message: 'Sign in first', url, elicitationId: 'one' }
    const { action } = await server.server.elicitInput(page, { timeout, relatedRequestId })
    return say(`visited: ${action}`)
  })
  let calls = 0
  server.registerTool('locked', {}, () => {
    if (++calls % 2 === 0) return say('unlocked')
    throw new UrlElicitationRequiredError([{ mode: 'url', message: 'Unlock it first', url, elicitationId: `lock-${calls}` }])
  })
  server.registerTool('wait', {}, () => new Promise(() => {}))
  server.registerTool('roots', {}, async ({ requestId: relatedRequestId }) =>
    say((await server.server.listRoots({}, { relatedRequestId })).roots.map(({ uri }) => uri).join()),
  )
  server.registerTool('think', {}, async ({ requestId: relatedRequestId }) => {
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'Name a colour' } }]
    return say(JSON.stringify(await server.server.createMessage({ messages, maxTokens: 40 }, { timeout, relatedRequestId })))
  })
  server.registerTool('ponder', {}, async ({ requestId: relatedRequestId }) => {
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'And then?' } }]
    for (let times = 1; ; times++) {
      const why = await server.server
        .createMessage({ messages, maxTokens: 40 }, { timeout, relatedRequestId })
        .then(() => undefined, String)
      if (why !== undefined) return say(`${times}: ${why}`)
    }
  })
  server.registerTool('look', {}, async ({ requestId: relatedRequestId }) => {
    const picture = { type: 'image' as const, mimeType: 'image/png', data: 'iVBORw0KGgo=' }
    const messages = [{ role: 'user' as const, content: picture }]
    const asked = { messages, maxTokens: 7, systemPrompt: 'You see.' }
    return say(JSON.stringify((await server.server.createMessage(asked, { timeout, relatedRequestId })).content))
  })
  return server
}

if (import.meta.main) await createAskingV1().connect(new StdioServerTransport())
