import { Agent, type IncomingMessage, request as requestHttp } from 'node:http'
import { globalAgent, request as requestHttps, Agent as SecureAgent } from 'node:https'
import { Readable } from 'node:stream'
import type { FetchLike } from '@modelcontextprotocol/client'

/** As long as the global fetch keeps them: a server closes idle connections too, and a request on one that it has just closed is lost. */
const idleSocketMs = 4000

/**
 * A fetch on node:http, which waits as long as its caller does: the global one gives up after five minutes without a byte, which is a
 * long call or a quiet stream of events. Follows no redirects; the SDK does, where it is safe.
 */
export function createWebFetch(): FetchLike {
  // Idle connections do not keep the process alive, and they go the way through a proxy that Node was told to go.
  const connection = { keepAlive: true, timeout: idleSocketMs, proxyEnv: globalAgent.options.proxyEnv }
  const agent = new Agent(connection)
  const secureAgent = new SecureAgent(connection)

  return async (input, init = {}) => {
    const url = new URL(input)
    const secure = url.protocol === 'https:'
    try {
      return toResponse(url, await send(url, init, secure ? secureAgent : agent, secure ? requestHttps : requestHttp))
    } catch (error) {
      if (init.signal?.aborted) throw init.signal.reason
      throw new TypeError('fetch failed', { cause: error })
    }
  }
}

function send(url: URL, init: RequestInit, agent: Agent, request: typeof requestHttp): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const headers = { 'user-agent': 'bellhop/0.1.0', ...Object.fromEntries(new Headers(init.headers)) }
  const method = init.method ?? 'GET'
  const sent = request(url, { method, headers, agent, ...(init.signal ? { signal: init.signal } : {}) }, resolve)
  sent.on('error', reject)
  sent.end(init.body instanceof URLSearchParams ? init.body.toString() : init.body)
  return promise
}

function toResponse(url: URL, message: IncomingMessage): Response {
  const status = message.statusCode ?? 0
  if (status < 200 || status > 599) {
    message.destroy()
    throw new Error(`it answered HTTP ${status}`)
  }
  const headers = new Headers()
  for (const [name, value] of Object.entries(message.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one)
  }
  const bare = [204, 205, 304].includes(status)
  if (bare) message.resume()
  const body = bare ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>)
  const response = new Response(body, { status, statusText: message.statusMessage ?? '', headers })
  Object.defineProperty(response, 'url', { value: url.href })
  return response
}
