// Windows with a form: what Discord takes as one, and what a person sends who has filled it in.
import { problem, type WireAnswer } from './discord-messages.ts'
import type { WireInteraction } from './discord-world.ts'

export interface WireModal {
  custom_id: string
  title: string
  components: WireLabel[]
}

export interface WireLabel {
  type: number
  label: string
  description?: string
  component: WireField
}

export interface WireField {
  type: number
  custom_id: string
  required?: boolean
  /** Of a text input (4). */
  style?: number
  value?: string
  placeholder?: string
  min_length?: number
  max_length?: number
  /** Of a string select (3). */
  options?: { label: string; value: string; default?: boolean }[]
  min_values?: number
  max_values?: number
}

const isText = (text: unknown, least: number, most: number) =>
  typeof text === 'string' && text.trim().length >= least && text.length <= most
const isCount = (count: unknown, least: number, most: number) =>
  Number.isInteger(count) && (count as number) >= least && (count as number) <= most

/** Opens the window, or says what Discord would not take of it. */
export function openModal(interaction: WireInteraction, data: unknown): WireAnswer {
  const wrong = modalComplaint(data as WireModal)
  if (wrong)
    return { status: 400, body: { ...(problem(400, 50035, 'Invalid Form Body').body as object), errors: { data: wrong } } }
  interaction.state = 'answered'
  interaction.modal = data as WireModal
  return { status: 204 }
}

function modalComplaint({ custom_id, title, components }: WireModal): string | undefined {
  if (!isText(custom_id, 1, 100)) return 'custom_id'
  if (!isText(title, 1, 45)) return 'title'
  if (!Array.isArray(components) || !isCount(components.length, 1, 5)) return 'components'
  const names = components.map(({ component }) => component.custom_id)
  if (new Set(names).size < names.length) return 'Component custom id cannot be duplicated'
  return components.map(labelComplaint).find(Boolean)
}

function labelComplaint({ type, label, description, component }: WireLabel): string | undefined {
  if (type !== 18) return 'type'
  if (!isText(label, 1, 45)) return 'label'
  if (description !== undefined && !isText(description, 1, 100)) return 'description'
  if (!isText(component.custom_id, 1, 100)) return 'component.custom_id'
  return component.type === 3 ? selectComplaint(component) : component.type === 4 ? inputComplaint(component) : 'component.type'
}

function selectComplaint({ options = [], required = true, min_values: min = 1, max_values: max = 1 }: WireField) {
  if (!isCount(options.length, 1, 25)) return 'options'
  if (!options.every(({ label, value }) => isText(label, 1, 100) && isText(value, 1, 100))) return 'options'
  if (new Set(options.map(({ value }) => value)).size < options.length) return 'options: duplicated'
  if (!isCount(min, required ? 1 : 0, options.length) || !isCount(max, Math.max(1, min), options.length)) return 'min_values'
  return options.filter(option => option.default).length > max ? 'options: too many defaults' : undefined
}

function inputComplaint({ style, value, placeholder, min_length: min = 0, max_length: max = 4000 }: WireField) {
  if (style !== 1 && style !== 2) return 'style'
  if (!isCount(min, 0, 4000) || !isCount(max, 1, 4000) || min > max) return 'min_length'
  if (value !== undefined && !isText(value, 0, max)) return 'value'
  return placeholder !== undefined && !isText(placeholder, 0, 100) ? 'placeholder' : undefined
}

/** What the person sends: `filled` by the label of each field, a choice by its label; the others are left as they stand. */
export function submission({ custom_id, components }: WireModal, filled: Record<string, string | string[]>): object {
  const rows = components.map(({ type, label, component }, at) => {
    const { options = [] } = component
    const given = filled[label]
    const chosen =
      given === undefined ? options.filter(option => option.default) : options.filter(one => given.includes(one.label))
    const value = component.type === 3 ? { values: chosen.map(one => one.value) } : { value: given ?? component.value ?? '' }
    return { type, id: at * 2 + 1, component: { type: component.type, id: at * 2 + 2, custom_id: component.custom_id, ...value } }
  })
  return { custom_id, components: rows }
}
