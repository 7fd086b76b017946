// Draws what was said: a question, or the card of a reply that changes while the turn runs. Text only ever becomes text nodes.
import { readMarkdown } from './markdown.js'
import { say } from './words.js'

const stepMark = /^(⏳|✅|⚠️|∅|🛑|❌)\s/u
/** Signs that every font has, since not every machine has one with emoji. */
const signs = { '✅': '✓', '⚠️': '!', '🛑': '■', '❌': '✗' }
const signed = text => text.replace(/✅|⚠️|🛑|❌/gu, mark => signs[mark])

export function make(tag, kind, ...children) {
  const element = document.createElement(tag)
  if (kind) element.className = kind
  element.append(...children)
  return element
}

export function makeButton(label, kind, press) {
  const button = make('button', kind, label)
  button.type = 'button'
  button.addEventListener('click', () => press(button))
  return button
}

/** What the person asked, word for word. */
export function drawQuestion(text) {
  return make('article', 'question', make('h2', 'unseen', say('you')), make('p', '', text))
}

/** A card that `show` redraws; `press(button)` hears its buttons, `fail` puts a sentence and a Retry below what was shown so far. */
export function createCard(press) {
  const steps = make('ul', 'steps')
  const body = make('div', 'body')
  const buttons = make('div', 'buttons')
  const element = make('article', 'card', make('h2', 'unseen', 'Bellhop'), steps, body, buttons)
  steps.setAttribute('aria-label', say('steps'))
  setRunning(true)
  body.append(make('p', 'waiting', make('span'), make('span'), make('span')))
  body.firstChild.setAttribute('aria-label', say('working'))

  function setRunning(running) {
    element.setAttribute('aria-busy', String(running))
  }

  return {
    element,
    show(card) {
      const { marks, rest } = parts(card)
      steps.replaceChildren(...marks.map(drawStep))
      body.replaceChildren(...readMarkdown(rest).map(draw))
      showButtons(buttons, card.buttons, press)
      setRunning(!card.final)
    },
    fail(sentence, retry) {
      setRunning(false)
      element.classList.add('failed')
      if (body.querySelector('.waiting')) body.replaceChildren()
      const again = retry ? [makeButton(say('retry'), 'quiet', retry)] : []
      buttons.replaceChildren(make('p', 'fault', sentence), ...again)
    },
  }
}

/** A running card begins with one line for each step; the answer follows after an empty line. */
function parts({ text, final }) {
  const lines = text.split('\n')
  const count = lines.findIndex(line => !stepMark.test(line))
  const steps = count < 0 ? lines.length : count
  if (final || steps === 0) return { marks: [], rest: text }
  return { marks: lines.slice(0, steps), rest: lines.slice(steps).join('\n') }
}

function drawStep(line) {
  const [mark, label, ...facts] = [line.match(stepMark)[1], ...line.replace(stepMark, '').split(' · ')]
  const running = mark === '⏳'
  const sign = running ? make('span', 'spinner') : make('span', `mark ${mark === '✅' ? 'good' : 'poor'}`, signed(mark))
  const item = make('li', running ? 'running' : 'ended', sign, make('span', 'label', label))
  if (facts.length) item.append(make('span', 'facts', facts.join(' · ')))
  return item
}

/** Buttons that stay the same are left alone, so that a redraw does not take the focus from under a finger. */
function showButtons(place, buttons, press) {
  const state = JSON.stringify(buttons)
  if (place.dataset.state === state) return
  place.dataset.state = state
  place.replaceChildren(
    ...buttons.map(button =>
      makeButton(button.label, `quiet ${button.action === 'stop' ? 'stop' : ''}`, element => {
        element.disabled = true
        press(button).finally(() => {
          element.disabled = false
        })
      }),
    ),
  )
}

function draw(node) {
  if (typeof node === 'string') return document.createTextNode(node)
  const children =
    node.kind === 'small' ? node.children.map(child => (typeof child === 'string' ? signed(child) : child)) : node.children
  const element = make(node.tag, node.kind, ...children.map(draw))
  if (node.tag === 'a') aim(element, node.href)
  if (node.tag === 'ol' && node.start !== 1) element.start = node.start
  if (node.tag === 'th') element.scope = 'col'
  if (node.side) element.classList.add(node.side)
  if (node.tag === 'pre') return frameCode(element, node)
  if (node.tag === 'table') return frameTable(element)
  return element
}

function aim(element, href) {
  if (!/^https?:\/\//i.test(href) || !URL.canParse(href)) return
  element.href = href
  element.target = '_blank'
  element.rel = 'noopener noreferrer nofollow'
}

/** A wide table or a long line of code scrolls in its own frame, which the keyboard can reach. */
function frameTable(table) {
  const frame = make('div', 'table', table)
  frame.tabIndex = 0
  frame.setAttribute('role', 'region')
  frame.setAttribute('aria-label', say('table'))
  return frame
}

function frameCode(pre, { language, children }) {
  pre.tabIndex = 0
  const copy = makeButton(say('copy'), 'copy', async button => {
    await navigator.clipboard?.writeText(children[0])
    button.textContent = say('copied')
  })
  return make('div', 'code', make('div', 'code-bar', make('span', '', language || 'text'), copy), pre)
}
