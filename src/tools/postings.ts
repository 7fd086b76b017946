import type { Tool } from '../model.ts'
import { termsIn } from './terms.ts'

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
}
type Field = keyof typeof fields
const fieldNames = Object.keys(fields) as Field[]
/** What a server says of itself, which is the same for all its tools. */
const instructions = { weight: 0.4, b: 0.8 }

/** How soon more of the same word counts no more (BM25's k1). */
const saturation = 1.2

/** What a term counts for the tools that have it, which are told by their places in the list. */
export interface Weights {
  places: number[]
  weights: number[]
}

/** Which tools of a list have a term, and how much it says of each. */
export interface Postings {
  of(term: string): Weights
}

const known = new WeakMap<Tool[], { about: About; postings: Postings }>()

/** Kept as long as the list is, and its servers say of themselves what they said. */
export function postingsFor(tools: Tool[], about: About): Postings {
  const found = known.get(tools)
  if (found && [...found.about].every(([server, text]) => about.get(server) === text)) return found.postings
  const told = new Map(tools.map(({ server }) => [server, about.get(server)]))
  const postings = createPostings(tools, told)
  known.set(tools, { about: told, postings })
  return postings
}

/** BM25F: a term's count over all fields, each by its weight and length, saturated, times how rare it is. */
function createPostings(tools: Tool[], about: About): Postings {
  const own = countOwn(tools)
  const shared = countShared(tools, about)
  return {
    of(term) {
      const { places, weights: frequencies } = add(own.get(term), shared.get(term) ?? [])
      const rarity = Math.log(1 + (tools.length - places.length + 0.5) / (places.length + 0.5))
      return { places, weights: frequencies.map(frequency => (rarity * frequency) / (saturation + frequency)) }
    },
  }
}

const frequency = ({ weight, b }: { weight: number; b: number }, count: number, length: number, mean: number) =>
  (weight * count) / (1 - b + (b * length) / (mean || 1))

/** By term, how much is made of it in what is said of each tool alone. */
function countOwn(tools: Tool[]): Map<string, Weights> {
  const docs = tools.map(docOf)
  const means = fieldNames.map(name => docs.reduce((sum, doc) => sum + doc[name].length, 0) / Math.max(1, docs.length))
  const found = new Map<string, Weights>()
  for (const [place, doc] of docs.entries()) {
    for (const [at, name] of fieldNames.entries()) {
      const { counts, length } = doc[name]
      for (const [term, count] of counts) put(found, term, place, frequency(fields[name], count, length, means[at] ?? 0))
    }
  }
  return found
}

/** Places are put in order, each once. */
function put(found: Map<string, Weights>, term: string, place: number, more: number): void {
  const { places, weights } = found.get(term) ?? { places: [], weights: [] }
  if (places.length === 0) found.set(term, { places, weights })
  if (places.at(-1) === place) weights[weights.length - 1] = (weights.at(-1) ?? 0) + more
  else {
    places.push(place)
    weights.push(more)
  }
}

/** The tools of one server, with what each has of a term. */
interface Share {
  places: number[]
  weight: number
}

/** By term, how much is made of it in what servers say of themselves: once a server, however many tools it has. */
function countShared(tools: Tool[], about: About): Map<string, Share[]> {
  const places = Map.groupBy(tools.keys(), place => tools[place]?.server ?? '')
  const texts = [...places].map(([server, ofServer]) => ({ places: ofServer, ...countOf(about.get(server) ?? '') }))
  const mean = texts.reduce((sum, { length, places: all }) => sum + length * all.length, 0) / Math.max(1, tools.length)
  const found = new Map<string, Share[]>()
  for (const { places: ofServer, counts, length } of texts)
    for (const [term, count] of counts) {
      const share = { places: ofServer, weight: frequency(instructions, count, length, mean) }
      found.set(term, [...(found.get(term) ?? []), share])
    }
  return found
}

function add(own: Weights = { places: [], weights: [] }, shares: Share[]): Weights {
  if (shares.length === 0) return own
  const sums = new Map(own.places.map((place, at) => [place, own.weights[at] ?? 0]))
  for (const { places, weight } of shares) for (const place of places) sums.set(place, (sums.get(place) ?? 0) + weight)
  return { places: [...sums.keys()], weights: [...sums.values()] }
}

interface Counted {
  /** How often each term is there. */
  counts: Map<string, number>
  /** All terms, each as often as it is there. */
  length: number
}

/** Kept as long as the definition is. */
const docs = new WeakMap<Tool, Record<Field, Counted>>()

function docOf(tool: Tool): Record<Field, Counted> {
  const found = docs.get(tool)
  if (found) return found
  const { parameters, explanations } = parametersOf(tool.inputSchema)
  const own = tool.name.startsWith(`${tool.server}__`) ? tool.name.slice(tool.server.length + 2) : tool.name
  const { label, description, server } = tool
  const texts: Record<Field, string> = { name: own, label, description, parameters, explanations, server }
  const doc = Object.fromEntries(fieldNames.map(name => [name, countOf(texts[name])])) as Record<Field, Counted>
  docs.set(tool, doc)
  return doc
}

function countOf(text: string): Counted {
  const terms = termsIn(text)
  const counts = new Map<string, number>()
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  return { counts, length: terms.length }
}

function parametersOf({ properties }: Record<string, unknown>): { parameters: string; explanations: string } {
  const all = Object.entries((properties ?? {}) as Record<string, unknown>)
  const about = all.map(([, schema]) => (schema as { description?: unknown } | null)?.description)
  return {
    parameters: all.map(([name]) => name).join(' '),
    explanations: about.filter(text => typeof text === 'string').join(' '),
  }
}
