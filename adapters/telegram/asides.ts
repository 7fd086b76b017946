import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from 'grammy/web'
import { Gone, Refused } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Signal } from './errors.ts'

/** What can be told to who pressed a button, and to nobody else. */
export interface Aside {
  /** The callback query: it can be answered once, with a few words that open over the chat. */
  query: string
  /** Who pressed: native id, which is also that of the private chat. */
  person: number
}

export const formatAside = ({ query, person }: Aside): string => `callback:${query}:${person}`

/** Undefined for the id of a message. */
export function parseAside(text: string | undefined): Aside | undefined {
  const [, query, person] = /^callback:([^:]+):(\d+)$/.exec(text ?? '') ?? []
  return query && person ? { query, person: Number(person) } : undefined
}

/** Who alone may see what hangs at this id, or comes after it: an aside, or a message in the private chat that one led to. */
export function personOf(id: string | undefined): number | undefined {
  const person = parseAside(id)?.person ?? /@(\d+)$/.exec(id ?? '')?.[1]
  return person === undefined ? undefined : Number(person)
}

/** Callback queries: until one is answered, the button that was pressed shows that something is under way. */
export interface Queries {
  /** It came in, and is answered without a word in two seconds. */
  opened(query: string): void
  /** The press is safe: the query is answered without a word in a second, unless something is told by then. */
  kept(query: string): void
  /** False if it was answered already, or too long ago was asked. Any process may tell. Rejects when that is not known. */
  tell(query: string, text: string): Promise<boolean>
  /** Answers at once what is still open. */
  close(): Promise<void>
}

export interface QueriesOptions {
  api: Api
  call<T>(make: (signal: Signal) => Promise<T>): Promise<T>
  log: Log
}

const waitMs = { opened: 2000, kept: 1000 }

/** How long the end waits for Telegram to take the last answers. */
const closeMs = 1000

export function createQueries({ api, call, log }: QueriesOptions): Queries {
  const open = new Map<string, NodeJS.Timeout>()

  /** Nobody waits for it, and nothing depends on it. */
  async function answer(query: string): Promise<void> {
    forget(query)
    await call(signal => api.answerCallbackQuery(query, {}, signal)).catch((error: unknown) => {
      log.debug({ reason: reason(error) }, 'Telegram: a press could not be acknowledged')
    })
  }
  function answerIn(query: string, ms: number): void {
    forget(query)
    open.set(
      query,
      setTimeout(() => void answer(query), ms),
    )
  }
  function forget(query: string): boolean {
    clearTimeout(open.get(query))
    return open.delete(query)
  }

  return {
    opened(query) {
      if (!open.has(query)) answerIn(query, waitMs.opened)
    },
    kept(query) {
      if (open.has(query)) answerIn(query, waitMs.kept)
    },
    async tell(query, text) {
      const wasOpen = forget(query)
      try {
        await call(signal => api.answerCallbackQuery(query, { text, show_alert: true }, signal))
        return true
      } catch (error) {
        if (error instanceof Refused || error instanceof Gone) return false
        if (wasOpen) answerIn(query, waitMs.kept)
        throw error
      }
    },
    async close() {
      const answers = Promise.all([...open.keys()].map(answer))
      const patience = new AbortController()
      await Promise.race([answers, sleep(closeMs, undefined, { signal: patience.signal }).catch(() => {})])
      patience.abort()
    },
  }
}
