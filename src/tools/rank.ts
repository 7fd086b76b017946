import type { Tool } from '../model.ts'
import { meaningsIn, synonymsOf } from './bridge.ts'
import { type About, type Postings, postingsFor, type Weights } from './postings.ts'
import { isChinese, termsIn } from './terms.ts'

/** What a synonym, and the English of a Chinese word, count beside the word itself. */
const [synonymWeight, bridgeWeight] = [0.5, 0.9]

/** Terms that any of which will do, each way with what it counts. */
type Wish = { terms: string[]; weight: number }[]

/** Nobody looks further down a ranking. */
export const deepest = 50

/** The tools that fit the query, the best first, and of those that fit no more than `deepest`. */
export function rankTools(query: string, tools: Tool[], about: About): Tool[] {
  const postings = postingsFor(tools, about)
  const scores = new Float64Array(tools.length)
  for (const wish of wishesIn(query)) addBest(scores, wish, postings)
  return highest(scores).flatMap(place => tools[place] ?? [])
}

function wishesIn(query: string): Wish[] {
  const terms = [...new Set(termsIn(query))]
  const said = terms.map((term): Wish => {
    const others = isChinese(term) ? [] : synonymsOf(term).map(way => ({ terms: way, weight: synonymWeight }))
    return [{ terms: [term], weight: 1 }, ...others]
  })
  const meant = meaningsIn(query).map((ways): Wish => ways.map(way => ({ terms: way, weight: bridgeWeight })))
  return [...said, ...meant]
}

/** Of the ways to fulfil a wish the best one counts for each tool. In loops: a common word is in thousands of tools. */
function addBest(scores: Float64Array, wish: Wish, postings: Postings): void {
  const ways = wish.map(({ terms, weight }) => ({ weight, ...terms.map(postings.of).reduce(sum) }))
  if (ways.every(({ places }) => places.length === 0)) return
  const best = new Float64Array(scores.length)
  for (const { weight, places, weights } of ways) {
    for (let at = 0; at < places.length; at++) {
      const place = places[at] ?? 0
      best[place] = Math.max(best[place] ?? 0, weight * (weights[at] ?? 0))
    }
  }
  for (let place = 0; place < best.length; place++) scores[place] = (scores[place] ?? 0) + (best[place] ?? 0)
}

function sum(a: Weights, b: Weights): Weights {
  if (b.places.length === 0) return a
  const sums = new Map(a.places.map((place, at) => [place, a.weights[at] ?? 0]))
  for (const [at, place] of b.places.entries()) sums.set(place, (sums.get(place) ?? 0) + (b.weights[at] ?? 0))
  return { places: [...sums.keys()], weights: [...sums.values()] }
}

/** The places of those above 0, the highest first, and of equals the first. */
function highest(scores: Float64Array): number[] {
  const least = scores.toSorted().at(-deepest) ?? 0
  const places: number[] = []
  for (let place = 0; place < scores.length; place++) {
    const score = scores[place] ?? 0
    if (score > 0 && score >= least) places.push(place)
  }
  return places.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0)).slice(0, deepest)
}
