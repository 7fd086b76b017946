// What tools return beside words: a picture is shown, everything else can only be saved.
import { make, makeButton } from './dom.js'
import { inUnits, say } from './words.js'

/** Those that a browser draws, and which can do nothing there. */
const pictures = /^image\/(png|jpeg|gif|webp|avif)$/

/** `load(file)` brings its bytes. */
export function createFiles(load) {
  const element = make('ul', 'files')
  element.setAttribute('aria-label', say('files'))
  const known = new Set()
  return {
    element,
    show(files = []) {
      for (const file of files) {
        if (known.has(file.id)) continue
        known.add(file.id)
        element.append(drawFile(file, load))
      }
    },
  }
}

function drawFile(file, load) {
  const item = make('li', 'file')
  const fault = make('span', 'fault')
  const failed = () => {
    fault.textContent = say('fileGone')
    item.append(fault)
  }
  const save = makeButton('', 'quiet', () => load(file).then(blob => saveAs(blob, file.name), failed))
  const words = make('span', 'unseen', `${say('download')} `)
  save.append(words, make('span', 'name', file.name), ' ', make('span', 'facts', inUnits(file.bytes)))
  item.append(save)
  if (pictures.test(file.mime)) load(file).then(blob => item.prepend(drawPicture(file, blob)), failed)
  return item
}

function drawPicture({ name }, blob) {
  const picture = make('img')
  picture.alt = name
  picture.addEventListener('error', () => picture.remove()) // it can be saved all the same
  picture.src = URL.createObjectURL(blob)
  return picture
}

function saveAs(blob, name) {
  const link = make('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
