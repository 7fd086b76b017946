import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limits, toDiscord } from '../adapters/discord/outbound.ts'

const line = '─'.repeat(20)
const lines = (...all: string[]) => all.join('\n')

test.each([
  ['plain words', 'Hello **bold** _it_ ~~no~~ ||spoiler|| `code`', 'Hello **bold** _it_ ~~no~~ ||spoiler|| `code`'],
  ['emphasis in Chinese', '**重要：**内容', '**重要：**内容'],
  ['headings that Discord knows', '# a\n## b\n### c\n-# d', '# a\n## b\n### c\n-# d'],
  ['deep headings', '#### Four\n##### Five ##\n> ###### Six', '**Four**\n**Five**\n> **Six**'],
  ['bold in a deep heading', '#### The **best** one', '**The best one**'],
  ['a hashtag', '####tag', '####tag'],
  ['rules', '---\n***\n_ _ _\n> ---', lines(line, line, line, `> ${line}`)],
  ['what is no rule', '--\n- - x\n**bold**', '--\n- - x\n**bold**'],
  [
    'images',
    'see ![a cat](https://x.org/cat.png "A cat") and ![](https://x.org/_(1).png)',
    'see [a cat](https://x.org/cat.png) and [image](https://x.org/_(1).png)',
  ],
  ['an image as a link', '[![build](https://x.org/b.svg)](https://x.org)', '[build](https://x.org)'],
  ['an image in code', '`![a](b)` and ``x ` ![a](b)``', '`![a](b)` and ``x ` ![a](b)``'],
  ['task boxes', '- [ ] open\n  * [x] done\n1. [X] also', '- ☐ open\n  - ☑ done\n- ☑ also'],
  ['what is no task box', '- [x](https://x.org)', '- [x](https://x.org)'],
  ['plus bullets', '+ one\n  + two\n1 + 1', '- one\n  - two\n1 + 1'],
  ['a fence of tildes', '~~~ts\na ~ b\n~~~\nafter ![a](b)', '```ts\na ~ b\n```\nafter [a](b)'],
  ['a fence that still grows', '```py\n#### x\n| a | b |\n|---|---|', '```py\n#### x\n| a | b |\n|---|---|'],
  ['a fence in a list', '- so:\n  ```\n  + x\n  ```\n+ y', '- so:\n  ```\n  + x\n  ```\n- y'],
  [
    'a longer fence around a shorter, whose backticks are kept apart',
    '````md\n```\n---\n```\n````\n---',
    `\`\`\`md\n\`\u200b\`\u200b\`\n---\n\`\u200b\`\u200b\`\n\`\`\`\n${line}`,
  ],
  ['formulas', 'so \\(a_1 * b\\) and $$x^2$$, for $5 or $6', 'so `a_1 * b` and `x^2`, for $5 or $6'],
  ['a formula as a block', '$$\na_1 + b\n$$\n\\[\nc\n\\]', '```tex\na_1 + b\n```\n```tex\nc\n```'],
  [
    'a formula between single dollars',
    'so $a^2 + b$, $n$ and $HOME, $5 or $6, $7 to 8$ each',
    'so `a^2 + b`, `n` and $HOME, $5 or $6, $7 to 8$ each',
  ],
  ['what is no formula for a blank line', '$$\na\n\nb\n$$', '$$\na\n\nb\n$$'],
  [
    'what looks like a ping',
    'hi @everyone, @here, <@1>, <@!2>, <@&3>',
    'hi @\u200beveryone, @\u200bhere, <@\u200b1>, <@\u200b!2>, <@\u200b&3>',
  ],
  ['what looks like a ping in code', '`@everyone` and\n```\n<@1>\n```', '`@everyone` and\n```\n<@1>\n```'],
  [
    'what looks like a ping in an address',
    'https://x.org/@here [@here](https://x.org/@here)',
    'https://x.org/@here [@\u200bhere](https://x.org/@here)',
  ],
  ['other mentions', '<#1> <t:1:R> a@example.org @someone', '<#1> <t:1:R> a@example.org @someone'],
  ['bars that hide nothing', 'a || b || c and ||d||', 'a \\|\\| b \\|\\| c and ||d||'],
  ['quotes without a blank', '>a\n>\n>b', '> a\n> \n> b'],
  ['quotes within quotes', '> a\n>> b\n> > > c', '> a\n> ▎b\n> ▎▎c'],
  ['an underlined title', 'Title\n===\ntext', '# Title\ntext'],
  ['line breaks of HTML', 'a<br>b<br/>c', 'a\nb\nc'],
  ['a formula that still grows', '$$\n#### x', '$$\n**x**'],
  ['nothing', '', '…'],
  ['only spaces', ' \n ', '…'],
])('%s', (_, markdown, expected) => {
  expect(toDiscord(markdown)).toBe(expected)
})

test('a table becomes aligned columns, where Chinese and emoji take two cells', () => {
  const markdown = lines(
    'Before',
    '| 名称 | **Qty** | Note |',
    '|:--|--:|:-:|',
    '| 苹果 | 12 | `ok` |',
    '| a \\| b | 3 | 👍🏽 |',
    '',
    'After',
  )
  expect(toDiscord(markdown)).toBe(
    lines('Before', '```', '名称   Qty  Note', '-----  ---  ----', '苹果    12   ok', 'a | b    3   👍🏽', '```', '', 'After'),
  )
})

test('a table without outer pipes, with too few and too many cells', () => {
  expect(toDiscord(lines('a | b', '--|--', 'one |', '1 | 2 | 3'))).toBe(
    lines('```', 'a    b', '---  -----', 'one', '1    2 | 3', '```'),
  )
})

test('a table that still grows is left alone until its rule is there', () => {
  expect(toDiscord('| a | b |')).toBe('| a | b |')
  expect(toDiscord('| a | b |\n|--')).toBe('| a | b |\n|--')
  expect(toDiscord('| a | b |\n|---|---|')).toBe(lines('```', 'a    b', '---  ---', '```'))
})

test('a wide table becomes a list, in which links still work', () => {
  const text = 'long words '.repeat(9).trim()
  const markdown = lines('| Name | **Text** |', '|---|---|', `| [x](https://x.org) | ${text} |`, '| y | |')
  expect(toDiscord(markdown)).toBe(lines('- Name: **[x](https://x.org)**', `  - Text: ${text}`, '- Name: **y**'))
})

test('a table of many columns whose rows are short is a list of lines', () => {
  const row = '| some name | ok | ![a](https://x.org/a.png) | 12.50 | yes |'
  expect(toDiscord(lines('| Name | A | Long title | C | D |', '|-|-|-|-|-|', row))).toBe(
    '- Name: **some name** · A: ok · Long title: [a](https://x.org/a.png) · C: 12.50 · D: yes',
  )
})

test('a table that fits on a phone stays one, however many rows it has', () => {
  const rows = Array.from({ length: 14 }, (_, day) => `| 2026-09-${day} | ${day} |`)
  expect(toDiscord(lines('| Date | Count |', '|---|---|', ...rows)).split('\n')).toHaveLength(18)
})

test('a wide table without rows still shows its head, and an empty column its title', () => {
  const heads = '| a very long title of a column | another one that is at least as long |'
  expect(toDiscord(lines(heads, '|---|---|'))).toBe(
    '**a very long title of a column** · **another one that is at least as long**',
  )
  expect(toDiscord(lines(`${heads} c |`, '|-|-|-|', '| x | y | |'))).toContain('c: –')
})

test('a quoted table stays quoted', () => {
  expect(toDiscord('> | a | b |\n> |---|---|\n> | 1 | 2 |\n>\n> c')).toBe('> ```\n> a    b\n> ---  ---\n> 1    2\n> ```\n> \n> c')
})

test('measures what Discord is sent', () => {
  expect(limits.length('#### x')).toBe('**x**'.length)
  expect(limits.chars).toBe(2000)
})

const tempting = fc.constantFrom(
  '#### x',
  '---',
  '+ x',
  '- [x] y',
  '![a](b)',
  '| a | b |',
  '|---|---|',
  '$$',
  '\\(x\\)',
  '',
  '~~~',
  '  ',
  '> ---',
  '1. x',
  '``',
  '* * *',
)
const inside = fc.array(fc.oneof(tempting, fc.string()), { maxLength: 8 }).map(all => all.join('\n').replaceAll('```', '``'))
const outside = fc
  .array(fc.oneof(tempting, fc.string()), { maxLength: 4 })
  .map(all => all.join('\n').replace(/`{3,}|~{3,}|\$\$|\\\[/g, ''))

test('what stands in a code fence is never changed', () => {
  fc.assert(
    fc.property(outside, inside, outside, (before, code, after) => {
      const fence = `\`\`\`md\n${code}\n\`\`\``
      expect(toDiscord(`${before}\n${fence}\n${after}`)).toContain(`\n${fence}\n`)
    }),
    { numRuns: 400 },
  )
})

test('comes to an end on what invites backtracking', () => {
  const nasty = [
    `${'> '.repeat(2000)}x`,
    '`'.repeat(4000),
    '!['.repeat(2000),
    '|'.repeat(4000),
    '- '.repeat(2000),
    '$$'.repeat(2000),
    '\\('.repeat(2000),
  ]
  for (const text of nasty) expect(toDiscord(`${text}\n${text}`)).not.toBe('…')
})
