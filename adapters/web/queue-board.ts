import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { HonoAdapter } from '@bull-board/hono'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'

/** BullMQ's own, whose door is elsewhere. */
export type Queue = ConstructorParameters<typeof BullMQAdapter>[0]

/** The pages of bull-board below `path`, which show and change nothing. */
export function openQueueBoard(queue: Queue, path: string): (request: Request) => Promise<Response> {
  const server = new HonoAdapter(serveStatic)
  server.setBasePath(path)
  const queues = [new BullMQAdapter(queue, { readOnlyMode: true })]
  createBullBoard({ queues, serverAdapter: server, options: { uiConfig: { boardTitle: 'Bellhop' } } })
  const app = new Hono().route(path, server.registerPlugin())
  return async request => withoutFonts(await app.fetch(request))
}

/** Its page asks Google for letters: nobody there needs to know that it was opened. */
async function withoutFonts(response: Response): Promise<Response> {
  if (!response.headers.get('content-type')?.startsWith('text/html')) return response
  const page = (await response.text()).replace(/<link href="https:[^>]*>/g, '')
  return new Response(page, { status: response.status, headers: { 'content-type': 'text/html; charset=utf-8' } })
}
