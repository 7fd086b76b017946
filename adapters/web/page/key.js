// Asks for the key that the server wants.
import { byId } from './dom.js'
import { keepKey, Refusal } from './server.js'
import { say } from './words.js'

/** Several turns may want the key at once; they wait for the same answer. */
let asking

/** Resolves with whether one was given. */
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

/** Does it, with as many keys as it takes; `given` is called after each. Throws Refusal. */
export async function withKey(does, given) {
  for (let wrong = false; ; wrong = true) {
    try {
      return await does()
    } catch (error) {
      if (error.status !== 401) throw error
      if (!(await askForKey(wrong))) throw new Refusal(401, say('noKey'))
      given()
    }
  }
}

byId('key-form').addEventListener('submit', event => {
  event.preventDefault()
  byId('key-dialog').close(byId('key').value.trim())
})
byId('key-cancel').addEventListener('click', () => byId('key-dialog').close(''))
