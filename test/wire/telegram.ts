import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, Update, User } from 'grammy/types'
import { type Answer, createChats, type Payload, type Posted, refuse } from './telegram-chats.ts'
import { createFaults, type Fault, type Target } from './telegram-faults.ts'
import { createFiles, readForm } from './telegram-files.ts'
import { seconds, toChat, toEdited, toGroup, toJoining, toMessage, toQuery, toUser, type Words } from './telegram-people.ts'
import { type Alert, createQueries } from './telegram-queries.ts'
import { createUpdates } from './telegram-updates.ts'
import { type Brought, createCourier } from './telegram-webhook.ts'

export interface TelegramWireOptions {
  token?: string
  username?: string
  /** Answers 429 to who speaks faster than Telegram allows: 8 at once and 1 per 1.1 s in private, 20 a minute in a group. */
  enforceRate?: boolean
  /** False: a server of the Bot API from before rich messages. */
  knowsRich?: boolean
  /** Privacy mode is off. */
  readsAll?: boolean
  /** What went wrong when it last brought something to the webhook, just now. */
  webhookError?: string
  /** Where on this machine the public address of a webhook leads. */
  reach?(url: string): string
}

export interface Press {
  chat?: number
  message: number
  /** What the button says. */
  label: string
  from?: Partial<User>
}

export interface Call {
  method: string
  payload: Payload
  /** Milliseconds since the start of the wire. */
  at: number
  ok: boolean
  /** The message that it made or changed. */
  message?: number
  /** Telegram's code for why it was not carried out. */
  code?: number
  /** A `Fault` was made for it. */
  injected: boolean
}

export interface TelegramWire {
  url: string
  token: string
  me: User & { username: string }
  calls: Call[]
  /** What a person reads in a chat now, oldest first; the bot's messages have `bot: true`. */
  messages(chat: number): Posted[]
  say(words: Words): Message
  /** The person changes what was said, or the caption where there is one, or with `more` anything else. */
  edit(message: Message, text: string, more?: Partial<Message>): void
  /** A person uploads a file, of this `size` as Telegram tells it: returns its `file_id`. A `path` that begins with / is on this disk. */
  give(data: Uint8Array, more?: { path?: string; size?: number }): string
  /** What was given at this path is deleted on Telegram's disks. */
  hide(path: string): void
  /** Somebody adds the bot to a chat, with the rights that it has there by that. */
  join(chat: number, from?: Partial<User>): void
  /** The group becomes a supergroup of another id. */
  migrate(from: number, to: number): void
  press(press: Press): void
  /** What people were shown over the chat after a press, oldest first. */
  alerts: Alert[]
  /** How many presses wait for their answer. */
  spinning(): number
  /** Delivers the last update again, under its own id. */
  repeat(): void
  /** Offers any update at all. */
  offer(update: Omit<Update, 'update_id'>): void
  forget(chat: number, message: number): void
  /** The person blocks the bot, or a group puts it out. */
  block(chat: number): void
  unblock(chat: number): void
  fail(fault: Fault, target?: Target): void
  setWebhook(url: string): void
  webhook(): string
  /** What was brought to the webhook so far. */
  brought: Brought[]
  /** Ids of the updates that are not confirmed yet. */
  unconfirmed(): number[]
  /** How many polls are held open. */
  polling(): number
  close(): Promise<void>
}

/** A Bot API server for one bot on 127.0.0.1, to be given to a bot as `apiRoot`. */
export async function startTelegramWire(options: TelegramWireOptions = {}): Promise<TelegramWire> {
  const {
    token = '4711:test-token',
    username = 'bellhop_bot',
    enforceRate = false,
    knowsRich = true,
    reach = (url: string) => url,
  } = options
  const me = { id: Number(token.split(':')[0]), is_bot: true, first_name: 'Bellhop', username }
  const courier = createCourier(() => updates, reach)
  const updates = createUpdates(courier.bring)
  const backstage: Backstage = {
    token,
    me,
    told: options,
    chats: createChats(me, enforceRate, knowsRich),
    updates,
    queries: createQueries(),
    courier,
    files: createFiles(token),
    faults: createFaults(),
    calls: [],
    started: performance.now(),
  }
  const server = createServer((request, response) => {
    serve(backstage, request, response).catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...audience(backstage),
    async close() {
      courier.close()
      updates.close()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

interface Backstage {
  token: string
  me: TelegramWire['me']
  told: Pick<TelegramWireOptions, 'readsAll' | 'webhookError'>
  chats: ReturnType<typeof createChats>
  updates: ReturnType<typeof createUpdates>
  queries: ReturnType<typeof createQueries>
  files: ReturnType<typeof createFiles>
  faults: ReturnType<typeof createFaults>
  calls: Call[]
  courier: ReturnType<typeof createCourier>
  started: number
}

async function serve(backstage: Backstage, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const download = backstage.files.at(request.url ?? '')
  if (download) return void response.writeHead(download.data ? 200 : 404).end(download.data)
  const [, token, method = ''] = /^\/bot([^/]+)\/(\w+)/.exec(request.url ?? '') ?? []
  const payload = await read(request)
  if (token !== backstage.token) return write(response, refuse(401, 'Unauthorized'))
  const call: Call = { method, payload, at: performance.now() - backstage.started, ok: false, injected: false }
  backstage.calls.push(call)
  const answer = await answerOrFail(backstage, call, gone.signal)
  if (answer === 'drop') return void request.socket.destroy()
  if (answer === 'html') return void response.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad Gateway</html>')
  note(call, answer)
  write(response, answer)
}

function note(call: Call, answer: Answer): void {
  call.ok = answer.ok
  if (!answer.ok) call.code = answer.error_code
  else if (isMessage(answer.result)) call.message = answer.result.message_id
}

const isMessage = (result: unknown): result is Message => typeof result === 'object' && result !== null && 'message_id' in result

async function answerOrFail(backstage: Backstage, call: Call, gone: AbortSignal): Promise<Answer | 'drop' | 'html'> {
  const { method, payload } = call
  const early = backstage.faults.before(method, payload['chat_id'])
  call.injected = early !== undefined
  if (early?.kind === 'drop' || early?.kind === 'html') return early.kind
  if (early?.kind === 'limit')
    return refuse(429, `Too Many Requests: retry after ${early.seconds}`, { retry_after: early.seconds })
  if (early?.kind === 'error') return refuse(early.code, early.description)
  if (early?.kind === 'slow') await sleep(early.ms)
  const answer = await carryOut(backstage, method, payload, gone)
  const late = backstage.faults.after(method, payload['chat_id'])
  if (late) call.injected = true
  if (late) return late.kind === 'cut' ? 'drop' : refuse(500, 'Internal Server Error')
  return answer
}

function carryOut(backstage: Backstage, method: string, payload: Payload, gone: AbortSignal): Answer | Promise<Answer> {
  const { me, chats, updates, courier, told } = backstage
  switch (method) {
    case 'getMe':
      return done({
        ...me,
        can_join_groups: true,
        can_read_all_group_messages: told.readsAll ?? false,
        supports_inline_queries: false,
      })
    case 'getWebhookInfo':
      return done({
        url: courier.url(),
        has_custom_certificate: false,
        pending_update_count: updates.unconfirmed().length,
        ...(told.webhookError && { last_error_date: seconds(), last_error_message: told.webhookError }),
      })
    case 'setWebhook':
      return courier.set(payload)
    case 'deleteWebhook':
      return courier.set({})
    case 'getUpdates':
      if (courier.url()) return refuse(409, "Conflict: can't use getUpdates method while webhook is active")
      return updates.poll(payload, gone)
    case 'sendMessage':
      return chats.send(payload)
    case 'sendRichMessage':
      return chats.sendRich(payload)
    case 'sendPhoto':
      return chats.sendFile('photo', payload)
    case 'sendDocument':
      return chats.sendFile('document', payload)
    case 'getFile':
      return backstage.files.get(payload)
    case 'editMessageText':
      return chats.edit(payload)
    case 'sendChatAction':
      return chats.act(payload)
    case 'getChat':
      return chats.get(payload)
    case 'answerCallbackQuery':
      return backstage.queries.answer(payload)
    case 'setMyCommands':
      return done(true)
    default:
      return refuse(404, 'Not Found: method not found')
  }
}

/** What the people in front of the bot can do and see. */
function audience(backstage: Backstage): Omit<TelegramWire, 'url' | 'close'> {
  const { token, me, calls, chats, updates, queries, courier, files, faults } = backstage
  return {
    token,
    me,
    calls,
    messages: chats.messages,
    say(words) {
      const message = toMessage(words, chats.find)
      message.message_id = chats.keep(message)
      updates.add({ message: message as NonNullable<Update['message']> })
      return message
    },
    edit(message, text, more = {}) {
      const edited = toEdited(message, text, more)
      chats.replace(edited)
      updates.add({ edited_message: edited as NonNullable<Update['edited_message']> })
    },
    give: files.give,
    hide: files.hide,
    join(id, from) {
      const chat = toChat(id, toUser(from), false)
      chats.open(chat)
      updates.add({ my_chat_member: toJoining(chat, toUser(from), me) })
    },
    migrate(from, to) {
      const [before, after] = [toGroup(from), toChat(to, toUser(), false)]
      chats.migrate(before, after)
      const service = { message_id: 0, date: seconds(), from: toUser() }
      updates.add({ message: { ...service, chat: before, migrate_to_chat_id: to } as NonNullable<Update['message']> })
      updates.add({ message: { ...service, chat: after, migrate_from_chat_id: from } as NonNullable<Update['message']> })
    },
    press({ chat, message, label, from }) {
      const user = toUser(from)
      updates.add({ callback_query: queries.ask(toQuery(chats.find(chat ?? user.id, message), user, label)) })
    },
    alerts: queries.alerts,
    spinning: queries.open,
    repeat: updates.repeat,
    offer: update => void updates.add(update),
    forget: chats.forget,
    block: chats.block,
    unblock: chats.unblock,
    fail: faults.add,
    setWebhook: url => void courier.set({ url }),
    webhook: courier.url,
    brought: courier.brought,
    unconfirmed: updates.unconfirmed,
    polling: updates.polling,
  }
}

const done = (result: unknown): Answer => ({ ok: true, result })

async function read(request: IncomingMessage): Promise<Payload> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const type = request.headers['content-type'] ?? ''
  if (type.startsWith('multipart/form-data')) return readForm(body, type)
  return body.length > 0 ? JSON.parse(body.toString()) : {}
}

function write(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.ok ? 200 : answer.error_code, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
}
