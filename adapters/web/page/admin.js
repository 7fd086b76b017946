// The operator's page: lets an admin in, and shows how the house is, anew every few seconds.
import { findError, openErrors, showErrors } from './admin-errors.js'
import { leave, read, signIn } from './admin-server.js'
import { showBudgets, showServers } from './admin-servers.js'
import { openTurns, showTurns } from './admin-turns.js'
import { inClock, inNumber } from './admin-words.js'
import { byId, keepUp, make } from './dom.js'
import { say, translate } from './words.js'

const refreshEveryMs = 4000
const views = { turns: showTurns, errors: showErrors, servers: showServers, budgets: showBudgets }

translate()
openTurns(findError)
openErrors()

// --- coming in ----------------------------------------------------------------------------------------------------------------

let isIn = false
let isPaused = false

function enter(now) {
  if (isIn === now && !byId('sign-in').hidden === !now) return
  isIn = now
  byId('sign-in').hidden = now
  for (const id of ['house', 'pause', 'leave']) byId(id).hidden = !now
  if (!now) byId('key').focus()
}

byId('sign-in-form').addEventListener('submit', async event => {
  event.preventDefault()
  const fault = byId('sign-in-fault')
  fault.textContent = ''
  try {
    await signIn(byId('key').value.trim())
    byId('key').value = ''
    await refresh()
    byId('turns-title').closest('main').querySelector('nav a').focus()
  } catch (error) {
    fault.textContent = whyNot(error)
  }
})

function whyNot({ status, message }) {
  if (status === 401) return say('wrongKey')
  if (status === 403) return say('memberKey')
  return status === 0 ? say('awayMore') : message
}

byId('leave').addEventListener('click', async () => {
  try {
    await leave()
    location.reload() // so that nothing that was told stays behind
  } catch (error) {
    explain(error)
  }
})

// --- what is shown ------------------------------------------------------------------------------------------------------------

const viewHere = () => (location.hash.slice(1) in views ? location.hash.slice(1) : 'turns')

function turnTo() {
  for (const name of Object.keys(views)) byId(name).hidden = name !== viewHere()
  for (const link of document.querySelectorAll('nav a[href^="#"]')) {
    if (link.hash === `#${viewHere()}`) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
}

let toldAt = Date.now()
/** An answer that was overtaken by another view is not shown. */
let asked = 0

async function refresh() {
  const turn = ++asked
  const view = viewHere()
  try {
    const [status, answer] = await Promise.all([read('status'), read(view)])
    if (turn !== asked) return
    enter(true)
    toldAt = Date.now()
    byId('away').textContent = ''
    showLoad(status)
    await views[view](answer)
  } catch (error) {
    if (turn === asked) explain(error)
  }
}

function explain({ status, message }) {
  if (status === 401 || status === 403) return isIn ? goOut() : enter(false)
  if (byId('sign-in').hidden && !isIn) enter(false)
  if (!isIn) byId('sign-in-fault').textContent = whyNot({ status, message })
  byId('away').textContent = say(status === 503 ? 'notTold' : 'notReached', inClock(toldAt))
}

/** The page begins anew, so that nothing that was told stays behind. */
function goOut() {
  isIn = false
  history.replaceState({ hasEnded: true }, '')
  location.reload()
}

function showLoad({ jobs, conversations, workers }) {
  const facts = [
    ['workers', workers.length],
    ['jobsActive', jobs.active],
    ['jobsWaiting', jobs.waiting],
    ['unanswered', conversations],
  ]
  keepUp(
    byId('load'),
    facts,
    ([name]) => name,
    ([name, value]) =>
      make('div', name === 'workers' && value === 0 ? 'bad' : '', make('dt', '', say(name)), make('dd', '', inNumber(value))),
  )
}

// --- again and again ----------------------------------------------------------------------------------------------------------

byId('pause').addEventListener('click', () => {
  isPaused = !isPaused
  byId('pause').textContent = say(isPaused ? 'goOn' : 'pause')
  byId('pause').setAttribute('aria-pressed', String(isPaused))
  if (!isPaused) void refresh()
})

const isWatched = () => isIn && !isPaused && !document.hidden
let isUnderWay = false
setInterval(async () => {
  if (!isWatched() || isUnderWay) return
  isUnderWay = true
  await refresh()
  isUnderWay = false
}, refreshEveryMs)
document.addEventListener('visibilitychange', () => isWatched() && void refresh())
addEventListener('hashchange', () => {
  turnTo()
  if (isIn) void refresh()
})

turnTo()
if (history.state?.hasEnded) byId('sign-in-fault').textContent = say('visitEnded')
history.replaceState(null, '')
await refresh()
