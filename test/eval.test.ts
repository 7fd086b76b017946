import { expect, test } from 'vitest'
import { play, playAlone, type Scenario, scenarios, table } from './eval/eval.ts'
import { call, say, scriptedModel } from './fakes.ts'

const all = scenarios()

test('there are scenarios of every category, in English and in Chinese', () => {
  expect(all.length).toBeGreaterThanOrEqual(20)
  expect([...new Set(all.map(({ category }) => category))]).toEqual([
    'arguments',
    'chaining',
    'injections',
    'refusals',
    'sources',
    'tool-choice',
  ])
  const chinese = all.filter(({ text }) => /\p{Script=Han}/u.test(text))
  expect(chinese.length).toBeGreaterThan(all.length / 3)
})

test.each(all)('$category: $text', async scenario => {
  expect((await playAlone(scenario)).missed).toEqual([])
})

test('an argument that is no pattern must be just so', async () => {
  const exact = { ...scenario, calls: [{ name: 'weather__get_weather', input: { city: 'Oslo' } }] }
  expect((await play(exact, scriptedModel([call('weather__get_weather', { city: 'oslo' })], [say('rain')]))).missed).toHaveLength(
    1,
  )
})

test('calls that were made in the wrong order are missed', async () => {
  const chained = {
    ...scenario,
    calls: [{ name: 'video__download_video' }, { name: 'video__analyse_video' }],
    facts: [],
    never: [],
  }
  const lines = (...names: string[]) =>
    scriptedModel(
      names.map(name => call(name)),
      [say('done')],
    )
  expect((await play(chained, lines('video__download_video', 'video__analyse_video'))).missed).toEqual([])
  expect((await play(chained, lines('video__analyse_video', 'video__download_video'))).missed).toHaveLength(1)
})

const scenario: Scenario = {
  category: 'own',
  text: 'weather in Oslo',
  calls: [{ name: 'weather__get_weather', input: { city: '/oslo/' } }],
  never: ['sqlite__write_query'],
  facts: ['rain'],
}

test.each([
  ['nothing', [[call('weather__get_weather', { city: 'Oslo' })], [say('It rains: rain.')]], 0],
  ['a fact', [[call('weather__get_weather', { city: 'Oslo' })], [say('Sunny.')]], 1],
  ['an argument', [[call('weather__get_weather', { city: 'Rome' })], [say('rain')]], 1],
  ['nothing, by other words', [[call('weather__get_weather', { city: 'in Oslo, Norway' })], [say('Rain.')]], 0],
  ['everything', [[call('sqlite__write_query', {})], [say('Sunny.')]], 3],
])('who misses %s is told so', async (_name, steps, missed) => {
  const outcome = await play(scenario, scriptedModel(...steps))
  expect(outcome.missed).toHaveLength(missed)
  expect(table([outcome])).toMatch(missed === 0 ? /^own +1 \/ 1 {2}100 %/ : /^own +0 \/ 1 {2}0 %[\s\S]*- own: weather in Oslo/)
})
