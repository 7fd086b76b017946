/**
 * Whether a message says what a keyword stands for. `watch|see + video*` asks for one term of each part: English terms are whole words in any
 * case (`*` at the end: the beginning of one), Chinese ones may stand anywhere.
 */
export function saysKeyword(text: string, keyword: string): boolean {
  const message = plain(text)
  return partsOf(keyword).every(terms => terms.some(term => hasTerm(message, term)))
}

/** The terms of each part; an empty one is a mistake. */
export const partsOf = (keyword: string) =>
  plain(keyword)
    .split(/(?:^|\s)\+(?:\s|$)/)
    .map(part => part.split('|').map(term => term.trim()))

const plain = (text: string) => text.normalize('NFKC').toLowerCase()

/** Letters of scripts with blanks between words; Chinese beside an English word is none of its letters. */
const letter = '[\\p{Script=Latin}\\p{Script=Cyrillic}\\p{Script=Greek}\\p{N}_]'

function hasTerm(message: string, term: string): boolean {
  if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(term)) return message.includes(term)
  const words = term
    .replace(/\*$/, '')
    .replace(/[^\p{L}\p{N}_\s]/gu, sign => `\\u{${sign.codePointAt(0)?.toString(16)}}`)
    .replace(/\s+/g, '\\s+')
  return new RegExp(`(?<!${letter})${words}${term.endsWith('*') ? '' : `(?!${letter})`}`, 'u').test(message)
}
