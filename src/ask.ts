// What a turn must hear from a person before it goes on: plain JSON, since it outlives the worker that asks.
import type { Author } from './message.ts'

/** A question of the house or of a tool's server to the person who is being answered. */
export interface Ask {
  /** 16 characters, of this question and no other: what its buttons carry. */
  token: string
  /** `approve` wants a yes to what is about to be done, `form` its fields, `link` that the person goes there. */
  kind: 'approve' | 'form' | 'link'
  /** The server that wants to know; absent when it is the house. */
  from?: string
  /** Words of a server or the house, in which nothing is Markdown. */
  text: string
  /** What it is about, shown letter by letter: the arguments of a call. */
  detail?: string
  /** What a form asks for; empty where a yes or no is all. */
  fields: Field[]
  /** Of a `link`: for the eyes of who is asked alone, and fetched by nobody. */
  url?: string
  /** How far a yes may reach beside this once. */
  scopes?: Scope[]
  /** Milliseconds since 1970. */
  expiresAt: number
}

/** A yes for this conversation, or for ever. */
export type Scope = 'here' | 'always'

export interface Field {
  name: string
  label: string
  hint?: string
  /** `one` and `many` choose among `options`. */
  kind: 'text' | 'number' | 'integer' | 'yes-no' | 'one' | 'many'
  options?: { value: string; label: string }[]
  required: boolean
  /** What it is unless the person says otherwise. */
  preset?: FieldValue
  /** Of a number its value, of a text its length, of `many` the count. */
  min?: number
  max?: number
  format?: 'email' | 'uri' | 'date' | 'date-time'
}

export type FieldValue = string | number | boolean | string[]

export type Values = Record<string, FieldValue>

/** `away`: nobody answered in time. `stop`: the asker wants nothing more of the whole turn. */
export interface Answer {
  how: 'yes' | 'no' | 'away' | 'stop'
  values?: Values
  scope?: Scope
  by?: Author
}

/** An ask as its asker words it; `key` tells it from others of the same call, in every attempt alike. */
export type AskDraft = Omit<Ask, 'token' | 'expiresAt'> & { key: string; waitMs: number }

/** A field as a person who types would see it wrong: which rule it breaks. */
export type Wrong =
  | 'required'
  | 'number'
  | 'integer'
  | 'yes-no'
  | 'option'
  | 'small'
  | 'large'
  | 'email'
  | 'uri'
  | 'date'
  | 'date-time'

/** What somebody typed for a field, read as its kind wants it; `''` stands for the preset. */
export function readField(field: Field, typed: string): { value: FieldValue | undefined } | { wrong: Wrong } {
  const text = typed.trim()
  if (text === '') {
    if (field.preset !== undefined) return { value: field.preset }
    return field.required ? { wrong: 'required' } : { value: undefined }
  }
  const value = readers[field.kind](text, field)
  if (typeof value === 'object' && !Array.isArray(value)) return value
  const wrong = outOfBounds(field, value)
  return wrong === undefined ? { value } : { wrong }
}

type Read = FieldValue | { wrong: Wrong }

const readers: Record<Field['kind'], (text: string, field: Field) => Read> = {
  text: (text, { format }) => (format && !formats[format](text) ? { wrong: format } : text),
  number: text => (Number.isFinite(Number(text)) ? Number(text) : { wrong: 'number' }),
  integer: text => (Number.isSafeInteger(Number(text)) ? Number(text) : { wrong: 'integer' }),
  'yes-no': text => (yes.test(text) ? true : no.test(text) ? false : { wrong: 'yes-no' }),
  one: (text, field) => optionOf(field, text) ?? { wrong: 'option' },
  many(text, field) {
    const chosen = text.split(/[,，、;；\n]/).map(part => optionOf(field, part.trim()))
    return chosen.every(value => value !== undefined) ? [...new Set(chosen)] : { wrong: 'option' }
  },
}

const yes = /^(y|yes|true|1|ok|是|好|对|可以)$/i
const no = /^(n|no|false|0|否|不|不是|不要)$/i

const formats: Record<NonNullable<Field['format']>, (text: string) => boolean> = {
  email: text => /^[^\s@]+@[^\s@]+$/.test(text),
  uri: text => URL.canParse(text),
  date: text => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)),
  'date-time': text => text.includes('T') && !Number.isNaN(Date.parse(text)),
}

/** How an option may be typed so that it is read as this one and no other: a value may hold a comma, or be another's label. */
export function spellings({ name, label, kind, options = [] }: Field, at: number): string[] {
  const option = options[at]
  if (!option || (kind !== 'one' && kind !== 'many')) return []
  return [option.value, option.label, String(at + 1)].filter(typed => {
    const read = readField({ name, label, kind, options, required: true }, typed)
    const chosen = 'value' in read ? [read.value].flat() : []
    return chosen.length === 1 && chosen[0] === option.value
  })
}

/** By its value, its label or its number in the list. */
function optionOf({ options = [] }: Field, text: string): string | undefined {
  const same = (other: string) => other.toLowerCase() === text.toLowerCase()
  const found = options.find(({ value }) => same(value)) ?? options.find(({ label }) => same(label))
  return (found ?? (/^\d+$/.test(text) ? options[Number(text) - 1] : undefined))?.value
}

function outOfBounds({ min = -Infinity, max = Infinity }: Field, value: FieldValue): Wrong | undefined {
  if (typeof value === 'boolean') return undefined
  const size = typeof value === 'number' ? value : value.length
  return size < min ? 'small' : size > max ? 'large' : undefined
}
