import type { Tool } from '../model.ts'
import { meaningsIn, synonymsOf } from './bridge.ts'
import { isChinese, termsIn } from './terms.ts'

/** What is known of a tool's server beside its name. */
export type About = ReadonlyMap<string, string | undefined>

/** How much a word counts by where it stands, and how much a long text there weakens it (BM25's b). */
const fields = {
  name: { weight: 3, b: 0.5 },
  label: { weight: 1, b: 0.5 },
  description: { weight: 2, b: 0.6 },
  parameters: { weight: 0.7, b: 0.7 },
  explanations: { weight: 0.3, b: 0.8 },
  server: { weight: 2.5, b: 0 },
  instructions: { weight: 0.4, b: 0.8 },
}
type Field = keyof typeof fields
const fieldNames = Object.keys(fields) as Field[]

/** How soon more of the same word counts no more (BM25's k1). */
const saturation = 1.2
/** What a synonym, and the English of a Chinese word, count beside the word itself. */
const [synonymWeight, bridgeWeight] = [0.5, 0.9]

interface Doc {
  /** By field, how often each term is there. */
  counts: Record<Field, Map<string, number>>
  lengths: Record<Field, number>
}

/** Terms that any of which will do, each way with what it counts. */
type Wish = { terms: string[]; weight: number }[]

/** The tools that fit the query, the best first. */
export function rankTools(query: string, tools: Tool[], about: About): Tool[] {
  const wishes = wishesIn(query)
  const docs = tools.map(tool => docOf(tool, about.get(tool.server)))
  const weigh = createScale(docs, new Set(wishes.flat().flatMap(({ terms }) => terms)))
  return tools
    .map((tool, at) => ({ tool, score: scoreOf(wishes, docs[at] as Doc, weigh) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ tool }) => tool)
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

function scoreOf(wishes: Wish[], doc: Doc, weigh: (term: string, doc: Doc) => number): number {
  const waysOf = (wish: Wish) => wish.map(({ terms, weight }) => weight * terms.reduce((sum, term) => sum + weigh(term, doc), 0))
  return wishes.reduce((sum, wish) => sum + Math.max(...waysOf(wish)), 0)
}

/** BM25F: a term's count over all fields, each by its weight and length, saturated, times how rare it is. */
function createScale(docs: Doc[], terms: Set<string>): (term: string, doc: Doc) => number {
  const holders = new Map(
    [...terms].map(term => [term, docs.filter(doc => fieldNames.some(name => doc.counts[name].has(term))).length]),
  )
  const means = Object.fromEntries(
    fieldNames.map(name => [name, docs.reduce((sum, doc) => sum + doc.lengths[name], 0) / Math.max(1, docs.length)]),
  )
  return (term, doc) => {
    let frequency = 0
    for (const name of fieldNames) {
      const count = doc.counts[name].get(term)
      if (!count) continue
      const { weight, b } = fields[name]
      frequency += (weight * count) / (1 - b + (b * doc.lengths[name]) / (means[name] || 1))
    }
    const held = holders.get(term) ?? 0
    return (Math.log(1 + (docs.length - held + 0.5) / (held + 0.5)) * frequency) / (saturation + frequency)
  }
}

/** Kept as long as the definition is. */
const known = new WeakMap<Tool, { instructions: string | undefined; doc: Doc }>()

function docOf(tool: Tool, instructions: string | undefined): Doc {
  const found = known.get(tool)
  if (found && found.instructions === instructions) return found.doc
  const { parameters, explanations } = parametersOf(tool.inputSchema)
  const own = tool.name.startsWith(`${tool.server}__`) ? tool.name.slice(tool.server.length + 2) : tool.name
  const { label, description, server } = tool
  const texts = { name: own, label, description, parameters, explanations, server, instructions: instructions ?? '' }
  const terms = fieldNames.map(name => [name, termsIn(texts[name])] as const)
  const doc = {
    counts: Object.fromEntries(terms.map(([name, all]) => [name, countOf(all)])) as Doc['counts'],
    lengths: Object.fromEntries(terms.map(([name, all]) => [name, all.length])) as Doc['lengths'],
  }
  known.set(tool, { instructions, doc })
  return doc
}

function countOf(terms: string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  return counts
}

function parametersOf({ properties }: Record<string, unknown>): { parameters: string; explanations: string } {
  const all = Object.entries((properties ?? {}) as Record<string, unknown>)
  const about = all.map(([, schema]) => (schema as { description?: unknown } | null)?.description)
  return {
    parameters: all.map(([name]) => name).join(' '),
    explanations: about.filter(text => typeof text === 'string').join(' '),
  }
}
