// What is to go with the next question: chosen, pasted or dropped.
import { make, makeSign } from './dom.js'
import { inUnits, say } from './words.js'

const mostFiles = 10
/** What the server reads of one file, and what one request carries in base64. */
const mostBytes = 5_000_000
const mostTogether = 5_800_000
/** A picture with more is made smaller: models do not see more than this either. */
const largeBytes = 1_500_000
const longestSide = 2048

/** Draws them into `place`; `complain(sentence)` says what cannot go along. */
export function createAttachments(place, complain) {
  let files = []
  /** One after the other: what is read while another one is would be lost, or not counted. */
  let adding = Promise.resolve()
  let waiting = 0

  function draw() {
    place.replaceChildren(...files.map(drawChip))
    place.hidden = files.length === 0
  }
  function drawChip(file) {
    const chip = make(
      'li',
      'chip',
      ...thumbnail(file),
      make('span', 'name', file.name),
      make('span', 'facts', inUnits(file.bytes)),
    )
    const remove = makeSign('×', say('remove', file.name), 'quiet', () => {
      files = files.filter(other => other !== file)
      draw()
      ;(place.querySelector('button') ?? document.getElementById('message')).focus()
    })
    chip.append(remove)
    return chip
  }
  async function addOne(given) {
    const file = await smaller(given)
    const together = files.reduce((sum, { bytes }) => sum + bytes, file.size)
    if (files.length >= mostFiles) return complain(say('tooMany', mostFiles))
    if (file.size > mostBytes || together > mostTogether) return complain(say('tooLarge', given.name, inUnits(mostBytes)))
    if (file.size === 0) return complain(say('emptyFile', given.name))
    files = [...files, { name: given.name.slice(0, 200) || 'file', mime: file.type, bytes: file.size, url: await dataUrl(file) }]
    draw()
  }
  draw()
  return {
    add(given) {
      for (const file of given) {
        waiting++
        adding = adding
          .then(() => addOne(file))
          .catch(() => complain(say('unreadable', file.name)))
          .finally(() => waiting--)
      }
    },
    /** Once all is read. */
    async take() {
      await adding
      const taken = files
      files = []
      draw()
      return taken
    },
    get isEmpty() {
      return files.length === 0 && waiting === 0
    },
  }
}

/** Nothing, where it is no picture that a browser draws. */
export function thumbnail({ name, mime, url }) {
  if (!url || !/^image\/(png|jpeg|gif|webp|avif)$/.test(mime)) return []
  const picture = make('img')
  picture.src = url
  picture.alt = name
  return [picture]
}

async function smaller(file) {
  if (file.size <= largeBytes || !/^image\/(png|jpeg|webp)$/.test(file.type)) return file
  const picture = await createImageBitmap(file)
  const scale = Math.min(1, longestSide / Math.max(picture.width, picture.height))
  const canvas = make('canvas')
  canvas.width = Math.round(picture.width * scale)
  canvas.height = Math.round(picture.height * scale)
  canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height)
  const blob = await new Promise(resolve => canvas.toBlob(resolve, 'image/jpeg', 0.85))
  return blob && blob.size < file.size ? blob : file
}

/** A browser knows no type for many a text file; the server looks at the bytes anyway. */
async function dataUrl(file) {
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result)
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(file)
  })
  const mime = /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : 'application/octet-stream'
  return `data:${mime};base64,${url.slice(url.indexOf(',') + 1)}`
}
