// What a person is asked by buttons: windows that open on a press, and what only the presser is told.
import { describe, expect, test } from 'vitest'
import { createDiscordAdapter } from '../adapters/discord/discord.ts'
import type { Button, FormFor, Outgoing } from '../src/adapter.ts'
import { type Ask, type Field, readField } from '../src/ask.ts'
import { Gone } from '../src/errors.ts'
import { type Heard, isMessage, isPress, type Press } from '../src/message.ts'
import { live } from './adapter.contract.ts'
import { callsTo, closers, createPad, failure, first, open, openWire, optionsFor } from './wire/discord-stage.ts'

const token = '0123456789abcdef'
const fill: Button = { label: 'Fill in', action: 'fill', token }
const card: Outgoing = { text: 'Where to?', buttons: [fill], final: false }

const seats: Field = {
  name: 'seats',
  label: 'Seats',
  kind: 'many',
  required: true,
  min: 2,
  max: 3,
  options: ['A1', 'A2', 'B1, window', 'B2'].map(value => ({ value, label: `Seat ${value}` })),
  preset: ['A1', 'B1, window'],
}
const fields: Field[] = [
  { name: 'to', label: 'Destination', kind: 'text', required: true, min: 3, max: 80, hint: 'City or airport' },
  { name: 'nights', label: 'Nights', kind: 'integer', required: false, min: 1, max: 30, preset: 7 },
  { name: 'class', label: 'Class', kind: 'one', required: true, options: [{ value: 'e', label: 'Economy' }] },
  seats,
  { name: 'pets', label: 'Pets', kind: 'yes-no', required: false, preset: false },
]
const form = (more: Partial<Ask> = {}): Ask => ({
  token,
  kind: 'form',
  from: 'Travel',
  text: 'Where to?',
  fields,
  expiresAt: 0,
  ...more,
})

/** A card with a button that is to open a form, as somebody has pressed it. */
async function pressed(formFor: FormFor | undefined, prepare = (_wire: Awaited<ReturnType<typeof openWire>>) => {}) {
  const wire = await openWire()
  const { lines, log } = createPad()
  const adapter = createDiscordAdapter(optionsFor(wire, { log }))
  const heard: Heard[] = []
  closers.push(() => adapter.stop())
  await adapter.start(async what => void heard.push(what), formFor)
  const conversation = `discord:${wire.world.channel.id}`
  const id = await adapter.post(conversation, card)
  prepare(wire)
  const interaction = wire.press(id, 'Fill in')
  return { wire, adapter, heard, lines, conversation, id, interaction }
}

const answersTo = (wire: Awaited<ReturnType<typeof openWire>>) =>
  callsTo(wire, 'POST', /callback/).map(({ body }) => body['type'])

describe('a form', () => {
  test('opens as a window on the press, and comes back with its fields', async () => {
    const asked: Press[] = []
    const { wire, adapter, heard, conversation, id, interaction } = await pressed(async press => {
      asked.push(press)
      return form()
    })
    await expect.poll(() => interaction.modal).toBeDefined()
    expect(interaction.modal).toEqual(expectedModal)
    expect(asked).toMatchObject([{ action: 'fill', token, conversation, author: { id: wire.world.person.id } }])
    expect(heard).toEqual([])
    const submitted = wire.submit(interaction, {
      Destination: ' Oslo',
      Class: ['Economy'],
      Seats: ['Seat A2', 'Seat B1, window'],
      Pets: ['Yes'],
    })
    const press = await first(heard, isPress)
    expect(press).toMatchObject({
      id: `discord:${submitted.id}`,
      action: 'fill',
      token,
      conversation,
      author: { locale: 'en-GB' },
    })
    expect(press.fields).toEqual({ to: ' Oslo', nights: '7', class: 'e', seats: 'A2, 3', pets: 'yes' })
    const values = fields.map(field => readField(field, press.fields?.[field.name] ?? ''))
    expect(values).toEqual([{ value: 'Oslo' }, { value: 7 }, { value: 'e' }, { value: ['A2', 'B1, window'] }, { value: true }])
    await adapter.post(conversation, live('thank you'), press.aside)
    expect(wire.whispers().map(({ content }) => content)).toEqual(['thank you'])
    await adapter.edit(conversation, id, live('Off to Oslo'))
    expect(wire.messages().map(({ content }) => content)).toEqual(['Off to Oslo'])
    expect(answersTo(wire)).toEqual([9, 6])
  })

  test.each<[string, FormFor | undefined, number[]?]>([
    ['there is none', undefined],
    ['none is open for this person', async () => undefined],
    ['it cannot be found out', () => Promise.reject(new Error('redis is away'))],
    ['it has more fields than a window', async () => form({ fields: [...fields, { ...seats, name: 'more' }] })],
    ['it has none', async () => form({ fields: [] })],
    ['it is no form', async () => form({ kind: 'approve' })],
    ['a name cannot come back', async () => form({ fields: [{ ...seats, name: 'n'.repeat(101) }] })],
    [
      'Discord refuses it',
      async () => form({ fields: [{ name: 'a', label: 'A', kind: 'text', required: true, min: 5000 }] }),
      [9, 6],
    ],
  ])('is asked for in words where %s', async (_, formFor, answers = [6]) => {
    const { wire, heard } = await pressed(formFor)
    const press = await first(heard, isPress)
    expect(press).toMatchObject({ action: 'fill', token })
    expect(press).not.toHaveProperty('fields')
    expect(answersTo(wire)).toEqual(answers)
  })

  test('is asked for in words where nobody says in time what is in it, before Discord gives up', async () => {
    const { wire, heard, lines } = await pressed(() => new Promise(() => {}))
    await first(heard, isPress)
    expect(callsTo(wire, 'POST', /callback/)).toMatchObject([{ body: { type: 6 }, status: 204 }])
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([])
  })

  test('whose window opened although the answer to it was lost is not asked for in words as well', async () => {
    const { wire, heard, interaction } = await pressed(
      async () => form(),
      one => one.misbehave({ kind: 'drop-after', method: 'POST', route: /callback/ }),
    )
    await expect.poll(() => callsTo(wire, 'POST', /callback/).map(({ status }) => status)).toEqual([undefined, 400])
    expect(answersTo(wire)).toEqual([9, 9])
    wire.submit(interaction, { Destination: 'Oslo' })
    await expect.poll(() => heard.length).toBe(1)
    expect(await first(heard, isPress)).toHaveProperty('fields.to', 'Oslo')
  })

  test('is looked up for no other button', async () => {
    const wire = await openWire()
    const adapter = createDiscordAdapter(optionsFor(wire))
    closers.push(() => adapter.stop())
    const heard: Heard[] = []
    let asked = 0
    await adapter.start(
      async what => void heard.push(what),
      async () => {
        asked++
        return form()
      },
    )
    const yes = { label: 'Yes', action: 'yes', token }
    wire.press(await adapter.post(`discord:${wire.world.channel.id}`, { ...card, buttons: [yes] }), 'Yes')
    await first(heard, isPress)
    expect(answersTo(wire)).toEqual([6])
    expect(asked).toBe(0)
  })
})

const expectedModal = {
  custom_id: `fill:${token}`,
  title: 'Travel',
  components: [
    {
      type: 18,
      label: 'Destination',
      description: 'City or airport',
      component: { type: 4, custom_id: 'to', style: 1, required: true, min_length: 3, max_length: 80 },
    },
    {
      type: 18,
      label: 'Nights',
      component: {
        type: 4,
        custom_id: 'nights',
        style: 1,
        required: false,
        max_length: 4000,
        value: '7',
        placeholder: '1 – 30',
      },
    },
    {
      type: 18,
      label: 'Class',
      component: {
        type: 3,
        custom_id: 'class',
        options: [{ label: 'Economy', value: 'e' }],
        required: true,
        min_values: 1,
        max_values: 1,
      },
    },
    {
      type: 18,
      label: 'Seats',
      component: {
        type: 3,
        custom_id: 'seats',
        options: [
          { label: 'Seat A1', value: 'A1', default: true },
          { label: 'Seat A2', value: 'A2' },
          { label: 'Seat B1, window', value: '3', default: true },
          { label: 'Seat B2', value: 'B2' },
        ],
        required: true,
        min_values: 2,
        max_values: 3,
      },
    },
    {
      type: 18,
      label: 'Pets',
      component: {
        type: 3,
        custom_id: 'pets',
        options: [
          { label: 'Yes', value: 'yes' },
          { label: 'No', value: 'no', default: true },
        ],
        required: false,
        min_values: 0,
        max_values: 1,
      },
    },
  ],
}

describe('what is said to who pressed', () => {
  async function pressedStop() {
    const stage = await open()
    const id = await stage.adapter.post(stage.conversation, { ...card, buttons: [{ label: 'Stop', action: 'stop', token }] })
    const interaction = stage.wire.press(id, 'Stop')
    const { aside } = await first(stage.heard, isPress)
    return { ...stage, id, interaction, aside }
  }
  const longAgo = (way: string | undefined) => String(way).replace(/:\d{13}(?=:|$)/, `:${Date.now() - 15 * 60_000}`)

  test('is seen by nobody else, can be edited, goes on in further parts and has files', async () => {
    const { wire, adapter, conversation, aside } = await pressedStop()
    const elsewhere = createDiscordAdapter(optionsFor(wire))
    const one = await elsewhere.post(conversation, live('not yours'), aside, 'key')
    await adapter.edit(conversation, one, live('part one'))
    const two = await adapter.post(conversation, live('part two'), undefined, 'key2', one)
    await elsewhere.edit(conversation, two, live('part two, edited'))
    await adapter.postFile?.(conversation, { name: 'a.txt', mime: 'text/plain', data: new TextEncoder().encode('a') }, aside)
    expect(wire.whispers().map(({ content }) => content)).toEqual(['part one', 'part two, edited', ''])
    expect(wire.messages().map(({ content }) => content)).toEqual(['Where to?'])
    expect(wire.calls.filter(({ route }) => route.includes('@original'))).toEqual([])
  })

  test('is not said at all when the press is too long ago', async () => {
    const { wire, adapter, conversation, aside, interaction } = await pressedStop()
    expect(await failure(adapter.post(conversation, live('late'), longAgo(aside)))).toBeInstanceOf(Gone)
    interaction.expired = true
    expect(await failure(adapter.post(conversation, live('refused'), aside))).toBeInstanceOf(Gone)
    expect(wire.messages().map(({ content }) => content)).toEqual(['Where to?'])
    expect(wire.whispers()).toEqual([])
  })

  test('never becomes a file on the card, nor an edit of it', async () => {
    const { wire, adapter, conversation, aside, interaction } = await pressedStop()
    Object.assign(interaction, { abroad: true, followUps: 5 })
    expect(await failure(adapter.post(conversation, live('too much'), aside))).toBeInstanceOf(Gone)
    expect(await failure(adapter.edit(conversation, String(aside), live('overwritten')))).toBeInstanceOf(Gone)
    expect(wire.messages()).toMatchObject([{ content: 'Where to?', attachments: [] }])
  })

  test('is said below the answer to a command as below any other', async () => {
    const { wire, adapter, heard, conversation } = await open()
    wire.useCommand('report')
    const { replyTo } = await first(heard, isMessage)
    const id = await adapter.post(conversation, card, replyTo)
    wire.press(wire.messages()[0]?.id ?? '', 'Fill in')
    const { aside } = await first(heard, isPress)
    await adapter.post(conversation, live('type it here'), aside)
    await adapter.edit(conversation, id, live('still mine'))
    expect(wire.whispers().map(({ content }) => content)).toEqual(['type it here'])
    expect(wire.messages().map(({ content }) => content)).toEqual(['still mine'])
  })
})

test('good and bad buttons look so, and Stop as it always did', async () => {
  const { wire, adapter, conversation } = await open()
  const buttons: Button[] = [
    { label: 'Approve', action: 'yes', token, tone: 'good' },
    { label: 'Deny', action: 'no', token, tone: 'bad' },
    { label: 'Other', action: 'pick', token },
    { label: 'Stop', action: 'stop', token },
  ]
  await adapter.post(conversation, { ...card, buttons })
  expect(wire.messages()[0]?.components[0]?.components.map(({ style }) => style)).toEqual([3, 4, 2, 4])
})
