import { describe, expect, test } from 'vitest'
import { showResult } from '../src/mcp/result.ts'

type Result = Parameters<typeof showResult>[0]
const shown = (result: object, format?: Parameters<typeof showResult>[1]) => showResult(result as Result, format).text
const structured = (structuredContent: unknown, format?: Parameters<typeof showResult>[1]) =>
  shown({ content: [], structuredContent }, format)

describe('structured results as Markdown', () => {
  test.each<[string, unknown, string]>([
    [
      'one thing is a list of what is known of it',
      { id: 7, name: 'Ada', tags: ['a', 'b'] },
      '- id: 7\n- name: Ada\n- tags: a, b',
    ],
    [
      'things alike are a table',
      [
        { id: 1, name: 'a|b', note: 'two\nlines' },
        { id: 2, on: true, note: null },
      ],
      '| id | name | note | on |\n| --- | --- | --- | --- |\n| 1 | a\\|b | two lines |  |\n| 2 |  | — | true |',
    ],
    ['one of them is a line', [{ id: 1, name: 'a' }], '- id: 1, name: a'],
    [
      'a list within is a table of its own',
      { total: 2, rows: [{ a: 1 }, { a: 2 }], next: 'x' },
      '- total: 2\n\n**rows**\n\n| a |\n| --- |\n| 1 |\n| 2 |\n\n- next: x',
    ],
    [
      'what lies deeper is indented',
      { user: { name: 'Ada', langs: [{ l: 'en' }, { l: 'fr' }] } },
      '- user:\n  - name: Ada\n  - langs:\n    - l: en\n    - l: fr',
    ],
    ['long texts are no cells', [{ a: 'x'.repeat(201) }, { a: 'y' }], `- a: ${'x'.repeat(201)}\n- a: y`],
    ['nothing is said to be nothing', { rows: [], more: {} }, '- rows:\n  (none)\n- more:\n  (none)'],
    ['what a server had to wrap is unwrapped', { result: [1, 2] }, '- 1\n- 2'],
    ['a bare value is itself', 42, '42'],
  ])('%s', (_what, value, markdown) => {
    expect(structured(value)).toBe(markdown)
  })

  test('take the place of a text that says the same in JSON, and of no other', () => {
    const value = { sum: 42 }
    const told = (text: string, structuredContent: unknown = value) =>
      shown({ content: [{ type: 'text', text }], structuredContent })
    expect(told('{"sum": 42}')).toBe('- sum: 42')
    expect(told('The sum is 42.')).toBe('The sum is 42.')
    expect(told('{"sum": 43}')).toBe('{"sum": 43}')
    expect(told('{"id": 1790000000000000123}', { id: JSON.parse('1790000000000000123') })).toBe('{"id": 1790000000000000123}')
  })
})

describe('the other formats', () => {
  const value = { user: { name: 'Ada' }, tags: ['a', 'b'], none: null }
  test('JSON is JSON, also beside a text that says something else', () => {
    expect(structured(value, 'json')).toBe(JSON.stringify(value, null, 2))
    expect(shown({ content: [{ type: 'text', text: 'Here you are.' }], structuredContent: value }, 'json')).toBe(
      JSON.stringify(value, null, 2),
    )
    expect(shown({ content: [{ type: 'text', text: 'Only words.' }] }, 'json')).toBe('Only words.')
  })
  test('plain is one line a value', () => {
    expect(structured(value, 'plain')).toBe('user.name: Ada\ntags.1: a\ntags.2: b\nnone: ')
  })
})

describe('what is no text', () => {
  const picture = Buffer.from(Array.from({ length: 3000 }, (_, at) => (at * 31) % 256)).toString('base64')

  test.each(['markdown', 'json', 'plain'] as const)('base64 never reaches the model as %s, wherever it stands', format => {
    const texts = [
      shown({ content: [{ type: 'text', text: `![x](data:image/png;base64,${picture}) done` }] }, format),
      shown({ content: [{ type: 'text', text: `{"image": "${picture}", "n": 1}` }] }, format),
      shown({ content: [{ type: 'resource', resource: { uri: 'x:1', text: `see ${picture}` } }] }, format),
      shown({ content: [{ type: 'resource', resource: { uri: `data:image/png;base64,${picture}`, blob: picture } }] }, format),
      structured({ deep: [{ image: `data:image/png;base64,${picture}`, note: `in words ${picture}` }] }, format),
    ]
    for (const text of texts) expect(text).not.toContain(picture.slice(100, 200))
    expect(texts[0]).toContain('[data in base64, 3 KB]')
    expect(texts[1]).toMatch(/^\{"image": "\[data in base64, 3 KB\]", "n": 1\}$/)
  })

  test('long words that are no data are left as they are', () => {
    const text = `${'x'.repeat(2000)} ${'0123456789abcdef'.repeat(100)} ${'A B c 1 '.repeat(300)}`
    expect(shown({ content: [{ type: 'text', text }] })).toBe(text)
  })

  test('a link says what is known of its aim', () => {
    const link = {
      type: 'resource_link',
      name: 'report',
      uri: 'file:///r.pdf',
      mimeType: 'application/pdf',
      size: 12_000,
      description: 'Sales',
    }
    expect(shown({ content: [link] })).toBe('report <file:///r.pdf> (application/pdf, 12 KB): Sales')
  })

  test('a table is counted by its rows', () => {
    const count = (text: string) => showResult({ content: [{ type: 'text', text }] } as Result).count
    expect(count('Found:\n\n| a | b |\n|:-- | --:|\n| 1 | 2 |\n| 3 | 4 |\n\nThat is all.')).toBe(2)
    expect(count('| a |\r\n| - |\r\n| 1 |\r\n')).toBe(1)
    expect(count('|-\n'.repeat(100_000))).toBeUndefined() // and does not take a minute
  })
})
