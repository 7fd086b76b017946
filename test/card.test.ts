import { expect, test } from 'vitest'
import type { AgentEvent } from '../src/agent/events.ts'
import { wordsFor } from '../src/i18n/i18n.ts'
import { renderFinal, renderLive, renderPlain } from '../src/reply/card.ts'
import { emptyView, nextView } from '../src/reply/view.ts'
import { end, start, text } from './cards.ts'

const en = wordsFor('en', 'en')
const after = (...events: AgentEvent[]) => events.reduce(nextView, emptyView)
const progress = (callId: string, done: number, total?: number, message?: string): AgentEvent => ({
  type: 'tool-progress',
  callId,
  progress: { done, ...(total !== undefined && { total }), ...(message !== undefined && { message }) },
})

test.each<[string, AgentEvent[], string]>([
  ['says that it thinks before anything happens', [], '💭 thinking…'],
  ['shows a line per step', [start('List tables')], '⏳ List tables'],
  [
    'shows percent and message of a running step',
    [start('Download'), progress('Download', 43, 100, 'video 1')],
    '⏳ Download · 43 % · video 1',
  ],
  [
    'shows progress without an end by its message alone',
    [start('Download'), progress('Download', 7, undefined, 'page 7')],
    '⏳ Download · page 7',
  ],
  ['shows how long a step took, and that the model thinks again', [start('A'), end('A', 240)], '✅ A · 0.2 s\n💭 thinking…'],
  ['shows steps that run side by side', [start('A'), start('B'), end('B', 90_000, 'failed')], '⏳ A\n⚠️ B · 1 min 30 s'],
  ['folds the steps when the answer begins', [start('A'), end('A', 1000), text('So')], 'So\n\n-# ✅ A 1.0 s'],
  ['keeps what was said before a step', [text('Let me look.'), start('A')], 'Let me look.\n\n⏳ A'],
  [
    'parts what was said in different steps',
    [text('One.'), start('A'), end('A', 0), text('Two'), text('.')],
    'One.\n\nTwo.\n\n-# ✅ A 0.0 s',
  ],
  ['closes a fence that the model has open', [start('A'), end('A', 0), text('```ts\nx')], '```ts\nx\n```\n\n-# ✅ A 0.0 s'],
  ['holds back what is half typed', [text('See **the [do')], 'See **the**'],
  ['thinks on while there is nothing but a mark', [text('**')], '💭 thinking…'],
  ['shows what was said before a step as it is', [text('Is 2 ** 3'), start('A')], 'Is 2 ** 3\n\n⏳ A'],
  ['takes no Markdown from a server', [start('**bold** [x](y)\nnew line')], '⏳ \\*\\*bold\\*\\* \\[x\\](y) new line'],
])('while it runs, the card %s', (_what, events, card) => {
  expect(renderLive(after(...events), en).large).toBe(card)
})

test('many steps are shown by the last eight, and by the first four in the footer', () => {
  const events = Array.from({ length: 11 }, (_, at) => [start(`s${at}`), end(`s${at}`, 100)]).flat()
  expect(
    renderLive(after(...events), en)
      .large.split('\n')
      .slice(0, 2),
  ).toEqual(['… and 3 more', '✅ s3 · 0.1 s'])
  expect(renderFinal(after(...events, text('Done.')), en)).toBe(
    'Done.\n\n-# ✅ s0 0.1 s · ✅ s1 0.1 s · ✅ s2 0.1 s · ✅ s3 0.1 s · +7',
  )
})

test('the same call id in two steps means the newer one', () => {
  const card = renderLive(
    after(start('First', 'call_0'), end('call_0', 100), start('Second', 'call_0'), end('call_0', 200)),
    en,
  ).large
  expect(card).toBe('✅ First · 0.1 s\n✅ Second · 0.2 s\n💭 thinking…')
})

test('what the house has to say follows what was said', () => {
  const view = after(text('Half an ans'), { type: 'notice', notice: { kind: 'stopped' } })
  expect(renderFinal(view, en)).toBe('Half an ans\n\n*Stopped.*')
  expect(renderFinal(view, wordsFor('zh-CN', 'en'))).toBe('Half an ans\n\n*已停止。*')
  expect(renderFinal(after({ type: 'notice', notice: { kind: 'failed', id: 'e-1' } }), en)).toContain('e-1')
})

test('a step that still ran when the turn ended was cut off', () => {
  const view = after(start('A'), end('A', 100), start('B'), { type: 'notice', notice: { kind: 'stopped' } })
  expect(renderFinal(view, en)).toBe('*Stopped.*\n\n-# ✅ A 0.1 s · ⏹ B')
})

test('an API client gets the answer alone', () => {
  expect(renderPlain(after(start('A'), end('A', 1), text('Four.')), en)).toBe('Four.')
})
