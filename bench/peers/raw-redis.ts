import { once } from 'node:events'
import { connect } from 'node:net'

export type Reply = string | number | null | Error | Reply[]

/** Sends commands in one write and resolves with their replies, in order. A connection that blocks is of no use to others meanwhile. */
export type SendRaw = (...commands: (string | number)[][]) => Promise<Reply[]>

interface Waiting {
  left: number
  replies: Reply[]
  resolve(replies: Reply[]): void
}

/** A Redis as bytes on a socket, with as much of its protocol as the replies need that are read here. */
export async function connectRaw(path: string): Promise<SendRaw> {
  const socket = connect(path)
  await once(socket, 'connect')
  const waiting: Waiting[] = []
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', piece => {
    rest = rest.length > 0 ? Buffer.concat([rest, piece]) : piece
    for (let read = readReply(rest, 0); read; read = readReply(rest, 0)) {
      rest = rest.subarray(read.end)
      take(read.reply)
    }
  })
  function take(reply: Reply): void {
    const [first] = waiting
    if (!first) throw new Error('Redis answered what nobody asked')
    first.replies.push(reply)
    if (--first.left > 0) return
    waiting.shift()
    first.resolve(first.replies)
  }
  return (...commands) =>
    new Promise(resolve => {
      waiting.push({ left: commands.length, replies: [], resolve })
      socket.write(commands.map(toBytes).join(''))
    })
}

const toBytes = (command: (string | number)[]) =>
  `*${command.length}\r\n${command.map(part => `$${Buffer.byteLength(String(part))}\r\n${part}\r\n`).join('')}`

/** Undefined while it is not all there. */
function readReply(bytes: Buffer, from: number): { reply: Reply; end: number } | undefined {
  const to = bytes.indexOf('\r\n', from)
  if (to < 0) return undefined
  const kind = bytes[from]
  const line = bytes.toString('utf8', from + 1, to)
  const end = to + 2
  if (kind === 0x2b) return { reply: line, end } // +
  if (kind === 0x2d) return { reply: new Error(line), end } // -
  if (kind === 0x3a) return { reply: Number(line), end } // :
  if (line === '-1') return { reply: null, end }
  return kind === 0x24 ? readText(bytes, end, Number(line)) : readList(bytes, end, Number(line)) // $ or *
}

function readText(bytes: Buffer, from: number, length: number): { reply: Reply; end: number } | undefined {
  const end = from + length + 2
  return bytes.length < end ? undefined : { reply: bytes.toString('utf8', from, from + length), end }
}

function readList(bytes: Buffer, from: number, length: number): { reply: Reply; end: number } | undefined {
  const reply: Reply[] = []
  let end = from
  while (reply.length < length) {
    const read = readReply(bytes, end)
    if (!read) return undefined
    reply.push(read.reply)
    end = read.end
  }
  return { reply, end }
}
