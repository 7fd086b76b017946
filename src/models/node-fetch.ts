import { Agent, type IncomingMessage, request as requestHttp } from 'node:http'
import { globalAgent, request as requestHttps, Agent as SecureAgent } from 'node:https'

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
  // Idle connections do not keep the process alive, and they go the way through a proxy that Node was told to go.
  const connection = { keepAlive: true, proxyEnv: globalAgent.options.proxyEnv }
  const agent = new Agent(connection)
  const secureAgent = new SecureAgent(connection)

  return {
    async fetch(input, init = {}) {
      const url = new URL(input instanceof Request ? input.url : input)
      const secure = url.protocol === 'https:'
      const message = await send(url, init, secure ? secureAgent : agent, secure ? requestHttps : requestHttp)
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

function send(url: URL, init: RequestInit, agent: Agent, request: typeof requestHttp): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const headers = Object.fromEntries(new Headers(init.headers))
  const sent = request(
    url,
    { method: init.method ?? 'GET', headers, agent, ...(init.signal ? { signal: init.signal } : {}) },
    resolve,
  )
  sent.on('error', reject)
  sent.end(typeof init.body === 'string' ? init.body : undefined)
  return promise
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(message.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one)
  }
  return headers
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
