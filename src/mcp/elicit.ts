import type { Answer, AskDraft, Field, FieldValue, Values } from '../ask.ts'
import { isRecord } from './mend.ts'

// What a server asks of a person, as a question of ours; and what he answered, as the protocol wants it ("Elicitation").

/** People answer in minutes; a question that lies longer has lost its person. */
const waitMs = 15 * 60_000
const mostFields = 20
const mostOptions = 50

/** Undefined when the request is none that a person can answer; `key` is as in `AskDraft`. */
export function toDraft(params: unknown, from: string, key: string): AskDraft | undefined {
  if (!isRecord(params)) return undefined
  const draft = { key, waitMs, from, text: words(params['message'], 1000) }
  if (params['mode'] === 'url') {
    const url = params['url']
    return isWebAddress(url) ? { ...draft, kind: 'link', url, fields: [] } : undefined
  }
  const schema = params['requestedSchema']
  const properties = isRecord(schema) && isRecord(schema['properties']) ? schema['properties'] : {}
  const required = isRecord(schema) && Array.isArray(schema['required']) ? schema['required'] : []
  const fields = Object.entries(properties).map(([name, one]) => toField(name, one, required.includes(name)))
  if (fields.length > mostFields || fields.includes(undefined)) return undefined
  return { ...draft, kind: 'form', fields: fields.filter(field => field !== undefined) }
}

export interface ElicitAnswer {
  action: 'accept' | 'decline' | 'cancel'
  content?: Record<string, FieldValue>
}

/** With what is preset in the fields that the person left as they were. */
export function toElicitResult({ how, values = {} }: Answer, { kind, fields }: Pick<AskDraft, 'kind' | 'fields'>): ElicitAnswer {
  if (how === 'no') return { action: 'decline' }
  if (how !== 'yes') return { action: 'cancel' }
  if (kind === 'link') return { action: 'accept' }
  const presets: Values = Object.fromEntries(
    fields.flatMap(({ name, preset }) => (preset === undefined ? [] : [[name, preset] as const])),
  )
  return { action: 'accept', content: { ...presets, ...values } }
}

function toField(name: string, schema: unknown, required: boolean): Field | undefined {
  if (!isRecord(schema)) return undefined
  const field = { name, label: words(schema['title'], 80) || name, required, ...hintOf(schema) }
  const preset = schema['default']
  switch (schema['type']) {
    case 'boolean':
      return { ...field, kind: 'yes-no', ...(typeof preset === 'boolean' && { preset }) }
    case 'number':
    case 'integer':
      return {
        ...field,
        kind: schema['type'],
        ...bounds(schema, 'minimum', 'maximum'),
        ...(typeof preset === 'number' && { preset }),
      }
    case 'array': {
      const options = optionsOf(schema['items'])
      const chosen = Array.isArray(preset) ? preset.filter(one => typeof one === 'string') : undefined
      return (
        options && {
          ...field,
          kind: 'many',
          options,
          ...bounds(schema, 'minItems', 'maxItems'),
          ...(chosen && { preset: chosen }),
        }
      )
    }
    case 'string': {
      const options = optionsOf(schema)
      const chosen = typeof preset === 'string' && { preset }
      if (options) return { ...field, kind: 'one', options, ...chosen }
      return { ...field, kind: 'text', ...bounds(schema, 'minLength', 'maxLength'), ...formatOf(schema['format']), ...chosen }
    }
    default:
      return undefined
  }
}

/** Of `enum` with or without `enumNames`, and of `oneOf` or `anyOf` with titles. */
function optionsOf(schema: unknown): Field['options'] {
  if (!isRecord(schema)) return undefined
  const { enum: values, enumNames, oneOf, anyOf } = schema as Record<string, unknown>
  const titled = Array.isArray(oneOf) ? oneOf : Array.isArray(anyOf) ? anyOf : undefined
  const found = Array.isArray(values)
    ? values.map((value, at) => ({ value, label: Array.isArray(enumNames) ? enumNames[at] : value }))
    : titled?.filter(isRecord).map(one => ({ value: one['const'], label: one['title'] }))
  const options = found?.flatMap(({ value, label }) =>
    typeof value === 'string' ? [{ value, label: words(label, 80) || value }] : [],
  )
  return options && options.length > 0 ? options.slice(0, mostOptions) : undefined
}

/** What no number that a program can hold goes beyond is no bound to a person: some libraries write it for every integer. */
const isBound = (value: unknown): value is number => typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER

function bounds(schema: Record<string, unknown>, least: string, most: string): Pick<Field, 'min' | 'max'> {
  const [min, max] = [schema[least], schema[most]]
  return { ...(isBound(min) && { min }), ...(isBound(max) && { max }) }
}

function formatOf(format: unknown): Pick<Field, 'format'> {
  return format === 'email' || format === 'uri' || format === 'date' || format === 'date-time' ? { format } : {}
}

function hintOf({ description }: Record<string, unknown>): Pick<Field, 'hint'> {
  const hint = words(description, 500)
  return hint === '' ? {} : { hint }
}

const words = (value: unknown, most: number) => (typeof value === 'string' ? [...value].slice(0, most).join('') : '')

/** Nothing else is put before a person as a place to go ("Safe URL Handling"). */
const isWebAddress = (url: unknown): url is string =>
  typeof url === 'string' && url.length <= 2000 && URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol)
