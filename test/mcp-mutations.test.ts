// The table of `npm run mcp:mutations` does not rot: what it takes away is still there, and so are the tests that it names.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ofLines } from './mcp-pitfalls.lines.ts'
import { faultsIn, type PitfallMutation } from './mcp-pitfalls.ts'
import { ofWords } from './mcp-pitfalls.words.ts'

const root = join(import.meta.dirname, '..')
const mutations = [...ofLines, ...ofWords]

test('each of the nineteen pitfalls has a fix that can be taken away, and a test that is there to notice', () => {
  expect(new Set(mutations.map(({ pitfall }) => pitfall)).size).toBe(19)
  expect(faultsIn(root, mutations)).toEqual([])
})

const [first] = mutations as [PitfallMutation]
const { change, test: noticing } = first
const others = mutations.filter(({ pitfall }) => pitfall !== first.pitfall)

test.each<[string, PitfallMutation, string]>([
  [
    'whose fix reads otherwise now',
    { ...first, change: { ...change, from: 'not a line of it' } },
    `${change.file} holds this 0 times, which must be once: not a line of it`,
  ],
  [
    'whose fix stands there more than once',
    { ...first, change: { file: 'LICENSE', from: 'copies', to: '' } },
    'LICENSE holds this 2 times, which must be once: copies',
  ],
  [
    'that changes nothing',
    { ...first, change: { ...change, to: change.from } },
    `${change.file}: nothing is taken away by ${change.from}`,
  ],
  [
    'whose test has another name now',
    { ...first, test: { ...noticing, sentence: 'it works' } },
    `${noticing.file} has no test "it works"`,
  ],
  [
    'whose test file is gone',
    { ...first, test: { ...noticing, file: 'test/gone.test.ts' } },
    `test/gone.test.ts has no test "${noticing.sentence}"`,
  ],
  ['of a pitfall that there is not', { ...first, pitfall: 20 }, 'there is no pitfall 20'],
])('a row %s is found', (_, row, fault) => {
  expect(faultsIn(root, [...mutations, row])).toEqual([fault])
})

test('a pitfall without a row is found', () => {
  expect(faultsIn(root, others)).toEqual([`nothing is taken away for pitfall ${first.pitfall}`])
})
