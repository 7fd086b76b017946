import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { keepFiles } from './discord-cdn.ts'
import { createWireGateway, intents, type WireGateway } from './discord-gateway.ts'
import { createWireHttp, type Trouble, type WireCall } from './discord-http.ts'
import { interactionEvent } from './discord-interactions.ts'
import type { Limits } from './discord-limits.ts'
import { intentFor, type WirePortal } from './discord-messages.ts'
import { submission } from './discord-modals.ts'
import { createWireRest } from './discord-rest.ts'
import { createWorld, type WireAttachment, type WireInteraction, type WireMessage, type World } from './discord-world.ts'

export interface DiscordWireOptions extends Partial<Limits> {
  token?: string
  /** Whether the privileged intent is switched on in the developer portal. */
  messageContent?: boolean
  /** How long an interaction waits for its first answer. */
  interactionMs?: number
  port?: number
  /** How long after READY a session is told of the guild. */
  guildMs?: number
  portal?: WirePortal
  /** What one file may have; Discord takes 10 MiB where nobody pays for more. */
  fileBytes?: number
}

/** Discord on this machine: REST and gateway that discord.js talks to when given `{ rest: { api: wire.api } }`, with people in front of it. */
export interface DiscordWire extends People {
  api: string
  token: string
  world: World
  gateway: WireGateway
  calls: WireCall[]
  /** Something to be attached; its link is good until then (milliseconds since 1970), for a day if not told. */
  upload(name: string, data: string | Uint8Array, until?: number, type?: string): WireAttachment
  /** The next calls go wrong. */
  misbehave(trouble: Trouble): void
  close(): Promise<void>
}

const generous: Limits = { bucket: { limit: 1000, perMs: 1000 }, invalid: { limit: 10_000, perMs: 600_000 } }

/** What Discord is seen to allow (five calls in five seconds for each channel and method), and what it says that it allows. */
export const asDiscord: Limits = {
  bucket: { limit: 5, perMs: 5000 },
  global: { limit: 50, perMs: 1000 },
  invalid: { limit: 10_000, perMs: 600_000 },
}

export async function startDiscordWire(options: DiscordWireOptions = {}): Promise<DiscordWire> {
  const token = options.token ?? 'wire-token.of.discord'
  const world = createWorld()
  let port = 0
  const url = () => `ws://127.0.0.1:${port}`
  const http = createWireHttp(token, { ...generous, ...options }, request => answer(request))
  const { messageContent = false, interactionMs = 3000, guildMs = 0, fileBytes = 10 * 1024 * 1024, portal = {} } = options
  const cdnUrl = () => `http://127.0.0.1:${port}`
  const gateway = createWireGateway(http.server, world, { token, messageContent, guildMs, url })
  const answer = createWireRest(world, gateway, { gatewayUrl: url, interactionMs, messageContent, cdnUrl, fileBytes, portal })
  http.server.listen(options.port ?? 0, '127.0.0.1')
  await once(http.server, 'listening')
  port = (http.server.address() as AddressInfo).port
  return {
    ...createPeople(world, gateway),
    upload: (name, data, until, type = 'text/plain') => {
      const [file] = keepFiles(world, world.channel.id, [{ name, type, data: Buffer.from(data) }], { cdnUrl, fileBytes }, until)
      return file as WireAttachment
    },
    api: `http://127.0.0.1:${port}/api`,
    token,
    world,
    gateway,
    calls: http.calls,
    misbehave: http.misbehave,
    async close() {
      await gateway.close()
      http.server.closeAllConnections()
      await new Promise(resolve => http.server.close(resolve))
    },
  }
}

/** What people (and other bots) do, and what they read. */
interface People {
  /**
   * In the guild's channel, with a mention of the bot unless told otherwise; returns the message as stored. When `untold`, no gateway
   * tells of it, but it stands in the channel.
   */
  say(
    text: string,
    options?: { channelId?: string; mention?: boolean; fields?: Partial<WireMessage>; untold?: boolean },
  ): WireMessage
  sayInDm(text: string): WireMessage
  replyTo(messageId: string, text: string, mention?: boolean, fields?: Partial<WireMessage>): WireMessage
  otherBotSays(text: string): WireMessage
  /** A thread under the guild's channel; its id. */
  openThread(name: string): string
  /** `abroad`: the person has installed the bot for himself, and it is no member there. */
  useCommand(name: string, options?: Record<string, string>, channelId?: string, abroad?: boolean): WireInteraction
  /** The person types in an option of a command. */
  /** `filled` are the options that stand there already. */
  typeOption(name: string, option: string, typed: string, filled?: Record<string, string>): WireInteraction
  /** "Apps → Ask Bellhop" on a message. */
  useMessageCommand(name: string, messageId: string, abroad?: boolean): WireInteraction
  press(messageId: string, label: string): WireInteraction
  /** Sends the window that a press has opened, `filled` in by the labels of its fields and choices. */
  submit(pressed: WireInteraction, filled: Record<string, string | string[]>): WireInteraction
  edit(messageId: string, text: string): void
  remove(messageId: string): void
  /** The last event that a person caused arrives once more. */
  redeliver(): void
  /** What everybody reads in a channel now, oldest first. */
  messages(channelId?: string): WireMessage[]
  /** What only the one who asked reads there. */
  whispers(channelId?: string): WireMessage[]
}

function createPeople(world: World, gateway: WireGateway): People {
  let last: () => void = () => {}
  const tell = (type: string, data: object, intent = 0) => {
    last = () => gateway.dispatch(type, data, intent)
    last()
  }

  function speak(channelId: string, text: string, fields: Partial<WireMessage> = {}, untold = false): WireMessage {
    const mentions = text.includes(`<@${world.bot.id}>`) ? [world.bot] : []
    const message = world.addMessage(channelId, fields.author ?? world.person, { content: text, mentions, ...fields })
    if (message.guild_id && !message.webhook_id) message.member = { nick: null, roles: [], joined_at: message.timestamp }
    if (!untold) tell('MESSAGE_CREATE', structuredClone(message), intentFor(message))
    return message
  }

  const mentioned = (text: string, mention: boolean) => (mention ? `<@${world.bot.id}> ${text}` : text)
  const interact = (
    channelId: string,
    type: number,
    data: object,
    fields: { message?: WireMessage } = {},
    abroad = false,
  ): WireInteraction => {
    const interaction = world.addInteraction(channelId, abroad)
    if (fields.message) interaction.pressedOn = fields.message.id
    if (type === 5) interaction.submitted = true
    tell('INTERACTION_CREATE', interactionEvent(world, interaction, type, data, fields))
    return interaction
  }

  return {
    say: (text, { channelId = world.channel.id, mention = true, fields = {}, untold = false } = {}) =>
      speak(channelId, mentioned(text, mention), fields, untold),
    sayInDm: text => speak(world.dm.id, text),
    replyTo(messageId, text, mention = true, fields = {}) {
      const target = world.messages.get(messageId)
      if (!target) throw new Error(`no message ${messageId}`)
      const reference = { message_id: target.id, channel_id: target.channel_id }
      const mentions = mention ? [target.author] : []
      const reply = { type: 19, mentions, message_reference: reference, referenced_message: target }
      return speak(target.channel_id, text, { ...reply, ...fields })
    },
    otherBotSays: text => speak(world.channel.id, mentioned(text, true), { author: world.otherBot }),
    openThread(name) {
      const thread = world.addChannel(name, 11, world.channel.id)
      gateway.dispatch('THREAD_CREATE', { ...thread, newly_created: true }, intents.guilds)
      return thread.id
    },
    useCommand(name, options = {}, channelId = world.channel.id, abroad = false) {
      const list = Object.entries(options).map(([option, value]) => ({ name: option, type: 3, value }))
      return interact(channelId, 2, { name, type: 1, options: list }, {}, abroad)
    },
    typeOption(name, option, typed, filled = {}) {
      const others = Object.entries(filled).map(([key, value]) => ({ name: key, type: 3, value }))
      return interact(world.channel.id, 4, {
        name,
        type: 1,
        options: [...others, { name: option, type: 3, value: typed, focused: true }],
      })
    },
    useMessageCommand(name, messageId, abroad = false) {
      const target = world.messages.get(messageId)
      if (!target) throw new Error(`no message ${messageId}`)
      const data = { name, type: 3, target_id: messageId, resolved: { messages: { [messageId]: target } } }
      return interact(target.channel_id, 2, data, {}, abroad)
    },
    press(messageId, label) {
      const message = world.messages.get(messageId)
      const button = message?.components.flatMap(row => row.components).find(one => one.label === label)
      if (!message || !button) throw new Error(`no button ${label} on ${messageId}`)
      return interact(message.channel_id, 3, { component_type: 2, custom_id: button.custom_id }, { message })
    },
    submit({ modal, pressedOn = '' }, filled) {
      const message = world.messages.get(pressedOn)
      if (!modal || !message) throw new Error('no window is open')
      return interact(message.channel_id, 5, submission(modal, filled), { message })
    },
    edit(messageId, text) {
      const message = world.messages.get(messageId)
      if (!message) throw new Error(`no message ${messageId}`)
      Object.assign(message, { content: text, edited_timestamp: new Date().toISOString() })
      tell('MESSAGE_UPDATE', structuredClone(message), intentFor(message))
    },
    remove(messageId) {
      const message = world.messages.get(messageId)
      world.messages.delete(messageId)
      if (!message) return
      const { id, channel_id, guild_id } = message
      tell('MESSAGE_DELETE', { id, channel_id, ...(guild_id ? { guild_id } : {}) }, intentFor(message))
    },
    redeliver: () => last(),
    messages: (channelId = world.channel.id) => world.in(channelId),
    whispers: (channelId = world.channel.id) => world.whispers(channelId),
  }
}
