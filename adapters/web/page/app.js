// The page: which chat is shown, and what is typed into it.
import { createAttachments } from './attach.js'
import { chatHere, enterChat, keepTurns, newChat, readTurns, titleOf, touchChat } from './chats.js'
import { byId, make, makeButton } from './dom.js'
import { closeOverTalk, createList } from './list.js'
import { showHealth } from './panel.js'
import { forget } from './server.js'
import { recallTurn, takeTurn } from './turn.js'
import { examples, say, translate } from './words.js'

const scroll = byId('scroll')
const message = byId('message')
const spoken = byId('spoken')

translate()

// --- the chats ----------------------------------------------------------------------------------------------------------------

/** Those that were shown since the page was loaded: their turns go on while another is shown. */
const talks = new Map()
let here = openTalk(chatHere())

function openTalk(id) {
  const known = talks.get(id)
  if (known) return known
  const turns = readTurns(id)
  const talk = {
    id,
    turns,
    element: make('div', 'turns'),
    keep() {
      if (talks.get(id) === talk) keepTurns(id, turns.map(withoutBytes))
    },
    grow: change => grow(talk, change),
    speak: text => talk === here && speak(text),
    again: ({ asked, files }) => void askIn(talk, asked, files),
  }
  talks.set(id, talk)
  for (const turn of turns) void recallTurn(talk, turn)
  return talk
}

const withoutBytes = turn => ({ ...turn, files: turn.files.map(({ name, mime }) => ({ name, mime })) })

async function askIn(talk, asked, files) {
  const turn = { asked, files, at: Date.now() }
  talk.turns.push(turn)
  talk.keep()
  touchChat(talk.id, titleOf(asked || files[0]?.name || ''))
  list.draw()
  const taking = takeTurn(talk, turn, files)
  if (talk === here) showTalk()
  await taking
}

function enter(id) {
  here = openTalk(enterChat(id))
  list.draw()
  list.close()
  spoken.textContent = ''
  showTalk()
  message.focus()
}

/** What is still said there is kept nowhere. */
function removed(id) {
  talks.delete(id)
  forget(id).catch(() => {}) // nobody there: it has gone from this browser at least
  if (id === here.id) enter(newChat())
}

const list = createList({ open: enter, removed, here: () => here.id })

function showTalk() {
  const isEmpty = here.turns.length === 0
  byId('welcome').hidden = !isEmpty
  byId('talk').replaceChildren(here.element)
  if (isEmpty) byId('examples').replaceChildren(...examples.map(drawExample))
  follow()
}

const drawExample = example => makeButton(example, 'example', () => void askIn(here, example, []))

// --- its end ------------------------------------------------------------------------------------------------------------------

const isAtEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80

/** Who reads further up is left there. */
function grow(talk, change) {
  const wasAtEnd = isAtEnd()
  change()
  if (talk === here && wasAtEnd) follow()
}

function follow() {
  scroll.scrollTop = scroll.scrollHeight
}

// A picture has its height only when it has come.
scroll.addEventListener('load', event => event.target.tagName === 'IMG' && grow(here, () => {}), true)

/** For screen readers: only what is new, since all that stands there is read. */
function speak(text) {
  if (text && spoken.textContent !== text) spoken.textContent = text
}

// --- typing -------------------------------------------------------------------------------------------------------------------

const attachments = createAttachments(byId('attached'), sentence => {
  byId('not-attached').textContent = sentence
})

function attach(files) {
  byId('not-attached').textContent = ''
  attachments.add([...files])
}

byId('ask').addEventListener('submit', async event => {
  event.preventDefault()
  const talk = here
  const text = message.value.trim()
  if (!text && attachments.isEmpty) return
  message.value = ''
  byId('not-attached').textContent = ''
  fitMessage()
  const files = await attachments.take()
  if (text || files.length) await askIn(talk, text, files)
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

addEventListener('keydown', event => {
  if (event.key !== 'Escape' || event.isComposing || document.querySelector(':popover-open, dialog[open]')) return
  if (!closeOverTalk()) [...here.element.querySelectorAll('.buttons .stop')].at(-1)?.click()
})

byId('attach').addEventListener('click', () => byId('files').click())
byId('files').addEventListener('change', ({ target }) => {
  attach(target.files)
  target.value = ''
})
message.addEventListener('paste', event => {
  if (event.clipboardData.files.length === 0) return
  event.preventDefault()
  attach(event.clipboardData.files)
})

const bringsFiles = event => event.dataTransfer?.types.includes('Files')
addEventListener('dragover', event => {
  if (!bringsFiles(event)) return
  event.preventDefault()
  byId('drop').hidden = false
})
addEventListener('dragleave', event => {
  if (!event.relatedTarget) byId('drop').hidden = true
})
addEventListener('drop', event => {
  byId('drop').hidden = true
  if (!bringsFiles(event)) return
  event.preventDefault()
  attach(event.dataTransfer.files)
})

byId('new-chat').addEventListener('click', () => enter(here.turns.length ? newChat() : here.id))
// What a running card shows is kept now and then only.
addEventListener('pagehide', () => [...talks.values()].filter(({ turns }) => turns.length).forEach(talk => void talk.keep()))

byId('attach').title = say('attach')
showTalk()
void showHealth()
if (matchMedia('(hover: hover)').matches) message.focus()
