import { describe, expect, test } from 'vitest'
import { plain, styled } from '../adapters/terminal/style.ts'
import { widthOf, wrap } from '../adapters/terminal/width.ts'

describe('words on a screen', () => {
  test.for<[string, number]>([
    ['', 0],
    ['abc', 3],
    ['数据', 4],
    ['한국', 4],
    ['カナ', 4],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['✅', 2],
    ['⚠️', 2],
    ['∅', 1],
    ['\u001b[1mbold\u001b[0m', 4],
  ])('"%s" takes %i columns', ([text, columns]) => expect(widthOf(text)).toBe(columns))

  test.for<[string, number, string[]]>([
    ['', 10, ['']],
    ['one two three', 7, ['one two', 'three']],
    ['one two three', 8, ['one two', 'three']],
    ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
    ['a\n\nb', 4, ['a', '', 'b']],
    ['数据库里', 5, ['数据', '库里']],
    ['see 数据库', 7, ['see 数', '据库']],
    ['\u001b[1mone two\u001b[0m', 4, ['\u001b[1mone', 'two\u001b[0m']],
  ])('"%s" in %i columns', ([text, columns, rows]) => {
    expect(wrap(text, columns)).toEqual(rows)
    for (const row of rows) expect(widthOf(row)).toBeLessThanOrEqual(columns)
  })

  test.for<[string, string]>([
    ['**bold** word', '\u001b[1mbold\u001b[0m word'],
    ['a `code` b', 'a \u001b[36mcode\u001b[0m b'],
    ['`**not bold**`', '\u001b[36m**not bold**\u001b[0m'],
    ['-# small', '\u001b[2msmall\u001b[0m'],
    ['## Title', '\u001b[1mTitle\u001b[0m'],
    ['2 * 3 * 4', '2 * 3 * 4'],
    ['an *em* word', 'an \u001b[3mem\u001b[0m word'],
    ['a\u001b[31mb', 'ab'],
    ['\\*\\*a\\_b\\*\\* **c\\*d**', '**a_b** \u001b[1mc*d\u001b[0m'],
    ['`a\\*b` \\` c', '\u001b[36ma\\*b\u001b[0m ` c'],
    ['-# ✅ a\\_b 0.2 s', '\u001b[2m✅ a_b 0.2 s\u001b[0m'],
  ])('"%s" is styled', ([markdown, expected]) => expect(styled(markdown)).toBe(expected))

  test('plain text keeps its Markdown and loses what steers a terminal', () => {
    expect(plain('**a\\*b**\n-# b\\*\u001b[2J\tc')).toBe('**a\\*b**\nb*    c')
  })
})
