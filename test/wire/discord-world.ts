// What Discord remembers: people, channels, messages, interactions. No wire in here, only the state behind it.
import type { WireModal } from './discord-modals.ts'

export interface WireUser {
  id: string
  username: string
  global_name: string | null
  discriminator: string
  avatar: null
  bot?: boolean
}

export interface WireMessage {
  id: string
  channel_id: string
  guild_id?: string
  author: WireUser
  member?: object
  content: string
  timestamp: string
  edited_timestamp: string | null
  type: number
  flags: number
  components: WireRow[]
  attachments: WireAttachment[]
  mentions: WireUser[]
  nonce?: string
  webhook_id?: string
  application_id?: string
  message_reference?: { message_id: string; channel_id: string }
  referenced_message?: WireMessage | null
  [field: string]: unknown
}

export interface WireAttachment {
  id: string
  filename: string
  size: number
  content_type?: string
  url: string
}

export interface WireRow {
  type: number
  components: { type: number; label?: string; style?: number; custom_id?: string }[]
}

export interface WireChannel {
  id: string
  /** 0 a guild's text channel, 1 a DM, 2 a voice channel, 11 a public thread, 15 a forum. */
  type: number
  name: string
  guild_id?: string
  parent_id?: string
  archived: boolean
  /** Only people with a special permission may write in it, or open it again when it is archived. */
  locked?: boolean
  /** The bot may no longer see it. */
  closed?: boolean
  /** What the bot may not do in it. */
  denied?: ('send' | 'attach' | 'history')[]
  /** Discord's CHANNEL_OBFUSCATED: a guild's list has it, but the bot may not see what it is. */
  hidden?: boolean
}

export interface WireInteraction {
  id: string
  token: string
  channelId: string
  createdAt: number
  state: 'new' | 'deferred' | 'answered'
  /** What the token calls the original answer; after a press, the message with the button. */
  messageId?: string
  /** The message whose button was pressed, here or before the window that was filled in. */
  pressedOn?: string
  /** A window that was filled in: no other can follow it. */
  submitted?: true
  expired: boolean
  /** Where the bot is no member: five follow-ups, and the channel is out of reach. */
  abroad: boolean
  /** Fixed by the first answer. */
  ephemeral: boolean
  followUps: number
  /** The window that is open, or was. */
  modal?: WireModal
  /** What was offered while somebody typed. */
  choices?: { name: string; value: string }[]
}

export type World = ReturnType<typeof createWorld>

const discordEpochMs = 1_420_070_400_000n
let counter = 0n

/** An id as Discord makes them: 19 digits that hold the time; the library takes its rate-limit keys from ids of this length alone. */
export function snowflake(): string {
  counter = (counter + 1n) % 4096n
  return String(((BigInt(Date.now()) - discordEpochMs) << 22n) | counter)
}

export function createUser(name: string, bot = false): WireUser {
  return {
    id: snowflake(),
    username: name.toLowerCase(),
    global_name: name,
    discriminator: '0',
    avatar: null,
    ...(bot ? { bot } : {}),
  }
}

/** Discord's EPHEMERAL: seen by the one who asked alone, and reached through the interaction alone. */
export const ephemeral = 64
export const isWhisper = ({ flags }: Pick<WireMessage, 'flags'>) => (flags & ephemeral) !== 0

/** One guild with one channel, one bot, one person with a DM, and another bot. */
export function createWorld() {
  const bot = createUser('Bellhop', true)
  const person = createUser('Ada')
  const otherBot = createUser('Gizmo', true)
  const guildId = snowflake()
  const channels = new Map<string, WireChannel>()
  const messages = new Map<string, WireMessage>()
  const interactions = new Map<string, WireInteraction>()
  const nonces = new Map<string, string>()
  /** What is attached, by its id. */
  const files = new Map<string, Uint8Array>()

  function addChannel(name: string, type: number, parentId?: string, id = snowflake()): WireChannel {
    const channel: WireChannel = { id, type, name, archived: false }
    if (type !== 1) channel.guild_id = guildId
    if (parentId) channel.parent_id = parentId
    channels.set(id, channel)
    return channel
  }

  function addMessage(channelId: string, author: WireUser, fields: Partial<WireMessage> = {}): WireMessage {
    const guild = channels.get(channelId)?.guild_id
    const message: WireMessage = {
      id: snowflake(),
      channel_id: channelId,
      author,
      content: '',
      timestamp: new Date().toISOString(),
      edited_timestamp: null,
      type: 0,
      flags: 0,
      components: [],
      attachments: [],
      mentions: [],
      mention_roles: [],
      mention_everyone: false,
      embeds: [],
      pinned: false,
      tts: false,
      ...(guild ? { guild_id: guild } : {}),
      ...fields,
    }
    messages.set(message.id, message)
    return message
  }

  /** The newest message there, by whomever: Discord goes by the id. */
  function lastIn(channelId: string): string | undefined {
    let last: string | undefined
    for (const { id, channel_id, flags } of messages.values())
      if (channel_id === channelId && !isWhisper({ flags }) && (last === undefined || BigInt(id) > BigInt(last))) last = id
    return last
  }

  function addInteraction(channelId: string, abroad = false): WireInteraction {
    const id = snowflake()
    const token = `aW50ZXJhY3Rpb246${id}_wire-token`
    const interaction: WireInteraction = {
      id,
      token,
      channelId,
      createdAt: Date.now(),
      state: 'new',
      expired: false,
      abroad,
      ephemeral: false,
      followUps: 0,
    }
    interactions.set(token, interaction)
    return interaction
  }

  return {
    bot,
    person,
    otherBot,
    guildId,
    /** Discord gives the application and its bot's user the same id. */
    appId: bot.id,
    channel: addChannel('general', 0),
    dm: addChannel('Ada', 1),
    channels,
    messages,
    interactions,
    nonces,
    files,
    addChannel,
    addMessage,
    addInteraction,
    /** What everybody can read. */
    in: (channelId: string): WireMessage[] =>
      [...messages.values()].filter(message => message.channel_id === channelId && !isWhisper(message)),
    whispers: (channelId: string): WireMessage[] =>
      [...messages.values()].filter(message => message.channel_id === channelId && isWhisper(message)),
    lastIn,
  }
}
