import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FetchLike } from '@modelcontextprotocol/client'
import { createRequests, headersOf } from '../net/requests.ts'

/** As long as the global fetch keeps them: a server closes idle connections too, and a request on one that it has just closed is lost. */
const idleMs = 4000

/**
 * A fetch on node:http, which waits as long as its caller does: the global one gives up after five minutes without a byte, which is a
 * long call or a quiet stream of events. Follows no redirects; the SDK does, where it is safe.
 */
export function createWebFetch(): FetchLike {
  const send = createRequests({ idleMs, headers: { 'user-agent': 'bellhop/0.1.0' } })
  return async (input, init = {}) => {
    const url = new URL(input)
    try {
      return toResponse(url, await send(url, init))
    } catch (error) {
      if (init.signal?.aborted) throw init.signal.reason
      throw new TypeError('fetch failed', { cause: error })
    }
  }
}

function toResponse(url: URL, message: IncomingMessage): Response {
  const status = message.statusCode ?? 0
  if (status < 200 || status > 599) {
    message.destroy()
    throw new Error(`it answered HTTP ${status}`)
  }
  const bare = [204, 205, 304].includes(status)
  if (bare) message.resume()
  const body = bare ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>)
  const response = new Response(body, { status, statusText: message.statusMessage ?? '', headers: headersOf(message) })
  Object.defineProperty(response, 'url', { value: url.href })
  return response
}
