// How long the message is, in bytes of UTF-8. The house takes 100,000 characters at most, and Telegram far fewer: the longest is written in a
// script of three bytes a character, and so are the others, to be like it.
import { openComposition } from '../composition.ts'
import { bellhop } from '../recipes.ts'
import type { Curve } from './curve.ts'

export const message: Curve = {
  name: 'message',
  axis: 'message, kB',
  sizes: [1, 10, 50, 200],
  few: [1, 200],
  third: 'sentKb',
  async open(size) {
    return { composition: await openComposition(`${size}`, bellhop()), order: { text: textOf(size * 1000) } }
  },
}

const sentence = '请把下面这段话里提到的每一件事按时间顺序整理出来，并说明它们之间的关系。'

const textOf = (bytes: number) => sentence.repeat(Math.ceil(bytes / 3 / sentence.length)).slice(0, Math.floor(bytes / 3))
