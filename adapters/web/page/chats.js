// The chats of this browser, and what was said in each. Storage may hold anything: an older page wrote it, or a person.

const keptTurns = 50
const keptChats = 200
const listPlace = 'bellhop.chats'
const herePlace = 'bellhop.session'
const placeOf = id => `bellhop.chat.${id}`
const shape = /^[A-Za-z0-9_-]{8,64}$/

function read(place) {
  try {
    return JSON.parse(localStorage.getItem(place) ?? 'null')
  } catch {
    return null
  }
}

/** Newest first; `title` is absent until something was asked. */
export function listChats() {
  const list = read(listPlace)
  return (Array.isArray(list) ? list : [])
    .filter(chat => shape.test(chat?.id) && typeof chat.title === 'string' && typeof chat.at === 'number')
    .sort((one, other) => other.at - one.at)
}

/** Other tabs write here as well, so that the list is read anew each time. */
function changeList(change) {
  const list = change(listChats())
  for (const { id } of list.slice(keptChats)) localStorage.removeItem(placeOf(id))
  write(listPlace, list.slice(0, keptChats))
}

export const titleOf = text => {
  const words = text.trim().replace(/\s+/g, ' ')
  return words.length <= 60
    ? words
    : `${words
        .slice(0, 60)
        .replace(/\s\S*$/, '')
        .replace(/[\uD800-\uDBFF]$/, '')}…`
}

/** Something was said there: it is now the newest. */
export function touchChat(id, title) {
  changeList(list => {
    const known = list.find(chat => chat.id === id)
    return [{ ...known, id, title: known?.title || title, at: Date.now() }, ...list.filter(chat => chat !== known)]
  })
}

export const renameChat = (id, title) => changeList(list => list.map(chat => (chat.id === id ? { ...chat, title } : chat)))

export function removeChat(id) {
  localStorage.removeItem(placeOf(id))
  changeList(list => list.filter(chat => chat.id !== id))
}

/** This tab's, or the one that was open last. */
export function chatHere() {
  const id = sessionStorage.getItem(herePlace) ?? localStorage.getItem(herePlace)
  return shape.test(id ?? '') ? id : newChat()
}

export function enterChat(id) {
  for (const storage of [sessionStorage, localStorage]) storage.setItem(herePlace, id)
  return id
}

export function newChat() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return enterChat(Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(''))
}

/** `{asked, files, id?, at, card?}`: `card` is the last state of the reply, `id` that by which it is followed. */
export function readTurns(id) {
  const turns = read(placeOf(id))
  return (Array.isArray(turns) ? turns : []).filter(turn => typeof turn?.asked === 'string').map(clean)
}

function clean({ asked, files, id, at, card }) {
  const isCard = typeof card?.text === 'string' && Array.isArray(card.buttons)
  const names = Array.isArray(files) ? files.filter(file => typeof file?.name === 'string') : []
  return { asked, files: names, at: Number(at) || 0, ...(typeof id === 'string' && { id }), ...(isCard && { card }) }
}

/** When the storage is full, the oldest turns are forgotten. */
export function keepTurns(id, turns) {
  for (let kept = turns.slice(-keptTurns); !write(placeOf(id), kept) && kept.length; ) kept = kept.slice(1)
}

/** False when there is no room: the talk itself goes on, only a reload forgets it. */
function write(place, value) {
  try {
    localStorage.setItem(place, JSON.stringify(value))
    return true
  } catch {
    return false
  }
}
