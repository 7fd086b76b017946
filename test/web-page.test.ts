import { describe, expect, test } from 'vitest'

type Node = string | { tag: string; href?: string; children: Node[] }
// The page is plain JavaScript for browsers and has no types; its reader of Markdown needs no browser.
const page = new URL('../adapters/web/page/markdown.js', import.meta.url).href
const { readMarkdown } = (await import(page)) as { readMarkdown(text: string): Node[] }

/** `<p>` as `p(…)`, so that a line of the table can be read. */
const drawn = (nodes: Node[]): string =>
  nodes
    .map(node => (typeof node === 'string' ? node : `${node.tag}${node.href ? `[${node.href}]` : ''}(${drawn(node.children)})`))
    .join('')

const tagsIn = (nodes: Node[]): string[] =>
  nodes.flatMap(node => (typeof node === 'string' ? [] : [node.tag, ...tagsIn(node.children)]))

describe('Markdown becomes', () => {
  test.for<[string, string]>([
    ['one\ntwo\n\nthree', 'p(onebr()two)p(three)'],
    ['**a** *b* `c` ~~d~~ ***e***', 'p(strong(a) em(b) code(c) del(d) strong(em(e)))'],
    ['snake_case_name and 2 * 3 * 4', 'p(snake_case_name and 2 * 3 * 4)'],
    ['# Title\ntext', 'h3(Title)p(text)'],
    ['- a\n  - b\n- [x] c', 'ul(li(aul(li(b)))li(☑ c))'],
    ['3. a\n4. b', 'ol(li(a)li(b))'],
    ['> a\n> b', 'blockquote(p(abr()b))'],
    ['a\n\n---\n\nb', 'p(a)hr()p(b)'],
    ['```sql\nSELECT *\n<b>', 'pre(SELECT *\n<b>)'],
    ['| a | b |\n|---|--:|\n| 1 | x\\|y |', 'table(thead(tr(th(a)th(b)))tbody(tr(td(1)td(x|y))))'],
    ['| a | b |\nnot a table', 'p(| a | b |br()not a table)'],
    ['answer\n\n-# foot\n-# note', 'p(answer)p(footbr()note)'],
    ['\\*not em\\*', 'p(*not em*)'],
  ])('%j', ([markdown, expected]) => expect(drawn(readMarkdown(markdown))).toBe(expected))
})

describe('only http and https become links', () => {
  test.for<[string, string]>([
    ['[a](https://x.y/z_(1))', 'p(a[https://x.y/z_(1)](a))'],
    ['see https://x.y:80/a?b=1,c.', 'p(see a[https://x.y:80/a?b=1,c](https://x.y:80/a?b=1,c).)'],
    ['<https://x.y> <javascript://x>', 'p(a[https://x.y](https://x.y) <javascript://x>)'],
    ['(https://x.y)', 'p((a[https://x.y](https://x.y)))'],
    ['参见https://x.y/z。然后', 'p(参见a[https://x.y/z](https://x.y/z)。然后)'],
    ['![pixel](https://x.y/p.png)', 'p(a[https://x.y/p.png](pixel))'],
    ['[a](javascript:alert(1))', 'p([a](javascript:alert(1)))'],
    ['[a](JaVaScRiPt:alert(1)) [b](data:text/html,x) [c](//x.y)', 'p([a](JaVaScRiPt:alert(1)) [b](data:text/html,x) [c](//x.y))'],
    ['<script>alert(1)</script>', 'p(<script>alert(1)</script>)'],
  ])('%j', ([markdown, expected]) => expect(drawn(readMarkdown(markdown))).toBe(expected))
})

test('no tag comes out but those of the reader', () => {
  const known = /^(p|br|strong|em|code|del|h[3-6]|ul|ol|li|blockquote|hr|pre|table|thead|tbody|tr|th|td|a)$/
  const text = '<svg onload=x>\n# <b>\n- <i>\n> <u>\n| <s> | b |\n|--|--|\n| <a href=x> | b |\n`<img>` **<iframe>**'
  for (const tag of tagsIn(readMarkdown(text))) expect(tag).toMatch(known)
})

test('a text that is made to be nested is read to a bounded depth', () => {
  const depth = (nodes: Node[]): number =>
    Math.max(0, ...nodes.map(node => (typeof node === 'string' ? 0 : 1 + depth(node.children))))
  for (const text of ['> '.repeat(5000), '- '.repeat(5000), '**a *b '.repeat(2000) + ' b* a**'.repeat(2000)]) {
    expect(depth(readMarkdown(text))).toBeLessThan(30)
  }
})
