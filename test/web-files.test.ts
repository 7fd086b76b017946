// Pictures and files at the web door: what goes along with a question, and what tools return.
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { isMessage } from '../src/message.ts'
import { apiHouse } from './api.house.ts'
import { fakeToolbox } from './fakes.ts'
import { png } from './media.ts'
import { errorOf, events, house } from './web.house.ts'
import type { WireBody } from './wire/openai.ts'

const dataUrl = (mime: string, data: Uint8Array) => `data:${mime};base64,${Buffer.from(data).toString('base64')}`

describe('what goes along with a question', () => {
  test('is heard as attachments, which the worker fetches by what came with them', async () => {
    const bytes = new Map<string, Uint8Array>()
    const files = {
      async keep(conversation: string, data: Uint8Array) {
        bytes.set(`${conversation}/${bytes.size}`, data)
        return String(bytes.size - 1)
      },
      load: async (conversation: string, id: string) => bytes.get(`${conversation}/${id}`),
    }
    const { post, heard, adapter } = await house({ files })
    const text = new TextEncoder().encode('a,b\n1,2')
    const attachments = [
      { name: 'cat.png', url: dataUrl('image/png', png) },
      { name: 'table.csv', url: dataUrl('text/csv;charset=utf-8', text) },
    ]
    await (await post('/chat/stream', { message: 'look', session_id: 'session-1', attachments })).text()
    const [message] = heard.filter(isMessage)
    expect(message?.attachments).toMatchObject([
      { kind: 'image', name: 'cat.png', mime: 'image/png', bytes: png.length },
      { kind: 'file', name: 'table.csv', mime: 'text/csv', bytes: text.length },
    ])
    expect(JSON.stringify(message).length).toBeLessThan(1000)
    const fetched = await adapter.fetchFile?.(message?.attachments[1]?.ref ?? '', 100, AbortSignal.timeout(1000))
    expect(Buffer.from(fetched ?? []).toString()).toBe('a,b\n1,2')
    const most = adapter.fetchFile?.(message?.attachments[0]?.ref ?? '', 100, AbortSignal.timeout(1000))
    await expect(most).rejects.toThrow('at most 100')
  })

  test('may come without a word', async () => {
    const { post, heard } = await house()
    const answer = await post('/chat', { attachments: [{ name: 'cat.png', url: dataUrl('image/png', png) }] })
    expect(answer.status).toBe(200)
    expect(heard[0]).toMatchObject({ text: '', attachments: [{ name: 'cat.png' }] })
  })

  test('is of a kind that there is, whatever it is called', async () => {
    const { post, heard } = await house()
    const attachments = ['constructor', '__proto__', 'imagination'].map(family => ({
      name: 'a',
      url: `data:${family}/x;base64,YQ==`,
    }))
    expect((await post('/chat', { attachments })).status).toBe(200)
    expect(heard.filter(isMessage)[0]?.attachments.map(({ kind }) => kind)).toEqual(['file', 'file', 'file'])
  })

  const file = { name: 'a.txt', url: 'data:text/plain;base64,YQ==' }
  test.each([
    ['an address', { ...file, url: 'https://example.org/a.png' }, 400, /"attachments\[0\]\.url": must be a data: URL/],
    ['no name', { url: file.url }, 400, /"attachments\[0\]\.name"/],
    ['a file that nobody reads', { ...file, url: `data:text/plain;base64,${'A'.repeat(6_800_000)}` }, 413, /at most 5 MB/],
    ['more than a body holds', { ...file, url: `data:text/plain;base64,${'A'.repeat(9_000_000)}` }, 413, /at most 8 MB/],
  ])('%s is refused', async (_, attachment, status, sentence) => {
    const { post, heard } = await house()
    const refused = await post('/chat/stream', { message: 'hi', attachments: [attachment] })
    expect(refused.status).toBe(status)
    expect((await errorOf(refused)).message).toMatch(sentence)
    expect(heard).toEqual([])
  })

  test('is ten files at most', async () => {
    const { post } = await house()
    const refused = await post('/chat/stream', { message: 'hi', attachments: Array(11).fill(file) })
    expect((await errorOf(refused)).message).toBe('"attachments": must hold at most 10 files')
  })
})

test('a file is not handed to who names the session of a key as his own', async () => {
  const kept = Buffer.from('{"name":"a.txt","mime":"text/plain"}\nsecret')
  const files = { keep: async () => '1', load: async (of: string) => (of === 'web:ada:session-1' ? kept : undefined) }
  const { url } = await house({ files })
  for (const session of ['ada:session-1', 'ada%3Asession-1']) {
    expect((await fetch(`${url}/chat/files/${session}/1`)).status, session).toBe(404)
  }
})

describe('what tools return', async () => {
  const real = await apiHouse()
  afterEach(() => real.clear())
  afterAll(() => real.close())
  const files = [
    { name: 'plan', data: png },
    { name: 'page.html', data: new TextEncoder().encode('<script>alert(1)</script>') },
  ]
  const draws = ({ messages }: WireBody) =>
    messages.some(({ role }) => role === 'tool') ? { text: 'Here they are.' } : { calls: [{ name: 'draw', input: {} }] }
  const open = (apiKeys: string[] = []) => {
    real.wire.script(draws)
    const toolbox = fakeToolbox({ draw: () => ({ ok: true, text: 'Drawn.', files }) }, ['draw'])
    return real.open({ toolbox, web: { apiKeys, files: real.rooms.files } })
  }
  type Card = { final: boolean; text: string; files?: { id: string; name: string; mime: string; bytes: number }[] }
  async function lastCard(response: Response): Promise<Card> {
    const cards: Card[] = []
    for await (const [name, data] of events(response)) if (name === 'card') cards.push(data as Card)
    return cards.at(-1) as Card
  }

  test('comes with the answer, and only to the key that owns the session', async () => {
    const { url, post } = await open(['mine', 'other'])
    const as = (key: string) => ({ authorization: `Bearer ${key}` })
    const card = await lastCard(await post('/chat/stream', { message: 'draw', session_id: 'session-1' }, as('mine')))
    expect(card).toMatchObject({ final: true, text: expect.stringContaining('Here they are.') })
    expect(card.files).toMatchObject([
      { mime: 'image/png', bytes: png.length },
      { mime: 'text/plain', bytes: files[1]?.data.length },
    ])
    const [picture, page] = card.files ?? []
    const read = (id = '', key = 'mine', session = 'session-1') =>
      fetch(`${url}/chat/files/${session}/${id}`, { headers: as(key) })
    const shown = await read(picture?.id)
    expect(Object.fromEntries(shown.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': expect.stringMatching(/^attachment; filename\*=UTF-8''/),
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    })
    expect(new Uint8Array(await shown.arrayBuffer())).toEqual(new Uint8Array(png))
    const saved = await read(page?.id)
    expect(saved.headers.get('content-type')).toBe('application/octet-stream')
    expect(await saved.text()).toBe('<script>alert(1)</script>')
    for (const [key, session] of [['other'], ['mine', 'session-2']])
      expect((await read(picture?.id, key, session)).status).toBe(404)
    expect((await fetch(`${url}/chat/files/session-1/${picture?.id}`)).status).toBe(401)
  })

  test('is still there for who takes the stream up again', async () => {
    const { post } = await open()
    let id = ''
    for await (const [name, data] of events(await post('/chat/stream', { message: 'draw', session_id: 'session-1' })))
      if (name === 'session') id = (data as { message_id: string }).message_id
    const again = await lastCard(await post('/chat/follow', { session_id: 'session-1', message_id: id }))
    expect(again.files).toHaveLength(2)
  })

  test('is not promised to a program, which gets the answer alone', async () => {
    const { post } = await open()
    expect(await (await post('/chat', { message: 'draw' })).json()).toMatchObject({ response: 'Here they are.' })
    expect(JSON.stringify(real.wire.requests.at(-1))).toContain('not shown to the person: files cannot be shown where they are')
  })
})
