import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Desk, openDesk } from './eval/desk.ts'
import { missedIn, table } from './eval/judge.ts'
import { nameOf, type Scenario, scenarios } from './eval/scenario.ts'
import { call, say, scriptedModel } from './fakes.ts'

const all = scenarios()
const categories = [...new Set(all.map(({ category }) => category))]
const byName = (some: Scenario[]) => some.map(scenario => ({ scenario, name: `${scenario.category}: ${nameOf(scenario)}` }))

let desk: Desk
beforeAll(async () => {
  desk = await openDesk()
})
afterAll(() => desk.close())

test('there are scenarios of every category, in English and in Chinese', () => {
  expect(all.length).toBeGreaterThanOrEqual(60)
  expect(categories).toEqual([
    'arguments',
    'chaining',
    'injections',
    'long-results',
    'many-tools',
    'refusals',
    'skills',
    'sources',
    'tool-choice',
  ])
  for (const category of categories) {
    const own = all.filter(scenario => scenario.category === category)
    const chinese = own.filter(({ text }) => /\p{Script=Han}/u.test(text))
    expect(chinese.length).toBeGreaterThanOrEqual(own.length / 2 - 1)
  }
})

test.concurrent.each(byName(all))('$name', async ({ scenario }) => {
  expect(missedIn(scenario, await desk.playScript(scenario))).toEqual([])
})

test.concurrent.each(byName(all.filter(({ offline }) => offline)))('offline, $name', async ({ scenario }) => {
  expect(missedIn(scenario, await desk.playOffline(scenario))).toEqual([])
})

test.concurrent.each(byName(all))('a model that says nothing of use misses $name', async ({ scenario }) => {
  const idle = scriptedModel(...Array.from({ length: 12 }, () => [say('?')]))
  expect(missedIn(scenario, await desk.play(scenario, idle))).not.toEqual([])
})

const own: Scenario = {
  category: 'own',
  text: 'weather in Oslo',
  script: [],
  calls: [{ weather__get_weather: { city: '/oslo/' } }],
  never: ['sqlite__write_query'],
  facts: ['rain'],
}
const oslo = call('weather__get_weather', { city: 'Oslo' })
const missed = async (scenario: Scenario, ...steps: Parameters<typeof scriptedModel>) =>
  missedIn(scenario, await desk.play(scenario, scriptedModel(...steps)))

test.each([
  ['nothing', [[oslo], [say('It rains: rain.')]], 0],
  ['a fact', [[oslo], [say('Sunny.')]], 1],
  ['an argument', [[call('weather__get_weather', { city: 'Rome' })], [say('rain')]], 1],
  ['nothing, by other words', [[call('weather__get_weather', { city: 'in Oslo, Norway' })], [say('Rain.')]], 0],
  ['everything', [[call('sqlite__write_query', {})], [say('Sunny.')]], 3],
])('who misses %s is told so', async (_name, steps, count) => {
  const found = await missed(own, ...steps)
  expect(found).toHaveLength(count)
  const told = table([{ scenario: own, by: 'scripted', missed: found }])
  expect(told).toMatch(count === 0 ? /^own +1 \/ 1 {2}100 %$/m : /^own +0 \/ 1 +0 %$[\s\S]*- own, scripted: weather in Oslo/m)
})

test('an argument that is no pattern must be just so', async () => {
  const exact = { ...own, calls: [{ weather__get_weather: { city: 'Oslo' } }] }
  expect(await missed(exact, [call('weather__get_weather', { city: 'oslo' })], [say('rain')])).toHaveLength(1)
})

test('calls in the wrong order are missed, and those that were not made side by side', async () => {
  const [load, look] = ['video__download_video', 'video__analyse_video']
  const chained = { ...own, calls: [{ [load]: {} }, { [look]: {} }], facts: [] }
  const beside = { ...chained, calls: [{ [load]: {}, [look]: {} }] }
  const oneByOne = (...names: string[]) => [...names.map(name => [call(name)]), [say('done')]]
  expect(await missed(chained, ...oneByOne(load, look))).toEqual([])
  expect(await missed(chained, ...oneByOne(look, load))).toHaveLength(1)
  expect(await missed(beside, ...oneByOne(load, look))).toHaveLength(1)
  expect(await missed(beside, [call(load), call(look)], [say('done')])).toEqual([])
})

test('what the footer lacks, and what the reply must not have, is missed', async () => {
  const strict = { ...own, footer: ['✅ Get weather', '⚠️'], lacks: ['Bergen'] }
  expect(await missed(strict, [oslo], [say('rain, as in Bergen')])).toEqual([
    expect.stringContaining('the footer lacks ⚠️'),
    expect.stringContaining('the reply has Bergen'),
  ])
})
