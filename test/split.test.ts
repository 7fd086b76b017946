import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openFence } from '../src/reply/fence.ts'
import { split } from '../src/reply/split.ts'

const room = (chars: number) => ({ chars, length: (text: string) => text.length })

test('a text that fits stays as it is', () => {
  expect(split('short', room(100))).toEqual(['short'])
})

test.each([
  ['at the end of a paragraph', 'First paragraph.\n\nSecond one here.', 30, ['First paragraph.', 'Second one here.']],
  ['at the end of a line', 'first line of it\nsecond line of it', 25, ['first line of it', 'second line of it']],
  ['at the end of a sentence', 'One is here. Two is here. Three is.', 28, ['One is here. Two is here.', 'Three is.']],
  ['at the end of a Chinese sentence', '这是第一句话。这是第二句话。这是三', 15, ['这是第一句话。这是第二句话。', '这是三']],
  ['at a space', 'alpha beta gamma delta', 12, ['alpha beta', 'gamma delta']],
  [
    'before a link, not inside it',
    'Read all of it: [the docs](https://example.org/a)',
    34,
    ['Read all of it:', '[the docs](https://example.org/a)'],
  ],
  ['never inside a surrogate pair', '😀😀😀😀', 5, ['😀😀', '😀😀']],
  ['never inside a joined emoji', '👩‍👩‍👧👩‍👩‍👧', 10, ['👩‍👩‍👧', '👩‍👩‍👧']],
])('cuts %s', (_what, text, chars, parts) => {
  expect(split(text, room(chars))).toEqual(parts)
})

test('keeps a link whole when it fits into one part', () => {
  const parts = split('some words before it, then [the docs](https://example.org/a) and after', room(40))
  expect(parts.some(part => part.includes('[the docs](https://example.org/a)'))).toBe(true)
})

test('closes a code fence and opens it again with its language', () => {
  const parts = split(`Look:\n\n\`\`\`ts\n${'const a = 1\n'.repeat(40)}\`\`\`\n\nDone.`, room(120))
  expect(parts.length).toBeGreaterThan(3)
  for (const part of parts) {
    expect(part.length).toBeLessThanOrEqual(120)
    expect(openFence(part)).toBeUndefined()
  }
  expect(parts[2]?.startsWith('```ts\n')).toBe(true)
  expect(parts.join('\n').match(/const a = 1/g)).toHaveLength(40)
})

test('of a very long opening line only the beginning is repeated', () => {
  const parts = split(`\`\`\`${'x'.repeat(300)}\n${'const a = 1\n'.repeat(100)}\`\`\``, room(400))
  expect(parts.length).toBeLessThan(10)
})

test('measures what is seen and not what is written', () => {
  const seen = { chars: 20, length: (text: string) => text.replace(/\*\*/g, '').length }
  expect(split('**bold** **bold** **bold**', seen)).toHaveLength(1)
})

describe('for any text', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '\n',
      '\n\n',
      '```\n',
      '~~~\n',
      '[a link](https://example.org/x)',
      '`code`',
      '👩‍👩‍👧',
      '😀',
      '重要：',
      '。',
      '. ',
      '| a | b |\n',
      '- item\n',
    ),
    fc.string({ maxLength: 30 }),
    fc.string({ unit: 'grapheme', maxLength: 10 }),
  )
  const text = fc.array(piece, { maxLength: 60 }).map(pieces => pieces.join(''))
  /** Fences are closed and opened again, so their marks do not count; none of these has a language, which would be repeated. */
  const visible = (parts: string[]) => parts.join('').replace(/[\s`~]/g, '')

  test('every part fits, and nothing but fences and white space is added or lost', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 60, max: 300 }), (markdown, chars) => {
        const parts = split(markdown, room(chars))
        for (const part of parts) expect(part.length).toBeLessThanOrEqual(chars)
        expect(visible(parts)).toBe(visible([markdown]))
      }),
      { numRuns: 400 },
    )
  })

  test('a surrogate pair is never torn', () => {
    fc.assert(
      fc.property(text, markdown => {
        fc.pre(markdown.isWellFormed())
        for (const part of split(markdown, room(60))) expect(part.isWellFormed()).toBe(true)
      }),
    )
  })

  test('a text that grows by lines keeps its finished parts', () => {
    fc.assert(
      fc.property(text, text, (markdown, more) => {
        fc.pre(openFence(markdown) === undefined)
        const before = split(`${markdown}\n`, room(100)).slice(0, -1)
        expect(split(`${markdown}\n${more}`, room(100)).slice(0, before.length)).toEqual(before)
      }),
    )
  })
})
