// Forms as windows of Discord's.
import { expect, test } from 'vitest'
import { toModal } from '../adapters/discord/modal.ts'
import { type Ask, type Field, readField } from '../src/ask.ts'
import { submission, type WireModal } from './wire/discord-modals.ts'

const form = (fields: Field[], more: Partial<Ask> = {}): Ask => ({
  token: 't',
  kind: 'form',
  text: 'Where to?',
  fields,
  expiresAt: 0,
  ...more,
})

const windowOf = (field: Partial<Field>, more: Partial<Ask> = {}, locale = 'en') =>
  toModal(form([{ name: 'f', label: 'F', kind: 'text', required: true, ...field }], more), 'fill:t', locale)
const labelOf = (field: Partial<Field>) => windowOf(field)?.components[0]

test('has the name of the house where the house asks, and no more than Discord shows', () => {
  expect(windowOf({})?.title).toBe('Bellhop')
  expect(windowOf({}, { from: 'a'.repeat(60) })?.title).toBe(`${'a'.repeat(44)}…`)
  expect(windowOf({}, { from: `${'a'.repeat(43)}😀 and more` })?.title).toBe(`${'a'.repeat(43)}…`)
})

test('tells a label that is too long in full below it, with the hint', () => {
  const label = 'Where do you want to go on your next holiday, and why?'
  expect(labelOf({ label, hint: 'a city' })).toMatchObject({
    label: `${label.slice(0, 44)}…`,
    description: `${label} · a city`,
  })
  expect(labelOf({ label: ' ' })).toMatchObject({ label: 'f' })
})

test('asks in the language of the person', () => {
  expect(windowOf({ kind: 'yes-no' }, {}, 'zh-CN')).toMatchObject({
    components: [
      {
        component: {
          options: [
            { label: '是', value: 'yes' },
            { label: '否', value: 'no' },
          ],
        },
      },
    ],
  })
})

test('has several lines where much is to be written, and what was written before', () => {
  expect(labelOf({ max: 2000 })).toMatchObject({ component: { style: 2, max_length: 2000 } })
  expect(labelOf({ max: 9000, preset: 'one\ntwo' })).toMatchObject({
    component: { style: 2, value: 'one\ntwo', max_length: 4000 },
  })
  expect(labelOf({})).toMatchObject({ component: { style: 1 } })
})

test('need not be filled where an empty field means what cannot be shown', () => {
  const component = labelOf({ preset: 'x'.repeat(5000) })
  expect(component).toMatchObject({ component: { required: false } })
  expect(component).not.toHaveProperty('component.value')
})

test.each<[string, Partial<Field>, string]>([
  ['an address', { format: 'email' }, 'ada@example.org'],
  ['the least number', { kind: 'number', min: 0.5 }, '≥ 0.5'],
  ['the largest', { kind: 'integer', max: 9 }, '≤ 9'],
  [
    'the first of many choices',
    { kind: 'one', options: Array.from({ length: 26 }, (_, at) => ({ value: `v${at}`, label: `choice ${at}` })) },
    'choice 0, choice 1, ',
  ],
])('shows what is expected: %s', (_, field, expected) => {
  const placeholder = (labelOf(field) as { component: { placeholder?: string } }).component.placeholder ?? ''
  expect(placeholder.startsWith(expected)).toBe(true)
  expect(placeholder.length).toBeLessThanOrEqual(100)
})

test.each<[string, string[][]]>([
  [
    'values too long for Discord',
    [
      ['x'.repeat(200), 'X'],
      ['y'.repeat(200), 'Y'],
    ],
  ],
  [
    'values with commas',
    [
      ['a, b', 'a, b'],
      ['b', 'B'],
    ],
  ],
  [
    'values that differ by their case',
    [
      ['a', 'Low'],
      ['A', 'High'],
    ],
  ],
  [
    'a value that is the label of another',
    [
      ['b', 'a'],
      ['a', 'c'],
    ],
  ],
  [
    'an empty value',
    [
      ['', 'None'],
      ['x', 'Some'],
    ],
  ],
])('has choices that come back as what was chosen: %s', (_, pairs) => {
  const options = pairs.map(([value = '', label = '']) => ({ value, label }))
  for (const kind of ['one', 'many'] as const) {
    const field: Field = { name: 'f', label: 'F', kind, required: true, options }
    const modal = toModal(form([field]), 'fill:t', 'en') as WireModal | undefined
    const component = modal?.components[0]?.component
    expect(component?.type).toBe(3)
    for (const [at, { value }] of options.entries()) {
      const typed = component?.options?.[at]?.value ?? ''
      expect(typed.length).toBeLessThanOrEqual(100)
      expect(readField(field, typed)).toEqual({ value: kind === 'one' ? value : [value] })
    }
  }
})

const seats: Field = {
  name: 'seats',
  label: 'Seats',
  kind: 'many',
  required: true,
  min: 2,
  max: 3,
  options: ['A1', 'A2', 'B1', 'B2'].map(value => ({ value, label: `Seat ${value}` })),
}

test('leaves an optional choice open', () => {
  const modal = toModal(form([{ ...seats, required: false }]), 'fill:t', 'en') as WireModal
  expect(modal.components[0]?.component).toMatchObject({ required: false, min_values: 0, max_values: 3 })
  expect(submission(modal, {})).toMatchObject({ components: [{ component: { custom_id: 'seats', values: [] } }] })
})

test('has a field to type in where two choices have one value', () => {
  const twins = ['Left', 'Right'].map(label => ({ value: 'same', label }))
  expect(labelOf({ kind: 'one', options: twins })).toMatchObject({ component: { type: 4, placeholder: 'Left, Right' } })
})
