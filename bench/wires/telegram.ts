import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A call that a bot made, as its bytes arrived: before any delay that the platform is given. */
export interface Call {
  method: string
  chat: number
  text: string
  /** A keyboard stands below it: the turn still runs. */
  isOpen: boolean
}

export interface TelegramWire {
  url: string
  /** Milliseconds that a call of the bot's takes; the poll for updates takes none. */
  delayMs: number
  say(chat: number, text: string): void
  close(): void
}

interface Payload {
  chat_id?: number | string
  message_id?: number
  text?: string
}

/** A Bot API that checks nothing and remembers no message, so that it takes next to no CPU beside the bot. Private chats only. */
export async function startTelegramWire(hear: (call: Call) => void): Promise<TelegramWire> {
  const updates: string[] = []
  let lastUpdate = 0
  let lastMessage = 0
  let poll: { response: ServerResponse; timer: NodeJS.Timeout } | undefined

  function deliver(): void {
    if (!poll || updates.length === 0) return
    clearTimeout(poll.timer)
    const { response } = poll
    poll = undefined
    send(response, `[${updates.join(',')}]`)
  }
  /** What comes before the offset is confirmed; all that waits was sent with ids that follow each other. */
  function takePoll(response: ServerResponse, { offset = 0, timeout = 0 }: { offset?: number; timeout?: number }): void {
    const first = lastUpdate - updates.length + 1
    if (offset > first) updates.splice(0, offset - first)
    if (poll) {
      clearTimeout(poll.timer)
      send(poll.response, '[]')
    }
    const timer = setTimeout(() => {
      poll = undefined
      send(response, '[]')
    }, timeout * 1000)
    poll = { response, timer }
    deliver()
  }
  function act(response: ServerResponse, method: string, body: string): void {
    const payload = body ? JSON.parse(body) : {}
    if (method === 'getUpdates') takePoll(response, payload)
    else answer(response, method, payload, body.includes('"callback_data"'))
  }
  function answer(response: ServerResponse, method: string, payload: Payload, isOpen: boolean): void {
    const chat = Number(payload.chat_id ?? 0)
    const text = String(payload.text ?? '')
    hear({ method, chat, text, isOpen })
    const result = resultOf(method, chat, payload.message_id)
    if (wire.delayMs > 0 && chat !== 0) setTimeout(send, wire.delayMs, response, result)
    else send(response, result)
  }
  function resultOf(method: string, chat: number, message: unknown): string {
    if (method === 'getMe') return JSON.stringify(me)
    if (method === 'getWebhookInfo') return '{"url":"","has_custom_certificate":false,"pending_update_count":0}'
    if (method === 'sendMessage') return messageOf(++lastMessage, chat)
    if (method === 'editMessageText') return messageOf(Number(message), chat)
    return 'true'
  }
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const method = request.url?.slice(request.url.lastIndexOf('/') + 1) ?? ''
    read(request, body => act(response, method, body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const wire: TelegramWire = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delayMs: 0,
    say(chat, text) {
      updates.push(
        `{"update_id":${++lastUpdate},"message":{"message_id":${++lastMessage},"date":${Math.floor(Date.now() / 1000)},"chat":{"id":${chat},"type":"private","first_name":"Ada"},"from":{"id":${chat},"is_bot":false,"first_name":"Ada","language_code":"en"},"text":${JSON.stringify(text)}}}`,
      )
      deliver()
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  return wire
}

const me = { id: 4711, is_bot: true, first_name: 'Bench', username: 'bench_bot', can_join_groups: true }

const messageOf = (id: number, chat: number) =>
  `{"message_id":${id},"date":1760000000,"chat":{"id":${chat},"type":"private","first_name":"Ada"},"from":{"id":4711,"is_bot":true,"first_name":"Bench"},"text":"x"}`

function read(request: IncomingMessage, then: (body: string) => void): void {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (piece: string) => {
    body += piece
  })
  request.on('end', () => then(body))
}

function send(response: ServerResponse, result: string): void {
  const body = `{"ok":true,"result":${result}}`
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
