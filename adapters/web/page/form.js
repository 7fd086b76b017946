// A form that a turn asks its person to fill in. What is wrong is the server's to say; each sentence stands at its field.
import { make, makeButton } from './dom.js'
import { say } from './words.js'

/** More options than this are a list that opens. */
const mostRadios = 6
/** What expects more than this is written in several lines. */
const longLine = 300
const types = { email: 'email', uri: 'url', date: 'date', 'date-time': 'datetime-local' }
const modes = { number: 'decimal', integer: 'numeric' }

let forms = 0

/** `submit(values)` resolves with what is wrong, by field, or undefined; what it rejects with is shown below the form. */
export function drawForm({ fields, from }, submit, cancel) {
  const prefix = `form-${++forms}`
  const drawn = fields.map((field, at) => drawField(field, `${prefix}-${at}`))
  const fault = make('p', 'fault')
  fault.setAttribute('role', 'alert')
  const send = make('button', 'main', say('sendForm'))
  const row = make('div', 'row', makeButton(say('cancel'), 'quiet', cancel), send)
  const form = make('form', 'form', ...drawn.map(({ element }) => element), fault, row)
  form.noValidate = true
  form.setAttribute('aria-label', from ?? 'Bellhop')
  form.addEventListener('submit', async event => {
    event.preventDefault()
    send.disabled = true
    try {
      const wrong = (await submit(Object.fromEntries(drawn.map(({ name, read }) => [name, read()])))) ?? {}
      fault.textContent = ''
      for (const { name, complain } of drawn) complain(wrong[name])
      drawn.find(({ name }) => wrong[name])?.focus()
    } catch (error) {
      fault.textContent = error.message
    } finally {
      send.disabled = false
    }
  })
  return { element: form, focus: () => drawn[0]?.focus() }
}

function drawField(field, id) {
  const control = drawControl(field, id)
  const hint = make('p', 'hint', hintFor(field, control))
  hint.id = `${id}-hint`
  const wrong = make('p', 'fault')
  wrong.id = `${id}-wrong`
  const title = [field.label.trim() || field.name, ...(field.required ? [] : [make('span', 'facts', ` ${say('optional')}`)])]
  const { target } = control
  const describe = isWrong => {
    const ids = [...(hint.textContent ? [hint.id] : []), ...(isWrong ? [wrong.id] : [])]
    if (ids.length) target.setAttribute('aria-describedby', ids.join(' '))
    else target.removeAttribute('aria-describedby')
  }
  describe(false)
  const complain = rule => {
    wrong.textContent = rule ? sentenceFor(rule, field) : ''
    for (const input of control.inputs) input.setAttribute('aria-invalid', String(Boolean(rule)))
    describe(Boolean(rule))
  }
  const element = control.isGroup
    ? make('fieldset', 'field', make('legend', '', ...title), hint, ...target.childNodes, wrong)
    : make('div', 'field', make('label', '', ...title), hint, target, wrong)
  if (!control.isGroup) element.querySelector('label').htmlFor = target.id
  return { name: field.name, element, read: control.read, complain, focus: () => control.inputs[0].focus() }
}

function drawControl(field, id) {
  if (field.kind === 'yes-no') {
    const options = ['yes', 'no'].map((typed, at) => ({ typed, label: say(typed), isPreset: field.preset === (at === 0) }))
    return drawChoices(options, 'radio', field, id)
  }
  const options = (field.options ?? []).map(option => ({ ...option, isPreset: [field.preset].flat().includes(option.value) }))
  const canBeChosen = options.length > 0 && options.every(({ typed }) => typed !== undefined)
  if (!canBeChosen) return drawInput(field, id)
  if (field.kind === 'many') return drawChoices(options, 'checkbox', field, id)
  return options.length <= mostRadios ? drawChoices(options, 'radio', field, id) : drawSelect(options, field, id)
}

function drawChoices(options, type, { required }, id) {
  const target = make('div')
  const inputs = options.map(({ typed, label, value, isPreset }) => {
    const input = make('input')
    Object.assign(input, { type, name: id, value: typed, checked: isPreset, required: required && type === 'radio' })
    target.append(make('label', 'choice', input, make('span', '', label?.trim() || value)))
    return input
  })
  const chosen = () => inputs.filter(({ checked }) => checked)
  return {
    isGroup: true,
    target,
    inputs,
    read: () =>
      chosen()
        .map(({ value }) => value)
        .join(', '),
  }
}

function drawSelect(options, { required }, id) {
  const select = make('select')
  Object.assign(select, { id, required })
  const none = make('option', '', say('choose'))
  none.value = ''
  const all = options.map(({ typed, label, value, isPreset }) => {
    const option = make('option', '', label?.trim() || value)
    Object.assign(option, { value: typed, selected: isPreset })
    return option
  })
  select.append(none, ...all)
  return { target: select, inputs: [select], read: () => select.value }
}

function drawInput({ kind, format, max, preset, required }, id) {
  const value = preset === undefined ? '' : String(preset)
  const isLong = kind === 'text' && !format && (max > longLine || value.includes('\n'))
  const input = make(isLong ? 'textarea' : 'input')
  Object.assign(input, isLong ? { rows: 4 } : { type: types[format] ?? 'text' })
  Object.assign(input, { id, required, autocomplete: format === 'email' ? 'email' : 'off' })
  if (modes[kind]) input.inputMode = modes[kind]
  input.value = format === 'date-time' ? localTime(value) : value
  const read = () => (format === 'date-time' && input.value ? new Date(input.value).toISOString() : input.value)
  return { target: input, inputs: [input], read }
}

/** `2026-01-31T12:00:00Z` as this machine's clock has it. */
function localTime(value) {
  const time = new Date(value)
  if (Number.isNaN(time.getTime())) return ''
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** What its server says of it, what may be typed, and what it may be. */
function hintFor({ hint = '', kind, options = [], min, max }, { isGroup, target }) {
  const isTyped = !isGroup && target.tagName !== 'SELECT'
  const list = isTyped && options.length > 0 ? options.map(({ label, value }) => label || value).join(', ') : ''
  const isCount = kind === 'number' || kind === 'integer'
  return [hint.trim(), list, isCount ? boundsOf(min, max) : ''].filter(Boolean).join(' · ')
}

function boundsOf(min, max) {
  if (min !== undefined && max !== undefined) return `${min} – ${max}`
  return min !== undefined ? `≥ ${min}` : max !== undefined ? `≤ ${max}` : ''
}

function sentenceFor(rule, { min, max }) {
  const bounds = rule === 'small' || rule === 'large' ? boundsOf(min, max) : ''
  return [say(`wrong.${rule}`), bounds && `(${bounds})`].filter(Boolean).join(' ')
}
