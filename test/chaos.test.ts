import { describe, expect, test } from 'vitest'
import { answerTo, kindOf, modelScript, preludeOf, questionOf } from './chaos/answers.ts'
import type { Shown } from './chaos/places.ts'
import { createRandom } from './chaos/random.ts'
import { isSettled, judge } from './chaos/verdict.ts'

const asked = (...numbers: number[]) => numbers.map(n => ({ n, id: `q${n}` }))
let ids = 0
const message = (text: string, more: Partial<Shown> = {}): Shown => ({ id: `m${ids++}`, text, buttons: [], ...more })
const fates = (shown: Shown[], ...numbers: number[]) => judge(asked(...numbers), shown).fates.map(({ fate }) => fate)
const [plain, chatty, long] = [3, 1, 7] as const
const halves = (n: number): [string, string] => {
  const middle = answerTo(n).indexOf('\n\n', answerTo(n).length / 2)
  return [answerTo(n).slice(0, middle), answerTo(n).slice(middle + 2)]
}

describe('the judge of a chaos run', () => {
  test('knows a whole answer, with or without the house’s own lines and what was said before a call', () => {
    expect(fates([message(answerTo(plain))], plain)).toEqual(['answered once'])
    expect(fates([message(`${preludeOf(chatty)}\n\n${answerTo(chatty)}\n\n-# ✅ Looking up 0.3 s`)], chatty)).toEqual([
      'answered once',
    ])
    expect(
      fates(
        halves(long).map(part => message(part)),
        long,
      ),
    ).toEqual(['answered once'])
  })

  test.each<[string, () => Shown[]]>([
    ['a text that still grows', () => [message(halves(plain)[0])]],
    ['a button that was left', () => [message(answerTo(plain), { buttons: ['Stop'] })]],
    ['words in the middle that are not the model’s', () => [message(answerTo(plain).replace('\n\n', '\n\nthinking…\n\n'))]],
    ['a paragraph too many', () => [message(`${answerTo(plain)}\n\n${answerTo(plain)}`)]],
    ['parts in the wrong order', () => [...halves(plain)].reverse().map(part => message(part))],
  ])('calls %s a wrong text', (_what, shown) => expect(fates(shown(), plain)).toEqual(['final text wrong']))

  test('sees an answer that was given twice, whole or in parts', () => {
    expect(fates([message(answerTo(plain)), message(answerTo(plain))], plain)).toEqual(['answered twice'])
    const parts = [...halves(long), ...halves(long)].map(part => message(part))
    expect(fates(parts, long)).toEqual(['answered twice'])
  })

  test('tells what was lost from what was set aside', () => {
    const aside = message('I could not answer this: … have put it aside. (error e-12345678)', { answers: 'q3' })
    expect(fates([aside], 3, 8)).toEqual(['set aside', 'lost'])
  })

  test('sees answers that stand in the wrong order', () => {
    const shown = [message(answerTo(8)), message(answerTo(3))]
    expect(judge(asked(3, 8), shown).fates.map(({ outOfOrder }) => outOfOrder)).toEqual([false, true])
    expect(judge(asked(8, 3), shown).fates.map(({ outOfOrder }) => outOfOrder)).toEqual([false, false])
  })

  test('counts what belongs to no answer, and lets it spoil none', () => {
    const shown = [
      message('💭 thinking…', { buttons: ['Stop'] }),
      message(halves(long)[0]),
      ...halves(long).map(part => message(part)),
    ]
    const { fates, orphans } = judge(asked(long), shown)
    expect(fates[0]?.fate).toBe('answered once')
    expect(orphans).toHaveLength(2)
  })

  test('takes several questions that one reply answers as answered', () => {
    expect(fates([message([answerTo(3), answerTo(8)].join('\n\n'))], 3, 8)).toEqual(['answered once', 'answered once'])
  })

  test('waits for the end of an answer, and for no more than that', () => {
    const question = { n: plain, id: 'q3' }
    expect(isSettled(question, [message(halves(plain)[0])])).toBe(false)
    expect(isSettled(question, [message(answerTo(plain), { buttons: ['Stop'] })])).toBe(false)
    expect(isSettled(question, [message(answerTo(plain))])).toBe(true)
  })
})

test('the model of a chaos run looks up, writes down and answers, whoever asks it', () => {
  const tools = [{ function: { name: 'ledger__look_up' } }]
  const user = { role: 'user', content: questionOf(chatty) }
  const called = { role: 'assistant', content: '', tool_calls: [{}] }
  const result = { role: 'tool', content: 'done' }
  expect(kindOf(chatty)).toBe('chatty')
  expect(modelScript({ messages: [user], tools })).toMatchObject({ calls: [{ name: 'ledger__look_up', input: { n: chatty } }] })
  expect(modelScript({ messages: [user, called, result], tools })).toMatchObject({ calls: [{ name: 'ledger__write_down' }] })
  expect(modelScript({ messages: [user, called, result, called, result], tools })).toMatchObject({ text: answerTo(chatty) })
})

test('the same seed throws the same dice', () => {
  const throws = (seed: number) =>
    Array.from(
      { length: 20 },
      (
        dice => () =>
          dice.between(0, 1)
      )(createRandom(seed)),
    )
  expect(throws(7)).toEqual(throws(7))
  expect(throws(7)).not.toEqual(throws(8))
})
