import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openLongResults } from '../src/agent/long-results.ts'
import { toPages, toPieces } from '../src/agent/pieces.ts'
import { createSeek, termsOf } from '../src/agent/seek.ts'
import { createGauge, estimateTokens } from '../src/agent/tokens.ts'
import { silentLog } from '../src/log.ts'
import { showResult } from '../src/mcp/result.ts'
import type { Entry } from '../src/model.ts'
import type { ToolResult } from '../src/toolbox.ts'
import { fakeToolbox } from './fakes.ts'
import { testRooms } from './rooms.ts'

let rooms: Awaited<ReturnType<typeof testRooms>>
beforeAll(async () => {
  rooms = await testRooms()
})
afterAll(() => rooms.close())

const signal = new AbortController().signal
const open = (over: { conversation?: string; known?: Entry[]; perCall?: number; perTurn?: number } = {}) =>
  openLongResults({
    toolbox: fakeToolbox({ read: () => ({ ok: true, text: 'short' }) }),
    texts: rooms.texts,
    conversation: 'fake:1',
    known: [],
    log: silentLog,
    ...over,
  })
const more = ({ toolbox }: ReturnType<typeof open>, input: Record<string, unknown>) =>
  toolbox.call('read_more', input, { signal, onProgress() {} })
const nextOf = ({ more = '' }: ToolResult) => {
  const found = /read_more with (\{.*?\})/.exec(more)?.[1]
  return found === undefined ? undefined : (JSON.parse(found) as { ref: string; page: number })
}
const json = (value: unknown): ToolResult => ({ ok: true, text: JSON.stringify(value) })
const items = (count: number) =>
  Array.from({ length: count }, (_, id) => ({
    id,
    name: `thing ${id}`,
    note: id === 4321 ? '猫在弹钢琴 with a banjo' : '狗在睡觉 all day long',
  }))

/** Every page of it, joined. */
async function readAll(long: ReturnType<typeof open>, first: ToolResult): Promise<string[]> {
  const texts = [first.text]
  for (let next = nextOf(first); next; ) {
    const result = await more(long, next)
    expect(result.ok).toBe(true)
    texts.push(result.text)
    next = nextOf(result)
  }
  return texts
}

describe('a result that is too long', () => {
  test('is cut between the items of a list, and every item is read on to, in order', async () => {
    const long = open()
    const first = await long.shorten(json({ total: 2000, items: items(2000) }))
    const [head = '', list = ''] = first.text.split(/\n(.*)/s)
    expect(JSON.parse(head)).toEqual({ total: 2000, items: '(2000 items)' })
    const [, ...rest] = await readAll(long, first)
    const all = [list, ...rest].flatMap(text => JSON.parse(text) as { id: number }[])
    expect(all.map(({ id }) => id)).toEqual(items(2000).map(({ id }) => id))
    expect(first.more).toMatch(/^shown are items 1 to \d+ of 2000; to read on: read_more with /)
  })

  test.each<[string, string]>([
    ['paragraphs', Array.from({ length: 3000 }, (_, at) => `Paragraph ${at} has some words.`).join('\n\n')],
    ['lines', Array.from({ length: 9000 }, (_, at) => `| row ${at} | ${'x'.repeat(at % 60)} |`).join('\n')],
    ['one long line of Chinese', '一只猫在弹钢琴，另一只在听。'.repeat(3000)],
    ['nothing but emoji', '👩‍🚀😀𝒳'.repeat(20_000)],
    ['one item that is all of it', JSON.stringify([{ text: 'words '.repeat(20_000) }, 2])],
  ])('of %s comes whole in the end, with no character torn', async (_what, text) => {
    const long = open()
    const texts = await readAll(long, await long.shorten({ ok: true, text }))
    expect(texts.length).toBeGreaterThan(1)
    for (const part of texts) expect(part.isWellFormed()).toBe(true)
    expect(texts.join('').replaceAll('\n', '')).toBe(
      text.startsWith('[') ? text.slice(1, -1).replace('},2', '}2') : text.replaceAll('\n', ''),
    )
  })

  test('costs no more than the call may, and all calls together no more than the turn, but for a page each', async () => {
    const long = open({ perCall: 5000, perTurn: 12_000 })
    const result = () => long.shorten(json(items(5000)))
    const sizes = (await Promise.all([result(), result(), result(), result()])).map(({ text }) => estimateTokens(text))
    for (const size of sizes.slice(0, 2)) expect(size).toBeLessThanOrEqual(5000)
    expect(sizes[0]).toBeGreaterThan(3900)
    expect(sizes[2]).toBeLessThanOrEqual(2000)
    expect(sizes[3]).toBeLessThanOrEqual(1000)
  })

  test('may be as long as what the endpoint counts allows', async () => {
    const long = open()
    long.gauge.learn(1000, 2000)
    const { text } = await long.shorten(json(items(5000)))
    expect(estimateTokens(text)).toBeLessThanOrEqual(4000)
  })

  test('is told as it is when it is short', async () => {
    const short = json(items(3))
    expect(await open().shorten(short)).toBe(short)
  })

  test('is cut all the same when it cannot be kept', async () => {
    const texts = { ...rooms.texts, keep: () => Promise.reject(new Error('away')) }
    const long = openLongResults({ toolbox: fakeToolbox(), texts, conversation: 'fake:1', known: [], log: silentLog })
    const { text, more } = await long.shorten(json(items(5000)))
    expect(estimateTokens(text)).toBeLessThanOrEqual(8000)
    expect(more).toContain('the rest is lost')
  })
})

describe('read_more', () => {
  const names = (long: ReturnType<typeof open>) => long.toolbox.list().map(({ name }) => name)

  test('is offered once something was cut, and in later turns that know of it', async () => {
    const long = open()
    expect(names(long)).toEqual(['read'])
    await long.shorten(json(items(5000)))
    expect(names(long)).toEqual(['read', 'read_more'])
    const remark = 'source: x · ok; shown are items 1 to 9 of 99; to read on: read_more with {"ref":"r1","page":2}'
    expect(names(open({ known: [{ role: 'tool', callId: 'c', name: 'x', text: '', ok: true, remark }] }))).toContain('read_more')
  })

  test.each([
    ['猫弹钢琴', '"id":4321'],
    ['banjo', '"id":4321'],
    ['thing 1234', '"id":1234'],
  ])('finds %s', async (query, expected) => {
    const long = open()
    const { ref } = nextOf(await long.shorten(json(items(5000)))) ?? {}
    const found = await more(long, { ref, query })
    expect(found.text.split('\n')[1]).toContain(expected)
    expect(estimateTokens(found.text)).toBeLessThanOrEqual(8000)
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['a page that is not there', { page: 10_000 }, 'a page from 1 to'],
    ['page 0', { page: 0 }, 'a page from 1 to'],
    ['no number', { page: 'x' }, 'a page from 1 to'],
    ['another reference', { ref: 'r0000000000' }, 'no such text'],
    ['no reference', { ref: 7 }, 'no such text'],
    ['words that are nowhere', { query: 'zebra' }, 'no results for "zebra"'],
  ])('says so: %s', async (_what, input, sentence) => {
    const long = open()
    const { ref } = nextOf(await long.shorten(json(items(5000)))) ?? {}
    expect((await more(long, { ref, ...input })).text).toContain(sentence)
  })

  test('reads nothing of another conversation', async () => {
    const { ref } = nextOf(await open().shorten(json(items(5000)))) ?? {}
    expect((await more(open({ conversation: 'fake:2' }), { ref })).ok).toBe(false)
    expect((await more(open(), { ref })).ok).toBe(true)
  })
})

test('five megabytes cost what little is shown, and are read to the last item', async () => {
  const rows = items(86_000)
  const text = JSON.stringify(rows)
  expect(text.length).toBeGreaterThan(5_000_000)
  const before = process.memoryUsage().rss
  const long = open()
  const first = await long.shorten(showResult({ content: [{ type: 'text', text }] }))
  expect(first.count).toBe(86_000)
  expect(estimateTokens(first.text)).toBeLessThanOrEqual(8000)
  const pages = Number(/\((\d+) pages\)/.exec(first.more ?? '')?.[1])
  const { ref } = nextOf(first) ?? {}
  const last = await more(long, { ref, page: pages })
  expect((JSON.parse(last.text) as unknown[]).at(-1)).toEqual(rows.at(-1))
  expect(last.more).toContain('this is the end')
  const found = await more(long, { ref, query: 'thing 85999' })
  expect(found.text).toContain('"id":85999')
  expect(process.memoryUsage().rss - before).toBeLessThan(400_000_000)
})

test.each<[string, string[]]>([
  ['The Big cat', ['the', 'big', 'cat']],
  ['猫弹钢琴', ['猫弹', '弹钢', '钢琴']],
  ['猫 piano钢琴', ['猫', 'piano', '钢琴']],
])('the terms of %s', (text, terms) => expect(termsOf(text)).toEqual(terms))

test('rare words count more than frequent ones, and the middle of a word counts for nothing', () => {
  const seek = createSeek('the red cat')
  const pieces = ['the red', 'the red', 'the red', 'concatenate', 'a cat', 'none']
  for (const [at, piece] of pieces.entries()) seek.look(at, piece)
  expect(seek.best()).toEqual([0, 1, 2, 4])
  const rare = createSeek('the cat')
  for (const [at, piece] of ['the', 'the', 'the', 'cat'].entries()) rare.look(at, piece)
  expect(rare.best()).toEqual([3, 0, 1, 2])
})

test('a gauge learns from what the endpoint counts, within reason', () => {
  const gauge = createGauge()
  const text = 'x'.repeat(4000)
  const after = (estimated: number, counted: number) => {
    gauge.learn(estimated, counted)
    return gauge.tokens(text)
  }
  expect([gauge.tokens(text), after(1000, 1500), after(10, 500), after(1000, 90_000), after(1000, 1)]).toEqual([
    1000, 1500, 1500, 2500, 500,
  ])
  expect(estimateTokens('猫在弹钢琴')).toBe(5)
})

test('a page holds what fits and at least one piece', () => {
  const sizes = (pieces: string[]) => toPages(pieces, 10, text => text.length).map(({ from, pieces }) => [from, pieces.length])
  expect(sizes(['aaaa', 'aaaa', 'aaaa', 'a'.repeat(30), 'a'])).toEqual([
    [1, 2],
    [3, 1],
    [4, 1],
    [5, 1],
  ])
  expect(toPieces('[1,2,3]', 100, estimateTokens)).toEqual({ kind: 'items', pieces: ['1', '2', '3'] })
})

test.each([0, 1, 2, 3])('no character is torn, wherever it stands: %i', before => {
  const { pieces } = toPieces('a'.repeat(before) + '😀'.repeat(999), 100, estimateTokens)
  expect(pieces.length).toBeGreaterThan(4)
  for (const piece of pieces) expect(piece.isWellFormed()).toBe(true)
})
