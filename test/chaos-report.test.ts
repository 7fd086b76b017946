import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { wordsFor } from '../src/i18n/i18n.ts'
import { answerTo, editedFrom, questionOf } from './chaos/answers.ts'
import { type Change, createPeople, follow, type Question } from './chaos/people.ts'
import type { Place, Shown } from './chaos/places.ts'
import { mutations } from './chaos/protections.ts'
import { createRandom } from './chaos/random.ts'
import { report } from './chaos/report.ts'
import { type Tally, troubleKinds } from './chaos/trouble.ts'
import { changed } from './mutant.ts'

const folder = mkdtempSync(join(tmpdir(), 'bellhop-report-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Scene {
  platform?: Place['platform']
  shown?: Shown[]
  questions?: Partial<Question>[]
  calls?: { tool: string; n: number }[]
  begunAt?: [number, number[]][]
}

const message = (text: string, more: Partial<Shown> = {}): Shown => ({ id: 'm', text, buttons: [], ...more })
const below = { answers: 'q3' }
const stop = { buttons: ['Stop'] }
const answered = message(answerTo(3), below)
const half = answerTo(3).slice(0, 100)
const withdrawn = message('*Stopped, since the question was deleted.*', below)
const kept = (keptAt: number, more: Partial<Change> = {}): Change => ({ at: keptAt, keptAt, ...more })
const certain = { isKept: () => true }
const edited = (change: Change): Partial<Question>[] => [{ numbers: [3, editedFrom], changes: [change] }]
const deleted = (change: Change): Partial<Question>[] => [{ deletedAt: change.at, changes: [change] }]

async function rowsOf({ platform = 'discord', shown = [answered], questions = [{}], calls = [], begunAt = [] }: Scene) {
  const place: Place = { conversation: `${platform}:1`, platform, say: () => '', edit: () => undefined, shown: () => shown }
  const ledger = join(folder, 'ledger')
  writeFileSync(ledger, calls.map(call => `${JSON.stringify({ at: 1, pid: 1, ...call })}\n`).join(''))
  const all = questions.map(more => ({ id: 'q3', numbers: [3], place, saidAt: 1, changes: [], ...more }))
  const people = { questions: all, longestGap: () => ({ ms: 0, conversation: '', until: 0 }) }
  const tally = Object.fromEntries(troubleKinds.map(kind => [kind, 0])) as Tally
  const whereIs = async () => ', never heard'
  const result = await report({ people, places: [place], tally, ledger, begunAt: new Map(begunAt), whereIs, events: [] })
  const nonzero = result.table.filter(([name, value]) => value !== 0 && name !== 'longest gap' && name !== 'asked')
  return { ...result, rows: Object.fromEntries(nonzero.map(([name, value]) => [name.trim(), value])) }
}

describe('a chaos run is bad', () => {
  const orphan = (text: string, more = {}) => ({ shown: [answered, message(text, more)] })
  const lateWithdrawal = [{ deletedAt: 1 }]

  test.each<[string, string, Scene]>([
    ['nobody asked anything', 'asked', { questions: [], shown: [] }],
    ['a question was lost', 'lost', { shown: [] }],
    ['one was answered twice', 'answered twice', { shown: [answered, message(answerTo(3))] }],
    [
      'the old and the new answer stand there',
      'answered twice',
      { questions: edited(kept(1)), shown: [answered, message(answerTo(editedFrom))] },
    ],
    ['an answer stops in the middle', 'final text wrong', { shown: [message(half, below)] }],
    ['a question is withdrawn that stands', 'final text wrong', { shown: [withdrawn] }],
    [
      'progress stands below a question that was deleted',
      'left hanging',
      { questions: lateWithdrawal, shown: [message('💭', { ...below, ...stop })] },
    ],
    [
      'answers stand in the wrong order',
      'out of order',
      { questions: [{}, { id: 'q8', numbers: [8] }], shown: [message(answerTo(8)), answered] },
    ],
    [
      'a call that writes was made twice',
      'writing calls repeated',
      {
        calls: [
          { tool: 'write_down', n: 3 },
          { tool: 'write_down', n: 3 },
        ],
      },
    ],
    [
      'a call for an edited question was made twice',
      'writing calls repeated',
      {
        questions: edited(kept(1)),
        calls: [
          { tool: 'write_down', n: editedFrom },
          { tool: 'write_down', n: editedFrom },
        ],
      },
    ],
    ['words of an answer stand where they belong to none', 'stray words of answers', orphan(half)],
    ['so on Discord also while they grow', 'stray words of answers', orphan(half, stop)],
    ['so on Telegram', 'stray words of answers', { platform: 'telegram', ...orphan(half) }],
    [
      'an edit was known before its old words were answered',
      'changes ignored',
      { questions: edited(kept(5, certain)), begunAt: [[3, [6]]] },
    ],
    [
      'so the first of two',
      'changes ignored',
      {
        questions: [{ numbers: [3, editedFrom, editedFrom + 1], changes: [kept(5, certain), kept(9, certain)] }],
        begunAt: [[3, [6]]],
      },
    ],
  ])('when %s', async (_what, row, scene) => {
    const { bad, anomalies } = await rowsOf(scene)
    expect(bad).toEqual([row])
    if (row !== 'asked') expect(anomalies.join()).toMatch(/#3|#8|orphan|write_down/)
  })
})

describe('a chaos run is good, and says so', () => {
  test.each<[string, Record<string, number>, Scene]>([
    ['a question was answered', { 'answered once': 1 }, {}],
    [
      'in a talk that has become long',
      { 'answered once': 1 },
      { shown: [message(`${answerTo(3)}\n\n*${wordsFor('en', 'en').summedUp}*\n\n-# ✅ Looking up 0.4 s`, below)] },
    ],
    [
      'by its new words',
      { 'answered once': 1, 'edited, the new words': 1 },
      { questions: edited(kept(5, certain)), shown: [message(answerTo(editedFrom))] },
    ],
    [
      'by its old ones, since the edit came too late',
      { 'answered once': 1, 'edited, older words': 1 },
      { questions: edited(kept(5, certain)), begunAt: [[3, [4, 9]]] },
    ],
    [
      'or was never heard of',
      { 'answered once': 1, 'edited, older words': 1 },
      { questions: edited({ at: 1, missed: true }), begunAt: [[3, [4]]] },
    ],
    [
      'or perhaps not',
      { 'answered once': 1, 'edited, older words': 1, 'changes perhaps ignored': 1 },
      { questions: edited(kept(5)), begunAt: [[3, [6]]] },
    ],
    ['though deleted', { 'answered once': 1, 'though deleted': 1 }, { questions: deleted(kept(5)), begunAt: [[3, [4]]] }],
    [
      'though perhaps deleted before',
      { 'answered once': 1, 'though deleted': 1, 'changes perhaps ignored': 1 },
      { questions: deleted(kept(5)), begunAt: [[3, [4, 6]]] },
    ],
    ['or withdrawn', { 'deleted, and withdrawn': 1 }, { questions: deleted(kept(5)), shown: [withdrawn] }],
    ['or deleted before anything was shown', { 'deleted, nothing shown': 1 }, { questions: deleted(kept(5)), shown: [] }],
    [
      'together with another',
      { 'answered once': 2, 'in one reply with others': 2 },
      { questions: [{}, { id: 'q8', numbers: [8] }], shown: [message(`${answerTo(3)}\n\n${answerTo(8)}`)] },
    ],
    [
      'and a call that reads was made twice',
      { 'answered once': 1, 'read-only calls repeated': 1 },
      {
        calls: [
          { tool: 'look_up', n: 3 },
          { tool: 'look_up', n: 3 },
        ],
      },
    ],
    [
      'and different numbers were written down',
      { 'answered once': 1, 'edited, older words': 1 },
      {
        questions: edited({ at: 1 }),
        calls: [
          { tool: 'write_down', n: 3 },
          { tool: 'write_down', n: editedFrom },
        ],
      },
    ],
    [
      'and a placeholder is left over',
      { 'answered once': 1, 'orphan placeholders': 1 },
      { shown: [answered, message('queued, 2 ahead', below)] },
    ],
    [
      'and what a lost post to Telegram showed',
      { 'answered once': 1, 'orphan placeholders': 1 },
      { platform: 'telegram', shown: [answered, message(half, stop)] },
    ],
  ])('when %s', async (_what, rows, scene) => {
    const { bad, rows: found } = await rowsOf(scene)
    expect(bad).toEqual([])
    expect(found).toEqual(rows)
  })
})

describe('the people of a chaos run', () => {
  function stage() {
    const shown: Shown[] = []
    const heard: string[] = []
    const place = (platform: Place['platform'], removes: boolean): Place => ({
      conversation: platform,
      platform,
      say: text => `${platform} ${heard.push(text)}`,
      edit(_id, text) {
        heard.push(text)
        return undefined
      },
      ...(removes && { remove: (id: string) => void heard.push(`without ${id}`) }),
      shown: () => shown,
    })
    const yes = () => true
    const dice = createRandom(1)
    const people = (platform: Place['platform'], removes: boolean) =>
      // Many of them, since each speaks seldom.
      createPeople({
        places: Array.from({ length: 40 }, () => place(platform, removes)),
        random: dice,
        mayAsk: yes,
        isHeard: yes,
        isAble: yes,
      })
    return { people, shown, heard, dice }
  }
  async function askOne(people: ReturnType<typeof createPeople>) {
    const ending = new AbortController()
    const asking = people.ask(ending.signal)
    await expect.poll(() => people.questions.length).toBeGreaterThan(0)
    ending.abort()
    await asking
  }

  test('edit and delete what is not answered yet, and nothing else', async () => {
    const { people: open, shown, heard, dice } = stage()
    const people = open('discord', true)
    expect(people.change('edit', dice)).toBeUndefined()
    await askOne(people)
    people.questions.splice(1)
    expect(people.change('edit', dice)).toBe(`#1 is edited to #${editedFrom}`)
    expect(people.change('edit', dice)).toBe(`#${editedFrom} is edited to #${editedFrom + 1}`)
    expect(people.change('delete', dice)).toBe(`#${editedFrom + 1} is deleted`)
    expect(heard).toEqual(expect.arrayContaining([questionOf(1), questionOf(editedFrom), 'without discord 1']))
    expect(people.questions[0]).toMatchObject({ numbers: [1, editedFrom, editedFrom + 1], changes: [{}, {}, {}] })
    expect(people.change('edit', dice)).toBeUndefined()
    expect(people.change('delete', dice)).toBeUndefined()
    shown.push(message('*Stopped, since the question was deleted.*', { answers: 'discord 1' }))
    await expect.poll(() => people.questions[0]?.settledAt).toBeDefined()
    people.close()
  })

  test('delete nothing where that is not told, and change nothing that is answered', async () => {
    const { people: open, shown, dice } = stage()
    const people = open('telegram', false)
    await askOne(people)
    expect(people.change('delete', dice)).toBeUndefined()
    for (const { numbers } of people.questions) shown.push(message(answerTo(numbers[0] ?? 0)))
    await expect.poll(() => people.questions.every(({ settledAt }) => settledAt)).toBe(true)
    expect(people.change('edit', dice)).toBeUndefined()
    people.close()
  })

  test('know when a change is known: when it was confirmed, or some time after it was said to who listens', () => {
    let isKept = false
    const confirmed: Change = { at: 0, isKept: () => isKept }
    follow(confirmed, true, 9000)
    expect(confirmed.keptAt).toBeUndefined()
    isKept = true
    follow(confirmed, true, 9500)
    follow(confirmed, true, 9900)
    expect(confirmed.keptAt).toBe(9500)
    const said: Change = { at: 0 }
    for (const now of [100, 900, 1100, 9000]) follow(said, true, now)
    expect(said.keptAt).toBe(1100)
    const missed: Change = { at: 0 }
    for (const now of [100, 1100]) follow(missed, now > 200, now)
    expect(missed).toEqual({ at: 0, missed: true })
  })
})

test.each(mutations.flatMap(({ protection, changes }) => changes.map(change => [protection, change] as const)))(
  'what `npm run chaos:mutations` takes away stands in the code: %s',
  (_protection, change) => expect(changed(join(import.meta.dirname, '..'), change)).toContain(change.to),
)

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
