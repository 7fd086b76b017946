import { expect, test } from 'vitest'
import type { AskDraft } from '../src/ask.ts'
import { toDraft, toElicitResult } from '../src/mcp/elicit.ts'
import { answerRound, isRound, toRound } from '../src/mcp/rounds.ts'

const draftOf = (properties: Record<string, unknown>, required: string[] = []) =>
  toDraft({ message: 'Who?', requestedSchema: { type: 'object', properties, required } }, 'post', 'k')
const fieldOf = (schema: unknown) => draftOf({ f: schema })?.fields[0]

test.each<[string, unknown, unknown]>([
  ['a text', { type: 'string', title: 'Name', minLength: 2, maxLength: 9 }, { kind: 'text', label: 'Name', min: 2, max: 9 }],
  ['an address', { type: 'string', format: 'email', default: 'a@b.c' }, { kind: 'text', format: 'email', preset: 'a@b.c' }],
  ['a number', { type: 'integer', minimum: 1, maximum: 5, default: 0 }, { kind: 'integer', min: 1, max: 5, preset: 0 }],
  [
    'a number with bounds that are none',
    { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: 30 },
    { kind: 'integer', max: 30 },
  ],
  [
    'a yes or no',
    { type: 'boolean', default: false, description: 'Really?' },
    { kind: 'yes-no', preset: false, hint: 'Really?' },
  ],
  [
    'one of a list',
    { type: 'string', enum: ['r', 'g'], enumNames: ['Red', 'Green'] },
    {
      kind: 'one',
      options: [
        { value: 'r', label: 'Red' },
        { value: 'g', label: 'Green' },
      ],
    },
  ],
  [
    'one with titles',
    { type: 'string', oneOf: [{ const: 'r', title: 'Red' }] },
    { kind: 'one', options: [{ value: 'r', label: 'Red' }] },
  ],
  [
    'many of a list',
    { type: 'array', items: { type: 'string', enum: ['a'] }, minItems: 1, default: ['a'] },
    { kind: 'many', options: [{ value: 'a', label: 'a' }], min: 1, preset: ['a'] },
  ],
  [
    'many with titles',
    { type: 'array', items: { anyOf: [{ const: 'a', title: 'A' }] } },
    { kind: 'many', options: [{ value: 'a', label: 'A' }] },
  ],
])('%s is a field', (_, schema, field) => {
  expect(fieldOf(schema)).toEqual({ name: 'f', label: 'f', required: false, ...(field as object) })
})

test('what a person cannot fill in is no question', () => {
  expect(draftOf({ f: { type: 'object', properties: {} } })).toBeUndefined()
  expect(toDraft(undefined, 'post', 'k')).toBeUndefined()
})

test.each([
  ['https://login.example/x', true],
  ['javascript:alert(1)', false],
  ['file:///etc/passwd', false],
  ['tg://resolve?domain=x', false],
])('a person is sent to %s: %s', (url, sent) => {
  const draft = toDraft({ mode: 'url', message: 'Sign in', url }, 'drive', 'k')
  expect(draft?.url).toBe(sent ? url : undefined)
})

test.each([
  ['yes', { action: 'accept', content: { city: 'Oslo', count: 3 } }],
  ['no', { action: 'decline' }],
  ['away', { action: 'cancel' }],
  ['stop', { action: 'cancel' }],
] as const)('%s is told as the protocol wants it', (how, result) => {
  const draft = draftOf({ city: { type: 'string' }, count: { type: 'number', default: 3 } }) as AskDraft
  expect(toElicitResult({ how, values: { city: 'Oslo' } }, draft)).toEqual(result)
})

const asksName = {
  method: 'elicitation/create',
  params: { message: 'Name?', requestedSchema: { type: 'object', properties: { n: { type: 'string' } } } },
}
const wanting = {
  resultType: 'input_required',
  inputRequests: { a: asksName, b: { method: 'roots/list' } },
  requestState: 'opaque=\u{1f}',
}

test('what a server wants to know is asked, and its state echoed as it came', async () => {
  const round = toRound(wanting, undefined)
  if (!round) throw new Error('no round')
  const asked: unknown[] = []
  const responses = await answerRound(round, {
    from: 'post',
    async ask(draft, later) {
      asked.push(draft.key, JSON.parse(JSON.stringify(later)))
      return { how: 'yes', values: { n: 'Bob' } }
    },
    answerAlone: async ({ method }) => ({ roots: [], of: method }),
  })
  expect(responses).toEqual({
    requestState: wanting.requestState,
    inputResponses: { a: { action: 'accept', content: { n: 'Bob' } }, b: { roots: [], of: 'roots/list' } },
  })
  expect(asked[0]).toBe('1 a')
  expect(isRound(asked[1])).toBe(true)
})

test('a round goes on where it was left', async () => {
  const round = { number: 1, inputRequests: { a: asksName, b: asksName }, responses: { a: { action: 'decline' } } }
  const asked: string[] = []
  const ask = async ({ key }: AskDraft) => {
    asked.push(key)
    return { how: 'no' as const }
  }
  await answerRound(round, { from: 'post', ask, answerAlone: async () => ({}) })
  expect(asked).toEqual(['1 b'])
})

test('where nobody can be asked the server hears that it is cancelled', async () => {
  const round = toRound(wanting, undefined)
  if (!round) throw new Error('no round')
  const { inputResponses } = await answerRound(round, { from: 'post', ask: undefined, answerAlone: async () => ({}) })
  expect(inputResponses?.['a']).toEqual({ action: 'cancel' })
})

test('a result is no round, and a server cannot ask for ever', () => {
  expect(toRound({ content: [] }, undefined)).toBeUndefined()
  expect(() => toRound(wanting, { number: 10, inputRequests: {}, responses: {} })).toThrow('10 times')
})
