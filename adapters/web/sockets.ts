import type { ServerOptions } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Log } from '../../src/log.ts'

/** What who connects may take, before anybody knows who it is. */
export interface SocketLimits {
  /** Open at once; one address may have half of them, since a proxy brings everybody from its own. */
  connections: number
  /** Until the headers of a request have come. */
  headersMs: number
  /** Until its body has come as well. */
  requestMs: number
}

/** Each connection takes a descriptor, of which many systems give a process 4096 or more; 8 MB come in two minutes at half a megabit a second. */
export const usualSockets: SocketLimits = { connections: 2048, headersMs: 20_000, requestMs: 120_000 }

/** Who is later than this is answered 408 and disconnected. */
export function timeoutsOf({ headersMs, requestMs }: SocketLimits): ServerOptions {
  const connectionsCheckingInterval = Math.min(5000, headersMs / 2)
  return { headersTimeout: headersMs, requestTimeout: requestMs, connectionsCheckingInterval }
}

const tellEveryMs = 60_000

/** Closes at once what comes beyond the limits, so that those who are connected are not held up; the log tells it once a minute. */
export function limitSockets(server: Server, { connections }: SocketLimits, log: Log): void {
  const open = new Map<string, number>()
  let refused = 0
  let toldAt = 0
  const refuse = () => {
    refused++
    if (Date.now() - toldAt < tellEveryMs) return
    log.warn({ refused, connections }, 'web: too many connections, of which the newest are refused')
    toldAt = Date.now()
    refused = 0
  }
  server.maxConnections = connections
  server.on('drop', refuse)
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket
    const others = open.get(remoteAddress) ?? 0
    if (others >= connections / 2) {
      refuse()
      return void socket.destroy()
    }
    open.set(remoteAddress, others + 1)
    socket.once('close', () => {
      const left = (open.get(remoteAddress) ?? 1) - 1
      if (left > 0) open.set(remoteAddress, left)
      else open.delete(remoteAddress)
    })
  })
}
