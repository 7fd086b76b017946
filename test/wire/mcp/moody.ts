import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a call is answered with: a result, an error of JSON-RPC, or a bare HTTP status. */
export type MoodyAnswer = { text: string } | { result: object } | { code: number } | { status: number }

export interface Moody {
  url: string
  /** `tools/call` requests that have arrived. */
  calls: { name: string; input: unknown }[]
  /** How often each method was asked for. */
  asked(method: string): number
  /** Calls under way now, and the most there ever were at once. */
  running(): number
  most(): number
  close(): Promise<void>
}

export interface Mood {
  /** As in `tools/list`; without a schema, any. */
  tools: { name: string; description?: string; annotations?: object }[]
  answer(name: string, input: Record<string, unknown>): MoodyAnswer | Promise<MoodyAnswer>
  /** To everything, while it is set. */
  status?: number
  /** Everything waits for it. */
  hold?: Promise<unknown>
}

/** An MCP server of the older protocol over Streamable HTTP, without an SDK, whose mood a test may change at any time. */
export async function startMoody(mood: Mood): Promise<Moody> {
  const calls: Moody['calls'] = []
  const methods: string[] = []
  let running = 0
  let most = 0

  async function answer({ method, params }: Asked): Promise<MoodyAnswer> {
    methods.push(method)
    await mood.hold
    if (mood.status !== undefined) return { status: mood.status }
    if (method === 'initialize') {
      const serverInfo = { name: 'moody', version: '7' }
      return { result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo } }
    }
    if (method === 'tools/list') {
      return { result: { tools: mood.tools.map(tool => ({ inputSchema: { type: 'object' }, ...tool })) } }
    }
    if (method !== 'tools/call') return { code: -32601 }
    const { name = '', arguments: input = {} } = params ?? {}
    calls.push({ name, input })
    most = Math.max(most, ++running)
    try {
      return await mood.answer(name, input)
    } finally {
      running--
    }
  }

  const web = createServer(async (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const body = await new Response(request as unknown as ReadableStream).text()
    const asked = JSON.parse(body) as Asked
    if (asked.id === undefined) return void response.writeHead(mood.status ?? 202).end()
    send(response, asked.id, await answer(asked))
  })
  await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(web.address() as AddressInfo).port}/mcp`,
    calls,
    asked: method => methods.filter(one => one === method).length,
    running: () => running,
    most: () => most,
    close: () =>
      new Promise(resolve => {
        web.close(() => resolve())
        web.closeAllConnections()
      }),
  }
}

interface Asked {
  id?: number
  method: string
  params?: { name?: string; arguments?: Record<string, unknown> }
}

function send(response: ServerResponse, id: number, answer: MoodyAnswer): void {
  if ('status' in answer) return void response.writeHead(answer.status).end()
  const outcome =
    'code' in answer
      ? { error: { code: answer.code, message: 'in a mood' } }
      : { result: 'text' in answer ? { content: [{ type: 'text', text: answer.text }] } : answer.result }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }))
}
