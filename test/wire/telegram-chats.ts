import { isDeepStrictEqual } from 'node:util'
import type { Chat, InlineKeyboardMarkup, Message, MessageEntity, RichBlock, User } from 'grammy/types'
import { contentOfFile, receiveFile, type Uploaded } from './telegram-files.ts'
import { richComplaint } from './telegram-rich.ts'
import { complaint } from './telegram-text.ts'

export type Payload = Record<string, unknown>
export type Answer = { ok: true; result: unknown } | { ok: false; error_code: number; description: string; parameters?: object }

/** A message as a person sees it. */
export interface Posted {
  id: number
  bot: boolean
  author: string
  text: string
  entities: MessageEntity[]
  /** Its blocks, where it is a rich message. */
  rich?: RichBlock[]
  /** Labels of the buttons below it. */
  buttons: string[]
  thread?: number
  replyTo?: number
  /** What was uploaded with it. */
  file?: Uploaded
  /** How often it was edited. */
  edits: number
}

export const refuse = (error_code: number, description: string, parameters?: object): Answer => ({
  ok: false,
  error_code,
  description,
  ...(parameters && { parameters }),
})

const bad = (description: string) => refuse(400, `Bad Request: ${description}`)

interface Room {
  chat: Chat
  messages: Message[]
  files: Map<number, Uploaded>
  /** The supergroup that it has become. */
  migratedTo?: number
  edits: Map<number, number>
  blocked: boolean
  /** When the bot spoke here, in milliseconds. */
  spoken: number[]
}

interface World {
  me: User
  enforceRate: boolean
  /** Whether the server knows Bot API 10.2. */
  knowsRich: boolean
  rooms: Map<number, Room>
  nextId: number
}

/** All chats of one bot, as its server knows them. A chat exists once a person has spoken there, or the bot was added. */
export function createChats(me: User, enforceRate: boolean, knowsRich: boolean) {
  const world: World = { me, enforceRate, knowsRich, rooms: new Map(), nextId: 501 }
  const roomOf = (payload: Payload) => world.rooms.get(Number(payload['chat_id']))
  return {
    send: (payload: Payload) => send(world, payload, contentComplaint(payload, false) ?? contentOf(payload, false)),
    sendRich: (payload: Payload) => {
      if (!knowsRich) return refuse(404, 'Not Found: method not found')
      return send(world, payload, contentComplaint(payload, true) ?? contentOf(payload, true))
    },
    sendFile(kind: Uploaded['kind'], payload: Payload): Answer {
      const file = receiveFile(kind, payload)
      if ('ok' in file) return file
      const answer = send(world, payload, contentOfFile(file))
      if (answer.ok) roomOf(payload)?.files.set((answer.result as Message).message_id, file)
      return answer
    },
    open: (chat: Chat) => void openRoom(world, chat),
    migrate(from: Chat, to: Chat): void {
      openRoom(world, from).migratedTo = to.id
      openRoom(world, to)
    },
    unblock(chat: number): void {
      const room = world.rooms.get(chat)
      if (room) room.blocked = false
    },
    edit: (payload: Payload) => edit(world, payload),
    find: (chat: number, id: number) => find(world.rooms.get(chat), id),
    /** Returns the id that the message got. */
    keep: (message: Message) => keep(world, message),
    act(payload: Payload): Answer {
      const room = roomOf(payload)
      return room && !room.blocked && !room.migratedTo ? { ok: true, result: true } : bad('chat not found')
    },
    get(payload: Payload): Answer {
      const chat = roomOf(payload)?.chat
      return chat ? { ok: true, result: chat } : bad('chat not found')
    },
    messages(chat: number): Posted[] {
      const room = world.rooms.get(chat)
      return (room?.messages ?? []).map(message => {
        const file = room?.files.get(message.message_id)
        return { ...toPosted(message, room?.edits.get(message.message_id) ?? 0), ...(file && { file }) }
      })
    },
    replace(edited: Message): void {
      const room = world.rooms.get(edited.chat.id)
      if (room) replace(room, edited)
    },
    forget(chat: number, id: number): void {
      const room = world.rooms.get(chat)
      if (room) room.messages = room.messages.filter(message => message.message_id !== id)
    },
    block(chat: number): void {
      const room = world.rooms.get(chat)
      if (room) room.blocked = true
    },
  }
}

const find = (room: Room | undefined, id: number) => room?.messages.find(message => message.message_id === id)

function replace(room: Room, edited: Message): void {
  room.messages = room.messages.map(message => (message.message_id === edited.message_id ? edited : message))
}

function openRoom({ rooms }: World, chat: Chat): Room {
  const room: Room = rooms.get(chat.id) ?? { chat, messages: [], files: new Map(), edits: new Map(), blocked: false, spoken: [] }
  rooms.set(chat.id, room)
  return room
}

function keep(world: World, message: Message): number {
  const room = openRoom(world, message.chat)
  const id = world.nextId++
  room.messages.push(Object.assign({}, message, { message_id: id }))
  return id
}

/** The room where the bot may speak now, or why it may not. */
function enter({ rooms, enforceRate }: World, payload: Payload): Room | Answer {
  const chat = Number(payload['chat_id'])
  const room = rooms.get(chat)
  if (!room) return bad('chat not found')
  if (room.migratedTo !== undefined)
    return refuse(400, 'Bad Request: group chat was upgraded to a supergroup chat', { migrate_to_chat_id: room.migratedTo })
  if (room.blocked)
    return refuse(403, `Forbidden: ${chat > 0 ? 'bot was blocked by the user' : 'bot was kicked from the supergroup chat'}`)
  const wait = enforceRate ? secondsToWait(room.spoken, chat > 0) : 0
  return wait > 0 ? refuse(429, `Too Many Requests: retry after ${wait}`, { retry_after: wait }) : room
}

/** `content` is what the message shows, or what Telegram says against it. */
function send(world: World, payload: Payload, content: object | string): Answer {
  const room = enter(world, payload)
  if ('ok' in room) return room
  const reply = payload['reply_parameters'] as { message_id: number; allow_sending_without_reply?: boolean } | undefined
  const original = reply && find(room, reply.message_id)
  if (reply && !original && !reply.allow_sending_without_reply) return bad('message to be replied not found')
  if (typeof content === 'string') return bad(content)
  const thread = payload['message_thread_id']
  if (thread !== undefined && !room.messages.some(message => message.message_thread_id === thread))
    return bad('message thread not found')
  const message = {
    message_id: world.nextId++,
    from: world.me,
    chat: room.chat,
    date: Math.floor(Date.now() / 1000),
    ...content,
    ...(thread !== undefined && { message_thread_id: thread, is_topic_message: true }),
    ...(original && { reply_to_message: { ...original, reply_to_message: undefined } }),
  } as Message
  room.messages.push(message)
  room.spoken.push(performance.now())
  return { ok: true, result: message }
}

function edit(world: World, payload: Payload): Answer {
  const room = enter(world, payload)
  if ('ok' in room) return room
  if (!payload['message_id']) return bad('message identifier is not specified')
  const message = find(room, Number(payload['message_id']))
  if (!message) return bad('message to edit not found')
  if (message.from?.id !== world.me.id) return bad("message can't be edited")
  const isRich = world.knowsRich && payload['rich_message'] !== undefined
  const wrong = contentComplaint(payload, isRich)
  if (wrong) return bad(wrong === 'message is too long' ? 'MESSAGE_TOO_LONG' : wrong)
  const { text, entities, rich_message, reply_markup, ...rest } = message
  if (isDeepStrictEqual(definedOf({ text, entities, rich_message, reply_markup }), contentOf(payload, isRich)))
    return bad(notModified)
  const edited = { ...rest, ...contentOf(payload, isRich), edit_date: Math.floor(Date.now() / 1000) } as Message
  replace(room, edited)
  room.edits.set(edited.message_id, (room.edits.get(edited.message_id) ?? 0) + 1)
  room.spoken.push(performance.now())
  return { ok: true, result: edited }
}

const notModified =
  'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message'

/** Telegram keeps a text without white space at its end, and drops empty lists. A rich message has no text at all. */
function contentOf(payload: Payload, isRich: boolean): object {
  const entities = entitiesOf(payload)
  const markup = payload['reply_markup'] as InlineKeyboardMarkup | undefined
  if (isRich) return { rich_message: payload['rich_message'], ...(markup && { reply_markup: markup }) }
  return {
    text: String(payload['text']).trimEnd(),
    ...(entities.length > 0 && { entities }),
    ...(markup && { reply_markup: markup }),
  }
}

const entitiesOf = (payload: Payload) => (payload['entities'] ?? []) as MessageEntity[]
const definedOf = (record: object) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))

function contentComplaint(payload: Payload, isRich: boolean): string | undefined {
  const markup = payload['reply_markup'] as InlineKeyboardMarkup | undefined
  const data = (markup?.inline_keyboard ?? []).flat().map(key => ('callback_data' in key ? key.callback_data : ''))
  if (data.some(text => text === '' || Buffer.byteLength(text) > 64)) return 'BUTTON_DATA_INVALID'
  if (isRich) return richComplaint(payload['rich_message'] as Payload)
  return complaint(String(payload['text'] ?? ''), entitiesOf(payload))
}

/** Private: 8 at once, refilled by one each 1.1 s. Group: 20 within any minute. */
function secondsToWait(spoken: number[], isPrivate: boolean): number {
  const now = performance.now()
  if (!isPrivate) {
    const recent = spoken.filter(at => now - at < 60_000)
    return recent.length < 20 ? 0 : Math.ceil((60_000 - now + (recent[0] ?? now)) / 1000)
  }
  const used = spoken.reduce(({ level, at }, next) => ({ level: Math.max(0, level - (next - at) / 1100) + 1, at: next }), {
    level: 0,
    at: 0,
  })
  const level = Math.max(0, used.level - (now - used.at) / 1100)
  return level <= 7 ? 0 : Math.ceil((level - 7) * 1.1)
}

function toPosted(message: Message, edits: number): Posted {
  const { from, text, caption, entities = [], message_thread_id: thread, reply_to_message: original, reply_markup } = message
  const { rich_message: rich } = message
  return {
    id: message.message_id,
    bot: from?.is_bot === true,
    author: from?.first_name ?? '',
    text: text ?? caption ?? '',
    entities,
    ...(rich && { rich: rich.blocks }),
    buttons: (reply_markup?.inline_keyboard ?? []).flat().map(key => key.text),
    ...(thread !== undefined && { thread }),
    ...(original && { replyTo: original.message_id }),
    edits,
  }
}
