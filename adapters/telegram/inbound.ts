import type { CallbackQuery, MessageEntity, Message as Native, User } from 'grammy/types'
import type { Attachment, Author, Change, Conversation, Message, Press, Quoted } from '../../src/message.ts'
import { formatAside } from './asides.ts'
import { linesOfRich } from './rich-text.ts'

type Original = NonNullable<Native['reply_to_message']>

/** Who the bot is, as `getMe` tells it. */
export type Me = Pick<User, 'id'> & { username: string; can_read_all_group_messages?: boolean }

/** What was said, if it was said to the bot; `parts` are the native messages in which Telegram brought it. */
export function toMessage(parts: Native[], me: Me, isForBot = isForUs(parts, me)): Message | undefined {
  const [first] = parts
  const author = first && authorOf(first)
  if (!author || !isForBot) return undefined
  const attachments = parts.flatMap(attachmentsOf)
  const quoted = quotedOf(first)
  if (parts.every(part => wordsOf(part).text === '') && attachments.length === 0 && !quoted) return undefined
  return {
    id: idOf(first),
    conversation: conversationOf(first),
    author,
    text: textOf(parts, me),
    attachments,
    ...(quoted && { quoted }),
    replyTo: String(first.message_id),
    sentAt: first.date * 1000,
    kind: 'chat',
    ...(first.chat.type !== 'private' && { shared: true }),
  }
}

/**
 * What was said, as it is after an edit of one of its `parts`; of an album that is not known whole, the text alone. An edit says nothing
 * about who it is for, as the mention may be what was edited out: whoever knows the `id` knows.
 */
export function toChange(parts: Native[], me: Me): Change | undefined {
  const [first] = parts
  if (!first || !authorOf(first)) return undefined
  const attachments = parts.flatMap(attachmentsOf)
  const text = textOf(parts, me)
  if (parts.every(part => wordsOf(part).text === '') && attachments.length === 0) return undefined
  const areAll = parts.length > 1 || first.media_group_id === undefined
  const change = { id: idOf(first), conversation: conversationOf(first), text }
  return areAll && attachments.length > 0 ? { ...change, attachments } : change
}

export function toPress(query: CallbackQuery): Press | undefined {
  const { id, message, data = '' } = query
  const colon = data.indexOf(':')
  if (!message || colon < 1) return undefined
  return {
    id: `telegram:${id}`,
    conversation: conversationOf(message),
    author: personOf(query.from),
    action: data.slice(0, colon),
    token: data.slice(colon + 1),
    aside: formatAside({ query: id, person: query.from.id }),
  }
}

/**
 * Who spoke; undefined for a bot, and for a post that Telegram itself forwards from a channel into its discussion group. Who speaks as a
 * channel, or as an administrator without a name, comes with a bot of Telegram's in the place of the sender, and is known by that chat.
 */
function authorOf({ from, sender_chat: chat, is_automatic_forward }: Native): Author | undefined {
  if (!from || is_automatic_forward) return undefined
  if (chat) return { id: String(chat.id), name: chat.title ?? '' }
  return from.is_bot ? undefined : personOf(from)
}

function isForUs(parts: Native[], me: Me): boolean {
  return parts.some(part => part.via_bot?.id !== me.id && (part.chat.type === 'private' || isAddressed(part, me)))
}

/** What somebody else wrote is not said to the bot, though it may speak of it: a forwarded message, or the words of another bot. */
function isAddressed(native: Native, me: Me): boolean {
  if (native.forward_origin || native.via_bot) return false
  const words = wordsOf(native)
  const command = words.entities.find(isCommand)
  if (command) return isOurCommand(wordOf(words, command), me)
  return words.entities.some(entity => isOurMention(words, entity, me)) || originalOf(native)?.from?.id === me.id
}

const isCommand = (entity: MessageEntity) => entity.type === 'bot_command' && entity.offset === 0

function isOurCommand(command: string, me: Me): boolean {
  const [, bot] = command.split('@')
  return bot === undefined || sameName(bot, me.username)
}

function isOurMention(words: Words, entity: MessageEntity, me: Me): boolean {
  if (entity.type === 'text_mention') return entity.user.id === me.id
  return entity.type === 'mention' && sameName(wordOf(words, entity).slice(1), me.username)
}

const sameName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

interface Words {
  text: string
  entities: MessageEntity[]
}

function wordsOf(native: Native | Original): Words {
  return {
    text: native.text ?? native.caption ?? native.sticker?.emoji ?? linesOfRich(native.rich_message?.blocks),
    entities: native.entities ?? native.caption_entities ?? [],
  }
}

const wordOf = (words: Words, entity: MessageEntity) => words.text.substring(entity.offset, entity.offset + entity.length)

/** A paste that was cut nowhere in particular is as long as can be; otherwise Telegram's client took the white space at the cut. */
const longestText = 4096

function textOf(parts: Native[], me: Me): string {
  const isAlbum = parts.some(part => part.media_group_id !== undefined)
  let text = ''
  let gap = ''
  for (const part of parts) {
    const words = wordsOf(part)
    const said = spell(words, me)
    if (said === '') continue
    text += gap + said
    gap = isAlbum ? '\n\n' : words.text.length >= longestText ? '' : '\n'
  }
  return text
}

/** The text without mentions of the bot, and with the addresses behind its links. */
function spell(words: Words, me: Me): string {
  let text = words.text
  for (const entity of words.entities.toSorted((a, b) => b.offset - a.offset)) {
    const end = entity.offset + entity.length
    const word = wordOf(words, entity)
    if (isOurMention(words, entity, me)) text = closeGap(text.slice(0, entity.offset), text.slice(end))
    else if (isCommand(entity) && isOurCommand(word, me)) text = word.replace(/@.*/, '') + text.slice(end)
    else if (entity.type === 'text_link') text = `${text.slice(0, end)} (${entity.url})${text.slice(end)}`
  }
  return text.trim()
}

function closeGap(before: string, after: string): string {
  if (before.trim() === '') return after.replace(/^\s*[,:，：]?\s*/, '')
  const left = before.replace(/[^\S\n]+$/, '')
  const right = after.replace(/^[^\S\n]+/, '')
  return left + (left.endsWith('\n') || /^[\p{P}\n]|^$/u.test(right) ? '' : ' ') + right
}

/** What was replied to. The first message of a topic counts not: every message of that topic refers to it. */
function originalOf(native: Native): Original | undefined {
  const original = native.reply_to_message
  const isTopicItself = native.is_topic_message === true && original?.message_id === native.message_thread_id
  return isTopicItself ? undefined : original
}

function quotedOf(native: Native): Quoted | undefined {
  const original = originalOf(native)
  if (!original) return undefined
  const text = (native.quote?.text ?? wordsOf(original).text).trim()
  const attachments = attachmentsOf(original)
  if (!text && attachments.length === 0) return undefined
  const chat = original.sender_chat
  return { author: original.from ? nameOf(original.from) : (chat?.title ?? ''), text, attachments }
}

function attachmentsOf(native: Native | Original): Attachment[] {
  const { photo, voice, audio, video, video_note, animation, document } = native
  const largest = photo?.toSorted((a, b) => b.width * b.height - a.width * a.height)[0]
  if (largest) return [attach('image', largest, 'photo.jpg', 'image/jpeg')]
  if (voice) return [attach('audio', voice, 'voice.ogg', 'audio/ogg')]
  if (audio) return [attach('audio', audio, 'audio.mp3', 'audio/mpeg')]
  if (video) return [attach('video', video, 'video.mp4', 'video/mp4')]
  if (video_note) return [attach('video', video_note, 'video.mp4', 'video/mp4')]
  // An animation comes with a `document` of the same file, for old clients.
  if (animation) return [attach('video', animation, 'animation.mp4', 'video/mp4')]
  return document ? [attach(kindOf(document.mime_type), document, 'file')] : []
}

interface NativeFile {
  file_id: string
  file_size?: number
  file_name?: string
  mime_type?: string
}

function attach(kind: Attachment['kind'], file: NativeFile, name: string, usualMime?: string): Attachment {
  const mime = file.mime_type ?? usualMime
  return {
    kind,
    name: file.file_name ?? name,
    ...(mime !== undefined && { mime }),
    ...(file.file_size !== undefined && { bytes: file.file_size }),
    ref: file.file_id,
  }
}

function kindOf(mime: string | undefined): Attachment['kind'] {
  const family = mime?.split('/')[0]
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'file'
}

function personOf(user: User): Author {
  const locale = user.language_code
  return { id: String(user.id), name: nameOf(user), ...(locale !== undefined && { locale }) }
}

const nameOf = (user: User) => [user.first_name, user.last_name].filter(Boolean).join(' ')

type Place = Pick<Native, 'chat' | 'message_id' | 'is_topic_message' | 'message_thread_id'>

/** An edited message has the `id` that it had before. */
export const idOf = ({ chat, message_id }: Place) => `telegram:${chat.id}:${message_id}`

/** A thread id outside of topics only says what was replied to; topic 1 is "General", where a forum's plain messages are. */
function conversationOf({ chat, is_topic_message, message_thread_id }: Place): Conversation {
  const isTopic = is_topic_message && message_thread_id !== undefined && message_thread_id !== 1
  return isTopic ? `telegram:${chat.id}:${message_thread_id}` : `telegram:${chat.id}`
}
