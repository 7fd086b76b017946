type Reads = (message: string) => boolean

const known = new Map<string, Reads>()
const mostKnown = 2000

/**
 * Whether a message, as `plain` has it, says what a keyword stands for. `watch|see + video*` asks for one term of each part: English terms
 * are whole words in any case (`*` at the end: the beginning of one), Chinese ones may stand anywhere.
 */
export function readKeyword(keyword: string): Reads {
  const found = known.get(keyword)
  if (found) return found
  const parts = partsOf(keyword).map(terms => terms.map(readTerm))
  const reads: Reads = message => parts.every(terms => terms.some(says => says(message)))
  if (known.size >= mostKnown) known.clear()
  known.set(keyword, reads)
  return reads
}

/** The terms of each part; an empty one is a mistake. */
export const partsOf = (keyword: string) =>
  plain(keyword)
    .split(/(?:^|\s)\+(?:\s|$)/)
    .map(part => part.split('|').map(term => term.trim()))

/** As keywords are looked for in it. */
export const plain = (text: string) => text.normalize('NFKC').toLowerCase()

/** Letters of scripts with blanks between words; Chinese beside an English word is none of its letters. */
const letter = '[\\p{Script=Latin}\\p{Script=Cyrillic}\\p{Script=Greek}\\p{N}_]'

function readTerm(term: string): Reads {
  if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(term)) return message => message.includes(term)
  const words = term
    .replace(/\*$/, '')
    .replace(/[^\p{L}\p{N}_\s]/gu, sign => `\\u{${sign.codePointAt(0)?.toString(16)}}`)
    .replace(/\s+/g, '\\s+')
  const pattern = new RegExp(`(?<!${letter})${words}${term.endsWith('*') ? '' : `(?!${letter})`}`, 'u')
  return message => pattern.test(message)
}
