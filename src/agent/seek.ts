/** Which pieces of a long text a query means, by the words that they share. It is fed a page at a time. */
export interface Seek {
  look(number: number, piece: string): void
  /** The numbers of those that fit, the best first: rare words count more. */
  best(): number[]
}

const mostTerms = 24

/** Words of letters and digits; of Chinese, which has no spaces, each two characters that stand together. */
export function termsOf(text: string): string[] {
  const words = text.toLowerCase().match(/\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{N}])+/gu) ?? []
  const terms = words.flatMap(word => {
    const letters = [...word]
    if (!/\p{Script=Han}/u.test(word) || letters.length < 3) return [word]
    return letters.slice(1).map((letter, at) => `${letters[at]}${letter}`)
  })
  return [...new Set(terms)]
}

export function createSeek(query: string): Seek {
  const terms = termsOf(query).slice(0, mostTerms)
  const patterns = terms.map(term => new RegExp(isHan(term) ? term : `(?<![\\p{L}\\p{N}])${term}`, 'iu'))
  const found: { number: number; hits: number[] }[] = []
  const often = terms.map(() => 0)
  return {
    look(number, piece) {
      const hits = patterns.flatMap((pattern, at) => (pattern.test(piece) ? [at] : []))
      for (const at of hits) often[at] = (often[at] ?? 0) + 1
      if (hits.length > 0) found.push({ number, hits })
    },
    best() {
      const weights = often.map(count => 1 / Math.log2(2 + count))
      const weigh = (hits: number[]) => hits.reduce((sum, at) => sum + (weights[at] ?? 0), 0)
      return found
        .map(({ number, hits }) => ({ number, weight: weigh(hits) }))
        .toSorted((a, b) => b.weight - a.weight || a.number - b.number)
        .map(({ number }) => number)
    },
  }
}

const isHan = (term: string) => /^\p{Script=Han}/u.test(term)
