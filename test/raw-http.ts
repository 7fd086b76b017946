import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'

/** HTTP as somebody writes it by hand, who keeps to no rule. */
export interface RawLine {
  socket: Socket
  /** What came so far. */
  received(): string
  isClosed(): boolean
  /** Resolves when the other side has ended it. */
  closed: Promise<void>
}

/** `from` is the address that the server sees: 127.0.0.0/8 has many. */
export function openLine(port: number, text: string | Buffer = '', from = '127.0.0.1'): RawLine {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  let received = ''
  socket.on('error', () => {}) // what is refused is often reset
  socket.on('data', data => (received += data.toString()))
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  if (text.length > 0) socket.write(text)
  return { socket, received: () => received, isClosed: () => socket.closed, closed }
}

/** All that comes until the server closes. */
export async function exchange(port: number, text: string, from?: string): Promise<string> {
  const line = openLine(port, text, from)
  await line.closed
  return line.received()
}

/** Of each answer on one line, in order. */
export const statusesIn = (received: string) => [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

export const head = 'Host: localhost\r\n'
export const jsonHead = `${head}Content-Type: application/json\r\n`

/** A POST that keeps the line open. */
export function posting(path: string, body: object, more = ''): string {
  const json = JSON.stringify(body)
  return `POST ${path} HTTP/1.1\r\n${jsonHead}${more}Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`
}

/** Sends zeros until all is sent or the server has had enough; `sent` counts what the system took, too. */
export async function pour(port: number, path: string, bytes: number, isChunked: boolean, more = '') {
  const length = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes}`
  const line = openLine(port, `POST ${path} HTTP/1.1\r\n${jsonHead}${more}${length}\r\n\r\n`)
  const block = Buffer.alloc(0x10000, '0')
  const piece = isChunked ? Buffer.concat([Buffer.from('10000\r\n'), block, Buffer.from('\r\n')]) : block
  let sent = 0
  while (sent < bytes && !line.isClosed() && line.socket.writable) {
    sent += block.length
    if (!line.socket.write(piece)) await Promise.race([once(line.socket, 'drain').catch(() => {}), line.closed])
  }
  line.socket.end()
  await line.closed
  return { status: statusesIn(line.received())[0], sent }
}

/** Of another process, in bytes; `peak` since it began. */
export function residentOf(pid: number | undefined): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const read = (field: string) => 1024 * Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return { now: read('VmRSS'), peak: read('VmHWM') }
}
