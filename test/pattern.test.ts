import { describe, expect, test } from 'vitest'
import { expectInOrder, findInOrder, namedIn, pattern, readPattern, textPattern } from './pattern.ts'

const is = (got: unknown, page: string) => () => expect(got).toEqual(pattern(readPattern(page)))

test.each<[string, unknown, string]>([
  ['a text', { a: 'x', b: 1 }, '{"a": "x"}'],
  ['a part of a text', { a: 'one, two' }, '{"a": "…, two"}'],
  ['any number', [3, 4.5], '[1, 0]'],
  ['any value', { a: [1], b: false }, '{"a": …, "b":…}'],
  ['further members of a list', [{ n: 1 }, { n: 'x' }, 2], '[{"n": "x", …}, …]'],
  ['any list', [], '[…]'],
  ['a text with brackets, quotes and … in it', { a: '[{"}…' }, '{"a": "[{\\"}…", …}'],
])('%s is as the page says', (_what, got, page) => is(got, page)())

test.each<[string, unknown, string]>([
  ['another text', { a: 'y' }, '{"a": "x"}'],
  ['a text without the part', { a: 'two, one' }, '{"a": "…, two"}'],
  ['a text where a number should be', { a: '1' }, '{"a": 1}'],
  ['a field too few', {}, '{"a": …}'],
  ['a member too many', [1, 2], '[1]'],
  ['a list without the member', [{ n: 1 }], '[{"n": "x"}, …]'],
  ['the other truth', { ok: false }, '{"ok": true}'],
  ['an object where a list should be', {}, '[…]'],
])('%s is not', (_what, got, page) => expect(is(got, page)).toThrow())

test('a whole text is read, over all its lines', () => {
  expect('a (b)\nc').toMatch(textPattern('a (b)…'))
  expect('a b').not.toMatch(textPattern('a'))
  expect('').toMatch(textPattern(''))
})

test('what stood where the page has … is known by its name, of the member that matched', () => {
  const buttons = [
    { action: 'stop', token: 't-1' },
    { action: 'fill', token: 't-2' },
  ]
  const page = '{"id": "a-…", "text": "as is", "buttons": [{"action": "fill", "token": "…"}, …], "more": …}'
  expect(namedIn(readPattern(page), { id: 'a-1', text: 'as is', buttons, more: 'x' })).toEqual([
    ['id', 'a-1'],
    ['token', 't-2'],
  ])
})

describe('a stream', () => {
  const stream = 'event: one\ndata: {"a": 1, "b": "x"}\n\n: beat 7\n\ndata: {"a": 2}\n\ndata: [DONE]\n\n'
  test.each([[['data: {"b": "…"}', ': beat …', 'data: [DONE]']], [['data: {"a": 5}', 'data: {"a": 5}']], [[]]])('has %j', lines =>
    expectInOrder(stream, lines),
  )
  test.each([[['data: [DONE]', 'data: {"a": 1}']], [['data: {"b": "y"}']], [[': beat']], [['data: {"a": "…"}']]])(
    'has not %j',
    lines => expect(() => expectInOrder(stream, lines)).toThrow('is not in'),
  )
  test('tells what is missing yet, and what was named', () => {
    expect(findInOrder(stream, ['data: {"b": "…"}', 'data: {"c": 1}'])).toMatchObject({
      missing: 'data: {"c": 1}',
      named: [['b', 'x']],
    })
  })
})
