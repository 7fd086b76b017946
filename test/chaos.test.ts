import { describe, expect, test } from 'vitest'
import { answerTo, kindOf, modelScript, preludeOf, questionOf } from './chaos/answers.ts'
import { type Shown, unfiled } from './chaos/places.ts'
import { type Asked, isSettled, judge } from './chaos/verdict.ts'

const asked = (...numbers: number[]): Asked[] => numbers.map(n => ({ id: `q${n}`, numbers: [n] }))
const edited = (...numbers: number[]): Asked => ({ id: `q${numbers[0]}`, numbers })
const deleted = (...numbers: number[]): Asked => ({ ...edited(...numbers), deletedAt: 1 })
let ids = 0
const message = (text: string, more: Partial<Shown> = {}): Shown => ({ id: `m${ids++}`, text, buttons: [], ...more })
const judged = (questions: Asked[], ...shown: Shown[]) => judge(questions, shown)
const fatesOf = (questions: Asked[], ...shown: Shown[]) => judged(questions, ...shown).fates.map(({ fate }) => fate)
const fates = (shown: Shown[], ...numbers: number[]) => fatesOf(asked(...numbers), ...shown)
const [plain, chatty, long, newPlain, newLong] = [3, 1, 7, 100_003, 100_007] as const
const halves = (n: number): [string, string] => {
  const middle = answerTo(n).indexOf('\n\n', answerTo(n).length / 2)
  return [answerTo(n).slice(0, middle), answerTo(n).slice(middle + 2)]
}
const stop = { buttons: ['Stop'] }
const footer = '-# ✅ Looking up 0.3 s · ⏹ Writing down'
const withdrawn = '*Stopped, since the question was deleted.*'
const both = (...numbers: number[]) => numbers.map(answerTo).join('\n\n')

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

  test('knows an answer whose end is in a file', () => {
    const [beginning] = halves(long)
    const said = message(`${beginning}\n\n📄 The whole answer comes as a file: \`answer.md\`.\n\n${footer}`)
    const posted = (file: string) => unfiled([said, { ...message(''), answers: 'q7', file }])
    expect(fates(posted(answerTo(long)), long)).toEqual(['answered once'])
    expect(fates(posted(answerTo(long).slice(0, -9)), long)).toEqual(['final text wrong'])
    expect(fates(unfiled([said]), long)).toEqual(['final text wrong'])
  })

  test.each<[string, () => Shown[]]>([
    ['a text that still grows', () => [message(halves(plain)[0])]],
    ['a button that was left', () => [message(answerTo(plain), stop)]],
    ['words in the middle that are not the model’s', () => [message(answerTo(plain).replace('\n\n', '\n\nthinking…\n\n'))]],
    ['words after its end', () => [message(`${answerTo(plain)}\n\nthinking…`)]],
    ['a paragraph too many', () => [message(`${answerTo(plain)}\n\n${answerTo(plain)}`)]],
    ['what was announced for another question', () => [message(`${preludeOf(chatty)}\n\n${answerTo(plain)}`)]],
    ['parts in the wrong order', () => [...halves(plain)].reverse().map(part => message(part))],
    ['half an answer in a reply of its own', () => halves(plain).map((part, at) => message(part, { answers: `q${at}` }))],
    ['a stop because of a deletion that was none', () => [message(`${halves(plain)[0]}\n\n${withdrawn}`, { answers: 'q3' })]],
  ])('calls %s a wrong text', (_what, shown) => expect(fates(shown(), plain)).toEqual(['final text wrong']))

  test('sees an answer that was given twice, whole or in parts', () => {
    expect(fates([message(answerTo(plain)), message(answerTo(plain))], plain)).toEqual(['answered twice'])
    const parts = [...halves(long), ...halves(long)].map(part => message(part))
    expect(fates(parts, long)).toEqual(['answered twice'])
  })

  test('tells what was lost from what was set aside', () => {
    const aside = message('I could not answer this: … have put it aside. (error e-12345678)', { answers: 'q3' })
    expect(fates([aside], 3, 8)).toEqual(['set aside', 'lost'])
    expect(fates([aside], 8, 3)).toEqual(['set aside', 'set aside']) // together, below the last of them
    expect(fates([aside, message(answerTo(plain + 10))], 8, plain + 10, 3)).toEqual(['lost', 'answered once', 'set aside'])
    expect(fates([message('Something went wrong on my side. (error e-12345678)', { answers: 'q3' })], 3)).toEqual(['lost'])
  })

  test('sees answers that stand in the wrong order', () => {
    const shown = [message(answerTo(8)), message(answerTo(3))]
    expect(judge(asked(3, 8), shown).fates.map(({ outOfOrder }) => outOfOrder)).toEqual([false, true])
    expect(judge(asked(8, 3), shown).fates.map(({ outOfOrder }) => outOfOrder)).toEqual([false, false])
  })

  test('counts what belongs to no answer, and lets it spoil none', () => {
    const shown = [message('💭 thinking…', stop), message(halves(long)[0]), ...halves(long).map(part => message(part))]
    const { fates, orphans } = judge(asked(long), shown)
    expect(fates[0]?.fate).toBe('answered once')
    expect(orphans).toHaveLength(2)
  })

  test('waits for the end of an answer, and for no more than that', () => {
    const question = edited(plain)
    expect(isSettled(question, [message(halves(plain)[0])])).toBe(false)
    expect(isSettled(question, [message(answerTo(plain), stop)])).toBe(false)
    expect(isSettled(question, [message(answerTo(plain))])).toBe(true)
    expect(isSettled(edited(plain, newPlain), [message(answerTo(newPlain))])).toBe(true)
    expect(isSettled(deleted(plain), [message(withdrawn, { answers: 'q3' })])).toBe(true)
    expect(isSettled(deleted(plain), [message(withdrawn, { answers: 'q8' })])).toBe(false)
    expect(isSettled(deleted(plain), [])).toBe(false)
  })
})

describe('of a question that was edited, the judge', () => {
  const question = edited(plain, newPlain, newLong)

  test.each(question.numbers)('takes the answer to #%i, and says which it was', n => {
    const { fates, orphans } = judged([question], message(answerTo(n)))
    expect(fates[0]).toMatchObject({ fate: 'answered once', answered: n })
    expect(orphans).toEqual([])
  })

  test.each<[string, Shown[], string]>([
    ['the old answer and the new one', [message(answerTo(plain)), message(answerTo(newPlain))], 'answered twice'],
    ['both in one reply', [message(both(plain, newPlain))], 'answered twice'],
    ['the new answer twice', [message(answerTo(newPlain)), message(answerTo(newPlain))], 'answered twice'],
    ['neither', [message('💭 thinking…', { ...stop, answers: 'q3' })], 'lost'],
    [
      'the old one up to the middle, and the new one from there',
      [message(`${halves(plain)[0]}\n\n${halves(newPlain)[1]}`)],
      'final text wrong',
    ],
    ['the new answer after words of the old one', [message(`${halves(plain)[0]}\n\n${answerTo(newPlain)}`)], 'final text wrong'],
    ['an answer that still runs', [message(answerTo(newPlain), stop)], 'final text wrong'],
  ])('does not take %s', (_what, shown, fate) => expect(fatesOf([question], ...shown)).toEqual([fate]))

  test('does not take the answer that another question was edited to', () => {
    expect(fatesOf([edited(plain, newPlain), edited(8)], message(answerTo(newPlain)), message(answerTo(plain)))).toEqual([
      'answered twice',
      'lost',
    ])
  })

  test('sees what was left of the older, longer answer', () => {
    const { fates, orphans } = judged([edited(long, newPlain)], message(answerTo(newPlain)), message(halves(long)[1]))
    expect(fates[0]?.fate).toBe('answered once')
    expect(orphans).toHaveLength(1)
  })
})

describe('of a question that was deleted, the judge', () => {
  const below = { answers: 'q1' }

  test.each<[string, Shown[], string]>([
    ['that nothing was shown', [], 'nothing shown'],
    ['the whole answer', [message(answerTo(chatty), below)], 'answered once'],
    ['that it was withdrawn before a word', [message(withdrawn, below)], 'withdrawn'],
    ['that it was withdrawn, with a footer', [message(`${withdrawn}\n\n-# ⏹ Looking up`, below)], 'withdrawn'],
    ['that it was withdrawn after the announcement', [message(`${preludeOf(1)}\n\n${withdrawn}`)], 'withdrawn'],
    ['that it was withdrawn within the announcement', [message(`I look\n\n${withdrawn}`, below)], 'withdrawn'],
    [
      'that it was withdrawn within the answer',
      [message(`${preludeOf(1)}\n\n${halves(1)[0].slice(0, -9)}\n\n${withdrawn}\n\n${footer}`, below)],
      'withdrawn',
    ],
    ['that it was withdrawn when all was said', [message(`${answerTo(1)}\n\n${withdrawn}`, below)], 'withdrawn'],
    ['that it was set aside', [message('I was interrupted and have put it aside. (error e-12345678)', below)], 'set aside'],
  ])('takes %s', (_what, shown, fate) => {
    const { fates, orphans } = judged([deleted(chatty)], ...shown)
    expect(fates.map(found => found.fate)).toEqual([fate])
    expect(orphans).toEqual([])
  })

  test('takes a long answer that was withdrawn in its second message', () => {
    const [first, second] = halves(long)
    const shown = [message(first, { answers: 'q7' }), message(`${second.slice(0, 200)}\n\n${withdrawn}`)]
    expect(fatesOf([deleted(long)], ...shown)).toEqual(['withdrawn'])
    expect(fatesOf([deleted(long)], message(first, { answers: 'q7' }), message(withdrawn))).toEqual(['withdrawn'])
  })

  test.each<[string, Shown[], string]>([
    ['progress without an end', [message('💭 thinking…', { ...stop, ...below })], 'left hanging'],
    ['a pause without an end', [message(`${preludeOf(chatty)}\n\n⏸ Restarting, I will go on in a moment.`)], 'left hanging'],
    ['a card that tells of a place in the queue', [message('queued, 2 ahead', below)], 'left hanging'],
    ['an answer that stops in the middle', [message(halves(chatty)[0], below)], 'final text wrong'],
    ['a withdrawal with a button', [message(withdrawn, { ...stop, ...below })], 'final text wrong'],
    ['two withdrawals', [message(withdrawn, below), message(withdrawn, below)], 'answered twice'],
    ['two answers', [message(answerTo(chatty)), message(answerTo(chatty))], 'answered twice'],
    ['an answer and a withdrawal', [message(answerTo(chatty), below), message(withdrawn, below)], 'answered twice'],
    [
      'words after the withdrawal',
      [message(`${halves(chatty)[0]}\n\n${withdrawn}\n\n${halves(chatty)[1]}`, below)],
      'final text wrong',
    ],
    ['words of another question before the withdrawal', [message(`${halves(8)[0]}\n\n${withdrawn}`, below)], 'final text wrong'],
  ])('does not take %s', (_what, shown, fate) => expect(fatesOf([deleted(chatty)], ...shown)).toEqual([fate]))

  test('takes no withdrawal that hangs below another question', () => {
    const shown = [message(withdrawn, { answers: 'q8' }), message(halves(chatty)[0], below)]
    expect(fatesOf([deleted(chatty), deleted(8)], ...shown)).toEqual(['final text wrong', 'withdrawn'])
  })

  test('takes the answer to what it was edited to before, but never both', () => {
    const question = deleted(plain, newPlain)
    expect(fatesOf([question], message(answerTo(newPlain)))).toEqual(['answered once'])
    expect(fatesOf([question], message(`${halves(newPlain)[0]}\n\n${withdrawn}`))).toEqual(['withdrawn'])
    expect(fatesOf([question], message(answerTo(plain)), message(answerTo(newPlain)))).toEqual(['answered twice'])
  })
})

describe('of several questions that one reply answers, the judge', () => {
  const once = ['answered once', 'answered once']

  test.each<[string, string]>([
    ['in their order', both(3, 8)],
    ['in another order', both(8, 3)],
    ['after what was announced', `${preludeOf(1)}\n\n${both(3, 1)}`],
    ['with a footer', `${both(3, 8)}\n\n${footer}`],
  ])('takes each as answered: %s', (_what, text) => {
    const { fates, orphans } = judged(asked(3, text.includes('#8') ? 8 : 1), message(text))
    expect(fates.map(({ fate, together }) => [fate, together])).toEqual(once.map(fate => [fate, 2]))
    expect(fates.some(({ outOfOrder }) => outOfOrder)).toBe(false)
    expect(orphans).toEqual([])
  })

  test('takes a reply over several messages, and does not care where it is cut', () => {
    const [first, second] = halves(long)
    expect(fates([message(`${answerTo(3)}\n\n${first}`), message(`${second}\n\n${answerTo(8)}`)], 3, 7, 8)).toEqual([
      ...once,
      'answered once',
    ])
    expect(fates([message(`${preludeOf(1)}\n\n${answerTo(3)}`), message(answerTo(1))], 3, 1)).toEqual(once)
  })

  test('takes the one that was edited as answered by its new number', () => {
    const questions = [edited(3), edited(8, newPlain), edited(chatty)]
    const { fates } = judged(questions, message(`${preludeOf(1)}\n\n${both(3, newPlain, 1)}`))
    expect(fates.map(({ fate, answered }) => [fate, answered])).toEqual([
      ['answered once', 3],
      ['answered once', newPlain],
      ['answered once', 1],
    ])
  })

  test.each<[string, Asked[], string, string[]]>([
    ['one of them twice', asked(3, 8), both(3, 8, 3), ['final text wrong', 'final text wrong']],
    ['the last one not to its end', asked(3, 8), `${answerTo(3)}\n\n${halves(8)[0]}`, ['final text wrong', 'final text wrong']],
    ['one of them not at all', asked(3, 8), answerTo(3), ['answered once', 'lost']],
    [
      'an edited one by both its numbers',
      [edited(3), edited(8, newPlain)],
      both(3, 8, newPlain),
      ['answered once', 'answered twice'],
    ],
    [
      'the one that stands withdrawn with the one that was deleted',
      [edited(3), deleted(8)],
      `${answerTo(3)}\n\n${withdrawn}`,
      ['final text wrong', 'nothing shown'],
    ],
    ['the one that stands not, and hidden behind a withdrawal', [deleted(3), edited(8)], withdrawn, ['withdrawn', 'lost']],
  ])('does not take %s', (_what, questions, text, expected) => {
    expect(fatesOf(questions, message(text, { answers: 'q3' }))).toEqual(expected)
  })

  test('takes one that was deleted as not shown, or as answered when it was too late', () => {
    const questions = [deleted(3), edited(8), edited(chatty)]
    const below = { answers: 'q3' } // the reply hangs below the first of them
    const late = `${preludeOf(1)}\n\n${both(3, 8, 1)}`
    expect(fatesOf(questions, message(both(8, 1), below))).toEqual(['nothing shown', ...once])
    expect(fatesOf(questions, message(late, below))).toEqual(['answered once', ...once])
  })

  test('sees one of them answered by itself as well', () => {
    expect(fates([message(both(3, 8)), message(answerTo(8))], 3, 8)).toEqual(['answered once', 'answered twice'])
  })
})

describe('a card that tells of a place in the queue', () => {
  const card = (n: number) => message('⏳ queued, 2 ahead', { answers: `q${n}` })

  test('is an orphan beside the answer, and counts as none', () => {
    const { fates, orphans } = judged(asked(3, 8), card(8), message(both(3, 8), { answers: 'q3' }))
    expect(fates.map(({ fate }) => fate)).toEqual(['answered once', 'answered once'])
    expect(orphans.map(({ text }) => text)).toEqual(['⏳ queued, 2 ahead'])
  })

  test('is no answer, and no end', () => {
    expect(fatesOf(asked(3), card(3))).toEqual(['lost'])
    expect(isSettled(edited(3), [card(3)])).toBe(false)
  })

  test('that became the answer keeps its place before what was said later', () => {
    const shown = [message(halves(long)[0], { answers: 'q7' }), message(answerTo(3), { answers: 'q3' }), message(halves(long)[1])]
    const { fates, orphans } = judged(asked(7, 3), ...shown)
    expect(fates.map(({ fate, outOfOrder }) => [fate, outOfOrder])).toEqual([
      ['answered once', false],
      ['answered once', false],
    ])
    expect(orphans).toEqual([])
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
