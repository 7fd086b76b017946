// The list of chats at the side: open one, name it anew, delete it.
import { listChats, removeChat, renameChat, titleOf } from './chats.js'
import { byId, make, makeButton, makeSign } from './dom.js'
import { inTime, say } from './words.js'

const side = byId('chats')
const toggle = byId('chats-toggle')
const placeOfChoice = 'bellhop.chats-shown'
/** As in style.css: narrower, the list lies over the talk. */
const wide = matchMedia('(min-width: 60rem)')

/** `does.open(id)` and `does.removed(id)`; `does.here()` is the id of the chat that is shown. */
export function createList(does) {
  function draw() {
    const items = listChats().map(chat => drawChat(chat, does, draw))
    byId('no-chats').hidden = items.length > 0
    byId('chat-list').replaceChildren(...items)
  }
  // Another tab asked something.
  addEventListener('storage', event => event.key === 'bellhop.chats' && !side.querySelector('input') && draw())
  draw()
  return { draw, close: () => wide.matches || showSide(false) }
}

function drawChat(chat, does, draw) {
  const { id, title, at } = chat
  const item = make('li', '')
  item.dataset.id = id
  const name = title || say('untitled')
  const open = makeButton('', 'chat', () => does.open(id))
  open.append(make('span', 'title', name))
  open.title = name
  if (id === does.here()) open.setAttribute('aria-current', 'page')
  const time = make('time', 'facts', inTime(at))
  time.dateTime = new Date(at).toISOString()
  open.append(time)
  const rename = makeSign('✎', say('rename', name), 'quiet', () => askForName(item, chat, draw))
  const remove = makeSign('×', say('removeChat', name), 'quiet', () => {
    const yes = makeButton(say('delete'), 'quiet bad', () => {
      removeChat(id)
      does.removed(id)
      draw()
      ;(byId('chat-list').querySelector('button') ?? toggle).focus()
    })
    const row = make('div', 'buttons', make('span', '', say('removeSure')), yes, makeButton(say('keep'), 'quiet', draw))
    item.replaceChildren(row)
    row.lastChild.focus()
  })
  item.append(open, rename, remove)
  return item
}

/** Left empty, the chat keeps its name. */
function askForName(item, { id, title }, draw) {
  const input = make('input')
  Object.assign(input, { value: title, maxLength: 60, autocomplete: 'off' })
  input.setAttribute('aria-label', say('newName'))
  let isOver = false
  const end = (isKept, byKey) => {
    if (isOver) return
    isOver = true
    if (isKept && input.value.trim()) renameChat(id, titleOf(input.value))
    draw()
    if (byKey) byId('chat-list').querySelector(`[data-id="${id}"] .chat`)?.focus()
  }
  input.addEventListener('keydown', event => {
    if (event.isComposing || (event.key !== 'Enter' && event.key !== 'Escape')) return
    event.stopPropagation()
    event.preventDefault() // the button that gets the focus must not be pressed by it
    end(event.key === 'Enter', true)
  })
  input.addEventListener('blur', () => end(true, false))
  item.replaceChildren(input)
  input.select()
}

// --- the side itself ----------------------------------------------------------------------------------------------------------

function showSide(isShown) {
  side.hidden = !isShown
  toggle.setAttribute('aria-expanded', String(isShown))
  const isOver = isShown && !wide.matches
  byId('shade').hidden = !isOver
  for (const part of document.querySelectorAll('main, body > footer')) part.inert = isOver
  if (isOver) side.querySelector('[aria-current], button')?.focus()
}

toggle.addEventListener('click', () => {
  const isShown = side.hidden
  if (wide.matches) localStorage.setItem(placeOfChoice, isShown ? 'yes' : 'no')
  showSide(isShown)
})
byId('shade').addEventListener('click', () => showSide(false))

/** True when it was open over the talk. */
export function closeOverTalk() {
  if (byId('shade').hidden) return false
  showSide(false)
  toggle.focus()
  return true
}

const wanted = () => wide.matches && localStorage.getItem(placeOfChoice) !== 'no'
wide.addEventListener('change', () => showSide(wanted()))
showSide(wanted())
