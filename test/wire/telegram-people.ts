import type { CallbackQuery, Chat, InlineKeyboardMarkup, Message, MessageEntity, Update, User } from 'grammy/types'
import { findEntities } from './telegram-text.ts'

/** What a person says. Chats below zero are supergroups, all others the private chat with the person of that id. */
export interface Words {
  text?: string
  chat?: number
  from?: Partial<User>
  /** The topic of a forum. */
  thread?: number
  /** Id of the message that is replied to. */
  replyTo?: number
  /** Otherwise those that Telegram finds: mentions and commands. */
  entities?: MessageEntity[]
  /** Anything else that the native message holds: a photo, a caption, a quote. */
  more?: Partial<Message>
}

export const seconds = () => Math.floor(Date.now() / 1000)

export const toUser = (from: Partial<User> = {}): User => ({
  id: 42,
  is_bot: false,
  first_name: 'Ada',
  language_code: 'en',
  ...from,
})

/** Without its id, which the chat gives. */
export function toMessage(words: Words, find: (chat: number, id: number) => Message | undefined): Message {
  const from = toUser(words.from)
  const chat = words.chat ?? from.id
  const { text, thread, replyTo, more } = words
  const entities = words.entities ?? findEntities(text ?? '')
  const original = replyTo === undefined ? undefined : find(chat, replyTo)
  return {
    message_id: 0,
    from,
    chat: toChat(chat, from, thread !== undefined),
    date: seconds(),
    ...(text !== undefined && { text }),
    ...(text !== undefined && entities.length > 0 && { entities }),
    ...(thread !== undefined && { message_thread_id: thread, is_topic_message: true }),
    ...(original && {
      reply_to_message: { ...original, reply_to_message: undefined } as NonNullable<Message['reply_to_message']>,
    }),
    ...more,
  } as Message
}

export function toChat(id: number, { first_name }: User, forum: boolean): Chat {
  if (id > 0) return { id, type: 'private', first_name }
  return { id, type: 'supergroup', title: `Group ${-id}`, ...(forum && { is_forum: true as const }) }
}

export const toGroup = (id: number): Chat => ({ id, type: 'group', title: `Group ${-id}` })

export function toEdited(message: Message, text: string, more: Partial<Message>): Message {
  const { entities: _, caption_entities: __, ...rest } = message
  const entities = findEntities(text)
  const words = message.text === undefined ? { caption: text, caption_entities: entities } : { text, entities }
  return { ...rest, ...words, edit_date: seconds(), ...more } as Message
}

export function toJoining(chat: Chat, from: User, me: User): NonNullable<Update['my_chat_member']> {
  const [before, after] = [
    { status: 'left' as const, user: me },
    { status: 'member' as const, user: me },
  ]
  return { chat, from, date: seconds(), old_chat_member: before, new_chat_member: after }
}

let queries = 9000

export function toQuery(message: Message | undefined, from: User, label: string): CallbackQuery {
  const markup: InlineKeyboardMarkup | undefined = message?.reply_markup
  const key = markup?.inline_keyboard.flat().find(({ text }) => text === label)
  if (!message || !key || !('callback_data' in key)) throw new Error(`no button "${label}" to press`)
  return { id: String(queries++), from, message, chat_instance: '1', data: key.callback_data }
}
