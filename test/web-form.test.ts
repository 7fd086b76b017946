// What a turn asks its person, at the web door.
import { expect, test } from 'vitest'
import type { Ask, Field } from '../src/ask.ts'
import { isPress } from '../src/message.ts'
import { errorOf, house, silence } from './web.house.ts'

const fields: Field[] = [
  { name: 'name', label: 'Name', kind: 'text', required: true },
  { name: 'nights', label: 'Nights', kind: 'integer', required: false, max: 30 },
  {
    name: 'extras',
    label: 'Extras',
    kind: 'many',
    required: false,
    options: [
      { value: 'breakfast, late', label: 'Late breakfast' },
      { value: '1', label: 'Sea view' },
    ],
  },
]
const form: Ask = { token: 'open', kind: 'form', from: 'hotel', text: 'Who comes?', fields, expiresAt: 0 }
const open = () => house({}, undefined, silence, async ({ token }) => (token === 'open' ? form : undefined))
const session_id = 'session-1'

test('the form behind a button is told with how each option is typed', async () => {
  const { post } = await open()
  expect(await (await post('/chat/form', { session_id, token: 'open' })).json()).toEqual({
    text: 'Who comes?',
    from: 'hotel',
    fields: [
      fields[0],
      fields[1],
      {
        ...fields[2],
        options: [
          { value: 'breakfast, late', label: 'Late breakfast', typed: 'Late breakfast' },
          { value: '1', label: 'Sea view', typed: '1' },
        ],
      },
    ],
  })
})

test('a question that is no longer open has no form', async () => {
  const { post } = await open()
  const gone = await post('/chat/form', { session_id, token: 'closed' })
  expect(gone.status).toBe(404)
  expect((await errorOf(gone)).message).toContain('no longer open')
})

test('a form that breaks a rule is not handed on, and each field is told', async () => {
  const { post, heard } = await open()
  const press = { session_id, action: 'fill', token: 'open', fields: { nights: '31', extras: 'pool' } }
  const answer = await post('/chat/press', press)
  expect(await answer.json()).toEqual({ ok: false, wrong: { name: 'required', nights: 'large', extras: 'option' } })
  expect(heard).toEqual([])
})

test('a form that is right is heard as it was typed', async () => {
  const { post, heard } = await open()
  const typed = { name: 'Ada', nights: '2', extras: 'Late breakfast, 1' }
  expect(await (await post('/chat/press', { session_id, action: 'fill', token: 'open', fields: typed })).json()).toEqual({
    ok: true,
  })
  expect(heard.filter(isPress)).toMatchObject([{ action: 'fill', token: 'open', fields: typed }])
})

test('fields that are no texts are refused', async () => {
  const { post } = await open()
  const refused = await post('/chat/press', { session_id, action: 'fill', token: 'open', fields: { nights: 2 } })
  expect(refused.status).toBe(400)
  expect((await errorOf(refused)).message).toBe('"fields.nights": must be a text')
})
