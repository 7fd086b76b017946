import { describe, expect, onTestFinished, test } from 'vitest'
import { toRich } from '../adapters/telegram/rich.ts'
import type { RichMode } from '../adapters/telegram/rich-first.ts'
import { linesOfRich } from '../adapters/telegram/rich-text.ts'
import { createTelegramAdapter } from '../adapters/telegram/telegram.ts'
import { Gone, RateLimited } from '../src/errors.ts'
import { silentLog } from '../src/log.ts'
import { isMessage } from '../src/message.ts'
import { adapterContract, live } from './adapter.contract.ts'
import { brokenDocs, wholeDocs } from './markdown.ts'
import { fc } from './properties.ts'
import { callsOf, createMemory, listenAt, makeAdapter } from './telegram.stage.ts'
import { startTelegramWire, type TelegramWire } from './wire/telegram.ts'
import { richComplaint } from './wire/telegram-rich.ts'

const person = 42
const here = `telegram:${person}`
const table = '|a|b|\n|:-|-:|\n|1||'
const middle = { valign: 'middle' }
const ofTable = {
  type: 'table',
  is_bordered: true,
  cells: [
    [
      { text: 'a', align: 'left', is_header: true, ...middle },
      { text: 'b', align: 'right', is_header: true, ...middle },
    ],
    [
      { text: '1', align: 'left', ...middle },
      { align: 'right', ...middle },
    ],
  ],
}
const says = (text: unknown) => ({ type: 'paragraph', text })

describe('a text as the blocks of a rich message', () => {
  test.each<[string, string, unknown[]]>([
    ['a table', `so:\n\n${table}`, [says('so:'), ofTable]],
    [
      'a cell too many',
      '|a|\n|-|\n|1|2|',
      [
        {
          ...ofTable,
          cells: [
            [{ text: 'a', align: 'left', is_header: true, ...middle }],
            [{ text: ['1', ' | ', '2'], align: 'left', ...middle }],
          ],
        },
      ],
    ],
    ['headings', '## 一 **b**\nc', [{ type: 'heading', size: 2, text: ['一 ', { type: 'bold', text: 'b' }] }, says('c')]],
    [
      'formulas',
      'so $a^2$ and `a`\n\n$$\nx\n= y\n$$\n\n\\[z\\]',
      [
        says(['so ', { type: 'mathematical_expression', expression: 'a^2' }, ' and ', { type: 'code', text: 'a' }]),
        { type: 'mathematical_expression', expression: 'x\n= y' },
        { type: 'mathematical_expression', expression: 'z' },
      ],
    ],
    [
      'code',
      '```ts\n1\n```\n\n```tex\n2\n```\n\n```\n```',
      [
        { type: 'pre', text: '1', language: 'ts' },
        { type: 'pre', text: '2', language: 'tex' },
      ],
    ],
    [
      'lists',
      '3. a\n4. \n   - [x] b\n   - [ ] c',
      [
        {
          type: 'list',
          items: [
            { blocks: [says('a')], value: 3, type: '1' },
            {
              blocks: [
                {
                  type: 'list',
                  items: [
                    { blocks: [says('b')], has_checkbox: true, is_checked: true },
                    { blocks: [says('c')], has_checkbox: true },
                  ],
                },
              ],
              value: 4,
              type: '1',
            },
          ],
        },
      ],
    ],
    [
      'an empty item',
      '- a\n-\n- b',
      [{ type: 'list', items: [{ blocks: [says('a')] }, { blocks: [says('–')] }, { blocks: [says('b')] }] }],
    ],
    ['a quote, and an empty one', '> a\n\n---\n\n>', [{ type: 'blockquote', blocks: [says('a')] }, { type: 'divider' }]],
    ['small print', 'a\n-# ✅ b', [says('a'), { type: 'footer', text: '✅ b' }]],
    [
      'marks',
      '*a* ~~b~~ ||c **d**|| e || f',
      [
        says([
          { type: 'italic', text: 'a' },
          ' ',
          { type: 'strikethrough', text: 'b' },
          ' ',
          { type: 'spoiler', text: ['c ', { type: 'bold', text: 'd' }] },
          ' e ',
          '||',
          ' f',
        ]),
      ],
    ],
    [
      'links, and those that Telegram refuses',
      '[a](https://x.example/?b=1&c=2) [d](/e) [f][1] https://g.example\n\n[1]: https://h.example',
      [
        says([
          { type: 'url', text: 'a', url: 'https://x.example/?b=1&c=2' },
          ' ',
          ['d', ' (/e)'],
          ' ',
          { type: 'url', text: 'f', url: 'https://h.example/' },
          ' ',
          'https://g.example',
        ]),
      ],
    ],
    [
      'what would fetch, ping or press',
      '![](https://x.example/track.png) [a](tg://user?id=1) <img src="https://x.example"/>\n\n<tg-button type="callback_data" data="stop:1">b</tg-button>',
      [
        says(['https://x.example/track.png', ' ', ['a', ' (tg://user?id=1)'], ' ', '<img src="https://x.example"/>']),
        says(['<tg-button type="callback_data" data="stop:1">', 'b', '</tg-button>']),
      ],
    ],
  ])('%s', (_, markdown, blocks) => {
    expect(toRich(markdown, true)).toEqual(blocks)
    expect(richComplaint({ blocks })).toBeUndefined()
  })

  test.each<[string, string]>([
    ['twenty-one columns', `|${'a|'.repeat(21)}\n|${'-|'.repeat(21)}`],
    ['more than 500 rows', `|a|\n|-|\n${'|1|\n'.repeat(500)}`],
    ['quotes in quotes', `${'> '.repeat(17)}# a`],
    ['too many letters', `# ${'a'.repeat(33_000)}`],
    ['nothing', ' \n'],
    ['what nobody means', `# a\n${'> '.repeat(50)}b`],
  ])('what Telegram would refuse is none: %s', (_, markdown) => {
    expect(toRich(markdown, true)).toBeUndefined()
  })

  test.each<[boolean, string]>([
    [true, table],
    [true, '> - # a'],
    [true, 'so $a^2$'],
    [true, 'a\n===='],
    [false, '- [x] **a** | b\n\n> `c`'],
    [false, 'from $5 to $6 || `# a`'],
    [false, '```\n# a\n|b|\n|-|\n```'],
  ])('it is worth it: %j, %j', (isWorthIt, markdown) => {
    expect(toRich(markdown, false) !== undefined).toBe(isWorthIt)
    expect(toRich(markdown, true)).toBeDefined()
  })

  test('whatever is written, Telegram takes it and no word is lost', { timeout: 120_000 }, () => {
    const docs = fc.oneof(wholeDocs(6), brokenDocs(6))
    const property = fc.property(docs, ({ source, words, strays }) => {
      const blocks = toRich(source, true)
      if (!blocks) return
      expect(richComplaint({ blocks: JSON.parse(JSON.stringify(blocks)) })).toBeUndefined()
      const seen = JSON.stringify(blocks).replace(/[\s\u200b\\]/g, '')
      expect([...words, ...strays].filter(word => !seen.includes(JSON.stringify(word).slice(1, -1).replace(/\\/g, '')))).toEqual(
        [],
      )
    })
    fc.assert(property, { numRuns: 300 })
  })
})

async function open(rich: RichMode, options: Parameters<typeof startTelegramWire>[0] = {}) {
  const wire = await startTelegramWire(options)
  onTestFinished(() => wire.close())
  wire.say({ text: 'hello' })
  return { wire, adapter: makeAdapter(wire, { rich }) }
}
const last = (wire: TelegramWire) => wire.messages(person).at(-1)
const say = (text: string) => ({ text, buttons: [{ label: 'Stop', action: 'stop', token: 't' }], final: false })

adapterContract('telegram with rich messages', async () => {
  const wire = await startTelegramWire()
  const make = () =>
    createTelegramAdapter({
      token: wire.token,
      apiRoot: wire.url,
      rich: 'on',
      memory: createMemory(),
      log: silentLog,
      callMs: 1000,
    })
  const adapter = make()
  const said = ({ text, rich }: { text: string; rich?: unknown }) => (rich ? linesOfRich(rich) : text)
  return {
    adapter,
    second: make(),
    conversation: here,
    say: text => void wire.say({ text }),
    repeat: wire.repeat,
    botSays: text => void wire.say({ text, chat: person, from: { id: 77, is_bot: true, first_name: 'Other' } }),
    press: (id, label) => wire.press({ message: Number(id), label }),
    told: () => wire.alerts.map(({ text }) => text),
    shown: () => wire.messages(person).flatMap(one => (one.bot ? [said(one)] : [])),
    limitNext: ms => wire.fail({ kind: 'limit', seconds: ms / 1000 }, { chat: person }),
    forget: id => wire.forget(person, Number(id)),
    redelivers: true,
    close: async () => {
      await adapter.stop()
      await wire.close()
    },
  }
})

describe('what is said', () => {
  test('becomes rich with its first table, keeps its buttons, and is text again without', async () => {
    const { wire, adapter } = await open('auto')
    const id = await adapter.post(here, say('thinking'), '501')
    expect(last(wire)).toMatchObject({ text: 'thinking', replyTo: 501 })
    await adapter.edit(here, id, say(table))
    expect(last(wire)).toMatchObject({ id: Number(id), text: '', rich: [ofTable], buttons: ['Stop'], edits: 1 })
    await adapter.edit(here, id, say(table))
    expect(last(wire)).toMatchObject({ rich: [ofTable], edits: 1 })
    await adapter.edit(here, id, live('**over**'))
    expect(last(wire)).toMatchObject({ text: 'over', buttons: [], edits: 2 })
    expect(last(wire)).not.toHaveProperty('rich')
  })

  test('is posted rich, below what it answers', async () => {
    const { wire, adapter } = await open('auto')
    await adapter.post(here, say('# Hello'), '501')
    expect(last(wire)).toMatchObject({ rich: [{ type: 'heading' }], replyTo: 501, buttons: ['Stop'] })
  })

  test('is text where nobody asked for more', async () => {
    const { wire, adapter } = await open('off')
    await adapter.post(here, say(table))
    expect(last(wire)?.text).toContain('a │ b')
    const auto = makeAdapter(wire, { rich: 'auto' })
    await auto.post(here, say('- [ ] **plain**'))
    expect(last(wire)?.text).toBe('☐ plain')
  })

  test('is text on a server that knows no rich messages, which is asked but once', async () => {
    const { wire, adapter } = await open('auto', { knowsRich: false })
    const id = await adapter.post(here, say(table))
    await adapter.edit(here, id, say(`${table}\n\nmore`))
    await adapter.post(here, say('# Hello'))
    expect(
      wire
        .messages(person)
        .slice(1)
        .map(({ text }) => text),
    ).toEqual([expect.stringContaining('more'), 'Hello'])
    expect(callsOf(wire, 'sendRichMessage')).toHaveLength(1)
    expect(callsOf(wire, 'editMessageText')).toHaveLength(1)
  })

  test('an edit finds that out as well', async () => {
    const { wire, adapter } = await open('auto', { knowsRich: false })
    const ids = [await adapter.post(here, say('thinking')), await adapter.post(here, say('thinking too'))]
    for (const id of ids) await adapter.edit(here, id, say(`${table}\n\nmore`))
    expect(
      wire
        .messages(person)
        .slice(1)
        .map(({ text }) => text),
    ).toEqual(Array(2).fill(expect.stringContaining('more')))
    expect(callsOf(wire, 'editMessageText').map(({ ok }) => ok)).toEqual([false, true, true])
  })

  test('is text for good where Telegram refuses it, and other messages are still rich', async () => {
    const { wire, adapter } = await open('auto')
    const id = await adapter.post(here, say('thinking'))
    wire.fail({ kind: 'error', code: 400, description: 'Bad Request: RICH_MESSAGE_EMAIL_INVALID' }, { method: 'editMessageText' })
    await adapter.edit(here, id, say(table))
    expect(last(wire)?.text).toContain('a │ b')
    await adapter.edit(here, id, say(`${table}\n\nmore`))
    expect(last(wire)?.text).toContain('more')
    expect(callsOf(wire, 'editMessageText').map(({ ok }) => ok)).toEqual([false, true, true])
    await adapter.post(here, say(table))
    expect(last(wire)?.rich).toEqual([ofTable])
  })

  test('waits and ends as text does: no second call where Telegram asks for patience, or the message is gone', async () => {
    const { wire, adapter } = await open('auto')
    const id = await adapter.post(here, say('thinking'))
    wire.fail({ kind: 'limit', seconds: 3 }, { chat: person })
    await expect(adapter.edit(here, id, say(table))).rejects.toBeInstanceOf(RateLimited)
    wire.forget(person, Number(id))
    await expect(adapter.edit(here, id, say(table))).rejects.toBeInstanceOf(Gone)
    expect(callsOf(wire, 'editMessageText')).toHaveLength(2)
  })

  test('is known to who replies to it', async () => {
    const { wire, adapter } = await open('auto')
    const { heard, hears } = await listenAt(wire, { log: silentLog })
    await hears(1)
    const id = await adapter.post(here, say(`# Prices\n\n${table}\n\n1. $x^2$\n2. [ ] b`))
    wire.say({ text: 'and tomorrow?', replyTo: Number(id) })
    await hears(2)
    const [, question] = heard.filter(isMessage)
    expect(question?.quoted?.text).toBe('Prices\na | b\n1 | \n1. x^2\n2. [ ] b')
  })
})

test('a rich message pings nobody either', () => {
  expect(JSON.stringify(toRich('# Hello\n\n@ada and `@code`', true))).toContain('@\u200bada')
  expect(JSON.stringify(toRich('# Hello\n\n@ada and `@code`', true))).toContain('"@code"')
})
