import { Agent, type IncomingMessage, request as requestHttp } from 'node:http'
import { globalAgent, request as requestHttps, Agent as SecureAgent } from 'node:https'

/** Sends one request and resolves with the answer as Node reads it, whatever its status. Follows no redirects. */
export type SendRequest = (url: URL, init: RequestInit) => Promise<IncomingMessage>

interface RequestsOptions {
  /** After so long an idle connection is closed by us: a request on one that its server has just closed would be lost. Default: never. */
  idleMs?: number
  /** Sent where the request names none. */
  headers?: Record<string, string>
}

/** Requests by node:http, at half the price of the global fetch. They wait as long as their caller does. */
export function createRequests({ idleMs, headers: usual = {} }: RequestsOptions = {}): SendRequest {
  // Idle connections do not keep the process alive, and they go the way through a proxy that Node was told to go.
  const connection = { keepAlive: true, proxyEnv: globalAgent.options.proxyEnv, ...(idleMs !== undefined && { timeout: idleMs }) }
  const agent = new Agent(connection)
  const secureAgent = new SecureAgent(connection)

  return (url, { method = 'GET', headers, body, signal }) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const secure = url.protocol === 'https:'
    const send = secure ? requestHttps : requestHttp
    const options = {
      method,
      headers: { ...usual, ...Object.fromEntries(new Headers(headers)) },
      agent: secure ? secureAgent : agent,
      ...(signal && { signal }),
    }
    const sent = send(url, options, resolve)
    sent.on('error', reject)
    sent.end(body instanceof URLSearchParams ? body.toString() : body)
    return promise
  }
}

export function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(message.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one)
  }
  return headers
}
