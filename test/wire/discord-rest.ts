import type { WireGateway } from './discord-gateway.ts'
import { interactionRoutes } from './discord-interactions.ts'
import {
  editMessage,
  listMessages,
  postMessage,
  problem,
  type RestOptions,
  type Route,
  unknownChannel,
  unknownMessage,
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

function generalRoutes(world: World, options: RestOptions): Route[] {
  const session = { total: 1000, remaining: 1000, reset_after: 86_400_000, max_concurrency: 1 }
  return [
    {
      method: 'GET',
      pattern: /^\/gateway\/bot$/,
      answer: () => ({ status: 200, body: { url: options.gatewayUrl(), shards: 1, session_start_limit: session } }),
    },
    { method: 'GET', pattern: /^\/users\/@me$/, answer: () => ({ status: 200, body: world.bot }) },
    {
      method: 'PUT',
      pattern: /^\/applications\/\d+\/(?:guilds\/\d+\/)?commands$/,
      answer: (_, { body }) => ({ status: 200, body }),
    },
  ]
}

function messageRoutes(world: World, gateway: WireGateway, { messageContent }: RestOptions): Route[] {
  return [
    {
      method: 'GET',
      pattern: /^\/channels\/(\d+)$/,
      answer: ([channelId = '']) =>
        world.channels.has(channelId) ? { status: 200, body: world.channels.get(channelId) } : unknownChannel,
    },
    {
      method: 'POST',
      pattern: /^\/channels\/(\d+)\/messages$/,
      answer: ([channelId = ''], { body }) => postMessage(world, gateway, channelId, body),
    },
    {
      method: 'GET',
      pattern: /^\/channels\/(\d+)\/messages$/,
      answer: ([channelId = ''], { query }) => listMessages(world, channelId, query, messageContent),
    },
    {
      method: 'GET',
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)$/,
      answer: ([, id = '']) => (world.messages.has(id) ? { status: 200, body: world.messages.get(id) } : unknownMessage),
    },
    {
      method: 'PATCH',
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)$/,
      answer: ([channelId = '', id = ''], { body }) => editMessage(world, gateway, channelId, id, body),
    },
    {
      method: 'POST',
      pattern: /^\/channels\/(\d+)\/typing$/,
      answer: ([channelId = '']) => (world.channels.has(channelId) ? { status: 204 } : unknownChannel),
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
