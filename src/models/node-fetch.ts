import type { IncomingMessage } from 'node:http'
import { createRequests, headersOf } from '../net/requests.ts'

export interface NodeFetch {
  /** For the openai library's `fetch` option. The body of a good response is not in it: ask `bodyOf`. */
  fetch(url: string | URL | Request, init?: RequestInit): Promise<Response>
  /** The bytes of a good response, as Node reads them. */
  bodyOf(response: Response): IncomingMessage | undefined
}

/** Of a page that reports an error nobody reads more. */
const maxErrorBytes = 64 * 1024

/** A fetch on node:http. Through the web streams of the global one the same answer costs half as much again. Follows no redirects. */
export function createNodeFetch(): NodeFetch {
  const bodies = new WeakMap<Response, IncomingMessage>()
  const send = createRequests()

  return {
    async fetch(input, init = {}) {
      const message = await send(new URL(input instanceof Request ? input.url : input), init)
      const status = message.statusCode ?? 0
      const head = { status, headers: headersOf(message) }
      if (status < 200 || status > 299) return new Response((await readStart(message)) || null, head)
      const response = new Response(null, head)
      bodies.set(response, message)
      return response
    },
    bodyOf: response => bodies.get(response),
  }
}

async function readStart(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of message) {
    pieces.push(piece)
    bytes += piece.length
    if (bytes > maxErrorBytes) break // which closes the connection
  }
  return Buffer.concat(pieces).toString()
}
