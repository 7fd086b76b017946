import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import { adapterContract } from './adapter.contract.ts'
import { createPagerAdapter } from './example/pager.ts'

const token = 'pager-token'

interface PagerEvent {
  id: string
  chat: string
  from: { id: string; name: string; isBot: boolean }
  text: string
  at: number
}

/** The imaginary platform of docs/adding-an-adapter.md, with one chat. */
async function startPagerWire() {
  const messages = new Map<string, string>()
  const keys = new Map<string, string>()
  let waiting: PagerEvent[] = []
  let held: ((events: PagerEvent[]) => void) | undefined
  let limited = 0
  let count = 0

  function offer(event: PagerEvent): void {
    waiting.push(event)
    held?.([...waiting])
  }
  function answer(
    method: string,
    path: string,
    body: { text: string; key?: string },
  ): { status: number; body?: object; after?: number } {
    const [, kind, id = ''] = /^\/(\w+)\/?([\w-]*)/.exec(path) ?? []
    if (kind === 'me') return { status: 200, body: {} }
    if (kind === 'events') waiting = waiting.filter(event => event.id !== id)
    if (kind === 'events') return { status: 200, body: {} }
    if (limited > 0) return { status: 429, after: limited-- && 3 }
    if (kind === 'chats') {
      const own = (body.key && keys.get(body.key)) || `m${++count}`
      if (body.key) keys.set(body.key, own)
      messages.set(own, body.text)
      return { status: 200, body: { id: own } }
    }
    if (!messages.has(id)) return { status: 404 }
    messages.set(id, body.text)
    return { status: method === 'PUT' ? 200 : 405, body: {} }
  }
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const piece of request) text += piece
    if (request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end()
    const send = (status: number, body: unknown, after?: number) =>
      response.writeHead(status, after === undefined ? {} : { 'retry-after': String(after) }).end(JSON.stringify(body ?? {}))
    if (request.method === 'GET' && request.url === '/events') {
      if (waiting.length > 0) return void send(200, waiting)
      held = events => {
        held = undefined
        send(200, events)
      }
      return
    }
    const { status, body, after } = answer(request.method ?? '', request.url ?? '', text === '' ? {} : JSON.parse(text))
    send(status, body, after)
  }
  const server = createServer((request, response) => void serve(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    offer,
    limit: () => limited++,
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

adapterContract('the example of docs/adding-an-adapter.md', async () => {
  const wire = await startPagerWire()
  const adapter = () => createPagerAdapter({ token, apiUrl: wire.url, log: silentLog })
  let count = 0
  let last: PagerEvent | undefined
  const say = (text: string, isBot = false) => {
    last = { id: `e${++count}`, chat: '7', from: { id: '42', name: 'Ada', isBot }, text, at: Math.floor(Date.now() / 1000) }
    wire.offer(last)
  }
  return {
    adapter: adapter(),
    second: adapter(),
    conversation: 'pager:7',
    say,
    repeat: () => last && wire.offer(last),
    botSays: text => say(text, true),
    shown: () => [...wire.messages.values()],
    limitNext: wire.limit,
    forget: id => void wire.messages.delete(id),
    redelivers: true,
    close: wire.close,
  }
})

test('the example tells an operator of a token that is refused', async () => {
  const wire = await startPagerWire()
  const adapter = createPagerAdapter({ token: 'wrong', apiUrl: wire.url, log: silentLog })
  await expect(adapter.start(async () => {})).rejects.toBeInstanceOf(ConfigError)
  await wire.close()
})

test('the page shows the example as it is, and names what the porch has', () => {
  const root = join(import.meta.dirname, '..')
  const page = readFileSync(join(root, 'docs/adding-an-adapter.md'), 'utf8')
  const shown = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code)
  expect(shown).toContain(readFileSync(join(root, 'test/example/pager.ts'), 'utf8'))
  const porch = readFileSync(join(root, 'src/adapter.ts'), 'utf8')
  const members = /export interface Adapter \{([\s\S]*?)^\}/m.exec(porch)?.[1] ?? ''
  const limits = /export interface Limits \{([\s\S]*?)^\}/m.exec(porch)?.[1] ?? ''
  const names = [...`${members}${limits}`.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, name]) => name)
  expect(names.length).toBeGreaterThan(10)
  for (const name of names) expect(page).toContain(`\`${name}\``)
})
