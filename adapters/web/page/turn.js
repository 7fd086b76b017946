// One turn: a question, and the card of its reply as it grows, also after the page was loaded anew.
import { createCard, drawQuestion } from './card.js'
import { withKey } from './key.js'
import { readCard } from './markdown.js'
import { showHealth } from './panel.js'
import { ask, fetchFile, followTurn, press, Refusal, readForm } from './server.js'
import { say } from './words.js'

/** A message that is not understood, or too large, will not be taken the next time either. */
const wouldFailAgain = new Set([400, 413])
/** How long the server knows the states of a reply. */
const followedMs = 15 * 60_000

/**
 * Asks what is new; `attachments` go along. `talk.keep()` keeps what is known of its turns, `talk.grow(change)` draws so that who reads the
 * end goes on reading it, `talk.speak(text)` says it to a screen reader, `talk.again(turn)` asks anew.
 */
export async function takeTurn(talk, turn, attachments) {
  const given = { attachments: attachments.map(({ name, url }) => ({ name, url })), onId: id => know(talk, turn, { id }) }
  await watch(talk, turn, show => withKey(() => ask(talk.id, turn.asked, show, given), showHealth))
}

/** Shows what was kept, and goes on listening where the reply may still grow. */
export async function recallTurn(talk, turn) {
  const { card: kept, id } = turn
  if (kept?.final) return drawTurn(talk, turn).show(kept)
  const isOpen = kept?.buttons.some(({ action }) => action !== 'stop') || Date.now() - turn.at < followedMs
  if (id && isOpen) return watch(talk, turn, show => withKey(() => followTurn(talk.id, id, show), showHealth))
  const card = drawTurn(talk, turn)
  if (kept) card.show({ ...kept, buttons: [] })
  card.fail(say('left'), retry(talk, turn))
}

function drawTurn(talk, turn) {
  const card = createCard({
    press: (button, fields) => pressed(talk, turn, button, fields),
    readForm: token => told(talk, () => readForm(talk.id, token)),
    load: file => fetchFile(talk.id, file),
  })
  talk.element.append(drawQuestion(turn.asked, turn.files), card.element)
  return card
}

/** `listen(show)` resolves with whether the last state was final. */
async function watch(talk, turn, listen) {
  const card = drawTurn(talk, turn)
  const speak = createSpeaker(talk)
  if (turn.card) card.show(turn.card)
  try {
    const isDone = await listen(state => {
      talk.grow(() => card.show(state))
      learn(talk, turn, state)
      speak(state, card.body)
    })
    if (!isDone) card.fail(say('broken'), retry(talk, turn))
  } catch (error) {
    const sentence = sentenceFor(error)
    talk.grow(() => card.fail(sentence, wouldFailAgain.has(error.status) ? undefined : retry(talk, turn)))
    talk.speak(sentence)
  }
}

/** What went along is known until the page is left. */
function retry(talk, turn) {
  const isWhole = turn.files.every(({ url }) => url)
  return isWhole ? () => talk.again(turn) : undefined
}

/** Kept when something can be pressed that could not, or when it is over; not every word. */
function learn(talk, turn, state) {
  const { text, buttons, final, files } = state
  const isNews = final || JSON.stringify(buttons) !== JSON.stringify(turn.card?.buttons)
  know(talk, turn, { card: { text, buttons, final, ...(files && { files }) } }, isNews)
}

function know(talk, turn, news, isNews = true) {
  Object.assign(turn, news, { at: Date.now() })
  if (isNews) talk.keep()
}

/** Each step once, and the answer when it is complete, but not every word as it comes. */
function createSpeaker(talk) {
  const said = new Set()
  return (state, body) => {
    if (state.final) return talk.speak(textOf(body))
    const { said: text, steps } = readCard(state)
    const isAlone = steps.length === 1
    const lines = steps
      .filter(step => step.state !== 'earlier' && (step.state !== 'thinking' || isAlone))
      .map(({ mark, label }) => `${mark} ${label}`)
    const asked = state.buttons.some(({ action }) => action !== 'stop')
      ? [text.slice(text.lastIndexOf('❓') + 1).replace(/[*_`\\]/g, '')]
      : []
    const news = [...lines, ...asked].filter(line => line && !said.has(line))
    for (const line of news) said.add(line)
    talk.speak(news.join('\n'))
  }
}

/** Without the small print. */
const textOf = body =>
  [...body.children]
    .filter(block => !block.classList.contains('small'))
    .map(block => block.innerText)
    .join('\n')

/** One on Retry is asked anew, because this page only listens to the reply to its own question. */
async function pressed(talk, turn, button, fields) {
  if (button.action === 'retry') return void talk.again(turn)
  const answer = await told(talk, () => press(talk.id, button, fields))
  if (answer.aside) talk.speak(answer.aside.text)
  return answer
}

/** Throws Refusal with a sentence for who pressed. */
async function told(talk, does) {
  try {
    return await does()
  } catch (error) {
    const sentence = error.status === 0 ? say('notPressed') : sentenceFor(error)
    talk.speak(sentence)
    throw new Refusal(error.status, sentence)
  }
}

function sentenceFor(error) {
  if (!(error instanceof Refusal)) throw error
  if (error.status === 0) return say('unreachable')
  const sentence = error.message || say('refused', error.status)
  return sentence[0].toUpperCase() + sentence.slice(1)
}
