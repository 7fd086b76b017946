import type { Context } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import { reason } from '../../src/log.ts'
import { startHeart, type TalkOptions } from './talk.ts'

/** A stream of server-sent events with a heart; `send` ends it, and `close` is called in any case. */
export function stream(
  c: Context,
  { heartbeatEveryMs, log }: TalkOptions,
  send: (stream: SSEStreamingApi) => Promise<void>,
  close: () => void,
): Response {
  c.header('X-Accel-Buffering', 'no') // a proxy that gathers would make a stream of it that stands still
  return streamSSE(c, async opened => {
    const heart = startHeart(comment => opened.write(comment), heartbeatEveryMs)
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
