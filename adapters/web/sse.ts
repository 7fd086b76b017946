import type { Socket } from 'node:net'
import type { Context } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import { reason } from '../../src/log.ts'
import { startHeart, type TalkOptions } from './talk.ts'

/**
 * A stream of server-sent events with a heart; `send` ends it, and `close` is called in any case. The connection of a reader who takes
 * nothing for a minute is ended, since what waits for him would wait for ever.
 */
export function stream(
  c: Context<{ Bindings: { outgoing?: { socket: Socket | null } } }>,
  { heartbeatEveryMs, log }: TalkOptions,
  send: (stream: SSEStreamingApi) => Promise<void>,
  close: () => void,
): Response {
  c.header('X-Accel-Buffering', 'no') // a proxy that gathers would make a stream of it that stands still
  return streamSSE(c, async opened => {
    const heart = startHeart(
      comment => opened.write(comment),
      heartbeatEveryMs,
      () => {
        log.warn({ path: c.req.path }, 'web: a reader takes nothing any more, and is let go')
        c.env.outgoing?.socket?.resetAndDestroy() // what was sent and not taken would stay with the system otherwise
      },
    )
    try {
      await send(opened)
    } catch (error) {
      log.error({ reason: reason(error) }, 'web: a stream broke off')
    } finally {
      heart.stop()
      close()
    }
  })
}
