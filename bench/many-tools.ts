// An MCP server of fifty tools over stdio, or as many as the second argument says, without an SDK, so that what is measured is the host. The first
// argument is its name.
import { createInterface } from 'node:readline'

const [name = 'many', count = '50'] = process.argv.slice(2)
const tools = Array.from({ length: Number(count) }, (_, at) => ({
  name: `look_up_thing_number_${at}`,
  title: `Look up ${at}`,
  description: `Looks up the thing number ${at} in the catalogue of ${name}. Returns its title, its price and where it stands. Ask for one thing at a time.`,
  inputSchema: {
    type: 'object',
    properties: {
      query: { type: 'string', description: 'What is looked for, in plain words.' },
      limit: { type: 'integer', minimum: 1, maximum: 100, default: 10, description: 'How many are returned at most.' },
      fields: { type: 'array', items: { type: 'string', enum: ['title', 'price', 'shelf', 'stock'] } },
    },
    required: ['query'],
  },
  annotations: { readOnlyHint: true },
}))

createInterface({ input: process.stdin })
  .on('line', line => hear(JSON.parse(line)))
  .on('close', () => process.exit())

function hear({ id, method }: { id?: number; method: string }): void {
  if (id === undefined) return
  const serverInfo = { name, version: '1' }
  if (method === 'initialize') answer(id, { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo })
  else if (method === 'tools/list') answer(id, { tools })
  else if (method === 'tools/call') answer(id, { content: [{ type: 'text', text: 'found' }] })
  else send({ id, error: { code: -32601, message: 'Method not found' } })
}

const answer = (id: number, result: object) => send({ id, result })
const send = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
