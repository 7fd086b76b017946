import {
  type APILabelComponent,
  type APIModalInteractionResponseCallbackData,
  type APIModalSubmitInteraction,
  type APISelectMenuOption,
  type APIStringSelectComponent,
  type APITextInputComponent,
  ComponentType,
  TextInputStyle,
} from 'discord.js'
import { type Ask, type Field, spellings } from '../../src/ask.ts'
import { answers } from './words.ts'

/** Discord's "Modal", "Label", "Text Input" and "String Select": how many components and choices, and how many characters each text has. */
const most = { fields: 5, choices: 25, name: 100, title: 45, label: 45, line: 100, value: 4000 }

/** What expects more than this is written in several lines. */
const longLine = 300

/**
 * A form as a window that opens over the chat. Undefined where there is none for it: five fields is the most. Discord may refuse one all
 * the same, such as for a length that it cannot ask for.
 */
export function toModal(
  { kind, from, fields }: Ask,
  customId: string,
  locale: string,
): APIModalInteractionResponseCallbackData | undefined {
  const fit = fields.length > 0 && fields.length <= most.fields && fields.every(({ name }) => isName(name))
  if (kind !== 'form' || !fit) return undefined
  return {
    custom_id: customId,
    title: cut(from?.trim() || 'Bellhop', most.title),
    components: fields.map(field => toLabel(field, locale)),
  }
}

/** What was filled in, by the name of its field, as `readField` reads it. */
export function toFields({ data }: APIModalSubmitInteraction): Record<string, string> {
  const filled = data.components.flatMap(row => (row.type === ComponentType.Label ? [row.component] : []))
  return Object.fromEntries(filled.map(one => [one.custom_id, 'values' in one ? one.values.join(', ') : String(one.value ?? '')]))
}

/** The name comes back as it is, so that nothing needs to be remembered until then. */
const isName = (name: string) => name !== '' && name === name.trim() && name.length <= most.name

function toLabel(field: Field, locale: string): APILabelComponent {
  const label = field.label.trim() || field.name
  const more = [label.length > most.label ? label : '', field.hint?.trim() ?? ''].filter(Boolean).join(' · ')
  return {
    type: ComponentType.Label,
    label: cut(label, most.label),
    ...(more && { description: cut(more, most.line) }),
    component: toSelect(field, locale) ?? toInput(field),
  }
}

/** Undefined where nothing is to be chosen, or among more than a menu holds. */
function toSelect(field: Field, locale: string): APIStringSelectComponent | undefined {
  const options = field.kind === 'yes-no' ? yesOrNo(field, locale) : choicesOf(field)
  if (options.length === 0 || options.length > most.choices) return undefined
  if (new Set(options.map(({ value }) => value)).size < options.length) return undefined
  const isMany = field.kind === 'many'
  const count = (wanted: number) => Math.min(Math.max(wanted, 1), options.length)
  return {
    type: ComponentType.StringSelect,
    custom_id: field.name,
    options,
    required: field.required,
    min_values: field.required ? count((isMany && field.min) || 1) : 0,
    max_values: isMany ? count(field.max ?? options.length) : 1,
  }
}

function yesOrNo({ preset }: Field, locale: string): APISelectMenuOption[] {
  const { yes, no } = answers(locale)
  return [
    { label: yes, value: 'yes', ...(preset === true && { default: true }) },
    { label: no, value: 'no', ...(preset === false && { default: true }) },
  ]
}

/** None where one of them cannot be told apart from the others. */
function choicesOf(field: Field): APISelectMenuOption[] {
  const { options = [], preset } = field
  const choices = options.flatMap((option, at) => {
    const value = spellings(field, at).find(typed => typed.length <= most.line)
    const isPreset = Array.isArray(preset) ? preset.includes(option.value) : preset === option.value
    const label = cut(option.label.trim() || option.value, most.line)
    return value === undefined ? [] : [{ label, value, ...(isPreset && { default: true }) }]
  })
  return choices.length === options.length ? choices : []
}

function toInput(field: Field): APITextInputComponent {
  const { name, kind, required, preset, min = 0, max = Infinity } = field
  const whole = preset === undefined ? '' : String(Array.isArray(preset) ? preset.join(', ') : preset)
  const value = whole.length <= most.value ? whole : ''
  const isLong = kind === 'text' && (value.includes('\n') || (max < Infinity && max > longLine))
  const placeholder = cut(exampleOf(field), most.line)
  return {
    type: ComponentType.TextInput,
    custom_id: name,
    style: isLong ? TextInputStyle.Paragraph : TextInputStyle.Short,
    required: required && (preset === undefined || value !== ''), // left empty, it is the preset
    max_length: kind === 'text' ? Math.min(max, most.value) : most.value,
    ...(kind === 'text' && required && min > 0 && { min_length: min }),
    ...(value && { value }),
    ...(placeholder && { placeholder }),
  }
}

const examples = {
  email: 'ada@example.org',
  uri: 'https://example.org',
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
}

/** What is expected, in no language. */
function exampleOf({ kind, options = [], format, min, max }: Field): string {
  if (options.length > 0) return options.map(({ value, label }) => label.trim() || value).join(', ')
  if (kind !== 'number' && kind !== 'integer') return format ? examples[format] : ''
  if (min !== undefined && max !== undefined) return `${min} – ${max}`
  return min !== undefined ? `≥ ${min}` : max !== undefined ? `≤ ${max}` : ''
}

/** Never within a surrogate pair. */
function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
