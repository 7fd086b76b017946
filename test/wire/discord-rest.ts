import { cdnRoutes } from './discord-cdn.ts'
import type { WireGateway } from './discord-gateway.ts'
import { interactionRoutes } from './discord-interactions.ts'
import {
  editMessage,
  getMessage,
  listMessages,
  missingPermissions,
  postMessage,
  problem,
  type RestOptions,
  type Route,
  unknownChannel,
  type WireAnswer,
  type WireRequest,
} from './discord-messages.ts'
import type { World } from './discord-world.ts'

/** Answers a REST call as Discord does, from the state of the world. */
export function createWireRest(world: World, gateway: WireGateway, options: RestOptions): (request: WireRequest) => WireAnswer {
  const routes = [
    ...generalRoutes(world, options),
    ...messageRoutes(world, gateway, options),
    ...interactionRoutes(world, gateway, options),
    ...cdnRoutes(world, options),
  ]
  return request => {
    for (const route of routes) {
      const match = route.method === request.method ? route.pattern.exec(request.path) : null
      if (!match) continue
      if (!route.open && !request.authorized) return problem(401, 0, '401: Unauthorized')
      return route.answer(match.slice(1), request)
    }
    return problem(404, 0, '404: Not Found')
  }
}

/** GATEWAY_MESSAGE_CONTENT_LIMITED: of a bot in few servers. */
const contentLimited = 1 << 19

function generalRoutes(world: World, options: RestOptions): Route[] {
  const { startsLeft = 1000, approximate_guild_count = 3, ...portal } = options.portal ?? {}
  const session = { total: 1000, remaining: startsLeft, reset_after: 86_400_000, max_concurrency: 1 }
  return [
    {
      method: 'GET',
      pattern: /^\/gateway\/bot$/,
      answer: () => ({ status: 200, body: { url: options.gatewayUrl(), shards: 1, session_start_limit: session } }),
    },
    {
      method: 'GET',
      pattern: /^\/applications\/@me$/,
      answer: () => ({
        status: 200,
        body: { id: world.appId, flags: options.messageContent ? contentLimited : 0, approximate_guild_count, ...portal },
      }),
    },
    { method: 'GET', pattern: /^\/users\/@me$/, answer: () => ({ status: 200, body: world.bot }) },
    {
      method: 'POST',
      pattern: /^\/users\/@me\/channels$/,
      answer: (_, { body }) =>
        body['recipient_id'] === world.person.id
          ? { status: 200, body: world.dm }
          : problem(403, 50007, 'Cannot send messages to this user'),
    },
    {
      method: 'PUT',
      pattern: /^\/applications\/\d+\/(?:guilds\/\d+\/)?commands$/,
      answer: (_, { body }) => ({ status: 200, body }),
    },
  ]
}

function messageRoutes(world: World, gateway: WireGateway, options: RestOptions): Route[] {
  return [
    {
      method: 'GET',
      pattern: /^\/channels\/(\d+)$/,
      answer([channelId = '']) {
        const channel = world.channels.get(channelId)
        if (!channel) return unknownChannel
        return channel.closed ? problem(403, 50001, 'Missing Access') : { status: 200, body: channel }
      },
    },
    {
      method: 'POST',
      pattern: /^\/channels\/(\d+)\/messages$/,
      answer: ([channelId = ''], request) => postMessage(world, gateway, channelId, request, options),
    },
    {
      method: 'GET',
      pattern: /^\/channels\/(\d+)\/messages$/,
      answer: ([channelId = ''], { query }) => listMessages(world, channelId, query, options.messageContent),
    },
    {
      method: 'GET',
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)$/,
      answer: ([channelId = '', id = '']) => getMessage(world, channelId, id),
    },
    {
      method: 'PATCH',
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)$/,
      answer: ([channelId = '', id = ''], { body }) => editMessage(world, gateway, channelId, id, body),
    },
    {
      method: 'POST',
      pattern: /^\/channels\/(\d+)\/typing$/,
      answer([channelId = '']) {
        const channel = world.channels.get(channelId)
        if (!channel) return unknownChannel
        return channel.closed || channel.denied?.includes('send') ? missingPermissions : { status: 204 }
      },
    },
    {
      method: 'POST',
      pattern: /^\/channels\/(\d+)(?:\/messages\/(\d+))?\/threads$/,
      answer: ([channelId = '', messageId], { body }) => ({
        status: 201,
        body: world.addChannel(String(body['name']), 11, channelId, messageId),
      }),
    },
  ]
}
