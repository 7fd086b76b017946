// The page: what is asked, what is shown, and what is kept in this browser.
import { createCard, drawQuestion, make, makeButton } from './card.js'
import { readCard } from './markdown.js'
import { ask, keepKey, press, Refusal, readHealth } from './server.js'
import { examples, say, translate } from './words.js'

const byId = id => document.getElementById(id)
const talk = byId('talk')
const scroll = byId('scroll')
const message = byId('message')
const spoken = byId('spoken')
const healthEveryMs = 30_000
const keptTurns = 50
/** A message that is not understood, or too large, will not be taken the next time either. */
const wouldFailAgain = new Set([400, 413])

translate(document)
let session = localStorage.getItem('bellhop.session') ?? newSession()
let turns = readTurns()

// --- one turn -----------------------------------------------------------------------------------------------------------------

/** Asks, and shows the reply as it grows. */
async function takeTurn(text) {
  const turn = { asked: text, answer: undefined }
  const here = session
  turns.push(turn)
  keepTurns()
  addToTalk(drawQuestion(text), true)
  const card = createCard(button => pressed(here, button, text))
  addToTalk(card.element, true)
  try {
    const done = await askWithKey(here, text, state => {
      show(card, state)
      if (state.final && here === session) {
        turn.answer = state.text
        keepTurns()
      }
    })
    if (!done) card.fail(say('broken'), () => void takeTurn(text))
  } catch (error) {
    const sentence = sentenceFor(error)
    card.fail(sentence, wouldFailAgain.has(error.status) ? undefined : () => void takeTurn(text))
    speak(sentence)
  }
  follow()
}

function show(card, state) {
  const below = isAtEnd()
  card.show(state)
  if (below) follow()
  speak(state.final ? state.text.replace(/^-# .*$/gm, '') : aloud(readCard(state)))
}

/** What is said to the press, if anything is. One on Retry is asked anew, because this page only listens to the reply to its own question. */
async function pressed(here, button, text) {
  if (button.action === 'retry') return void takeTurn(text)
  try {
    const aside = await press(here, button)
    if (aside) speak(aside.text)
    return aside
  } catch (error) {
    const sentence = error.status === 0 ? say('notPressed') : sentenceFor(error)
    speak(sentence)
    throw new Refusal(error.status, sentence)
  }
}

async function askWithKey(here, text, show) {
  for (let wrong = false; ; wrong = true) {
    try {
      return await ask(here, text, show)
    } catch (error) {
      if (error.status !== 401) throw error
      if (!(await askForKey(wrong))) throw new Refusal(401, say('noKey'))
      void showHealth()
    }
  }
}

function sentenceFor(error) {
  if (!(error instanceof Refusal)) throw error
  if (error.status === 0) return say('unreachable')
  const sentence = error.message || say('refused', error.status)
  return sentence[0].toUpperCase() + sentence.slice(1)
}

// --- the list of what was said ------------------------------------------------------------------------------------------------

function addToTalk(element, toEnd) {
  byId('welcome').hidden = true
  talk.append(element)
  if (toEnd) follow()
}

const isAtEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80

function follow() {
  scroll.scrollTop = scroll.scrollHeight
}

/** For screen readers: each step once, and the answer when it is complete, but not every word as it comes. */
function speak(text) {
  if (text && spoken.textContent !== text) spoken.textContent = text
}

const aloud = ({ steps }) =>
  steps
    .filter(({ state }) => state !== 'earlier' && (state !== 'thinking' || steps.length === 1))
    .map(({ mark, label }) => `${mark} ${label}`)
    .join('\n')

function newSession() {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')
  localStorage.setItem('bellhop.session', id)
  return id
}

/** Storage may hold anything: an older page wrote it, or a person. */
function readTurns() {
  try {
    const kept = JSON.parse(localStorage.getItem('bellhop.turns') ?? '[]')
    return Array.isArray(kept) ? kept.filter(turn => typeof turn?.asked === 'string') : []
  } catch {
    return []
  }
}

/** When the storage is full, the oldest turns are forgotten. */
function keepTurns() {
  turns = turns.slice(-keptTurns)
  for (let kept = turns; ; kept = kept.slice(1)) {
    try {
      return localStorage.setItem('bellhop.turns', JSON.stringify(kept))
    } catch {
      if (!kept.length) return // No room for anything: the talk itself goes on, only a reload forgets it.
    }
  }
}

function showKept() {
  for (const { asked, answer } of turns) {
    addToTalk(drawQuestion(asked))
    const card = createCard(() => Promise.resolve())
    if (answer === undefined) card.fail(say('left'), () => void takeTurn(asked))
    else card.show({ text: answer, buttons: [], final: true })
    addToTalk(card.element)
  }
  follow()
}

function showWelcome() {
  talk.replaceChildren()
  byId('welcome').hidden = false
  byId('examples').replaceChildren(...examples.map(example => makeButton(example, 'example', () => void takeTurn(example))))
}

// --- the key ------------------------------------------------------------------------------------------------------------------

/** Several turns may want the key at once; they wait for the same answer. */
let asking
function askForKey(wrong) {
  asking ??= new Promise(resolve => {
    const dialog = byId('key-dialog')
    byId('key-wrong').hidden = !wrong
    byId('key').value = ''
    dialog.onclose = () => {
      asking = undefined
      const key = dialog.returnValue
      if (key) keepKey(key)
      resolve(Boolean(key))
    }
    dialog.returnValue = ''
    dialog.showModal()
  })
  return asking
}

byId('key-form').addEventListener('submit', event => {
  event.preventDefault()
  byId('key-dialog').close(byId('key').value.trim())
})
byId('key-cancel').addEventListener('click', () => byId('key-dialog').close(''))

// --- the house ----------------------------------------------------------------------------------------------------------------

async function showHealth() {
  const health = await readHealth().catch(() => undefined)
  const { servers = [], status, queue, ready, model } = health ?? { status: 'away' }
  const active = servers.filter(server => server.state === 'active').length
  byId('house').dataset.state = status
  byId('house-words').textContent = servers.length ? say('serverCount', active, servers.length) : say('servers')
  const trouble = !health ? say('awayMore') : queue === 'away' ? say('queueAway') : ready ? undefined : say('starting')
  const lines = [trouble ?? say(status === 'ok' ? 'healthy' : 'troubled'), model && say('model', model)]
  byId('panel-summary').textContent = lines.filter(Boolean).join('\n')
  const none = health && make('li', 'none', say(health.servers ? 'noServers' : 'hidden'))
  byId('panel-servers').replaceChildren(...(servers.length ? servers.map(drawServer) : [none].filter(Boolean)))
}

function drawServer({ name, state, tools, error }) {
  const dot = make('span', 'dot')
  const count = tools === 1 ? say('oneTool') : say('tools', tools)
  const facts = make('span', 'facts', `${say(`state.${state}`)} · ${count}`)
  const item = make('li', '', dot, make('span', 'name', name), facts)
  if (error) item.append(make('span', 'fault', error))
  item.dataset.state = state
  return item
}

byId('panel').addEventListener('toggle', event => event.newState === 'open' && void showHealth())
setInterval(() => document.hidden || void showHealth(), healthEveryMs)

// --- typing -------------------------------------------------------------------------------------------------------------------

byId('ask').addEventListener('submit', event => {
  event.preventDefault()
  const text = message.value.trim()
  if (!text) return
  message.value = ''
  fitMessage()
  void takeTurn(text)
})

message.addEventListener('keydown', event => {
  // While an input method composes (Chinese, Japanese), Enter only chooses a word.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
  event.preventDefault()
  byId('ask').requestSubmit()
})

message.addEventListener('input', fitMessage)

function fitMessage() {
  message.style.height = 'auto'
  message.style.height = `${message.scrollHeight}px`
}

byId('new-chat').addEventListener('click', () => {
  session = newSession()
  turns = []
  keepTurns()
  showWelcome()
  message.focus()
})

if (turns.length) showKept()
else showWelcome()
void showHealth()
if (matchMedia('(hover: hover)').matches) message.focus()
