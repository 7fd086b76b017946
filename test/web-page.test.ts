import { describe, expect, test } from 'vitest'
import type { AgentEvent } from '../src/agent/events.ts'
import { wordsFor } from '../src/i18n/i18n.ts'
import { end, finalCard, liveCard, progress, start, text } from './cards.ts'

type Node = string | { tag: string; href?: string; children: Node[] }
type Step = { state: string; mark: string; label: string; facts: string; percent?: number }
// The page is plain JavaScript for browsers and has no types; its reader needs no browser.
const page = new URL('../adapters/web/page/markdown.js', import.meta.url).href
const { readMarkdown, readCard } = (await import(page)) as {
  readMarkdown(text: string): Node[]
  readCard(card: { text: string; final: boolean }): { said: string; steps: Step[] }
}

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

/** A step as one line of a table: state, label, facts, percent. */
const brief = ({ state, label, facts, percent }: Step) =>
  [state, label, facts, percent].filter(part => part !== undefined && part !== '').join(' | ')
const many = Array.from({ length: 11 }, (_, at) => [start(`s${at}`), end(`s${at}`, 100)]).flat()

describe('of a running card the page reads', () => {
  test.for<[string, AgentEvent[], string, string[]]>([
    ['that the house thinks', [], '', ['thinking | thinking…']],
    ['a step', [start('List tables')], '', ['running | List tables']],
    [
      'how far a step is',
      [start('A'), progress('A', 43, 'reading · orders')],
      '',
      ['running | A | 43 % · reading · orders | 43'],
    ],
    ['how a step ended', [start('A'), end('A', 240)], '', ['ok | A | 0.2 s', 'thinking | thinking…']],
    ['steps side by side', [start('A'), start('B'), end('B', 90_000, 'failed')], '', ['running | A', 'failed | B | 1 min 30 s']],
    ['what was said before a step', [text('Let me look.\n\nNow.'), start('A')], 'Let me look.\n\nNow.', ['running | A']],
    ['a label as it was meant', [start('**a_b** [x](y) | #1 \\n')], '', ['running | **a_b** [x](y) | #1 \\n']],
    ['a fence that was left open', [text('```\n⏳ x'), start('A')], '```\n⏳ x\n```', ['running | A']],
    ['an answer that is being written', [start('A'), end('A', 100), text('✅ So')], '✅ So\n\n-# ✅ A 0.1 s', []],
    ['an answer that looks like steps', [text('✅ one\n✅ two')], '✅ one\n✅ two', []],
  ])('%s', ([_what, events, said, steps]) => {
    const card = readCard({ text: liveCard(events), final: false })
    expect([card.said, card.steps.map(brief)]).toEqual([said, steps])
  })

  test('the newest of many steps, and how many there were before', () => {
    const { steps } = readCard({ text: liveCard([text('So far.'), ...many], { words: wordsFor('zh', 'en') }), final: false })
    expect(steps.map(brief)).toEqual([
      'earlier | 还有 3 个',
      ...Array.from({ length: 8 }, (_, at) => `ok | s${at + 3} | 0.1 s`),
      'thinking | 思考中…',
    ])
  })

  test('no step when the turn is over', () => {
    for (const card of [finalCard([...many, text('⏳ done')]), finalCard([text('⏳ I wait')])]) {
      expect(readCard({ text: card, final: true })).toEqual({ said: card, steps: [] })
    }
  })
})
