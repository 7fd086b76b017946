import {
  type APIAttachment,
  type APIGuildMember,
  type APIInteraction,
  type APIMessage,
  type APIUser,
  ApplicationCommandType,
  ChannelFlags,
  ChannelType,
  type GatewayGuildCreateDispatchData,
  type GatewayMessageCreateDispatchData,
  type GatewayMessageDeleteDispatchData,
  type GatewayMessageUpdateDispatchData,
  InteractionType,
  MessageType,
} from 'discord.js'
import type { Attachment, Author, Change, Conversation, Message, Press, Quoted } from '../../src/message.ts'
import { toFields } from './modal.ts'

/** A message as the gateway gives it, with the member's nickname where there is one. */
type Native = Omit<GatewayMessageCreateDispatchData, 'mentions'> & { mentions?: APIUser[] }

/** What somebody said to the bot in a DM, by a mention, or by a reply to it; undefined if it is not for us. */
export function toMessage(native: Native, botId: string): Message | undefined {
  if (!isSaid(native) || !isPerson(native, botId) || !isForBot(native, botId)) return undefined
  const text = readable(native, botId)
  const attachments = (native.attachments ?? []).map(toAttachment)
  if (native.content === '' && attachments.length === 0) return undefined // a sticker, a poll
  const quoted = native.referenced_message
  return {
    id: `discord:${native.id}`,
    conversation: `discord:${native.channel_id}`,
    author: toAuthor(native.author, native.member),
    text,
    attachments,
    ...(quoted ? { quoted: toQuoted(quoted, botId) } : {}),
    replyTo: native.id,
    sentAt: Date.parse(native.timestamp),
    kind: 'chat',
    ...('guild_id' in native && native.guild_id && { shared: true }),
  }
}

/** Discord also reports an update when it has fetched a link's preview: only what a person edited counts. */
export function toEdit(native: GatewayMessageUpdateDispatchData, botId: string): Change | undefined {
  if (!native.edited_timestamp || typeof native.content !== 'string') return undefined
  if (!native.author || !isSaid(native) || !isPerson(native, botId) || !isForBot(native, botId)) return undefined
  const event = `discord:edit:${native.id}:${native.edited_timestamp}`
  return { id: `discord:${native.id}`, conversation: `discord:${native.channel_id}`, text: readable(native, botId), event }
}

/** Said of every message that disappears where the bot can see it: who wrote it is no longer known. */
export function toDeletion(native: Pick<GatewayMessageDeleteDispatchData, 'id' | 'channel_id'>): Change {
  return { id: `discord:${native.id}`, conversation: `discord:${native.channel_id}`, text: undefined }
}

/** A slash command as `/name args`, or the message that somebody chose from its menu as a quotation. */
export function toCommand(native: APIInteraction, botId: string, replyTo: string): Message | undefined {
  if (native.type !== InteractionType.ApplicationCommand || !native.channel) return undefined
  const author = interactionAuthor(native)
  if (!author) return undefined
  const said = commandText(native.data, native.locale, botId)
  if (!said) return undefined
  const conversation = `discord:${native.channel.id}`
  return {
    id: `discord:${native.id}`,
    conversation,
    author,
    attachments: [],
    ...said,
    replyTo,
    sentAt: timeOf(native.id),
    kind: 'chat',
    ...(native.guild_id && { shared: true }),
    alone: true,
  }
}

/** A button that was pressed, or the window that it has opened and that was filled in: the `custom_id` of both is `action:token`. */
export function toPress(native: APIInteraction, aside: string): Press | undefined {
  if (native.type !== InteractionType.MessageComponent && native.type !== InteractionType.ModalSubmit) return undefined
  const [, action, token] = /^([^:]+):(.+)$/s.exec(native.data.custom_id) ?? []
  const channelId = native.channel?.id ?? native.channel_id
  const author = interactionAuthor(native)
  if (!author || !channelId || action === undefined || token === undefined) return undefined
  const fields = native.type === InteractionType.ModalSubmit && { fields: toFields(native) }
  return { id: `discord:${native.id}`, conversation: `discord:${channelId}`, author, action, token, ...fields, aside }
}

/** Where people can talk in a guild, threads among it, and the newest message there, by whomever. */
export interface Talk {
  conversation: Conversation
  guildId: string
  /** It may have been deleted since. */
  lastMessageId: string
}

/** A guild as the gateway tells of it when a session begins; a server that only resembles Discord may leave lists out. */
export type Guild = Pick<GatewayGuildCreateDispatchData, 'id'> &
  Partial<Pick<GatewayGuildCreateDispatchData, 'channels' | 'threads'>>

/** Without the places where nothing was ever said, and those that Discord says are hidden from the bot. */
export function toTalks({ id, channels = [], threads = [] }: Guild): Talk[] {
  return [...channels, ...threads].flatMap(channel => {
    if (!talkKinds.has(channel.type) || (channel.flags ?? 0) & ChannelFlags.ChannelObfuscated) return []
    const lastMessageId = 'last_message_id' in channel ? channel.last_message_id : undefined
    return lastMessageId ? [{ conversation: `discord:${channel.id}`, guildId: id, lastMessageId }] : []
  })
}

/** Voice channels and stages have a chat; the last id of a forum is that of a thread, which is listed by itself. */
const talkKinds = new Set([
  ChannelType.GuildText,
  ChannelType.GuildAnnouncement,
  ChannelType.GuildVoice,
  ChannelType.GuildStageVoice,
  ChannelType.PublicThread,
  ChannelType.PrivateThread,
  ChannelType.AnnouncementThread,
])

/** When a thing came into being, in milliseconds since 1970: the upper bits of every id count from 2015 on (Discord's "Snowflakes"). */
export function timeOf(id: string): number {
  return Number(BigInt(id) >> 22n) + discordEpochMs
}

/** The smallest id that could have been made at this time, in milliseconds since 1970. */
export function idAt(time: number): string {
  return String(BigInt(time - discordEpochMs) << 22n)
}

const discordEpochMs = 1_420_070_400_000

/** What Discord itself writes into a channel, such as who has joined, has other types. */
const isSaid = ({ type }: Pick<Native, 'type'>) => type === MessageType.Default || type === MessageType.Reply

/** Two bots that answer each other never end. Discord itself writes to people as a user with `system`. */
function isPerson({ author, webhook_id }: Pick<Native, 'author' | 'webhook_id'>, botId: string): boolean {
  return !author.bot && !author.system && !webhook_id && author.id !== botId
}

/** A thread is a channel of its own, so that neither its id nor its kind matters here. */
function isForBot(native: Pick<Native, 'guild_id' | 'mentions' | 'referenced_message'>, botId: string): boolean {
  if (!native.guild_id) return true
  return native.referenced_message?.author.id === botId || (native.mentions ?? []).some(user => user.id === botId)
}

/** The text without the bot's own mention, and with everybody else's as a name. */
function readable(native: { content: string; mentions?: APIUser[] }, botId: string): string {
  const names = new Map((native.mentions ?? []).map(user => [user.id, user.global_name ?? user.username]))
  const named = native.content.replace(/<@!?(\d+)>/g, (mention, id: string) => {
    if (id === botId) return ''
    const name = names.get(id)
    return name === undefined ? mention : `@${name}`
  })
  return named.trim()
}

function toAuthor(user: APIUser, member?: { nick?: string | null } | null, locale?: string): Author {
  return { id: user.id, name: member?.nick || user.global_name || user.username, ...(locale ? { locale } : {}) }
}

function interactionAuthor(native: { member?: APIGuildMember; user?: APIUser; locale?: string }): Author | undefined {
  const user = native.member?.user ?? native.user
  return user && toAuthor(user, native.member, native.locale)
}

function toAttachment(native: APIAttachment): Attachment {
  const family = native.content_type?.split('/')[0]
  return {
    kind: family === 'image' || family === 'audio' || family === 'video' ? family : 'file',
    name: native.filename,
    ...(native.content_type ? { mime: native.content_type } : {}),
    bytes: native.size,
    ref: native.url,
  }
}

function toQuoted(native: APIMessage, botId: string): Quoted {
  const attachments = (native.attachments ?? []).map(toAttachment)
  return { author: toAuthor(native.author).name, text: readable(native, botId), attachments }
}

type Command = Extract<APIInteraction, { type: InteractionType.ApplicationCommand }>['data']

function commandText(command: Command, locale: string, botId: string): Pick<Message, 'text' | 'quoted'> | undefined {
  if (command.type === ApplicationCommandType.ChatInput)
    return { text: [`/${command.name}`, ...optionWords(command.options)].join(' ').trim() }
  if (command.type !== ApplicationCommandType.Message) return undefined
  const target = command.resolved.messages[command.target_id]
  const text = locale.startsWith('zh') ? '请看看引用的这条消息。' : 'Please have a look at the quoted message.'
  return target && { text, quoted: toQuoted(target, botId) }
}

interface Option {
  name: string
  value?: unknown
  options?: Option[]
}

/** The values in the order in which they came; a subcommand adds its name. */
function optionWords(options: Option[] | undefined): string[] {
  return (options ?? []).flatMap(option =>
    option.value === undefined ? [option.name, ...optionWords(option.options)] : [String(option.value)],
  )
}
