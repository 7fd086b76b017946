// One attempt at a turn, drawn to scale: the wait, each step of the model, each tool, each post.
import { inClock, inNumber, inSpan, sayOr } from './admin-words.js'
import { make } from './dom.js'
import { say } from './words.js'

/** Whether it went well, is under way, or did not: the colour of its words. */
const tones = { answered: 'good', calls: 'good', running: 'busy', parked: 'busy', failed: 'bad', 'set-aside': 'bad', dead: 'bad' }

export const howOf = ({ how, endedAt, isDead }) => (isDead ? 'dead' : (how ?? (endedAt === undefined ? 'running' : 'broken')))
export const drawHow = turn => make('span', `how ${tones[howOf(turn)] ?? 'other'}`, sayOr('how', howOf(turn)))
/** When it began to wait; what goes on has waited before. */
export const waitedFrom = ({ again, beganAt, keptAt }) => (again ? beganAt : Math.min(beganAt, keptAt ?? beganAt))
export const lengthOf = (turn, now) => (turn.endedAt ?? Math.max(now, turn.beganAt)) - turn.beganAt

/** All attempts, the oldest first. `findError` is called with the id of an error. */
export function drawAttempts(attempts, now, findError) {
  return attempts.map((attempt, at) => {
    const title = attempts.length > 1 ? [make('h3', '', say('attempt', at + 1, attempts.length), ' ', drawHow(attempt))] : []
    const more = attempt.more ? [make('p', 'soft', say('moreSpans', inNumber(attempt.more)))] : []
    return make('div', 'attempt', ...title, drawFacts(attempt, findError), drawTimeline(attempt, now), ...more)
  })
}

function drawFacts(attempt, findError) {
  const { id, author, worker, model, tokens, firstPaintMs, edits, limited, errorId } = attempt
  const error = make('a', '', errorId ?? '')
  error.href = '#errors'
  error.addEventListener('click', () => findError(errorId))
  const facts = [
    ['messageId', id],
    ['author', author],
    ['worker', worker],
    ['model', model],
    ['tokens', say('tokensOf', inNumber(tokens.input), inNumber(tokens.output))],
    ['firstPaint', firstPaintMs === undefined ? undefined : inSpan(firstPaintMs)],
    ['edits', inNumber(edits)],
    ['limited', limited ? inNumber(limited) : undefined],
    ['errorIs', errorId === undefined ? undefined : error],
  ]
  const told = facts.filter(([, value]) => value !== undefined && value !== '')
  return make('dl', 'facts', ...told.map(([name, value]) => make('div', '', make('dt', '', say(name)), make('dd', '', value))))
}

function drawTimeline(attempt, now) {
  const from = waitedFrom(attempt)
  const ends = attempt.spans.map(({ at, ms }) => at + (ms ?? 0))
  const to = Math.max(attempt.endedAt ?? now, attempt.beganAt, ...ends, from + 1)
  const wait = { what: 'queue', name: say('queue'), at: from, ms: attempt.beganAt - from, ok: true }
  const rows = [...(attempt.again ? [] : [wait]), ...attempt.spans].map(span => drawSpan(span, { from, to, attempt }))
  const caption = make('caption', '', `${say('timeline', inSpan(to - from))} · ${inClock(from)}`)
  const lane = make('th', 'lane', make('span', 'soft', '0'), make('span', 'soft', inSpan(to - from)))
  lane.setAttribute('aria-hidden', 'true')
  const heads = [head('step'), lane, head('from', 'number more'), head('took', 'number'), head('how')]
  return make('table', 'timeline', caption, make('thead', '', make('tr', '', ...heads)), make('tbody', '', ...rows))
}

function head(word, kind = '') {
  const cell = make('th', kind, say(word))
  cell.scope = 'col'
  return cell
}

function drawSpan({ what, name, server, at, ms, ok, state }, { from, to, attempt }) {
  const isRunning = ms === undefined
  const isGone = isRunning && (attempt.isDead || attempt.endedAt !== undefined)
  const until = isRunning ? to : at + ms
  const bar = make('span', `bar ${what}${isRunning ? ' running' : ok ? '' : ' bad'}${isGone ? ' gone' : ''}`)
  const percent = time => (100 * (Math.min(Math.max(time, from), to) - from)) / (to - from)
  bar.style.left = `${percent(at)}%`
  bar.style.width = `${Math.max(0, percent(until) - percent(at))}%`
  const lane = make('td', 'lane', make('span', 'track', bar))
  lane.setAttribute('aria-hidden', 'true')
  const how = isGone ? 'gone' : isRunning ? 'running' : (state ?? (ok ? 'ok' : 'failed'))
  const title = what === 'queue' || what === 'post' ? [] : [' ', make('code', '', server ? `${server} · ${name}` : name)]
  const label = make('th', 'label', make('span', `what ${what}`, say(`what.${what}`)), ...title)
  label.scope = 'row'
  const took = isRunning ? `${inSpan(until - at)}…` : inSpan(ms)
  const tone = isGone ? 'bad' : isRunning ? 'busy' : ok ? '' : 'bad'
  const numbers = [make('td', 'number more', inSpan(at - from) || inSpan(0)), make('td', 'number', took)]
  return make('tr', '', label, lane, ...numbers, make('td', `how ${tone}`, sayOr('span', how)))
}
