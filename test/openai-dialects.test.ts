import { expect, test } from 'vitest'
import { createAnswer } from '../src/models/answer.ts'
import { readArguments } from '../src/models/arguments.ts'
import { claimCallId } from '../src/models/call-id.ts'
import { adaptSchema } from '../src/models/schema.ts'
import { createSseParser } from '../src/models/sse.ts'
import { createThinkFilter } from '../src/models/think.ts'
import { fc } from './properties.ts'

const stream = [
  'data: {"a":1}\n\n',
  ': keep-alive\n\n',
  'event: message\nid: 7\ndata:{"b":"é🌍"}\r\n\r\n',
  'data: one\r\ndata: two\r\n\r\n',
  'data\rdata: carriage\r\r',
  'data: [DONE]\n\n',
  'data: forgotten end',
].join('')
const events = ['{"a":1}', '{"b":"é🌍"}', 'one\ntwo', '\ncarriage', '[DONE]', 'forgotten end']

function parse(...pieces: Uint8Array[]): string[] {
  const parser = createSseParser()
  return [...pieces.flatMap(piece => parser.push(piece)), ...parser.end()]
}

test('server-sent events are the same, wherever their bytes are cut once', () => {
  const bytes = Buffer.from(stream)
  for (let cut = 0; cut <= bytes.length; cut++) expect(parse(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(events)
})

test('server-sent events are the same, byte by byte', () => {
  expect(parse(...Array.from(Buffer.from(stream), byte => Uint8Array.of(byte)))).toEqual(events)
})

test('an event is known as soon as its empty line has come, not later', () => {
  expect(createSseParser().push(Buffer.from('data: now\n\n'))).toEqual(['now'])
})

const thoughts: [string, string][] = [
  ['<think>hm</think>Hello', 'Hello'],
  ['\n<think>\nhm\n</think>\n\nHello', 'Hello'],
  ['Hello <think>hm</think>Ann', 'Hello Ann'],
  ['<think>a</think>One<think>b</think>Two', 'OneTwo'],
  ['<think>cut off while it thin', ''],
  ['<think></think>', ''],
  ['1 < 2 and <b>bold</b> <thin', '1 < 2 and <b>bold</b> <thin'],
  ['the tag `<think>` begins a thought', 'the tag `<think>` begins a thought'],
  ['between `<think>` and `</think>` stand thoughts', 'between `<think>` and `</think>` stand thoughts'],
  ['a <think> that nothing closes', 'a <think> that nothing closes'],
  ['<thinking about it', '<thinking about it'],
  ['<<think>x</think>', '<'],
  ['', ''],
]

test.each(thoughts)('thoughts are hidden: %j → %j', (text, seen) => {
  for (let a = 0; a <= text.length; a++) {
    for (let b = a; b <= text.length; b++) {
      const filter = createThinkFilter()
      const out = [text.slice(0, a), text.slice(a, b), text.slice(b)].map(filter.push).join('') + filter.end()
      expect(out).toBe(seen)
    }
  }
})

test('words are not held back for longer than they may be a tag', () => {
  const filter = createThinkFilter()
  expect(['Hi', ' <', 'b>'].map(filter.push)).toEqual(['Hi', ' ', '<b>'])
})

const written: [string, unknown][] = [
  ['{"a":1}', { a: 1 }],
  ['', {}],
  ['  ', {}],
  ['null', {}],
  ['{"a":[1,2,],}', { a: [1, 2] }],
  ['{"a":{"b":[1', { a: { b: [1] } }],
  ['{"a":"x,}"', { a: 'x,}' }],
  ['"{\\"a\\":1}"', { a: 1 }],
  ['```json\n{"a":1}\n```', { a: 1 }],
  ['{"a":"unclosed', undefined],
  ['{"a":', undefined],
  ['[1]', undefined],
  ['42', undefined],
  ['call it with a=1', undefined],
]

test.each(written)('arguments %j are read as %j', (raw, input) => {
  expect(readArguments(raw, true)).toEqual(input === undefined ? { input: {}, broken: raw } : { input })
})

test('arguments that were cut off are never completed', () => {
  const raw = '{"query":"DELETE FROM rooms", "limit":1'
  expect(readArguments(raw, false)).toEqual({ input: {}, broken: raw })
  expect(readArguments('{"n":1}', false)).toEqual({ input: { n: 1 } })
})

test('any object survives its own spelling, also without its last braces', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), object => {
      const text = JSON.stringify(object)
      const input = JSON.parse(text) as unknown
      expect(readArguments(text, false).input).toEqual(input)
      const open = text.replace(/[}\]]+$/, '')
      const { input: mended, broken } = readArguments(open, true)
      if (broken === undefined) expect(mended).toEqual(input)
    }),
  )
})

test.each(['length', undefined])('a call that was cut off (%s) is broken, not mended', finish_reason => {
  const answer = createAnswer(new Set())
  answer.add({
    choices: [{ delta: { tool_calls: [{ index: 0, id: 'x', function: { name: 'one', arguments: '{"a":1' } }] }, finish_reason }],
  })
  expect(answer.end().calls).toEqual([{ id: 'x', name: 'one', input: {}, broken: '{"a":1' }])
})

test('a new id has the form that every endpoint accepts, and is never one that is taken', () => {
  const taken = new Set(['a'])
  expect(claimCallId(taken, 'b')).toBe('b')
  for (const wanted of ['a', 'b', '', undefined]) expect(claimCallId(taken, wanted)).toMatch(/^[a-z0-9]{9}$/)
  expect(taken.size).toBe(6)
})

const schemas: [string, Record<string, unknown>, Record<string, unknown>][] = [
  ['an empty one', {}, { type: 'object', properties: {} }],
  [
    'without properties',
    { type: 'object', additionalProperties: false },
    { type: 'object', properties: {}, additionalProperties: false },
  ],
  [
    'alternatives at the root',
    { type: 'object', properties: { a: {} }, oneOf: [{ required: ['a'] }] },
    { type: 'object', properties: { a: {} } },
  ],
  [
    'arrays that do not say what they hold',
    {
      type: 'object',
      properties: { a: { type: 'array' }, b: { anyOf: [{ type: ['array', 'null'] }] } },
      $defs: { c: { type: 'array', items: { type: 'array' } } },
    },
    {
      type: 'object',
      properties: { a: { type: 'array', items: {} }, b: { anyOf: [{ type: ['array', 'null'], items: {} }] } },
      $defs: { c: { type: 'array', items: { type: 'array', items: {} } } },
    },
  ],
  [
    'a property called type, and values that look like schemas',
    {
      type: 'object',
      properties: { type: { type: 'string', default: { type: 'array' } }, items: { type: 'string' } },
      required: ['type'],
    },
    {
      type: 'object',
      properties: { type: { type: 'string', default: { type: 'array' } }, items: { type: 'string' } },
      required: ['type'],
    },
  ],
]

test.each(schemas)('schema %s', (_name, schema, adapted) => {
  const before = structuredClone(schema)
  expect(adaptSchema(schema)).toEqual(adapted)
  expect(adaptSchema(schema)).toBe(adaptSchema(schema))
  expect(schema).toEqual(before)
})
