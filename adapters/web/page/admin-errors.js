// What people were told an id of, with the lines of the log.
import { inClock, inNumber } from './admin-words.js'
import { byId, keepUp, make } from './dom.js'
import { say } from './words.js'

const levels = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }
let errors = []

export function openErrors() {
  byId('error-id').addEventListener('input', draw)
  byId('find').addEventListener('submit', event => event.preventDefault())
}

export function showErrors(answer) {
  errors = answer.errors
  draw()
}

export function findError(id) {
  byId('error-id').value = id
  draw()
}

function draw() {
  const wanted = byId('error-id').value.trim().toLowerCase()
  const shown = errors.filter(({ id }) => id.toLowerCase().includes(wanted))
  const none = errors.length === 0 ? say('noErrors') : say('noErrorFor', wanted)
  const words = shown.length === 0 ? none : say('errorCount', inNumber(shown.length), inNumber(errors.length))
  if (byId('error-count').textContent !== words) byId('error-count').textContent = words
  const list = byId('error-list')
  keepUp(list, shown, ({ id, at }) => `${id} ${at}`, drawError)
  if (wanted && shown.length === 1) list.firstElementChild.open = true
}

function drawError({ id, at, conversation, lines }) {
  const place = conversation === undefined ? [] : [make('code', 'place', conversation)]
  const head = make('summary', '', make('strong', '', id), ' ', make('span', 'soft', inClock(at)), ' ', ...place)
  const log = make('ol', 'log', ...lines.map(drawLine))
  log.setAttribute('aria-label', say('lines'))
  return make('details', 'error', head, log)
}

function drawLine(line) {
  const entry = readLine(line)
  if (!entry) return make('li', '', make('code', '', line))
  const { level, time, msg, pid: _, hostname: __, ...rest } = entry
  const facts = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const level_ = levels[level] ?? String(level ?? '')
  const when = time === undefined ? '' : inClock(time)
  const head = [
    make('span', 'soft', when),
    ' ',
    make('span', `level at-${level_}`, level_),
    ' ',
    make('span', 'said', String(msg ?? '')),
  ]
  return make('li', '', ...head, ...(facts.length ? [make('code', '', facts.join('\n'))] : []))
}

/** A line that was cut is no JSON any more. */
function readLine(line) {
  try {
    const entry = JSON.parse(line)
    return typeof entry === 'object' && entry !== null ? entry : undefined
  } catch {
    return undefined
  }
}
