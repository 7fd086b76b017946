import type { WireGateway } from './discord-gateway.ts'
import {
  checkContent,
  editMessage,
  problem,
  type RestOptions,
  type Route,
  shape,
  unknownMessage,
  type WireAnswer,
  type WireRequest,
} from './discord-messages.ts'
import { snowflake, type WireInteraction, type WireMessage, type World } from './discord-world.ts'

/** Routes that carry an interaction's token in place of the bot's. */
export function interactionRoutes(world: World, gateway: WireGateway, options: RestOptions): Route[] {
  const original = /^\/webhooks\/\d+\/([^/]+)\/messages\/(@original|\d+)$/
  const reach = (then: (message: WireMessage, request: WireRequest) => WireAnswer): Route['answer'] => {
    return ([token = '', which = ''], request) => throughToken(world, token, which, message => then(message, request))
  }
  const edit = (message: WireMessage, body: Record<string, unknown>) =>
    editMessage(world, gateway, message.channel_id, message.id, { flags: 0, ...body })
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
    { method: 'PATCH', open: true, pattern: original, answer: reach((message, { body }) => edit(message, body)) },
    { method: 'DELETE', open: true, pattern: original, answer: reach(remove) },
    {
      method: 'POST',
      open: true,
      pattern: /^\/webhooks\/\d+\/([^/]+)$/,
      answer: ([token = ''], { body }) => followUp(world, world.interactions.get(token), body),
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
  interaction.state = body['type'] === 4 ? 'answered' : 'deferred'
  if (body['type'] === 4 || body['type'] === 5) {
    const fields = body['type'] === 4 ? shape(body['data'] as Record<string, unknown>) : { flags: 128 }
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

function throughToken(world: World, token: string, which: string, then: (message: WireMessage) => WireAnswer): WireAnswer {
  const interaction = world.interactions.get(token)
  if (!interaction) return problem(404, 10015, 'Unknown Webhook')
  if (interaction.expired) return problem(401, 50027, 'Invalid Webhook Token')
  const message = world.messages.get(which === '@original' ? (interaction.messageId ?? '') : which)
  return message ? then(message) : unknownMessage
}

function followUp(world: World, interaction: WireInteraction | undefined, body: Record<string, unknown>): WireAnswer {
  if (!interaction) return problem(404, 10015, 'Unknown Webhook')
  if (interaction.expired) return problem(401, 50027, 'Invalid Webhook Token')
  const refusal = checkContent(body, true)
  if (refusal) return refusal
  return {
    status: 200,
    body: world.addMessage(interaction.channelId, world.bot, { ...shape(body), application_id: world.appId }),
  }
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
  return {
    id: interaction.id,
    application_id: world.appId,
    type,
    token: interaction.token,
    version: 1,
    channel_id: interaction.channelId,
    channel: world.channels.get(interaction.channelId),
    locale: 'en-GB',
    context: guild ? 0 : 1,
    entitlements: [],
    authorizing_integration_owners: { 0: guild ?? '0' },
    ...(guild ? { guild_id: guild, member: { user, nick: null, roles: [], permissions: '0' } } : { user }),
    data: { id: snowflake(), ...data },
    ...fields,
  }
}
