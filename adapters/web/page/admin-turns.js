// The turns under way and the last that ended: filtered, and each unfolded into what it did.
import { readTurn } from './admin-server.js'
import { drawAttempts, drawHow, howOf, lengthOf, waitedFrom } from './admin-timeline.js'
import { inClock, inNumber, inSpan, sayOr } from './admin-words.js'
import { byId, keepUp, make } from './dom.js'
import { say } from './words.js'

const slowAfterMs = [0, 5000, 30_000, 120_000]
/** Of each turn that is unfolded, what it did, as it was told last. */
const unfolded = new Map()
let told = { open: [], recent: [], now: 0 }
let onError = () => {}

/** `findError` is called with the id of an error that somebody wants to see. */
export function openTurns(findError) {
  onError = findError
  const times = slowAfterMs.map(ms => [String(ms), ms === 0 ? say('anyTime') : say('longerThan', inSpan(ms))])
  offer(byId('by-time'), times)
  byId('filters').addEventListener('change', draw)
  byId('filters').addEventListener('submit', event => event.preventDefault())
  draw()
}

/** What the server tells, and of the unfolded ones what they did meanwhile. */
export async function showTurns(answer) {
  told = answer
  const running = [...unfolded].filter(([id, detail]) => !detail.attempts || isOpen(id) || detail.wasOpen).map(([id]) => id)
  await Promise.all(running.map(learnOf))
  draw()
}

const isOpen = id => told.open.some(turn => turn.id === id)

async function learnOf(id) {
  const wasOpen = isOpen(id)
  const detail = await readTurn(id).catch(error => (error.status === 404 ? { attempts: [], now: told.now } : undefined))
  if (detail && unfolded.has(id)) unfolded.set(id, { ...detail, wasOpen })
}

async function toggle(id) {
  if (unfolded.delete(id)) return draw()
  unfolded.set(id, {})
  draw()
  await learnOf(id)
  draw()
}

function draw() {
  const all = [...told.open, ...told.recent]
  offer(byId('by-platform'), choices(all.map(({ platform }) => [platform, platform])))
  offer(byId('by-how'), choices(all.map(turn => [howOf(turn), sayOr('how', howOf(turn))])))
  const open = told.open.filter(isWanted)
  const recent = told.recent.filter(isWanted)
  byId('turn-count').textContent = say('turnCount', inNumber(open.length), inNumber(recent.length), inNumber(told.recent.length))
  // Of one turn only its last attempt unfolds: it shows all of them.
  const seen = new Set()
  const rows = [...open, ...recent].map(turn => {
    const isLast = !seen.has(turn.id)
    seen.add(turn.id)
    const detail = isLast ? unfolded.get(turn.id) : undefined
    return { turn, isLast, ...(detail && { detail }), ...(turn.endedAt === undefined && { now: told.now }) }
  })
  keepUp(byId('turn-rows'), rows.flatMap(rowsOf), ({ key }) => key, drawRow)
}

/** A turn, and below it what it did. */
function rowsOf({ turn, isLast, detail, now }) {
  const key = `${turn.id} ${turn.worker} ${turn.beganAt}`
  const row = { key, turn, isLast, isUnfolded: detail !== undefined, ...(now !== undefined && { now }) }
  return detail ? [row, { key: `${key} unfolded`, detail }] : [row]
}

function isWanted(turn) {
  const [platform, how, slow] = ['by-platform', 'by-how', 'by-time'].map(id => byId(id).value)
  if (platform && turn.platform !== platform) return false
  if (how && howOf(turn) !== how) return false
  return lengthOf(turn, told.now) >= Number(slow || 0)
}

/** Sorted, each once, behind the one that takes all. */
function choices(pairs) {
  const byValue = new Map(pairs.sort(([a], [b]) => (a < b ? -1 : 1)))
  return [['', say('all')], ...byValue]
}

/** What was chosen stays to be chosen from, though there is none of it now. */
function offer(select, pairs) {
  const chosen = select.selectedOptions[0]
  const values = pairs.map(([value]) => value)
  const options = chosen && !values.includes(chosen.value) ? [...pairs, [chosen.value, chosen.textContent]] : pairs
  keepUp(
    select,
    options,
    ([value]) => value,
    ([value, label]) => {
      const option = make('option', '', label)
      option.value = value
      return option
    },
  )
}

function drawRow({ turn, isLast, isUnfolded, now, detail }) {
  if (detail) return drawDetail(detail)
  const time = inClock(turn.beganAt)
  const button = make('button', 'unfold', time)
  button.type = 'button'
  button.setAttribute('aria-label', say('turnOf', time))
  button.setAttribute('aria-expanded', String(isUnfolded))
  button.addEventListener('click', () => void toggle(turn.id))
  const first = make('th', '', isLast ? button : time)
  first.scope = 'row'
  const length = inSpan(lengthOf(turn, now ?? 0))
  const tools = turn.failed ? say('ofTools', inNumber(turn.tools), inNumber(turn.failed)) : inNumber(turn.tools)
  return make(
    'tr',
    'turn',
    first,
    make('td', '', drawHow(turn)),
    make('td', 'number', turn.endedAt === undefined ? `${length}…` : length),
    make('td', 'number more', turn.again ? '' : inSpan(turn.beganAt - waitedFrom(turn))),
    make('td', 'number more', tools),
    make('td', 'place', make('code', '', turn.conversation)),
  )
}

function drawDetail({ attempts, now }) {
  const empty = () => [make('p', 'soft', say(attempts ? 'noSuchTurn' : 'loading'))]
  const cell = make('td', '', ...(attempts?.length ? drawAttempts(attempts, now, onError) : empty()))
  cell.colSpan = 6
  return make('tr', 'unfolded', cell)
}
