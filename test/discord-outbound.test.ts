import { expect, test } from 'vitest'
import { limits, toDiscord } from '../adapters/discord/outbound.ts'
import { fc } from './properties.ts'

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
  ['a fence in a list', '- so:\n  ```\n  + x\n  ```\n+ y', '- so:\n```\n+ x\n```\n- y'],
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
  ['a list indented by more than its mark is wide', '- a\n    - b\n        - c\n    - d\n- e', '- a\n  - b\n    - c\n  - d\n- e'],
  ['a list indented by tabs', '1. a\n\t- b\n\t\t- c', '1. a\n   - b\n     - c'],
  ['a list with more blanks behind its marks', '*   a\n    *   b\n        *   c', '* a\n  * b\n    * c'],
  ['a list indented below words', 'Options:\n  - a\n  - b\n    - c', 'Options:\n- a\n- b\n  - c'],
  ['numbers of more digits', '9. a\n   - b\n10. c\n    - d', '9. a\n   - b\n10. c\n   - d'],
  [
    'a list with empty lines, which would end it',
    '1. a\n\n   more\n\n   - b\n\n   - c\n\n\n2. d',
    '1. a\n   more\n   - b\n   - c\n\n2. d',
  ],
  ['words behind a list', '- a\n\nb\n- c\nd', '- a\n\nb\n- c\nd'],
  ['numbers right below bullets', '- a\n1. b\n2. c\n- d', '- a\n\n1. b\n2. c\n\n- d'],
  [
    'code in a list, at the edge',
    '1. a\n\n   ```sh\n   b \\\n     c\n\n   d\n   ```\n\n   - e\n\n2. f',
    '1. a\n```sh\nb \\\n  c\n\nd\n```\n- e\n\n2. f',
  ],
  ['code as an item', '1. ```sh\n   a\n   ```\n- ```\n  b\n  ```', '1.\n```sh\na\n```\n```\nb\n```'],
  ['a list and code in a quote', '> - a\n>     - b\n>   ```\n>   c\n>   ```\nd', '> - a\n>   - b\n> ```\n> c\n> ```\nd'],
  ['code in a quote that nobody closed', '> ```\n> a\n\n- b', '> ```\n> a\n\n- b'],
  ['a quote in code', '```\n> a\n>> b\n```', '```\n> a\n>> b\n```'],
  ['empty lines', 'a\n\n\n\nb\n\n```\nc\n\n\nd\n```\n\n\n', 'a\n\nb\n\n```\nc\n\n\nd\n```\n'],
  ['what belongs to code beside its language', '```ts title="a.ts" {3-4}\na\n```', '```ts\na\n```'],
  ['a language in braces, a blank behind it', '```{.bash}\na\n```\n```c++ \nb\n```', '```bash\na\n```\n```c++\nb\n```'],
  ['code by indentation', 'a\n\n    b *c*\n\n      d\n\ne', 'a\n\n```\nb *c*\n\n  d\n```\n\ne'],
  ['indented words in a list', '- a\n\n    b\n- c', '- a\n  b\n- c'],
  ['headings in a list', '- ## a\n- #### b\n  + ##### c', '- **a**\n- **b**\n  - **c**'],
  ['a title underlined by hyphens', 'a\n\nOverview\n---\nb', 'a\n\n## Overview\nb'],
  ['a rule below a sentence', 'That is all.\n---\nb', lines('That is all.', line, 'b')],
  ['a rule below more lines', 'a\nb\n---', lines('a', 'b', line)],
  [
    'an address as the words of its link',
    '[https://x.org/a](https://x.org/a) [https://x.org](https://x.org/)',
    '<https://x.org/a> <https://x.org/>',
  ],
  ['another address as the words of a link', '[https://x.org/a](https://y.org)', '[x.org/a](https://y.org)'],
  ['a link without words', '[](https://x.org)', '<https://x.org>'],
  ['a link to no page', '[a](./b.md) [c](mailto:d@e.org) [f@e.org](mailto:f@e.org)', 'a (./b.md) c (d@e.org) f@e.org'],
  [
    'a link with a title',
    '[a](https://x.org "b") and [c](https://x.org/d_(e))',
    '[a](https://x.org "b") and [c](https://x.org/d_(e))',
  ],
  [
    'links by reference',
    'see [a][1], [b c][], `[a][1]` and [d][2]\n\n[1]: https://x.org "X"\n[B  C]: <https://y.org>\n[3]: https://z.org',
    'see [a](https://x.org), [b c](https://y.org), `[a][1]` and [d][2]\n\n[3]: https://z.org',
  ],
  [
    'addresses under a name in code',
    '[a][1] [b][2]\n\n```\n[1]: https://x.org\n[2]: https://y.org\n```\n\n[2]: https://y.org',
    '[a][1] [b](https://y.org)\n\n```\n[1]: https://x.org\n[2]: https://y.org\n```\n',
  ],
  [
    'two addresses under one name',
    '[a][1]\n\n[1]: https://x.org\n[1]: https://y.org',
    '[a](https://x.org)\n\n[1]: https://y.org',
  ],
  ['a footnote', 'a[^1] b\n\n[^1]: c', 'a[1] b\n\n[1] c'],
  [
    'an address before Chinese',
    '见 https://x.org/a，**https://x.org/a**，https://x.org/路径。（https://x.org）和https://x.org的 https://x.org/b',
    '见 <https://x.org/a>，**https://x.org/a**，<https://x.org/路径>。（<https://x.org>）和<https://x.org>的 https://x.org/b',
  ],
  ['an address in angle brackets', '<https://x.org/a>，b', '<https://x.org/a>，b'],
  ['a product', '2*3*4 = 24, but *this* and `2*3*4`', '2\\*3\\*4 = 24, but *this* and `2*3*4`'],
  ['tags', '<b>a</b> <i>b</i> <u>c</u> <s>d</s> <kbd>Ctrl</kbd>', '**a** *b* __c__ ~~d~~ `Ctrl`'],
  ['raised and lowered', 'H<sub>2</sub>O, x<sup>10</sup>, a<sup>b</sup>, c<sub>y</sub>', 'H₂O, x¹⁰, a^b, c\\_y'],
  ['a link as HTML has it', '<p align="center">\n<a href="https://x.org/a" rel="b">c</a>\n</p>', '[c](https://x.org/a)'],
  ['what folds', '<details>\n<summary>Why?</summary>\n\na\n\n</details>', '**Why?**\n\na\n'],
  ['other tags', 'a <div> and Map<String, List<b>> and `<b>a</b>`', 'a <div> and Map<String, List<b>> and `<b>a</b>`'],
  ['a formula over several lines', 'so \\[\na_1\n= b\n\\] as said', 'so\n```tex\na_1\n= b\n```\nas said'],
  ['a formula that is a line of its own', 'a\n\n$$ x^2 $$\n\n\\[ y \\]', 'a\n\n```tex\nx^2\n```\n\n```tex\ny\n```'],
  ['a formula that begins with its marks', '$$ a\n= b $$', '```tex\na\n= b\n```'],
  ['a formula in a list', '1. a\n   $$\n   b\n   $$\n2. c', '1. a\n```tex\nb\n```\n2. c'],
  ['a call for attention', '> [!NOTE]\n> a', '> **Note**\n> a'],
  ['nothing', '', '…'],
  ['only spaces', ' \n ', '…'],
])('%s', (_, markdown, expected) => {
  expect(toDiscord(markdown)).toBe(expected)
})

test('a table becomes aligned columns, where emoji take two cells and Chinese as much as its blanks', () => {
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
    lines(
      'Before',
      '```',
      '名称       Qty  Note',
      '--------  ---  ----',
      '苹果        12   ok',
      'a | b\u3000\u3000    3   👍🏽',
      '```',
      '',
      'After',
    ),
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

test('a table in Chinese has its own colons', () => {
  const long = '很长的内容'.repeat(9)
  expect(toDiscord(lines('| 名称 | 说明 |', '|---|---|', `| 甲 | ${long} |`))).toBe(lines('- 名称：**甲**', `  - 说明：${long}`))
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
    '\\[\n'.repeat(2000),
    'https://x.org，'.repeat(4000),
    '[a]('.repeat(2000),
    '<b>'.repeat(2000),
  ]
  for (const text of nasty) expect(toDiscord(`${text}\n${text}`)).not.toBe('…')
})
