// The two wires as the demo sees them: places in which people ask, and what the bot did there.
import type { DiscordWire } from '../wire/discord.ts'
import type { WireCall } from '../wire/discord-http.ts'
import { createUser, type WireMessage } from '../wire/discord-world.ts'
import type { Call as TelegramCall, TelegramWire } from '../wire/telegram.ts'
import type { Posted } from '../wire/telegram-chats.ts'
import type { Budget, Call, Shown, Talk } from './record.ts'

/** Where somebody asks. */
export interface Place {
  side: Side
  /** As the calls name it. */
  chat: string
  name: string
  budget: Budget
  /** Somebody asks; returns the question's native id. Different `person`s are different people, different `topic`s are conversations. */
  ask(text: string, who?: { person?: number; topic?: number }): string
}

export interface Side {
  name: Talk['wire']
  /** A place of its own for one situation, with one person or, where a platform counts those otherwise, with several. */
  open(name: string, kind: 'private' | 'group'): Place
  /** The next edit there is refused with a 429. */
  refuse(place: Place, seconds: number): void
  calls(place: Place): Call[]
  shown(place: Place): Shown[]
}

/** `platforms.md` §3.2: bucket and refill of all posts and edits in one chat. */
const budgets = {
  telegramPrivate: { burst: 8, refillMs: 3000 },
  telegramGroup: { burst: 3, refillMs: 3500 },
  discord: { burst: 4, refillMs: 1100 },
}

const people = ['Ada', 'Ben', 'Cleo']

/** `epoch`: when the wire's clock began, in milliseconds since 1970; `locale`: of all who ask. */
export function telegramSide(wire: TelegramWire, epoch: number, locale: string): Side {
  let places = 0
  const side: Side = {
    name: 'Telegram',
    open(name, kind) {
      const chat = kind === 'private' ? 100 + ++places : -(100 + ++places)
      const budget = kind === 'private' ? budgets.telegramPrivate : budgets.telegramGroup
      const ask: Place['ask'] = (text, { person = 0, topic } = {}) => {
        const from = { id: kind === 'private' ? chat : 42 + person, first_name: people[person] ?? 'Ada', language_code: locale }
        const addressed = kind === 'private' ? text : `@${wire.me.username} ${text}`
        const message = wire.say({ text: addressed, chat, from, ...(topic !== undefined && { thread: topic }) })
        return String(message.message_id)
      }
      return { side, chat: String(chat), name, budget, ask }
    },
    refuse: ({ chat }, seconds) => wire.fail({ kind: 'limit', seconds }, { chat: Number(chat), method: 'editMessageText' }),
    calls: ({ chat }) =>
      wire.calls.filter(({ payload }) => String(payload['chat_id']) === chat).map(call => fromTelegram(call, epoch)),
    shown: ({ chat }) => wire.messages(Number(chat)).flatMap(posted => (posted.bot ? [shownOnTelegram(posted)] : [])),
  }
  return side
}

const telegramKinds: Record<string, Call['kind']> = {
  sendMessage: 'post',
  editMessageText: 'edit',
  sendDocument: 'file',
  sendPhoto: 'file',
}

function fromTelegram({ method, payload, at, message, code, injected }: TelegramCall, epoch: number): Call {
  const markup = payload['reply_markup'] as { inline_keyboard: { text: string }[][] } | undefined
  return {
    at: epoch + at,
    method,
    kind: telegramKinds[method] ?? 'other',
    text: String(payload['text'] ?? payload['action'] ?? nameOfFile(payload)),
    buttons: (markup?.inline_keyboard ?? []).flat().map(({ text }) => text),
    ...(message !== undefined && { message: String(message) }),
    ...(code !== undefined && { refused: code }),
    injected,
  }
}

function nameOfFile({ photo, document }: Record<string, unknown>): string {
  return ((photo ?? document) as { name?: string } | undefined)?.name ?? ''
}

function shownOnTelegram({ id, replyTo, text, buttons, file }: Posted): Shown {
  const hangs = replyTo !== undefined && { replyTo: String(replyTo) }
  return { id: String(id), ...hangs, text, buttons, ...(file && { file: file.data.toString() }) }
}

export function discordSide(wire: DiscordWire): Side {
  const others = people.slice(1).map(name => createUser(name))
  const side: Side = {
    name: 'Discord',
    open(name) {
      const { id } = wire.world.addChannel(name, 0)
      const ask: Place['ask'] = (text, { person = 0 } = {}) => {
        const author = others[person - 1]
        return wire.say(text, { channelId: id, ...(author && { fields: { author } }) }).id
      }
      return { side, chat: id, name, budget: budgets.discord, ask }
    },
    refuse: ({ chat }, seconds) =>
      wire.misbehave({ kind: '429', method: 'PATCH', route: new RegExp(`/channels/${chat}/messages/`), ms: seconds * 1000 }),
    calls: ({ chat }) => wire.calls.filter(({ route }) => route.includes(`/channels/${chat}/`)).map(fromDiscord),
    shown: ({ chat }) =>
      wire.messages(chat).flatMap(message => (message.author.id === wire.world.bot.id ? [shownOnDiscord(message, wire)] : [])),
  }
  return side
}

function fromDiscord({ method, route, body, files, at, status, message, injected }: WireCall): Call {
  const rows = (body['components'] ?? []) as { components: { label: string }[] }[]
  const isMessage = method !== 'GET' && route.includes('/messages')
  return {
    at,
    method: `${method} ${route.replace(/^\/channels\/\d+/, '…').replace(/(?<=\/messages\/)\d+(?=\d{4})/, '…')}`,
    kind: !isMessage ? 'other' : files.length > 0 ? 'file' : method === 'POST' ? 'post' : 'edit',
    text: files[0]?.name ?? String(body['content'] ?? ''),
    buttons: rows.flatMap(row => row.components.map(({ label }) => label)),
    ...(message !== undefined && { message }),
    ...(status !== undefined && status >= 400 && { refused: status }),
    injected,
  }
}

function shownOnDiscord({ id, content, components, attachments, ...message }: WireMessage, { world }: DiscordWire): Shown {
  const replyTo = message['wire_reply_to']
  const file = attachments[0] && world.files.get(attachments[0].id)
  return {
    id,
    ...(replyTo !== undefined && { replyTo: String(replyTo) }),
    text: content,
    buttons: components.flatMap(row => row.components.map(({ label = '' }) => label)),
    ...(file && { file: Buffer.from(file).toString() }),
  }
}
