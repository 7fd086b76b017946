import { describe, expect, test } from 'vitest'
import { createWebAdapter, type WebOptions } from '../adapters/web/web.ts'
import type { Outgoing } from '../src/adapter.ts'
import { Closing } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import { adapterContract } from './adapter.contract.ts'
import { errorOf, events, final, fine, house, memoryFeed, running, silence, stop } from './web.house.ts'

describe('POST /chat', () => {
  test('answers once the reply is final, in a new session that nobody can guess', async () => {
    const { post, heard } = await house()
    const response = await post('/chat', { message: 'hello' }, { 'accept-language': 'zh-CN,en;q=0.8' })
    expect(response.status).toBe(200)
    const body = (await response.json()) as { response: string; session_id: string }
    expect(body.response).toBe('echo: hello')
    expect(body.session_id).toMatch(/^[0-9a-f-]{36}$/)
    expect(heard[0]).toMatchObject({
      kind: 'api',
      text: 'hello',
      conversation: `web:${body.session_id}`,
      author: { locale: 'zh-CN' },
    })
  })

  test('goes on in a session', async () => {
    const { post, heard } = await house()
    const body = await (await post('/chat', { message: 'again', session_id: 'my-session_1' })).json()
    expect(body).toEqual({ response: 'echo: again', session_id: 'my-session_1' })
    expect(heard[0]?.conversation).toBe('web:my-session_1')
  })

  test('asks the last user message of a list and quotes what stands before it', async () => {
    const { post, heard } = await house()
    const messages = [
      { role: 'user', content: 'I am\nAda' },
      { role: 'assistant', content: 'Hello Ada' },
      { role: 'user', content: 'Who am I?' },
    ]
    await post('/chat', { messages })
    const quoted = 'Earlier in this conversation:\n> user: I am\n> Ada\n> assistant: Hello Ada\n\nWho am I?'
    expect(heard[0]).toMatchObject({ text: quoted })
    await post('/chat', { messages: messages.slice(0, 1) })
    expect(heard[1]).toMatchObject({ text: 'I am\nAda' })
  })

  test('takes no notice of replies to other messages in the same conversation', async () => {
    const { post } = await house({}, async ({ conversation, replyTo }, worker) => {
      const other = await worker.post(conversation, running('for somebody else'), 'web:other')
      await worker.edit(conversation, other, final('still for somebody else'))
      setTimeout(() => void worker.post(conversation, final('for you'), replyTo), 20)
    })
    expect(await (await post('/chat', { message: 'mine' })).json()).toMatchObject({ response: 'for you' })
  })

  test('keeps the final state, even when another part of the reply follows at once', async () => {
    const { post } = await house({}, async ({ conversation, replyTo }, worker) => {
      await worker.post(conversation, final('the answer'), replyTo)
      await worker.post(conversation, running('a late state'), replyTo)
    })
    expect(await (await post('/chat', { message: 'mine' })).json()).toMatchObject({ response: 'the answer' })
  })

  test('says 503 when the message could not be kept, and leaves no listener behind', async () => {
    const { post, feed } = await house({}, async () => {
      throw new Error('connect ECONNREFUSED redis://:hunter2@redis')
    })
    const response = await post('/chat', { message: 'hello' })
    expect(response.status).toBe(503)
    const { code, message } = await errorOf(response)
    expect(code).toBe('unavailable')
    expect(message).toMatch(/could not be kept.*try again/)
    expect(message).not.toContain('hunter2')
    expect(feed.listeners()).toBe(0)
  })

  test('says 504 when nobody answers in time', async () => {
    const { post, feed } = await house({ patienceMs: 20 }, silence)
    const response = await post('/chat', { message: 'hello' })
    expect(response.status).toBe(504)
    expect(feed.listeners()).toBe(0)
  })
})

describe('POST /chat/stream', () => {
  test('shows each state of the reply and then is done', async () => {
    let go = () => {}
    const { post } = await house({}, async ({ conversation, text, replyTo }, worker) => {
      const id = await worker.post(conversation, running('⏳ Thinking'), replyTo)
      go = () => void worker.edit(conversation, id, final(`echo: ${text}`))
    })
    const response = await post('/chat/stream', { message: 'hi', session_id: 'session-1' })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const seen: [string, unknown][] = []
    for await (const event of events(response)) {
      seen.push(event)
      if (event[0] === 'card') go()
    }
    const id = expect.any(String)
    expect(seen).toEqual([
      ['session', { session_id: 'session-1', message_id: expect.stringMatching(/^web:/) }],
      ['card', { id, text: '⏳ Thinking', buttons: [stop], final: false }],
      ['card', { id, text: 'echo: hi', buttons: [], final: true }],
      ['done', { response: 'echo: hi', session_id: 'session-1' }],
    ])
  })

  test('is heard as a chat, so that the steps are shown', async () => {
    const { post, heard } = await house()
    await (await post('/chat/stream', { message: 'hi' })).text()
    expect(heard[0]).toMatchObject({ kind: 'chat' })
  })

  test('sends comments while nothing happens', async () => {
    const { post } = await house({ heartbeatEveryMs: 5 }, silence)
    for await (const [name, text] of events(await post('/chat/stream', { message: 'hi' }))) {
      if (name !== '') continue
      expect(text).toMatch(/^: /)
      break
    }
  })

  test('stops listening, and nothing else, when the client goes away', async () => {
    const { post, feed, heard, url } = await house({}, silence)
    const gone = new AbortController()
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"message":"hi"}',
      signal: gone.signal,
    }
    await fetch(`${url}/chat/stream`, init)
    expect(feed.listeners()).toBe(1)
    gone.abort()
    await expect.poll(() => feed.listeners()).toBe(0)
    expect(heard).toHaveLength(1)
    expect((await post('/chat/press', { session_id: 'session-1', action: 'stop', token: 't' })).status).toBe(200)
  })

  test.each([
    ['the queue is away', new Error('no queue')],
    ['the server is going down', new Closing()],
  ])('answers 503 in JSON when the message could not be kept because %s', async (why, error) => {
    const { post } = await house({}, async () => Promise.reject(error))
    const response = await post('/chat/stream', { message: 'hi' })
    expect(response.status).toBe(503)
    expect((await errorOf(response)).message).toContain(`because ${why}`)
  })

  test('ends with an error event when the server goes down', async () => {
    const { post, adapter } = await house({}, silence)
    const response = await post('/chat/stream', { message: 'hi' })
    await adapter.stop()
    const seen = await Array.fromAsync(events(response))
    expect(seen.at(-1)).toEqual(['error', { code: 'unavailable', message: expect.stringContaining('going down') }])
  })
})

describe('POST /chat/press', () => {
  const press = { session_id: 'session-1', action: 'pick', token: 't-1.2' }

  test('hands on what was pressed', async () => {
    const { post, heard } = await house()
    const response = await post('/chat/press', { session_id: 'session-1', action: 'stop', token: 't-1' })
    expect(await response.json()).toEqual({ ok: true })
    expect(heard[0]).toMatchObject({ conversation: 'web:session-1', action: 'stop', token: 't-1', author: { id: 'local' } })
  })

  test('answers with what is said to the press, by any process, and to no other', async () => {
    const { post, feed, worker } = await house({}, silence, async (heard, other) => {
      await other.post(heard.conversation, running('a card of somebody else'), 'web:other')
      setTimeout(() => void other.post(heard.conversation, final('not like this'), heard.aside), 50)
    })
    const stream = events(await post('/chat/stream', { message: 'hi', session_id: 'session-1' }))
    const [, { message_id }] = (await stream.next()).value as [string, { message_id: string }]
    expect(await (await post('/chat/press', press)).json()).toMatchObject({
      ok: true,
      aside: { text: 'not like this', buttons: [], final: true },
    })
    expect(feed.listeners()).toBe(1)
    await worker.post('web:session-1', final('the answer'), message_id)
    const seen = await Array.fromAsync(stream)
    expect(seen.map(([name, data]) => [name, (data as { text?: string }).text])).toEqual([
      ['card', 'the answer'],
      ['done', undefined],
    ])
  })

  test('answers 503 when it could not be kept, or nothing could be heard about it', async () => {
    const refusing = await house({}, silence, () => Promise.reject(new Error('no queue')))
    expect((await refusing.post('/chat/press', press)).status).toBe(503)
    expect(refusing.feed.listeners()).toBe(0)
    const deaf = await house({ feed: { ...memoryFeed(), listen: () => Promise.reject(new Error('no feed')) } })
    expect((await deaf.post('/chat/press', press)).status).toBe(503)
    expect(deaf.heard).toEqual([])
  })
})

adapterContract('web', async () => {
  const feed = memoryFeed()
  const options: WebOptions = { host: '127.0.0.1', port: 0, apiKeys: [], feed, status: async () => fine, log: silentLog }
  const adapter = createWebAdapter(options)
  const conversation = 'web:contract-session'
  const shown = new Map<string, Outgoing>()
  await feed.listen(conversation, event => {
    const { id, out } = event as { id: string; out: Outgoing }
    shown.set(id, out)
  })
  const gone = new AbortController()
  let url: string | undefined
  const send = async (path: string, body: object) => {
    url ??= adapter.url
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, signal: gone.signal }
    // After `stop` nobody is there to connect to.
    return fetch(`${url}${path}`, { ...init, body: JSON.stringify({ session_id: 'contract-session', ...body }) }).catch(() => {})
  }
  const told: string[] = []
  return {
    adapter,
    second: createWebAdapter(options),
    conversation,
    say: async text => void (await send('/chat/stream', { message: text })),
    press: async (id, label) => {
      const button = shown.get(id)?.buttons.find(each => each.label === label)
      const response = await send('/chat/press', { action: button?.action, token: button?.token })
      const body = (await response?.json()) as { aside?: Outgoing } | undefined
      if (body?.aside) told.push(body.aside.text)
    },
    told: () => told,
    shown: () => [...shown.values()].map(out => out.text),
    redelivers: false,
    async close() {
      gone.abort()
      await adapter.stop()
    },
  }
})
