import { afterEach } from 'vitest'
import type { HouseStatus } from '../adapters/web/status.ts'
import { createWebAdapter, type WebAdapter, type WebOptions } from '../adapters/web/web.ts'
import type { Button, Feed, FormFor, Outgoing } from '../src/adapter.ts'
import { silentLog } from '../src/log.ts'
import { type Heard, isMessage, isPress, type Message, type Press } from '../src/message.ts'

/** A feed within one process; counts its listeners so that a test sees who was left behind. */
export function memoryFeed(): Feed & { listeners(): number } {
  const rooms = new Map<string, Set<(event: unknown, id: string) => void>>()
  const written = new Map<string, unknown[]>()
  return {
    listeners: () => [...rooms.values()].reduce((sum, room) => sum + room.size, 0),
    async write(conversation, event) {
      written.set(conversation, [...(written.get(conversation) ?? []), event])
      for (const hear of rooms.get(conversation) ?? [])
        hear(JSON.parse(JSON.stringify(event)), `1-${written.get(conversation)?.length}`)
    },
    async listen(conversation, hear, past) {
      const room = rooms.get(conversation) ?? new Set()
      rooms.set(conversation, room.add(hear))
      if (past) for (const [at, event] of (written.get(conversation) ?? []).entries()) hear(event, `1-${at + 1}`)
      return () => room.delete(hear)
    },
  }
}

export const fine: HouseStatus = {
  ready: true,
  model: 'm',
  queue: 'ok',
  servers: [{ name: 'sqlite', state: 'active', tools: 6 }],
}
export const stop: Button = { label: 'Stop', action: 'stop', token: 't-1' }
export const running = (text: string): Outgoing => ({ text, buttons: [stop], final: false })
export const final = (text: string): Outgoing => ({ text, buttons: [], final: true })

let open: WebAdapter[] = []
afterEach(async () => {
  await Promise.all(open.map(adapter => adapter.stop()))
  open = []
})

export type Answer = (message: Message, worker: WebAdapter) => Promise<void>
const echo: Answer = async ({ conversation, text, replyTo }, worker) => {
  const id = await worker.post(conversation, running('⏳ Thinking'), replyTo)
  await worker.edit(conversation, id, final(`echo: ${text}`))
}
export const silence = async () => {}

/** A house that answers `echo: …` after one running state, unless told otherwise. */
export async function house(
  change: Partial<WebOptions> = {},
  answer: Answer = echo,
  hearPress: (press: Press, worker: WebAdapter) => Promise<unknown> = silence,
  formFor?: FormFor,
) {
  const feed = memoryFeed()
  const heard: Heard[] = []
  const options: WebOptions = {
    host: '127.0.0.1',
    port: 0,
    apiKeys: [],
    feed,
    status: async () => fine,
    log: silentLog,
    ...change,
  }
  const adapter = createWebAdapter(options)
  const worker = createWebAdapter(options)
  await adapter.start(async what => {
    heard.push(what)
    if (isMessage(what)) await answer(what, worker)
    if (isPress(what)) await hearPress(what, worker)
  }, formFor)
  open.push(adapter)
  const url = adapter.url ?? ''
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  return { adapter, worker, feed, heard, url, post }
}

/** Reads server-sent events as `[event, data]`, comments as `['', text]`. */
export async function* events(response: Response): AsyncGenerator<[string, unknown]> {
  if (!response.body) return
  let rest = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const name = /^event: (.*)$/m.exec(block)?.[1]
      yield name ? [name, JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? 'null')] : ['', block]
    }
  }
}

export const errorOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string; message: string } }).error
