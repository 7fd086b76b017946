import fc from 'fast-check'
import type { MessageEntity } from 'grammy/types'
import { expect, test } from 'vitest'
import { limits, toTelegram } from '../adapters/telegram/outbound.ts'
import { drawTable } from '../adapters/telegram/table.ts'
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
  ['nested lists', '- a\n  - b\n    - c\n- d', '• a\n  • b\n    • c\n• d', []],
  ['numbers', '3. a\n4. b\n   - c', '3. a\n4. b\n   • c', []],
  ['tasks', '- [x] a\n- [ ] b', '☑ a\n☐ b', []],
  ['code in a list', '1. a\n   ```sh\n   ls\n   ```\n2. b', '1. a\nls\n2. b', ['pre(sh):ls']],
  ['lines in an item', '- a\n  b\n\n  c', '• a\n  b\n  c', []],
  ['a quote', '> a **b**\n>\n> c', 'a b\n\nc', ['blockquote:a b\n\nc', 'bold:b']],
  ['a quote in a quote', '> a\n>> b', 'a\n\nb', ['blockquote:a\n\nb']],
  ['code in a quote', '> ```\n>   a\n> ```', '  a', ['blockquote:  a', 'pre:  a']],
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
  ['a mail address behind words', '[a](mailto:b@c.example)', 'a (b@c.example)', []],
  ['a picture', '![a cat](https://x.example/c.png)', 'a cat', ['text_link(https://x.example/c.png):a cat']],
  ['a picture without words', '![](https://x.example/c.png)', 'https://x.example/c.png', []],
  ['a picture in a link', '[![a](https://x.example/c.png)](https://y.example)', 'a', ['text_link(https://y.example/):a']],
  ['a rule', 'a\n\n---\n\nb', 'a\n\n──────────\n\nb', []],
  ['line breaks', 'a  \nb\\\nc\nd', 'a\nb\nc\nd', []],
  ['HTML', '<b>a</b>\n\n<script>x</script>', '<b>a</b>\n\n<script>x</script>', []],
  ['a footnote', 'a[^1]\n\n[^1]: b', 'a[1]\n\n[1] b', []],
  ['a line of asterisks', `a\n\n${'*'.repeat(60)}`, 'a\n\n──────────', []],
  ['nothing', '', '…', []],
  ['blanks', ' \n\u200b\n&nbsp;', '…', []],
  ['a comment that is not closed', '**', '**', []],
  ['half an emoji', '**\ud83d**', '\ufffd', ['bold:\ufffd']],
  [
    'a table',
    '|名称|数量|\n|:--|--:|\n|苹果🍎|3|\n|ab|12|',
    '名称   │ 数量\n───────┼─────\n苹果🍎 │    3\nab     │   12',
    ['pre:名称   │ 数量\n───────┼─────\n苹果🍎 │    3\nab     │   12'],
  ],
  [
    'links in a table',
    '|a|b|\n|-|-|\n|[x](https://x.example)|[y](https://y.example)|',
    'a │ b\n──┼──\nx │ y\nx · y',
    ['pre:a │ b\n──┼──\nx │ y', 'text_link(https://x.example/):x', 'text_link(https://y.example/):y'],
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

test('of more than 100 entities the least important are left out', () => {
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
