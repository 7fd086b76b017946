import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createWebAdapter, type WebAdapter, type WebOptions } from '../adapters/web/web.ts'
import type { Receive } from '../src/adapter.ts'
import { silentLog } from '../src/log.ts'
import { isMessage, type Message } from '../src/message.ts'
import { testRooms } from './rooms.ts'
import { events, final, fine, running } from './web.house.ts'

interface Shown {
  text: string
  final: boolean
}
// The page is plain JavaScript for browsers and has no types; the part that speaks with the server needs no browser.
const page = new URL('../adapters/web/page/server.js', import.meta.url).href
const { ask } = (await import(page)) as { ask(session: string, text: string, show: (card: Shown) => void): Promise<boolean> }

let rooms: Awaited<ReturnType<typeof testRooms>>
let web: WebAdapter
let heard: Message[] = []
const receive: Receive = async what => {
  if (isMessage(what)) heard.push(what)
}
beforeAll(async () => {
  rooms = await testRooms()
})
afterAll(() => rooms.close())

/** A server, and a page that stands at its address even while it is down. */
beforeEach(async () => {
  heard = []
  web = await openWeb()
  const address = web.url ?? ''
  vi.stubGlobal('sessionStorage', { getItem: () => null })
  const fetched = globalThis.fetch
  vi.stubGlobal('fetch', (path: string, init?: RequestInit) => fetched(new URL(path, `${address}/`), init))
  onTestFinished(() => void vi.unstubAllGlobals())
})

async function openWeb(more: Partial<WebOptions> = {}): Promise<WebAdapter> {
  const opened = createWebAdapter({ ...options(), ...more })
  await opened.start(receive)
  onTestFinished(() => opened.stop())
  return opened
}

const options = (): WebOptions => ({
  host: '127.0.0.1',
  port: 0,
  apiKeys: [],
  feed: rooms.feed,
  status: async () => fine,
  log: silentLog,
})

async function question(): Promise<Message> {
  await expect.poll(() => heard.length).toBe(1)
  return heard[0] as Message
}

const post = (path: string, body: object) =>
  fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

test('a page gets the answer that was finished while its server was down, and asks nothing twice', async () => {
  const worker = createWebAdapter(options())
  const shown: Shown[] = []
  const asked = ask('session-1', 'how long?', card => shown.push(card))
  const { conversation, replyTo, id } = await question()
  const reply = await worker.post(conversation, running('⏳ Counting'), replyTo, 'turn.0.0')
  await expect.poll(() => shown.at(-1)?.text).toBe('⏳ Counting')

  const port = Number(new URL(web.url ?? '').port)
  await web.stop()
  // More states than the feed keeps, so that the post is not among them any more.
  for (let n = 0; n < 300; n++) await worker.edit(conversation, reply, running(`⏳ Counting ${n}`))
  await worker.edit(conversation, reply, final('A minute.'))
  expect(shown).toHaveLength(1)
  await openWeb({ port })

  expect(await asked).toBe(true)
  expect(shown.at(-1)).toMatchObject({ text: 'A minute.', final: true })
  expect(heard.map(message => message.id)).toEqual([id])
})

test('a page whose connection alone broke sees the steps that are still to come', async () => {
  const worker = createWebAdapter(options())
  const first = await post('/chat/stream', { message: 'hi', session_id: 'session-2' })
  const { conversation, replyTo, id } = await question()
  await first.body?.cancel()
  const again = await post('/chat/follow', { session_id: 'session-2', message_id: id })
  const reply = await worker.post(conversation, running('⏳ Looking'), replyTo)
  const seen: unknown[] = []
  for await (const [name, data] of events(again)) {
    seen.push(name)
    if (name === 'card' && (data as Shown).text === '⏳ Looking') await worker.edit(conversation, reply, final('found'))
  }
  expect(seen).toEqual(['session', 'card', 'card', 'done'])
})

test('a stream that broke goes on behind its last event, and nothing is asked twice', async () => {
  const worker = createWebAdapter(options())
  const first = await post('/chat/stream', { message: 'hi', session_id: 'session-4' })
  const { conversation, replyTo } = await question()
  const reply = await worker.post(conversation, running('⏳ Looking'), replyTo)
  let id = ''
  for await (const chunk of first.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    id = /^id: (.*)$/m.exec(chunk)?.[1] ?? id
    if (id !== '') break
  }
  const headers = { 'content-type': 'application/json', 'last-event-id': id }
  const again = await fetch('/chat/stream', { method: 'POST', headers, body: '{"message":"hi"}' })
  const steps = events(again)
  const session = await steps.next()
  setTimeout(() => void worker.edit(conversation, reply, final('found')), 300)
  const seen = [session.value as [string, unknown], ...(await Array.fromAsync(steps))]
  expect(seen.map(([name, data]) => [name, (data as Shown).text])).toEqual([
    ['session', undefined],
    ['card', 'found'],
    ['done', undefined],
  ])
  expect(heard).toHaveLength(1)
})

test('who comes back after the end is told each step that he missed, however many there were', async () => {
  const worker = createWebAdapter(options())
  const ask = (headers: Record<string, string> = {}) =>
    fetch('/api/chat/stream', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"session_id":"session-5","content":"hi"}',
    })
  const first = await ask()
  const { conversation, replyTo = '' } = await question()
  const tell = (id: string): Promise<void> | undefined =>
    worker.tell?.(conversation, replyTo, { type: 'result', id, name: 'pool', ok: true, text: 'there', ms: 1 })
  await tell('c0')
  let id = ''
  for await (const chunk of first.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    id = /^id: (.*)$/m.exec(chunk)?.[1] ?? id
    if (id !== '') break
  }
  for (let n = 1; n <= 400; n++) await tell(`c${n}`)
  await worker.tell?.(conversation, replyTo, { type: 'end', how: 'answered', text: 'done', usage: { input: 1, output: 1 } })
  await worker.post(conversation, final('done'), replyTo)
  const text = await (await ask({ 'last-event-id': id })).text()
  expect([...text.matchAll(/"id":"c(\d+)"/g)].map(([, n]) => Number(n))).toEqual(Array.from({ length: 400 }, (_, at) => at + 1))
  expect(text).toContain('"complete"')
})

test('nobody follows a question that was asked in another session', async () => {
  const worker = createWebAdapter(options())
  const impatient = await openWeb({ patienceMs: 300 })
  await post('/chat/stream', { message: 'secret', session_id: 'session-3' })
  const { conversation, replyTo, id } = await question()
  await worker.post(conversation, final('the secret'), replyTo)
  const follow = async (session_id: string, at = '') => (await post(`${at}/chat/follow`, { session_id, message_id: id })).text()
  expect(await follow('session-3')).toContain('the secret')
  expect(await follow('session-4', impatient.url)).not.toContain('the secret')
})
