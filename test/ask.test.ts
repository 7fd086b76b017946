import { expect, test } from 'vitest'
import { type Field, readField } from '../src/ask.ts'

const field = (over: Partial<Field>): Field => ({ name: 'f', label: 'F', kind: 'text', required: false, ...over })
const colours = [
  { value: 'r', label: 'Red' },
  { value: 'g', label: 'Green' },
]

test.each<[string, Partial<Field>, string, unknown]>([
  ['takes a text as it is typed', {}, ' Oslo ', 'Oslo'],
  ['takes nothing where nothing is needed', {}, '  ', undefined],
  ['takes what is preset for nothing', { preset: 'Rome', required: true }, '', 'Rome'],
  ['takes a number', { kind: 'number' }, '1.5', 1.5],
  ['takes a whole number', { kind: 'integer', min: 1, max: 5 }, '5', 5],
  ['takes a yes', { kind: 'yes-no' }, 'Yes', true],
  ['takes a Chinese no', { kind: 'yes-no' }, '不', false],
  ['takes one by its value', { kind: 'one', options: colours }, 'g', 'g'],
  ['takes one by its label, however it is written', { kind: 'one', options: colours }, 'red', 'r'],
  ['takes one by its place', { kind: 'one', options: colours }, '2', 'g'],
  ['takes many, each once', { kind: 'many', options: colours }, 'red, 2，r', ['r', 'g']],
  ['takes a date', { format: 'date' }, '2026-02-28', '2026-02-28'],
  ['takes an address', { format: 'uri' }, 'https://a.example/', 'https://a.example/'],
])('%s', (_, over, typed, value) => {
  expect(readField(field(over), typed)).toEqual({ value })
})

test.each<[string, Partial<Field>, string, string]>([
  ['nothing where something is needed', { required: true }, ' ', 'required'],
  ['words for a number', { kind: 'number' }, 'ten', 'number'],
  ['a fraction for a whole number', { kind: 'integer' }, '1.5', 'integer'],
  ['a perhaps', { kind: 'yes-no' }, 'perhaps', 'yes-no'],
  ['what is not among the options', { kind: 'one', options: colours }, '3', 'option'],
  ['a number that is too small', { kind: 'number', min: 1 }, '0', 'small'],
  ['a text that is too long', { max: 3 }, 'long', 'large'],
  ['too many', { kind: 'many', options: colours, max: 1 }, '1,2', 'large'],
  ['what is no address of mail', { format: 'email' }, 'ann', 'email'],
  ['what is no address of the web', { format: 'uri' }, 'ann', 'uri'],
  ['what is no day', { format: 'date' }, '2026-13-01', 'date'],
  ['a day for a time', { format: 'date-time' }, '2026-12-01', 'date-time'],
])('refuses %s', (_, over, typed, wrong) => {
  expect(readField(field(over), typed)).toEqual({ wrong })
})
