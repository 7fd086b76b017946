import type { MessageEntity } from 'grammy/types'
import { expect, test } from 'vitest'
import { limits, toTelegram } from '../adapters/telegram/outbound.ts'
import { drawTable } from '../adapters/telegram/table.ts'
import { split } from '../src/reply/split.ts'
import { fc } from './properties.ts'
import { complaint } from './wire/telegram-text.ts'

/** `[bold:words]` for each entity, in order. */
function spell(markdown: string): [string, string[]] {
  const { text, entities } = toTelegram(markdown)
  const name = (entity: MessageEntity) =>
    entity.type +
    (entity.type === 'text_link' ? `(${entity.url})` : '') +
    (entity.type === 'pre' && entity.language ? `(${entity.language})` : '')
  return [text, entities.map(entity => `${name(entity)}:${text.substring(entity.offset, entity.offset + entity.length)}`)]
}

const cases: [string, string, string, string[]][] = [
  ['Chinese emphasis', '**重要：**内容', '重要：内容', ['bold:重要：']],
  ['Chinese quotes in emphasis', '他说**“你好”**了', '他说“你好”了', ['bold:“你好”']],
  ['emphasis in emphasis', '***a* b** ~~c~~', 'a b c', ['bold:a b', 'italic:a', 'strikethrough:c']],
  ['a heading with bold in it', '## One **two**\n\ntext', 'One two\n\ntext', ['bold:One two']],
  ['code in bold', '**a `b` c**', 'a b c', ['bold:a', 'code:b', 'bold:c']],
  ['bold that ends in a space', '**a&#32;** b', 'a  b', ['bold:a']],
  ['an emoji before bold', '😀 **👨‍👩‍👧 x**', '😀 👨‍👩‍👧 x', ['bold:👨‍👩‍👧 x']],
  ['fenced code', 'x\n\n```ts\nlet a = "😀"\n\n  b\n```\n\ny', 'x\n\nlet a = "😀"\n\n  b\n\ny', ['pre(ts):let a = "😀"\n\n  b']],
  ['code that is not closed yet', '```py\nprint(1)', 'print(1)', ['pre(py):print(1)']],
  ['code that begins with blank lines', '```\n\n  a\n```', '  a', ['pre:  a']],
  ['markup in code', '`**a**`', '**a**', ['code:**a**']],
  ['nested lists', '- a\n  - b\n    - c\n- d', '• a\n  ◦ b\n    ◦ c\n• d', []],
  ['numbers', '3. a\n4. b\n   - c', '3. a\n4. b\n   ◦ c', []],
  ['tasks', '- [x] a\n- [ ] b', '☑ a\n☐ b', []],
  ['code in a list', '1. a\n   ```sh\n   ls\n   ```\n2. b', '1. a\nls\n2. b', ['pre(sh):ls']],
  ['lines in an item', '- a\n  b\n\n  c', '• a\n  b\n  c', []],
  ['a quote', '> a **b**\n>\n> c', 'a b\n\nc', ['blockquote:a b\n\nc', 'bold:b']],
  ['a quote in a quote', '> a\n>> b\n>> c', 'a\n▎b\n▎c', ['blockquote:a\n▎b\n▎c']],
  ['three quotes deep', '> a\n>> b\n>>> c', 'a\n▎b\n▎▎c', ['blockquote:a\n▎b\n▎▎c']],
  ['code in a quote', '> ```\n>   a\n> ```', '  a', ['blockquote:  a', 'pre:  a']],
  [
    'a spoiler',
    'it was ||the **butler** with `rope`||!',
    'it was the butler with rope!',
    ['spoiler:the butler with rope', 'bold:butler'],
  ],
  ['bars that hide nothing', 'if a || b || c, `x||y||z`', 'if a || b || c, x||y||z', ['code:x||y||z']],
  ['small print', 'a\n-# b **c**\n-# d', 'a\nb c\nd', ['italic:b c', 'bold:c', 'italic:d']],
  [
    'formulas',
    'so \\(a_1 * b*\\), $$x*y*z$$, \\[\\frac{1}{2}\\] and $a^2$',
    'so a_1 * b*, x*y*z, \\frac{1}{2} and a^2',
    ['code:a_1 * b*', 'code:x*y*z', 'code:\\frac{1}{2}', 'code:a^2'],
  ],
  ['prices', '$5 or $6, from $7 to 8$ each, $HOME and `$a$`', '$5 or $6, from $7 to 8$ each, $HOME and $a$', ['code:$a$']],
  ['what is no formula for a blank line', '$$\na\n\nb\n$$', '$$\na\n\nb\n$$', []],
  ['a formula as a block', 'a\n\n$$\nx\n= y\n$$\n\nb', 'a\n\nx\n= y\n\nb', ['pre(tex):x\n= y']],
  ['no formula in code', '```\n$$\nx\n$$\n```', '$$\nx\n$$', ['pre:$$\nx\n$$']],
  ['a heading right above its text', '## a\nb', 'a\nb', ['bold:a']],
  ['what belongs to a numbered item by two blanks', '1. a\n  - b\n    - c\n2. d', '1. a\n   ◦ b\n     ◦ c\n2. d', []],
  ['what belongs to the tenth item', '10. a\n   - b\n11. c', '10. a\n    ◦ b\n11. c', []],
  ['an address that nothing refers to', 'a [b][1]\n\n[2]: https://x.example', 'a [b][1]\n\n[2]: https://x.example', []],
  ['words behind a list in a quote', '> - a\n> - b\n>\n> c', '• a\n• b\n\nc', ['blockquote:• a\n• b\n\nc']],
  [
    'code that belongs to the tenth item',
    '10. a\n\n   ```sh\n   b\n\n     c\n   ```\n11. d',
    '10. a\nb\n\n  c\n11. d',
    ['pre(sh):b\n\n  c'],
  ],
  ['words that belong to the tenth item', '10. a\n\n   b\n11. c', '10. a\n    b\n11. c', []],
  ['a list in code', '```\n1. a\n  - b\n```', '1. a\n  - b', ['pre:1. a\n  - b']],
  ['what belongs to code beside its language', '```{.bash} x\na\n```', 'a', ['pre(bash):a']],
  ['a language of marks alone', '```{}\na\n```', 'a', ['pre:a']],
  ['a title underlined by hyphens', 'Overview\n---\na', 'Overview\na', ['bold:Overview']],
  ['a rule below a sentence', 'That is *all*.\n---\nb', 'That is all.\n──────────\nb', ['italic:all']],
  ['a rule below more lines', 'a\nb\n---', 'a\nb\n──────────', []],
  ['a footnote whose text is in another part', 'a[^1]', 'a[1]', []],
  [
    'an address before Chinese',
    '见 https://x.example/a，**https://x.example/路径**。（https://x.example）和https://x.example的 https://x.example/b',
    '见 https://x.example/a，https://x.example/路径。（https://x.example）和https://x.example的 https://x.example/b',
    [
      'text_link(https://x.example/a):https://x.example/a',
      'bold:https://x.example/路径',
      'text_link(https://x.example/%E8%B7%AF%E5%BE%84):https://x.example/路径',
      'text_link(https://x.example/):https://x.example',
      'text_link(https://x.example/):https://x.example',
    ],
  ],
  ['an address that leads to Chinese', '[a](https://x.example/“b”)', 'a', ['text_link(https://x.example/%E2%80%9Cb%E2%80%9D):a']],
  ['a product', '2*3*4, *this* and `2*3*4`', '2*3*4, this and 2*3*4', ['italic:this', 'code:2*3*4']],
  ['tags', '<b>a</b> <em>b</em> <s>c</s> <kbd>Ctrl</kbd>', 'a b c Ctrl', ['bold:a', 'italic:b', 'strikethrough:c', 'code:Ctrl']],
  ['raised and lowered', 'H<sub>2</sub>O, x<sup>10</sup>, a<sup>b</sup>, c<sub>y</sub>', 'H₂O, x¹⁰, a^b, c_y', []],
  [
    'a link as HTML has it',
    '<p align="center">\n<a href="https://x.example/a" rel="b">c</a>\n</p>',
    'c',
    ['text_link(https://x.example/a):c'],
  ],
  ['what folds', '<details>\n<summary>Why?</summary>\n\na\n\n</details>', 'Why?\n\na', ['bold:Why?']],
  ['a formula over several lines', 'so \\[\na_1\n= b\n\\] as said', 'so\na_1\n= b\nas said', ['pre(tex):a_1\n= b']],
  ['a formula that is a line of its own', 'a\n\n$$ x^2 $$\n\nb', 'a\n\nx^2\n\nb', ['pre(tex):x^2']],
  ['a formula in a list', '1. a\n   $$\n   b\n   $$\n2. c', '1. a\nb\n2. c', ['pre(tex):b']],
  ['a call for attention', '> [!NOTE]\n> a', 'Note\na', ['blockquote:Note\na', 'bold:Note']],
  [
    'links of the same name in a table',
    '|a|b|\n|-|-|\n|x|[y](https://x.example)|\n|z|[y](https://y.example)|',
    '• a: x · b: y\n• a: z · b: y',
    ['bold:x', 'text_link(https://x.example/):y', 'bold:z', 'text_link(https://y.example/):y'],
  ],
  ['a link', '[a b](https://x.example/y)', 'a b', ['text_link(https://x.example/y):a b']],
  ['a link by reference', '[a][1]\n\n[1]: https://x.example', 'a', ['text_link(https://x.example/):a']],
  ['code in a link', '[`a`](https://x.example)', 'a', ['text_link(https://x.example/):a']],
  [
    'bare addresses',
    'https://x.example and www.x.example and a@x.example',
    'https://x.example and www.x.example and a@x.example',
    [],
  ],
  ['a Chinese host', '[a](http://例子.测试)', 'a', ['text_link(http://xn--fsqu00a.xn--0zwm56d/):a']],
  ['a link that Telegram refuses', '[a](http://localhost:80)', 'a (http://localhost:80)', []],
  ['a relative link', '[a](./b.md)', 'a (./b.md)', []],
  ['a script', '[a](javascript:alert)', 'a (javascript:alert)', []],
  ['a ping in disguise', '[a](tg://user?id=1)', 'a (tg://user?id=1)', []],
  [
    'the names of people',
    '@ann, (@bob_1)\n请问@ann: **@c**@d',
    '@\u200bann, (@\u200bbob_1)\n请问@\u200bann: @\u200bc@d',
    ['bold:@\u200bc'],
  ],
  ['a name that is put together', '@**ann** \\@bob &#64;carl', '@\u200bann @\u200bbob @\u200bcarl', ['bold:ann']],
  ['a name in a link', '[@ann](https://x.example) @b', '@\u200bann @\u200bb', ['text_link(https://x.example/):@\u200bann']],
  ['a name in code', '`@ann` and\n```\n@bob\n```', '@ann and\n@bob', ['code:@ann', 'pre:@bob']],
  [
    'what is no name',
    'https://x.example/@ann x.example/@bob a@x.example 5 @ 3',
    'https://x.example/@ann x.example/@bob a@x.example 5 @ 3',
    [],
  ],
  ['a mail address behind words', '[a](mailto:b@c.example)', 'a (b@c.example)', []],
  ['a picture', '![a cat](https://x.example/c.png)', 'a cat', ['text_link(https://x.example/c.png):a cat']],
  ['a picture without words', '![](https://x.example/c.png)', 'https://x.example/c.png', []],
  ['a picture in a link', '[![a](https://x.example/c.png)](https://y.example)', 'a', ['text_link(https://y.example/):a']],
  ['a rule', 'a\n\n---\n\nb', 'a\n\n──────────\n\nb', []],
  ['line breaks', 'a  \nb\\\nc\nd', 'a\nb\nc\nd', []],
  ['HTML', 'a <div>\n\n<script>x</script>', 'a <div>\n\n<script>x</script>', []],
  ['a footnote', 'a[^1]\n\n[^1]: b', 'a[1]\n\n[1] b', []],
  ['a line of asterisks', `a\n\n${'*'.repeat(60)}`, 'a\n\n──────────', []],
  ['nothing', '', '…', []],
  ['blanks', ' \n\u200b\n&nbsp;', '…', []],
  ['a comment that is not closed', '**', '**', []],
  ['half an emoji', '**\ud83d**', '\ufffd', ['bold:\ufffd']],
  [
    'a table',
    '|Name|Count|\n|:--|--:|\n|apple 🍎|3|\n|ab|12|',
    'Name     │ Count\n─────────┼──────\napple 🍎 │     3\nab       │    12',
    ['pre:Name     │ Count\n─────────┼──────\napple 🍎 │     3\nab       │    12'],
  ],
  [
    'a table in Chinese, whose blanks are as wide as its characters',
    '|名称|数量|注|\n|:--|--:|:-:|\n|苹果汁|3|a|\n|ab|12|bcd|',
    '名称\u3000   │   数量 │  注\n────────┼───────┼──────\n苹果汁   │ \u3000\u3000 3 │  a\nab\u3000\u3000\u3000 │ \u3000\u300012 │ bcd',
    [
      'pre:名称\u3000   │   数量 │  注\n────────┼───────┼──────\n苹果汁   │ \u3000\u3000 3 │  a\nab\u3000\u3000\u3000 │ \u3000\u300012 │ bcd',
    ],
  ],
  [
    'links in a table',
    '|a|b|\n|-|-|\n|[x](https://x.example)|[y](https://y.example)|',
    'a │ b\n──┼──\nx │ y\nx · y',
    ['pre:a │ b\n──┼──\nx │ y', 'text_link(https://x.example/):x', 'text_link(https://y.example/):y'],
  ],
  [
    'a table with too many cells in a row',
    '|a|b|\n|-|-|\n|1|2|3|',
    'a │ b\n──┼──────\n1 │ 2 | 3',
    ['pre:a │ b\n──┼──────\n1 │ 2 | 3'],
  ],
  [
    'a wide table, as a list',
    `|Name|What it is|Link|\n|-|-|-|\n|a|${'long words '.repeat(6)}|[x](https://x.example)|\n|b||y|`,
    `• Name: a\n  ◦ What it is: ${'long words '.repeat(6).trim()}\n  ◦ Link: x\n• Name: b\n  ◦ Link: y`,
    ['bold:a', 'text_link(https://x.example/):x', 'bold:b'],
  ],
  [
    'a wide table in Chinese',
    `|名称|说明|\n|-|-|\n|甲|${'很长的内容'.repeat(9)}|`,
    `• 名称：甲\n  ◦ 说明：${'很长的内容'.repeat(9)}`,
    ['bold:甲'],
  ],
  [
    'a table of many columns, in lines',
    '|Name|Number one|Number two|Number three|\n|-|-|-|-|\n|a|1|2||\n|b|3|4||',
    '• Name: a · Number one: 1 · Number two: 2 · Number three: –\n• Name: b · Number one: 3 · Number two: 4 · Number three: –',
    ['bold:a', 'bold:b'],
  ],
]

test.each(cases)('%s', (_, markdown, text, entities) => {
  expect(spell(markdown)).toEqual([text, entities])
  const rendered = toTelegram(markdown)
  expect(complaint(rendered.text, rendered.entities)).toBeUndefined()
})

test('a length is that of what is shown', () => {
  expect(limits.length('**a** [b](https://x.example)')).toBe(3)
  expect(limits.length('😀')).toBe(2)
})

test('of more than 100 entities a message is too long, so that it is split before they are lost', () => {
  expect(limits.length('*a* '.repeat(100))).toBe(199)
  expect(limits.length('*a* '.repeat(101))).toBeGreaterThan(limits.chars)
  for (const part of split('*a* '.repeat(250), limits)) expect(toTelegram(part).entities.length).toBeLessThanOrEqual(100)
  expect(
    split('*a* '.repeat(250), limits)
      .map(part => toTelegram(part).text)
      .join(' ')
      .match(/a/g),
  ).toHaveLength(250)
})

test('where it cannot be split, of more than 100 entities the least important are left out', () => {
  const { entities } = toTelegram(`${'*a* '.repeat(99)}[b](https://x.example) \`c\``)
  expect(entities).toHaveLength(100)
  expect(entities.slice(-2).map(({ type }) => type)).toEqual(['text_link', 'code'])
})

test.each(['*\n[x] **', '*\r[x] !'])('what the parser cannot read is shown all the same: %j', source => {
  expect(toTelegram(source).text).toContain('[x]')
})

test('depth beyond sense is shown as it was written', () => {
  const stars = '*_'.repeat(8000)
  for (const deep of ['>'.repeat(5000), '- '.repeat(2000).trim(), `${stars}x${stars}`]) expect(toTelegram(deep).text).toBe(deep)
})

test('a row of addresses without a blank does not exhaust the stack', () => {
  expect(toTelegram('https://x.example，'.repeat(4000)).entities).toHaveLength(100)
})

test('a column stands as it was asked to', () => {
  const rows = [
    ['aaa', 'bbb', 'ccc'],
    ['1', '2', '3'],
  ]
  expect(drawTable(rows, ['left', 'center', 'right'])).toBe('aaa │ bbb │ ccc\n────┼─────┼────\n1   │  2  │   3')
})

const scraps = [
  '**',
  '*',
  '_',
  '~~',
  '`',
  '```\n',
  '```js\n',
  '\n',
  '\n\n',
  '> ',
  '- ',
  '1. ',
  '    ',
  '# ',
  '[',
  '](',
  ')',
  '![',
  'https://a.example',
  'http://localhost',
  '|',
  '|-|-|\n',
  '---\n',
  '[x] ',
  '<b>',
  '<br>',
  '&nbsp;',
  '\u200b',
  '😀',
  '👨‍👩‍👧',
  '\ud83d',
  '中文：',
  '“',
  'word ',
  ' ',
  '\\',
  '[^1]',
  ': ',
  '\t',
  '\r',
  '\0',
]

test('whatever a model writes, Telegram takes it', () => {
  const markdown = fc
    .array(fc.oneof(fc.constantFrom(...scraps), fc.string({ maxLength: 4 })), { maxLength: 60 })
    .map(parts => parts.join(''))
  fc.assert(
    fc.property(markdown, source => {
      const { text, entities } = toTelegram(source)
      expect(complaint(text, entities)).toBeUndefined()
      expect(entities.length).toBeLessThanOrEqual(100)
      expect(text).toBe(text.trimEnd())
      const trimmed = entities.every(({ offset, length }) => !/\s/.test(text[offset + length - 1] ?? ' '))
      expect(trimmed).toBe(true)
    }),
    { numRuns: 1500 },
  )
})
