// How words of queries and of definitions are made comparable. English alone is stemmed; Chinese, which has no spaces, is cut in pairs.

/** Words that say nothing of what a tool does. */
const stopWords = new Set(
  `a about above after all also am an and any anybody anyone are as at be been being but by can could did do does doing done down each
  for from had has have having he her here him his how i if in into is it its just let like me my no nor not of off on one only or other
  our out over own please she should so some somebody someone such than that the their them then there these they this those through
  to too tool tools under until up us use used using very was we were what when where whether which while who whom whose why will with
  would you your`.match(/[a-z]+/g),
)

/** Kept where the word before it makes another verb of it: to turn off. */
const particles = new Set(['on', 'off', 'up', 'down', 'in', 'out'])
const verbsWithParticle = new Set(['turn', 'switch', 'check', 'sign', 'log', 'scale', 'shut', 'opt', 'back', 'set'])

/** Stems of English words and pairs of Chinese signs, in order, as often as they are there. Names are split at `_`, `-`, `.` and capitals. */
export function termsIn(text: string): string[] {
  const words = wordsIn(text)
  return words.flatMap((word, at) => {
    if (isChinese(word)) return pairsOf(word)
    const belongs = particles.has(word) && verbsWithParticle.has(words[at - 1] ?? '')
    return stopWords.has(word) && !belongs ? [] : [stem(word)]
  })
}

/** Runs of Chinese signs, and words of all other scripts in small letters. */
function wordsIn(text: string): string[] {
  const spaced = text.replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2').replace(/(\p{Lu})(\p{Lu}\p{Ll}{2})/gu, '$1 $2')
  const whole = spaced.toLowerCase().replace(/(?<=\p{L})['’](?:s|t|d|m|re|ve|ll)(?!\p{L})/gu, '')
  return whole.match(/\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{N}])+/gu) ?? []
}

export const isChinese = (word: string) => /^\p{Script=Han}/u.test(word)

function pairsOf(run: string): string[] {
  const signs = [...run]
  return signs.length < 2 ? signs : signs.slice(1).map((sign, at) => `${signs[at]}${sign}`)
}

/** Takes off plurals, -ing, -ed and the last e, so that creates, created and creating are the same; better words are for nobody to read. */
export function stem(word: string): string {
  if (!/^[a-z]{4,}$/.test(word)) return word
  return singular(word)
    .replace(/^(.*[aeiouy].*?[^aeiou]|.*[aeiouy].*[aeiou]{2})(?:ing|ed)$/, '$1')
    .replace(/([^aeiouylsz])\1$/, '$1')
    .replace(/^(.{3,})e$/, '$1')
}

function singular(word: string): string {
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`
  if (/(?:ch|sh|x|ss|zz)es$/.test(word)) return word.slice(0, -2)
  return /(?:ss|us|is|^news)$/.test(word) || !word.endsWith('s') ? word : word.slice(0, -1)
}
