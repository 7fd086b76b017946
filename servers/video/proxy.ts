import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Guard, Refused } from '../guard.ts'

/** Through which yt-dlp fetches, so that each of its requests and redirects is looked at as ours are. */
export interface Proxy {
  /** With a password of its own: nobody else on the machine gets through. */
  url: string
  /** The last address that it did not call, and why. */
  refused(): string | undefined
  close(): void
}

export async function openProxy(guard: Guard): Promise<Proxy> {
  const password = randomUUID()
  const expected = `Basic ${Buffer.from(`video:${password}`).toString('base64')}`
  let refused: string | undefined
  const sockets = new Set<Duplex>()
  const server = createServer((from, to) => {
    if (from.headers['proxy-authorization'] !== expected) to.writeHead(407, { 'proxy-authenticate': 'Basic' }).end()
    else attempt(to, () => pass(guard, from, to, note))
  })
  server.on('connect', (from: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    if (from.headers['proxy-authorization'] !== expected)
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n')
    else attempt(socket, () => tunnel(guard, from, socket, head, note))
  })
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  function note(error: unknown): void {
    if (error instanceof Refused) refused = error.message
  }
  function attempt(to: ServerResponse | Duplex, work: () => void): void {
    try {
      work()
    } catch (error) {
      note(error)
      deny(to)
    }
  }
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://video:${password}@127.0.0.1:${port}`,
    refused: () => refused,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function deny(to: ServerResponse | Duplex): void {
  if ('writeHead' in to) {
    if (!to.headersSent) to.writeHead(403)
    to.end()
  } else to.end('HTTP/1.1 403 Forbidden\r\n\r\n')
}

function pass(guard: Guard, from: IncomingMessage, to: ServerResponse, note: (error: unknown) => void): void {
  const url = guard.check(from.url ?? '')
  const { 'proxy-authorization': _secret, 'proxy-connection': _hop, ...headers } = from.headers
  const onward = request(url, { method: from.method ?? 'GET', headers, agent: false, lookup: guard.lookupFor(url) }, answer => {
    to.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.on('error', () => to.destroy())
    answer.pipe(to)
  })
  onward.on('error', error => {
    note(error)
    deny(to)
  })
  to.on('close', () => onward.destroy())
  from.pipe(onward)
}

function tunnel(guard: Guard, from: IncomingMessage, socket: Duplex, head: Buffer, note: (error: unknown) => void): void {
  const url = guard.check(`https://${from.url ?? ''}`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const onward = connect({ host, port: Number(url.port || 443), lookup: guard.lookupFor(url) })
  onward.once('connect', () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    onward.write(head)
    onward.pipe(socket)
    socket.pipe(onward)
  })
  onward.on('error', error => {
    note(error)
    deny(socket)
  })
  socket.on('close', () => onward.destroy())
  onward.on('close', () => socket.end())
}
