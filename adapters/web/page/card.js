// Draws what was said: a question, or the card of a reply that changes while the turn runs. Text only ever becomes text nodes.
import { thumbnail } from './attach.js'
import { make, makeButton } from './dom.js'
import { createFiles } from './files.js'
import { drawForm } from './form.js'
import { readCard, readMarkdown } from './markdown.js'
import { say } from './words.js'

/** Signs that every font has, since not every machine has one with emoji. */
const signs = { '✅': '✓', '⚠️': '!', '⏳': '…', '⏹': '■' }
/** A line does not break between a sign and its word. */
const signed = text => text.replace(/(✅|⚠️|⏳|⏹) ?/gu, (_, mark) => `${signs[mark]}\u00a0`)

/** What the person asked, word for word, with the names of what went along. */
export function drawQuestion(text, files = []) {
  const chips = files.map(file => make('li', 'chip', ...thumbnail(file), make('span', 'name', file.name)))
  const list = chips.length > 0 ? [make('ul', 'chips', ...chips)] : []
  if (list.length > 0) list[0].setAttribute('aria-label', say('attached'))
  return make('article', 'question', make('h2', 'unseen', say('you')), ...(text ? [make('p', '', text)] : []), ...list)
}

/**
 * A card that `show` redraws. `does.press(button, fields?)` hears its buttons: what it resolves with is shown below them until the next
 * press, or why it rejects. `does.readForm(token)` and `does.load(file)` bring what stands behind them. `fail` puts a sentence and a Retry
 * below what was shown so far.
 */
export function createCard(does) {
  const body = make('div', 'body')
  const steps = make('ul', 'steps')
  const files = createFiles(does.load)
  const buttons = make('div', 'buttons')
  const beside = make('div', 'beside')
  const element = make('article', 'card', make('h2', 'unseen', 'Bellhop'), body, files.element, steps, buttons, beside)
  const places = { buttons, beside }
  let shown = ''
  steps.setAttribute('aria-label', say('steps'))
  showSteps(steps, [{ state: 'thinking', label: say('thinking') }])
  setRunning(true)

  function setRunning(running) {
    element.setAttribute('aria-busy', String(running))
  }
  const press = button => pressed(button, places, does)

  return {
    element,
    body,
    show(card) {
      const live = readCard(card)
      showSteps(steps, live.steps)
      // Left alone while only the steps go on, so that what a person has selected or scrolled stays so.
      if (live.said !== shown) body.replaceChildren(...readMarkdown(live.said).map(draw))
      shown = live.said
      files.show(card.files)
      element.classList.remove('failed')
      showButtons(buttons, card.buttons, press)
      const form = beside.dataset.form
      if (card.final || (form && !card.buttons.some(({ token }) => token === form))) clear(beside)
      setRunning(!card.final)
    },
    fail(sentence, retry) {
      setRunning(false)
      element.classList.add('failed')
      steps.querySelector('.thinking')?.remove()
      const again = retry ? [makeButton(say('retry'), 'quiet', retry)] : []
      buttons.dataset.state = ''
      buttons.replaceChildren(make('p', 'fault', sentence), ...again)
    },
  }
}

function clear(beside) {
  beside.replaceChildren()
  delete beside.dataset.form
}

async function pressed(button, places, does) {
  const { beside } = places
  if (button.action === 'fill' && beside.dataset.form === button.token)
    return beside.querySelector('input, select, textarea')?.focus()
  clear(beside)
  try {
    if (button.action === 'fill') return await openForm(button, places, does)
    const { aside } = (await does.press(button)) ?? {}
    if (aside) showAside(beside, aside, next => pressed(next, places, does))
  } catch (error) {
    beside.replaceChildren(make('p', 'fault', error.message))
  }
}

/** Below the question, where what it is about can still be read. */
async function openForm(button, { buttons, beside }, does) {
  const close = () => {
    clear(beside)
    buttons.querySelector('button')?.focus()
  }
  const submit = async values => {
    const { wrong, aside } = await does.press(button, values)
    if (!wrong) close()
    if (aside) showAside(beside, aside, next => pressed(next, places, does))
    return wrong
  }
  const form = drawForm(await does.readForm(button.token), submit, close)
  beside.replaceChildren(form.element)
  beside.dataset.form = button.token
  form.focus()
}

/** A step that goes on keeps its element: a new one would begin to turn anew, ten times a second. */
function showSteps(list, steps) {
  for (const [at, step] of steps.entries()) {
    const old = list.children[at]
    const key = `${step.state} ${step.label}`
    const item = old?.dataset.key === key ? old : drawStep(step)
    item.dataset.key = key
    if (!old) list.append(item)
    else if (old !== item) old.replaceWith(item)
    showFacts(item, step)
  }
  while (list.children.length > steps.length) list.lastChild.remove()
}

function drawStep({ state, label }) {
  const sign = {
    running: () => make('span', 'spinner'),
    thinking: () => make('span', 'dots', make('span'), make('span'), make('span')),
    ok: () => make('span', 'mark good', signs['✅']),
    failed: () => make('span', 'mark poor', signs['⚠️']),
    earlier: () => make('span', 'mark', '…'),
  }[state]()
  return make('li', state, sign, make('span', 'label', label))
}

function showFacts(item, { facts = '', percent }) {
  const place = item.querySelector('.facts') ?? make('span', 'facts')
  place.textContent = facts
  if (facts) item.append(place)
  else place.remove()
  const bar = item.querySelector('progress') ?? make('progress')
  if (percent === undefined) return bar.remove()
  bar.max = 100
  bar.value = percent
  bar.setAttribute('aria-label', item.querySelector('.label').textContent)
  item.append(bar)
}

function showAside(place, { text, buttons }, press) {
  const row = make('div', 'buttons')
  showButtons(row, buttons, press)
  place.replaceChildren(...readMarkdown(text).map(draw), ...(buttons.length ? [row] : []))
}

const toneOf = ({ action, tone }) => (action === 'stop' ? 'stop' : tone === 'good' || tone === 'bad' ? tone : '')

/** Buttons that stay the same are left alone, so that a redraw does not take the focus from under a finger. */
function showButtons(place, buttons, press) {
  const state = JSON.stringify(buttons)
  if (place.dataset.state === state) return
  place.dataset.state = state
  place.replaceChildren(
    ...buttons.map(button =>
      makeButton(button.label, `quiet ${toneOf(button)}`, element => {
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
