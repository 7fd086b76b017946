// A server of any protocol, without an SDK, over stdio, Streamable HTTP or SSE: what it says to each message is for its caller to write.
import { randomUUID } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'

export interface Said {
  id?: number | string
  method: string
  // biome-ignore lint/suspicious/noExplicitAny: what a client says may be anything, and tests know what it is.
  params?: any
}

export interface Line {
  /** Sends a message before the answer, on the way that the answer takes. */
  tell(message: object): void
  /** Sends a message that belongs to no answer; lost where nobody listens. */
  push(message: object): void
  /** Cuts the line, as a server does that crashes. */
  cut(): void
}

/** What it answers; undefined: nothing, now or ever. */
export type Hand = (said: Said, line: Line) => object | undefined | Promise<object | undefined>

const missing = { code: -32601, message: 'Method not found' }
/** For a method that it does not know. */
export const unknown = Symbol('unknown') as unknown as object

/** An error of the protocol, and nothing else. */
export const isRefusal = (answer: object) => Object.keys(answer).join() === 'error'

function wrap(id: Said['id'], answer: object): object {
  return { id, ...(answer === unknown ? { error: missing } : isRefusal(answer) ? answer : { result: answer }) }
}
const text = (message: object) => JSON.stringify({ jsonrpc: '2.0', ...message })

/** Over stdin and stdout of this process. */
export function serveStdioByHand(hand: Hand): void {
  const tell = (message: object) => void process.stdout.write(`${text(message)}\n`)
  const line = { tell, push: tell, cut: () => process.exit(9) }
  createInterface({ input: process.stdin })
    .on('line', async json => {
      const said = JSON.parse(json) as Said
      const answer = await hand(said, line)
      if (said.id !== undefined && answer) tell(wrap(said.id, answer))
    })
    .on('close', () => process.exit())
}

/** On the web; `hangUp` is what it hears as the method of a message when a client leaves before the answer. */
export async function serveByHand(kind: 'http' | 'sse', hand: Hand, hangUp = 'hung up') {
  const streams = new Map<string, ServerResponse>()
  const write = (response: ServerResponse, message: object) => void response.write(`event: message\ndata: ${text(message)}\n\n`)
  const open = (response: ServerResponse) =>
    response.headersSent || response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  const push = (message: object) => {
    for (const stream of streams.values()) write(stream, message)
  }

  async function answerPost(said: Said, response: ServerResponse): Promise<void> {
    let over = false
    response.on('close', () => over || hand({ method: hangUp, params: said }, line))
    const line: Line = {
      push,
      tell(message) {
        open(response)
        write(response, message)
      },
      cut: () => response.destroy(),
    }
    const answer = await hand(said, line)
    if (!answer) return
    over = true
    if (response.headersSent) return void response.end(`data: ${text(wrap(said.id, answer))}\n\n`)
    response.writeHead(200, { 'content-type': 'application/json' }).end(text(wrap(said.id, answer)))
  }
  async function answerOnStream(said: Said, stream: ServerResponse): Promise<void> {
    const tell = (message: object) => write(stream, message)
    const answer = await hand(said, { tell, push: tell, cut: () => stream.destroy() })
    if (answer && said.id !== undefined) tell(wrap(said.id, answer))
  }

  const web = createServer(async (request, response) => {
    if (request.method === 'GET') {
      const id = randomUUID()
      streams.set(id, response)
      response.on('close', () => streams.delete(id))
      open(response)
      if (kind === 'sse') response.write(`event: endpoint\ndata: /messages?to=${id}\n\n`)
      return
    }
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const said = JSON.parse(await new Response(request as unknown as ReadableStream).text()) as Said
    const stream = streams.get(new URL(request.url ?? '', 'http://x').searchParams.get('to') ?? '')
    if (kind === 'http' && said.id !== undefined) return answerPost(said, response)
    if (kind === 'sse' && !stream) return void response.writeHead(404).end()
    response.writeHead(202).end()
    if (stream) return answerOnStream(said, stream)
    await hand(said, { tell: push, push, cut: () => {} })
  })
  await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(web.address() as AddressInfo).port}/mcp`,
    close: () =>
      new Promise<void>(resolve => {
        web.close(() => resolve())
        web.closeAllConnections()
      }),
  }
}
