import { describe, expect, test } from 'vitest'
import { createGrowing, type Packing, pack } from '../src/reply/pack.ts'
import { createSplitter, split } from '../src/reply/split.ts'
import { fc } from './properties.ts'

const room = (chars: number) => ({ chars, length: (text: string) => text.length })

// What grows with the square of it takes half a minute here.
test.each(['\n', ' \n', '\u00a0\n'])('a wall of 100,000 times %j is no more than blank lines', piece => {
  expect(split(`first\n${piece.repeat(100_000)}last`, room(2000))).toEqual([`first\n${piece.repeat(30)}last`])
})

test('blank lines that a person would see stay', () => {
  const text = `${'a'.repeat(50)}${'\n'.repeat(20)}${'b'.repeat(50)}`
  expect(split(text, room(125))).toEqual([text])
  expect(split(`${text}\n${'c'.repeat(50)}`, room(171))).toEqual([`${text}\n${'c'.repeat(50)}`])
})

test('a text that fits stays as it is', () => {
  expect(split('short', room(100))).toEqual(['short'])
})

test.each([
  ['at the end of a paragraph', 'First paragraph.\n\nSecond one here.', 30, ['First paragraph.', 'Second one here.']],
  ['at the end of a line', 'first line of it\nsecond line of it', 25, ['first line of it', 'second line of it']],
  ['at the end of a sentence', 'One is here. Two is here. Three is.', 28, ['One is here. Two is here.', 'Three is.']],
  ['at the end of a Chinese sentence', '这是第一句话。这是第二句话。这是三', 15, ['这是第一句话。这是第二句话。', '这是三']],
  [
    'at the end of a Chinese sentence behind an address',
    '见https://x.org/a。这是第一句话。这是第二句话。',
    28,
    ['见https://x.org/a。这是第一句话。', '这是第二句话。'],
  ],
  [
    'within bold that holds an address, which is closed and opened again',
    '**see https://x.org/a and more** here',
    30,
    ['**see https://x.org/a and**', '**more** here'],
  ],
  ['behind an address in bold', '**https://x.org/a** and then more', 24, ['**https://x.org/a** and', 'then more']],
  ['at a space', 'alpha beta gamma delta', 12, ['alpha beta', 'gamma delta']],
  [
    'before a link, not inside it',
    'Read all of it: [the docs](https://example.org/a)',
    34,
    ['Read all of it:', '[the docs](https://example.org/a)'],
  ],
  ['never inside a surrogate pair', '😀😀😀😀', 5, ['😀😀', '😀😀']],
  ['never inside a joined emoji', '👩‍👩‍👧👩‍👩‍👧', 10, ['👩‍👩‍👧', '👩‍👩‍👧']],
  ['never inside a flag, however many stand in a row', `x${'🇩🇪'.repeat(40)}`, 99, [`x${'🇩🇪'.repeat(24)}`, '🇩🇪'.repeat(16)]],
  [
    'before inline code, not inside it',
    'Then you run `npm ci --omit dev` there',
    28,
    ['Then you run', '`npm ci --omit dev` there'],
  ],
  [
    'before code, whatever stray mark stands in another item',
    '- a ` b\n- now we run `npm ci --omit dev` there',
    34,
    ['- a ` b\n- now we run', '`npm ci --omit dev` there'],
  ],
  [
    'before a formula, not inside it',
    'This is what it is: \\(a + b + c\\) then',
    28,
    ['This is what it is:', '\\(a + b + c\\) then'],
  ],
  [
    'before emphasis, not inside it',
    'Some words first, **and some bold ones** end',
    34,
    ['Some words first,', '**and some bold ones** end'],
  ],
  [
    'before a heading, not behind it',
    'A paragraph of words.\n\n## Title\n\nWhat follows it.',
    38,
    ['A paragraph of words.', '## Title\n\nWhat follows it.'],
  ],
  [
    'so that small print stays with what it is about',
    'First paragraph here.\n\nSecond one.\n\n-# ✅ List 1.0 s',
    42,
    ['First paragraph here.', 'Second one.\n\n-# ✅ List 1.0 s'],
  ],
  [
    'before code rather than inside it',
    `${'Some words here. '.repeat(4)}\n\n\`\`\`\na = 1\n\nb = 2\n\`\`\``,
    88,
    [`${'Some words here. '.repeat(4).trim()}`, '```\na = 1\n\nb = 2\n```'],
  ],
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
  }
  expect(parts[2]?.startsWith('```ts\n')).toBe(true)
  expect(parts.join('\n').match(/const a = 1/g)).toHaveLength(40)
})

test('repeats the head of a table above the rows that follow a cut', () => {
  const rows = Array.from({ length: 30 }, (_, at) => `| row ${at} | ${at} |`).join('\n')
  const parts = split(`| Name | No. |\n|---|---|\n${rows}\n\nThat is all.`, room(120))
  expect(parts.length).toBeGreaterThan(3)
  for (const part of parts.slice(0, -1)) expect(part).toMatch(/^\| Name \| No. \|\n\|---\|---\|\n\| row \d+ \|/)
  expect(parts.join('\n').match(/\| row \d+ \| \d+ \|/g)).toHaveLength(30)
})

test.each([
  ['a spoiler', `||${'hidden words '.repeat(12).trim()}||`, /^\|\|.*\|\|$/],
  ['bold', `**${'loud words '.repeat(12).trim()}**`, /^\*\*.*\*\*$/],
  ['inline code', `\`${'let a = b; '.repeat(12).trim()}\``, /^`.*`$/],
  ['a quote', `> ${'quoted words '.repeat(12).trim()}`, /^> /],
  ['small print', `-# ${'small words '.repeat(12).trim()}`, /^-# /],
])('%s that is longer than a message is closed and opened again', (_what, text, shape) => {
  const parts = split(text, room(60))
  expect(parts.length).toBeGreaterThan(1)
  for (const part of parts) expect(part).toMatch(shape)
})

test('what stood deep in a list begins at the edge in the next part', () => {
  const item = (at: number) => `  - item number ${at}\n    - below it`
  const parts = split(`- first\n${[1, 2, 3, 4].map(item).join('\n')}`, room(72))
  expect(parts).toEqual([
    '- first\n  - item number 1\n    - below it\n  - item number 2',
    '- below it\n- item number 3\n  - below it\n- item number 4\n  - below it',
  ])
})

test('a fence in a list is closed where it stands and opened again at the edge', () => {
  const parts = split(`1. Run this:\n\n   \`\`\`sh\n${'   echo once more\n'.repeat(8)}   \`\`\`\n2. Done`, room(100))
  expect(parts[0]).toMatch(/^1\. Run this:\n\n {3}```sh\n( {3}echo once more\n)+ {3}```$/)
  expect(parts[1]).toMatch(/^```sh\n(echo once more\n)+```/)
})

test('a growing text is measured from its last cut on', () => {
  let measured = 0
  const splitter = createSplitter({
    chars: 100,
    length(text) {
      measured += text.length
      return text.length
    },
  })
  const line = 'a line of this text\n'
  for (let lines = 1; lines < 100; lines++) splitter(line.repeat(lines))
  measured = 0
  splitter(line.repeat(100))
  expect(measured).toBeLessThan(1000)
})

test('a text that shrinks again needs its second part no more', () => {
  const splitter = createSplitter(room(40))
  expect(splitter('What is said.\n\nAnd this too.\n\n⏳ a step that runs')).toHaveLength(2)
  expect(splitter('What is said.\n\nAnd this too.\n\n-# ✅ A')).toEqual(['What is said.\n\nAnd this too.\n\n-# ✅ A'])
})

describe('a very long answer', () => {
  const ending = '*The whole answer is in answer.md.*'
  const answer = Array.from({ length: 40 }, (_, at) => `Sentence number ${at} of the answer.`).join(' ')
  const packed = (text: string, below = '', over: Partial<Packing> = {}) =>
    pack({ text, below }, { room: room(200), split: createSplitter(room(200)), ending, ...over })

  test('takes no words back that were shown while it grew', () => {
    const packing = { room: room(200), split: createSplitter(room(200)), ending }
    const all = `${answer}\n\n\`\`\`ts\n${'const a = 1\n'.repeat(60)}\`\`\``
    const words = (messages: string[]) =>
      messages
        .join(' ')
        .replace(ending, '')
        .split(/\s+/)
        .filter(word => /\w/.test(word) && word !== '```ts')
    const grow = createGrowing(packing)
    let before: string[] = []
    for (let end = 10; end <= all.length; end += 7) {
      const now = words(grow({ text: all.slice(0, end), below: '' }))
      expect(now.slice(0, Math.max(0, before.length - 1))).toEqual(before.slice(0, -1))
      before = now
    }
    const final = words(pack({ text: all, below: '' }, packing).messages)
    expect(final).toEqual(before.slice(0, final.length))
  })

  test('comes as three messages, the beginning of a fourth, and a file', () => {
    const parts = split(answer, room(200))
    const { messages, needsFile } = packed(answer)
    expect(needsFile).toBe(true)
    expect(messages.slice(0, 3)).toEqual(parts.slice(0, 3))
    expect(messages).toHaveLength(4)
    expect(messages[3]).toMatch(/answer\.\n\n\*The whole answer is in answer\.md\.\*$/)
    expect(messages[3]?.length).toBeLessThanOrEqual(200)
    expect(parts[3]?.startsWith(messages[3]?.split('\n\n')[0] ?? '-')).toBe(true)
  })

  test('does not move while it grows further', () => {
    const grown = (more: string) => packed(answer + more, '-# ✅ A').messages
    expect(grown(' And more.'.repeat(100))).toEqual(grown(''))
  })

  test('of four parts is no long one', () => {
    const four = Array.from({ length: 4 }, () => 'x'.repeat(150)).join('\n\n')
    expect(packed(four)).toEqual({ messages: Array(4).fill('x'.repeat(150)), needsFile: false })
  })

  test('keeps what stands below it, also when that alone is what does not fit', () => {
    const four = Array.from({ length: 4 }, () => 'word '.repeat(39).trim()).join('\n\n')
    for (const text of [answer, four]) {
      const { messages, needsFile } = packed(text, '*Stopped.*\n\n-# ✅ A')
      expect(needsFile).toBe(true)
      expect(messages).toHaveLength(4)
      expect(messages[3]).toMatch(/\S\n\n\*The whole answer is in answer\.md\.\*\n\n\*Stopped\.\*\n\n-# ✅ A$/)
      expect(messages[3]?.length).toBeLessThanOrEqual(200)
    }
  })

  test('is shown in full where no file can go, and where the end alone would fill a message', () => {
    expect(packed(answer, '', { ending: undefined })).toEqual({ messages: split(answer, room(200)), needsFile: false })
    expect(packed(answer, `-# ${'✅ A '.repeat(30)}`).needsFile).toBe(false)
  })

  test('keeps its code closed before the last sentence', () => {
    const { messages } = packed(`\`\`\`ts\n${'const a = 1\n'.repeat(200)}\`\`\``)
    expect(messages[3]).toMatch(/\n```\n\n\*The whole/)
  })
})

test('a part ends before a heading or an item of its own, when that is near', () => {
  const words = (length: number) => 'x'.repeat(length)
  expect(split(`${words(70)}\n\n## Title\n\n${words(10)}\n\n${words(40)}`, room(100))[1]).toMatch(/^## Title/)
  expect(split(`1. ${words(70)}\n\n2. y\n\n   ${words(10)}\n\n   ${words(40)}`, room(100))[1]).toMatch(/^2\. y/)
  expect(split(`${words(55)}\n\n## Title\n\n${words(20)}\n\n${words(40)}`, room(100))[0]).toContain('## Title')
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
  /** What a cut leaves open is closed and opened again, so marks do not count; no fence has a language here, which would be repeated. */
  const visible = (parts: string[]) => parts.join('').replace(/[\s`~>*_|]/g, '')

  test('every part fits, and nothing but marks and white space is added or lost', () => {
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
        const splitter = createSplitter(room(100))
        const before = splitter(`${markdown}\n`).slice(0, -1)
        expect(splitter(`${markdown}\n${more}`).slice(0, before.length)).toEqual(before)
      }),
    )
  })

  test('a mark that closes what was open at a cut does not move it', () => {
    const splitter = createSplitter(room(20))
    const before = splitter('some words and ` more words')
    expect(before).toHaveLength(2)
    expect(splitter('some words and ` more words `code`')[0]).toBe(before[0])
    expect(split('some words and ` more words `code`', room(20))[0]).not.toBe(before[0])
  })
})
