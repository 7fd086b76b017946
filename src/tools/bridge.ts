import { stem } from './terms.ts'
import { vocabulary } from './vocabulary.ts'

/** One way to say something: the stems of its words, mostly one. */
type Way = string[]

interface Meanings {
  /** By stem, the other ways to say it. */
  english: Map<string, Way[]>
  /** By word, every way to say it in English. */
  chinese: Map<string, Way[]>
  /** Signs of the longest Chinese word. */
  longest: number
}

let read: Meanings | undefined

function readTable(): Meanings {
  const english = new Map<string, Way[]>()
  const chinese = new Map<string, Way[]>()
  const put = (map: Map<string, Way[]>, key: string, ways: Way[]) => map.set(key, [...(map.get(key) ?? []), ...ways])
  for (const line of vocabulary.trim().split('\n')) {
    const [left = '', right = ''] = line.split(' | ')
    const ways = left.split(' ').map(way => way.split('_').map(stem))
    for (const way of ways)
      if (way.length === 1)
        put(
          english,
          way.join(),
          ways.filter(other => other !== way),
        )
    for (const word of right.split(' ')) put(chinese, word, ways)
  }
  return { english, chinese, longest: Math.max(...[...chinese.keys()].map(word => word.length)) }
}

const meanings = () => (read ??= readTable())

/** What else an English stem may be called. */
export function synonymsOf(term: string): Way[] {
  return meanings().english.get(term) ?? []
}

/** What each known Chinese word in a text may mean; of overlapping words the longest counts. */
export function meaningsIn(text: string): Way[][] {
  const run = text.toLowerCase()
  const { chinese, longest } = meanings()
  const found: Way[][] = []
  for (let at = 0; at < run.length; ) {
    let length = Math.min(longest, run.length - at)
    while (length > 1 && !chinese.has(run.slice(at, at + length))) length--
    found.push(...[chinese.get(run.slice(at, at + length)) ?? []].filter(ways => ways.length > 0))
    at += length
  }
  return found
}
