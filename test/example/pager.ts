import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Adapter, Receive } from '../../src/adapter.ts'
import { ConfigError, Gone, RateLimited } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Conversation, Message } from '../../src/message.ts'

export interface PagerOptions {
  token: string
  apiUrl: string
  log: Log
}

/** Conversations are `pager:<chat>`. */
export function createPagerAdapter({ token, apiUrl, log }: PagerOptions): Adapter {
  const call = createCall(token, apiUrl)
  let closing = new AbortController()
  let running = Promise.resolve()
  return {
    platform: 'pager',
    limits: { chars: 1000, length: text => text.length, editEveryMs: 1000, keyedPosts: true },
    oneListener: createHash('sha256').update(token).digest('base64url').slice(0, 16),
    async start(receive) {
      await call('GET', '/me') // a token that is refused is told at once
      closing = new AbortController()
      running = listen(call, receive, closing.signal, log)
    },
    async stop() {
      closing.abort()
      await running
    },
    async post(conversation, { text }, _replyTo, key) {
      const { id } = await call<{ id: string }>('POST', `/chats/${chatOf(conversation)}/messages`, { text, key })
      return id
    },
    async edit(_conversation, id, { text }) {
      await call('PUT', `/messages/${id}`, { text })
    },
  }
}

interface NativeEvent {
  id: string
  chat: string
  from: { id: string; name: string; isBot: boolean }
  text: string
  /** Seconds since 1970. */
  at: number
}

/** Undefined: not for us. */
function toMessage({ id, chat, from, text, at }: NativeEvent): Message | undefined {
  if (from.isBot) return undefined
  const author = { id: from.id, name: from.name }
  return { id: `pager:${id}`, conversation: `pager:${chat}`, author, text, attachments: [], sentAt: at * 1000, kind: 'chat' }
}

const chatOf = (conversation: Conversation) => conversation.slice('pager:'.length)
const pauseMs = 200

/** The platform is told "received" only when the house has it; what it was not told of, it offers again. */
async function listen(call: Call, receive: Receive, closing: AbortSignal, log: Log): Promise<void> {
  while (!closing.aborted) {
    try {
      for (const event of await call<NativeEvent[]>('GET', '/events', undefined, closing)) {
        const message = toMessage(event)
        if (message) await receive(message)
        await call('POST', `/events/${event.id}/received`)
      }
    } catch (error) {
      if (closing.aborted) return
      log.warn({ reason: reason(error) }, 'Pager: trouble with receiving')
      await sleep(pauseMs, undefined, { signal: closing }).catch(() => {})
    }
  }
}

type Call = <Result>(method: string, path: string, body?: object, signal?: AbortSignal) => Promise<Result>

/** Throws what the house acts on: ConfigError, RateLimited, Gone; an Error with no secret in it otherwise. */
function createCall(token: string, apiUrl: string): Call {
  return async <Result>(method: string, path: string, body?: object, signal = AbortSignal.timeout(10_000)) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const response = await fetch(`${apiUrl}${path}`, { method, headers, signal, ...(body && { body: JSON.stringify(body) }) })
    if (response.ok) return (await response.json()) as Result
    await response.body?.cancel()
    if (response.status === 401) throw new ConfigError('Pager refused PAGER_TOKEN: copy it anew')
    if (response.status === 429) throw new RateLimited(Number(response.headers.get('retry-after')) * 1000)
    if (response.status === 404) throw new Gone(`Pager knows no ${path}`)
    throw new Error(`Pager answered ${response.status}`)
  }
}
