import { type CdnOptions, keepFiles, type WireFile } from './discord-cdn.ts'
import { asSeen, intents, type WireGateway } from './discord-gateway.ts'
import { ephemeral, isWhisper, type WireChannel, type WireMessage, type WireRow, type World } from './discord-world.ts'

export interface WireRequest {
  method: string
  /** Without `/api/v10`. */
  path: string
  query: URLSearchParams
  /** Of a form, its `payload_json`. */
  body: Record<string, unknown>
  files: WireFile[]
  authorized: boolean
}

/** A body of bytes is a file. A body of `undefined` is sent without a content type: the library breaks on an empty body that calls itself JSON. */
export interface WireAnswer {
  status: number
  body?: unknown
}

export interface Route {
  method: string
  pattern: RegExp
  /** True for the routes that carry an interaction's token in place of the bot's. */
  open?: boolean
  answer(ids: string[], request: WireRequest): WireAnswer
}

export interface RestOptions extends CdnOptions {
  gatewayUrl(): string
  /** An interaction must be answered within this long; Discord gives 3 seconds. */
  interactionMs: number
  /** Whether the privileged intent for message content is granted, which counts for REST as well. */
  messageContent: boolean
  /** What the developer portal says beside that. */
  portal?: WirePortal
}

export interface WirePortal {
  interactions_endpoint_url?: string
  /** Default: 3. */
  approximate_guild_count?: number
  /** How often the bot may still connect today. Default: 1000. */
  startsLeft?: number
}

export const problem = (status: number, code: number, message: string): WireAnswer => ({ status, body: { code, message } })

export const unknownMessage = problem(404, 10008, 'Unknown Message')
export const unknownChannel = problem(404, 10003, 'Unknown Channel')
const missingAccess = problem(403, 50001, 'Missing Access')
export const missingPermissions = problem(403, 50013, 'Missing Permissions')

export function postMessage(
  world: World,
  gateway: WireGateway,
  channelId: string,
  { body, files }: Pick<WireRequest, 'body' | 'files'>,
  options: RestOptions,
): WireAnswer {
  const channel = world.channels.get(channelId)
  if (!channel) return unknownChannel
  const refusal = checkPost(channel, body, files) ?? checkContent(body, files.length === 0) ?? checkSize(files, options)
  if (refusal) return refusal
  const key = `${channelId}:${body['nonce']}`
  const earlier = body['enforce_nonce'] && body['nonce'] ? world.messages.get(world.nonces.get(key) ?? '') : undefined
  if (earlier) return { status: 200, body: earlier }
  const reference = body['message_reference'] as { message_id: string; fail_if_not_exists?: boolean } | undefined
  const target = reference && world.messages.get(reference.message_id)
  if (reference && !target && reference.fail_if_not_exists !== false) return problem(400, 50035, 'Invalid Form Body')
  channel.archived = false
  const message = world.addMessage(channelId, world.bot, {
    ...shape(body),
    attachments: keepFiles(world, channelId, files, options),
    ...(target
      ? { type: 19, message_reference: { message_id: target.id, channel_id: channelId }, referenced_message: target }
      : {}),
    ...(reference ? { wire_reply_to: reference.message_id } : {}), // also when that message was deleted meanwhile
  })
  if (body['nonce']) world.nonces.set(key, message.id)
  gateway.dispatch('MESSAGE_CREATE', message, intentFor(message))
  return { status: 200, body: message }
}

export function editMessage(
  world: World,
  gateway: WireGateway,
  channelId: string,
  id: string,
  body: Record<string, unknown>,
): WireAnswer {
  const message = world.messages.get(id)
  const channel = world.channels.get(channelId)
  if (!channel) return unknownChannel
  if (channel.closed) return missingAccess
  if (!message || message.channel_id !== channelId || isWhisper(message)) return unknownMessage
  if (message.author.id !== world.bot.id) return problem(403, 50005, 'Cannot edit a message authored by another user')
  if (channel.archived) return problem(400, 50083, 'Thread is archived')
  const refusal = checkContent(body, false)
  if (refusal) return refusal
  change(message, body)
  gateway.dispatch('MESSAGE_UPDATE', message, intentFor(message))
  return { status: 200, body: message }
}

/** An edit cannot make a message visible or hide it. */
export function change(message: WireMessage, body: Record<string, unknown>): void {
  const kept = shape(body)
  if (kept.flags !== undefined) kept.flags = (kept.flags & ~ephemeral) | (message.flags & ephemeral)
  Object.assign(message, kept, { edited_timestamp: new Date().toISOString() })
}

export function getMessage(world: World, channelId: string, id: string): WireAnswer {
  const channel = world.channels.get(channelId)
  const message = world.messages.get(id)
  if (!channel) return unknownChannel
  if (channel.closed) return missingAccess
  if (channel.denied?.includes('history')) return missingPermissions
  return !message || message.channel_id !== channelId || isWhisper(message) ? unknownMessage : { status: 200, body: message }
}

function checkPost(channel: WireChannel, body: Record<string, unknown>, files: WireFile[]): WireAnswer | undefined {
  if (channel.closed) return missingAccess
  if (channel.denied?.includes('send') || (files.length > 0 && channel.denied?.includes('attach'))) return missingPermissions
  if (channel.locked) return problem(400, 160005, 'Thread is locked')
  if (!body['message_reference'] || !channel.denied?.includes('history')) return undefined
  return problem(400, 160002, 'Cannot reply without permission to read message history')
}

export function checkSize(files: WireFile[], { fileBytes }: RestOptions): WireAnswer | undefined {
  return files.some(({ data }) => data.length > fileBytes) ? problem(413, 40005, 'Request entity too large') : undefined
}

/** As Discord gives them: those next after an id, the newest first, without saying whose guild it is. */
export function listMessages(world: World, channelId: string, query: URLSearchParams, seesAll: boolean): WireAnswer {
  const channel = world.channels.get(channelId)
  if (!channel) return unknownChannel
  if (channel.closed) return missingAccess
  const after = BigInt(query.get('after') ?? 0)
  const granted = seesAll ? intents.messageContent : 0
  const found = world
    .in(channelId)
    .filter(message => BigInt(message.id) > after)
    .sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1))
    .slice(0, Number(query.get('limit') ?? 50))
    .map(message => {
      const { guild_id, member, ...rest } = asSeen(granted, world, message) as WireMessage
      return rest
    })
  return { status: 200, body: found.reverse() }
}

export function checkContent(body: Record<string, unknown>, required: boolean): WireAnswer | undefined {
  const content = body['content']
  if (content === undefined ? required : String(content).trim() === '') return problem(400, 50006, 'Cannot send an empty message')
  if (String(content ?? '').length <= 2000) return undefined
  const error = { code: 'BASE_TYPE_MAX_LENGTH', message: 'Must be 2000 or fewer in length.' }
  return { status: 400, body: { code: 50035, message: 'Invalid Form Body', errors: { content: { _errors: [error] } } } }
}

/** The fields of a body that a message keeps; Discord trims its text. */
export function shape(body: Record<string, unknown>): Partial<WireMessage> {
  const kept: Partial<WireMessage> = {}
  if (typeof body['content'] === 'string') kept.content = body['content'].trim()
  if (typeof body['flags'] === 'number') kept.flags = body['flags']
  if (Array.isArray(body['components'])) kept.components = body['components'] as WireRow[]
  if (body['nonce']) kept.nonce = String(body['nonce'])
  if (body['allowed_mentions']) kept['wire_allowed_mentions'] = body['allowed_mentions']
  return kept
}

/** The intent that a session needs to be told of this message. */
export const intentFor = (message: WireMessage): number => (message.guild_id ? intents.guildMessages : intents.directMessages)
