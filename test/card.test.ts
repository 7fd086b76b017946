import { describe, expect, test } from 'vitest'
import type { AgentEvent } from '../src/agent/events.ts'
import { wordsFor } from '../src/i18n/i18n.ts'
import { createRedact } from '../src/redact.ts'
import { longMs, renderPlain } from '../src/reply/card.ts'
import { after, end, finalCard, liveCard, look, start, text } from './cards.ts'

const en = wordsFor('en', 'en')
const progress = (callId: string, done: number, total?: number, message?: string): AgentEvent => ({
  type: 'tool-progress',
  callId,
  progress: { done, ...(total !== undefined && { total }), ...(message !== undefined && { message }) },
})
const many = Array.from({ length: 11 }, (_, at) => [start(`s${at}`), end(`s${at}`, 100)]).flat()

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
  ['takes no Markdown from a server', [start('**bold** [x](y)\nnew line')], '⏳ \\*\\*bold\\*\\* \\[x](y) new line'],
])('while it runs, the card %s', (_what, events, card) => {
  expect(liveCard(events)).toBe(card)
})

test('many steps are shown by the last eight, and all of them in the footer', () => {
  expect(liveCard(many).split('\n').slice(0, 2)).toEqual(['… and 3 more', '✅ s3 · 0.1 s'])
  const all = Array.from({ length: 11 }, (_, at) => `✅ s${at} 0.1 s`).join(' · ')
  expect(finalCard([...many, text('Done.')])).toBe(`Done.\n\n-# ${all}`)
})

describe('a conversation that wants less', () => {
  test.each<['compact' | 'off', string, AgentEvent[], string]>([
    ['compact', 'nothing but what runs now', [...many, start('A'), progress('A', 43, 100, 'video')], '⏳ A · 43 % · video'],
    ['compact', 'the newest of those that run, and how many more', [start('A'), start('B'), start('C')], '⏳ C · +2'],
    ['compact', 'that the model thinks, and no step that is over', [start('A'), end('A', 100)], '💭 thinking…'],
    ['off', 'that it thinks, whatever runs', [start('A'), progress('A', 43, 100, 'video')], '💭 thinking…'],
    ['off', 'what was said', [text('Let me look.'), start('A')], 'Let me look.\n\n💭 thinking…'],
    ['off', 'the text alone as it grows', [start('A'), end('A', 100), text('So')], 'So'],
    ['compact', 'a footer as it grows', [start('A'), end('A', 100), text('So')], 'So\n\n-# ✅ A 0.1 s'],
    ['compact', 'what the asker said meanwhile', [start('A'), { type: 'heard', id: '1', text: 'and B' }], '⏳ A\n↪ and B'],
  ])('%s shows %s', (steps, _what, events, card) => {
    expect(liveCard(events, { steps })).toBe(card)
  })

  test('reads the first four steps below the answer, or none', () => {
    const done = [...many, text('Done.')]
    expect(finalCard(done, { steps: 'compact' })).toBe('Done.\n\n-# ✅ s0 0.1 s · ✅ s1 0.1 s · ✅ s2 0.1 s · ✅ s3 0.1 s · +7')
    expect(finalCard(done, { steps: 'off' })).toBe('Done.')
  })

  test('is told all the same when something went wrong', () => {
    const failed: AgentEvent[] = [start('A'), end('A', 1, 'failed'), { type: 'notice', notice: { kind: 'failed', id: 'e-1' } }]
    expect(finalCard(failed, { steps: 'off' })).toBe('Something went wrong on my side, please try again. (error e-1)')
  })
})

describe('what takes long', () => {
  test.each<[string, AgentEvent[], number, string]>([
    ['a step', [start('A'), progress('A', 43, 100)], 24_400, '⏳ A · 43 % · 0:24'],
    ['steps side by side', [start('A'), end('A', 5), start('B'), start('C')], 67_000, '✅ A · 0.0 s\n⏳ B · 1:07\n⏳ C · 1:07'],
    ['the model', [start('A'), end('A', 5)], 600_000, '✅ A · 0.0 s\n💭 thinking… · 10:00'],
    ['the model before it has done anything', [], 3_725_000, '💭 thinking… · 1:02:05'],
    ['nothing yet', [start('A')], longMs - 1, '⏳ A'],
    ['nothing, when the answer is being written', [start('A'), end('A', 5), text('So')], 60_000, 'So\n\n-# ✅ A 0.0 s'],
  ])('says for how long: %s', (_what, events, now, card) => {
    expect(liveCard(events, {}, now)).toBe(card)
  })

  test('says so in a compact card, and where no step is shown', () => {
    expect(liveCard([start('A')], { steps: 'compact' }, 12_000)).toBe('⏳ A · 0:12')
    expect(liveCard([start('A')], { steps: 'off' }, 12_000)).toBe('💭 thinking… · 0:12')
  })
})

test('the same call id in two steps means the newer one', () => {
  const events = [start('First', 'call_0'), end('call_0', 100), start('Second', 'call_0'), end('call_0', 200)]
  expect(liveCard(events)).toBe('✅ First · 0.1 s\n✅ Second · 0.2 s\n💭 thinking…')
})

test('what the house has to say follows what was said', () => {
  const stopped: AgentEvent[] = [text('Half an ans'), { type: 'notice', notice: { kind: 'stopped' } }]
  expect(finalCard(stopped)).toBe('Half an ans\n\n*Stopped.*')
  expect(finalCard(stopped, { words: wordsFor('zh-CN', 'en') })).toBe('Half an ans\n\n*已停止。*')
  expect(finalCard([{ type: 'notice', notice: { kind: 'failed', id: 'e-1' } }])).toContain('e-1')
})

test('a step that still ran when the turn ended was cut off', () => {
  const events: AgentEvent[] = [start('A'), end('A', 100), start('B'), { type: 'notice', notice: { kind: 'stopped' } }]
  expect(finalCard(events)).toBe('*Stopped.*\n\n-# ✅ A 0.1 s · ⏹ B')
})

test('an API client gets the answer alone', () => {
  expect(renderPlain(after(start('A'), end('A', 1), text('Four.')), en)).toBe('Four.')
})

describe('a secret', () => {
  const redact = createRedact(['s_e_c_r_e_t_1'])
  const safe = look({ redact })

  test.each<[string, AgentEvent[], string]>([
    ['what is said', [text('It is s_e_c_'), text('r_e_t_1, I think'), start('A')], 'It is [hidden], I think\n\n⏳ A'],
    ['what grows, before it is whole', [text('It is s_e_c_r')], 'It is'],
    ['the name of a step', [start('Open s_e_c_r_e_t_1')], '⏳ Open \\[hidden]'],
    ['progress', [start('A'), progress('A', 1, 2, 'with s_e_c_r_e_t_1')], '⏳ A · 50 % · with \\[hidden]'],
    ['what would be cut', [start(`${'x'.repeat(75)} s_e_c_r_e_t_1`)], `⏳ ${'x'.repeat(75)} \\[hi…`],
    ['what the asker said', [start('A'), { type: 'heard', id: '1', text: 's_e_c_r_e_t_1!' }], '⏳ A\n↪ \\[hidden]!'],
  ])('is hidden in %s', (_where, events, card) => {
    expect(liveCard(events, safe)).toBe(card)
  })

  test('is hidden in the footer and in what the house says', () => {
    const notice: AgentEvent = { type: 'notice', notice: { kind: 'model-failed', id: 'e-1', what: 'no such key s_e_c_r_e_t_1' } }
    expect(finalCard([start('A s_e_c_r_e_t_1', 'a'), end('a', 0), notice], safe)).toBe(
      'I could not get an answer from the language model: no such key [hidden] (error e-1)\n\n-# ✅ A \\[hidden] 0.0 s',
    )
  })
})
