import { expect, test } from 'vitest'
import { steady } from '../src/reply/steady.ts'

test.each([
  ['closes bold', 'so **very bo', 'so **very bo**'],
  ['closes what is nested', 'so **very *nes', 'so **very *nes***'],
  ['closes a spoiler, so that nobody reads it too early', 'it is ||the butl', 'it is ||the butl||'],
  ['closes before a blank', 'so **very ', 'so **very**'],
  ['holds a mark back that has just begun', 'so **', 'so '],
  ['holds half of a closing mark back', 'so **very*', 'so **very**'],
  ['leaves a star between blanks', '5 * 3 is', '5 * 3 is'],
  ['leaves a star within a word', '5*3 is', '5*3 is'],
  ['leaves names with lines in them', 'use snake_case_na', 'use snake_case_na'],
  ['holds a link back while its label is typed', 'see [the do', 'see '],
  ['holds a link back while its address is typed', 'see [the docs](https://exa', 'see '],
  ['shows a link when it is whole', 'see [the docs](https://example.org)', 'see [the docs](https://example.org)'],
  ['closes nothing behind an address in bold', 'so **https://x.org** and', 'so **https://x.org** and'],
  [
    'closes nothing behind an address in a spoiler',
    'so ||https://x.org||, _https://x.org_. ~~https://x.org~~ a',
    'so ||https://x.org||, _https://x.org_. ~~https://x.org~~ a',
  ],
  ['closes bold behind half an address', 'so **see https://x.org/a_b', 'so **see https://x.org/a_b**'],
  ['holds a picture back', 'see ![a c', 'see '],
  ['shows brackets that are no link', 'see [1] and', 'see [1] and'],
  ['shows a bracket that is never closed', `see [${'x'.repeat(300)}`, `see [${'x'.repeat(300)}`],
  ['holds code back', 'run `npm i', 'run '],
  ['holds code back whose last mark may be the first of two', 'run `npm i`', 'run '],
  ['knows that a star in code is none', 'run `a * b **` and', 'run `a * b **` and'],
  ['holds a formula back', 'so \\(a_1 +', 'so '],
  ['holds the head of a table back', 'so:\n\n| a | b', 'so:\n\n'],
  ['holds it back until its rule is whole', 'so:\n\n| a | b |\n|---|', 'so:\n\n'],
  ['shows a table by whole rows', '| a | b |\n|---|---|\n| 1 | 2 |\n| 3 ', '| a | b |\n|---|---|\n| 1 | 2 |\n'],
  ['keeps the last row of a quoted table', '> | a |\n> |---|\n> |  |\n>', '> | a |\n> |---|\n> |  |\n'],
  ['shows lines with bars that are no table', '| a\nb', '| a\nb'],
  ['holds a heading back until it says something', 'so\n\n##', 'so\n\n'],
  ['holds a rule back, which would make a title of what stands above', 'so\n--', 'so\n'],
  ['holds an empty item back', '- a\n- ', '- a\n'],
  ['holds a fence back until there is code', 'so\n\n```t', 'so\n\n'],
  ['holds the end of a fence back', '```ts\nlet a\n``', '```ts\nlet a'],
  ['changes nothing in code', '```ts\na **b [c', '```ts\na **b [c'],
  ['says nothing about what is long finished', 'a ** b\n\nc', 'a ** b\n\nc'],
])('%s', (_what, typed, shown) => {
  expect(steady(typed)).toBe(shown)
})

test('comes to an end on what invites backtracking', () => {
  for (const one of ['> ', '- ', '[', '`', '**a ', '||', '\\(', '| ', '<', '*_', '\n', ' ', '# \n', '`a ']) {
    expect(typeof steady(one.repeat(3000))).toBe('string')
  }
})
