// An MCP server of one tool over stdio, without an SDK, so that what is measured is the client. The first argument is how many milliseconds the tool takes.
// `{"text":"#lists"}` returns how often its tools were listed.
import { createInterface } from 'node:readline'

const delayMs = Number(process.argv[2] ?? 0)
const tool = {
  name: 'echo',
  description: 'Says the text again.',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  annotations: { readOnlyHint: true },
}
let lists = 0

interface Request {
  id?: number
  method: string
  params?: { protocolVersion?: string; arguments?: { text?: string } }
}

createInterface({ input: process.stdin })
  .on('line', line => hear(JSON.parse(line)))
  .on('close', () => process.exit())

function hear({ id, method, params }: Request): void {
  if (id === undefined) return
  if (method === 'initialize')
    answer(id, {
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'echo', version: '1' },
    })
  else if (method === 'tools/list') {
    lists++
    answer(id, { tools: [tool] })
  } else if (method === 'tools/call') call(id, params?.arguments?.text ?? '')
  else if (method === 'ping') answer(id, {})
  else send({ id, error: { code: -32601, message: 'Method not found' } })
}

function call(id: number, text: string): void {
  const result = { content: [{ type: 'text', text: text === '#lists' ? `${lists}` : text }] }
  if (delayMs > 0) setTimeout(answer, delayMs, id, result)
  else answer(id, result)
}

const answer = (id: number, result: object) => send({ id, result })
const send = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
