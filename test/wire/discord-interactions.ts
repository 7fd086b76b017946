import { keepFiles } from './discord-cdn.ts'
import type { WireGateway } from './discord-gateway.ts'
import {
  change,
  checkContent,
  checkSize,
  intentFor,
  problem,
  type RestOptions,
  type Route,
  shape,
  unknownMessage,
  type WireAnswer,
  type WireRequest,
} from './discord-messages.ts'
import { openModal } from './discord-modals.ts'
import { ephemeral, isWhisper, snowflake, type WireInteraction, type WireMessage, type World } from './discord-world.ts'

/** Routes that carry an interaction's token in place of the bot's. */
export function interactionRoutes(world: World, gateway: WireGateway, options: RestOptions): Route[] {
  const original = /^\/webhooks\/\d+\/([^/]+)\/messages\/(@original|\d+)$/
  const reach = (then: (message: WireMessage, request: WireRequest) => WireAnswer): Route['answer'] => {
    return ([token = '', which = ''], request) => throughToken(world, token, which, message => then(message, request))
  }
  const edit = (message: WireMessage, request: WireRequest) => editThrough(world, gateway, options, message, request)
  const remove = (message: WireMessage) => {
    world.messages.delete(message.id)
    return { status: 204 }
  }
  return [
    {
      method: 'POST',
      open: true,
      pattern: /^\/interactions\/(\d+)\/([^/]+)\/callback$/,
      answer: ([, token = ''], { body, query }) => respond(world, options, world.interactions.get(token), body, query),
    },
    { method: 'GET', open: true, pattern: original, answer: reach(message => ({ status: 200, body: message })) },
    { method: 'PATCH', open: true, pattern: original, answer: reach(edit) },
    { method: 'DELETE', open: true, pattern: original, answer: reach(remove) },
    {
      method: 'POST',
      open: true,
      pattern: /^\/webhooks\/\d+\/([^/]+)$/,
      answer: ([token = ''], request) => followUp(world, options, world.interactions.get(token), request),
    },
  ]
}

function respond(
  world: World,
  options: RestOptions,
  interaction: WireInteraction | undefined,
  body: Record<string, unknown>,
  query: URLSearchParams,
): WireAnswer {
  if (!interaction || Date.now() - interaction.createdAt > options.interactionMs)
    return problem(404, 10062, 'Unknown interaction')
  if (interaction.state !== 'new') return problem(400, 40060, 'Interaction has already been acknowledged.')
  const data = (body['data'] ?? {}) as Record<string, unknown>
  if (body['type'] === 8) return offer(interaction, data)
  if (body['type'] === 9 && interaction.pressedOn && !interaction.submitted) return openModal(interaction, data)
  if (body['type'] === 9) return problem(400, 50035, 'Invalid Form Body')
  if (body['type'] === 6 && interaction.pressedOn) interaction.messageId = interaction.pressedOn
  interaction.state = body['type'] === 4 ? 'answered' : 'deferred'
  if (body['type'] === 4 || body['type'] === 5) {
    interaction.ephemeral = (Number(data['flags'] ?? 0) & ephemeral) !== 0
    const fields = body['type'] === 4 ? shape(data) : { flags: 128 | (interaction.ephemeral ? ephemeral : 0) }
    interaction.messageId = world.addMessage(interaction.channelId, world.bot, {
      type: 20,
      application_id: world.appId,
      ...fields,
    }).id
  }
  if (query.get('with_response') !== 'true') return { status: 204 }
  const message = world.messages.get(interaction.messageId ?? '')
  return { status: 200, body: { interaction: { id: interaction.id, type: 2 }, resource: { type: body['type'], message } } }
}

function offer(interaction: WireInteraction, data: Record<string, unknown>): WireAnswer {
  const choices = (data['choices'] ?? []) as { name: string; value: string }[]
  const isFit = (text: unknown) => typeof text === 'string' && text.length >= 1 && text.length <= 100
  if (choices.length > 25 || !choices.every(({ name, value }) => isFit(name) && isFit(value)))
    return problem(400, 50035, 'Invalid Form Body')
  interaction.state = 'answered'
  interaction.choices = choices
  return { status: 204 }
}

/** What is kept of the old attachments has to be named, and so does what is new. */
function editThrough(
  world: World,
  gateway: WireGateway,
  options: RestOptions,
  message: WireMessage,
  { body, files }: WireRequest,
): WireAnswer {
  const refusal = checkContent(body, false) ?? checkSize(files, options)
  if (refusal) return refusal
  change(message, body)
  const named = body['attachments'] as { id: string | number }[] | undefined
  const kept = named ? message.attachments.filter(({ id }) => named.some(one => one.id === id)) : message.attachments
  message.attachments = [...kept, ...keepFiles(world, message.channel_id, files, options)]
  if (!isWhisper(message)) gateway.dispatch('MESSAGE_UPDATE', message, intentFor(message))
  return { status: 200, body: message }
}

function throughToken(world: World, token: string, which: string, then: (message: WireMessage) => WireAnswer): WireAnswer {
  const interaction = world.interactions.get(token)
  if (!interaction) return problem(404, 10015, 'Unknown Webhook')
  if (interaction.expired) return problem(401, 50027, 'Invalid Webhook Token')
  const message = world.messages.get(which === '@original' ? (interaction.messageId ?? '') : which)
  return message ? then(message) : unknownMessage
}

function followUp(
  world: World,
  options: RestOptions,
  interaction: WireInteraction | undefined,
  { body, files }: WireRequest,
): WireAnswer {
  if (!interaction || interaction.state === 'new') return problem(404, 10015, 'Unknown Webhook')
  if (interaction.expired) return problem(401, 50027, 'Invalid Webhook Token')
  if (interaction.abroad && interaction.followUps === 5)
    return problem(400, 40094, 'This interaction has hit the maximum number of follow up messages')
  const refusal = checkContent(body, files.length === 0) ?? checkSize(files, options)
  if (refusal) return refusal
  interaction.followUps++
  const attachments = keepFiles(world, interaction.channelId, files, options)
  const message = world.addMessage(interaction.channelId, world.bot, { ...shape(body), attachments, application_id: world.appId })
  return { status: 200, body: message }
}

/** What a person's use of a command or a button looks like on the gateway. */
export function interactionEvent(
  world: World,
  interaction: WireInteraction,
  type: number,
  data: object,
  fields: object = {},
): object {
  const guild = world.channels.get(interaction.channelId)?.guild_id
  const user = world.person
  const owners = interaction.abroad ? { 1: user.id } : { 0: guild ?? '0' }
  const context = guild ? 0 : interaction.abroad ? 2 : 1
  return {
    id: interaction.id,
    application_id: world.appId,
    type,
    token: interaction.token,
    version: 1,
    channel_id: interaction.channelId,
    channel: world.channels.get(interaction.channelId),
    locale: 'en-GB',
    context,
    entitlements: [],
    authorizing_integration_owners: owners,
    ...(guild ? { guild_id: guild, member: { user, nick: null, roles: [], permissions: '0' } } : { user }),
    data: { id: snowflake(), ...data },
    ...fields,
  }
}
