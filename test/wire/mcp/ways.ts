// Every way that leads to a server, by protocol and by transport, with a server at the end of each.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMcpHandler } from '@modelcontextprotocol/server'
import type { ServerConfig } from '../../../src/config/servers.ts'
import { createAskingServer } from './asking.ts'
import { createAskingV1 } from './asking-v1.ts'
import { serveByHand } from './by-hand.ts'
import { closeWithTest, program, remote } from './start.ts'
import { startV1Web } from './v1-web.ts'
import { createWhole } from './whole.ts'

export interface Way {
  era: 'before' | '2026'
  by: 'stdio' | 'http' | 'sse'
}

export const ways: [name: string, way: Way][] = [
  ['before 2026 over stdio', { era: 'before', by: 'stdio' }],
  ['before 2026 over Streamable HTTP', { era: 'before', by: 'http' }],
  ['before 2026 over SSE', { era: 'before', by: 'sse' }],
  ['of 2026 over stdio', { era: '2026', by: 'stdio' }],
  ['of 2026 over Streamable HTTP', { era: '2026', by: 'http' }],
]

const here = import.meta.dirname
export const dates = { before: '2025-11-25', 2026: '2026-07-28' }

/** A server called `whole`, by hand, with a little of everything. */
export async function openWhole(
  { era, by }: Way,
  more: Partial<ServerConfig> = {},
  date: string = dates[era],
): Promise<ServerConfig> {
  if (by === 'stdio') return program('whole', [`${here}/whole.ts`, date], more)
  const { url } = closeWithTest(await serveByHand(by, createWhole(date)))
  return remote(url, by, {}, { name: 'whole', ...more })
}

/** A server called `hotel`, by the library of its time, that asks while it works. */
export async function openAsking({ era, by }: Way, more: Partial<ServerConfig> = {}): Promise<ServerConfig> {
  if (by === 'stdio') return program('hotel', [`${here}/${era === 'before' ? 'asking-v1' : 'asking'}.ts`], more)
  const { url } = closeWithTest(era === 'before' ? await startV1Web(by, 0, createAskingV1) : await serveAsking())
  return remote(url, by, {}, { name: 'hotel', ...more })
}

async function serveAsking() {
  const handler = createMcpHandler(createAskingServer, { legacy: 'reject' })
  const web = createServer(async (request, response) => {
    const { method = '', headers } = request
    const body = method === 'POST' ? await new Response(request as unknown as ReadableStream).text() : null
    const left = new AbortController()
    response.on('close', () => left.abort())
    const asked = new Request(`http://${headers.host}/mcp`, {
      method,
      body,
      headers: headers as Record<string, string>,
      signal: left.signal,
    })
    const answer = await handler.fetch(asked)
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    for await (const piece of answer.body ?? []) response.write(piece)
    response.end()
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
