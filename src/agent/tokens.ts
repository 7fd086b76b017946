import type { Entry, Prompt, Tool } from '../model.ts'

/** Estimates how many tokens a text is, and learns from what the endpoint counts. */
export interface Gauge {
  tokens(text: string): number
  /** What the endpoint counted, of what `estimateTokens` said. */
  learn(estimated: number, counted: number): void
}

/** By script, before anything is learned: four letters of ASCII, one of CJK, two of others are about a token in the usual vocabularies. */
export function estimateTokens(text: string): number {
  if (Buffer.byteLength(text) === text.length) return Math.ceil(text.length / 4) // all of it is ASCII, which Node finds out much faster
  let ascii = 0
  let wide = 0
  let other = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x80) ascii++
    else if ((code >= 0x2e80 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7ff) || (code >= 0xf900 && code <= 0xffef))
      wide++
    else other++
  }
  return Math.ceil(ascii / 4 + wide + other / 2)
}

/** Less is no sign of the vocabulary: a template or a picture weighs more than the words. */
const enoughToLearn = 200
/** What an endpoint counts beyond these is not of the text alone. */
const [least, most] = [0.5, 2.5]

export function createGauge(): Gauge {
  let factor = 1
  return {
    tokens: text => Math.ceil(estimateTokens(text) * factor),
    learn(estimated, counted) {
      if (estimated < enoughToLearn || counted <= 0) return
      factor = Math.min(most, Math.max(least, counted / estimated))
    },
  }
}

/** Of all words in it; pictures count nothing. */
export function estimatePrompt({ system, transcript, tools }: Prompt): number {
  const entries = transcript.reduce((sum, entry) => sum + tokensOf(entry), 0)
  return tokensOfSystem(system) + entries + tools.reduce((sum, tool) => sum + definitionTokens(tool), 0)
}

/** Several look at the same prompt at every step, and so many turns may run at once; it is long where there are many servers. */
const mostSystems = 64
const systems = new Map<string, number>()

function tokensOfSystem(text: string): number {
  const known = systems.get(text)
  if (known !== undefined) return known
  const [oldest] = systems.keys()
  if (systems.size >= mostSystems && oldest !== undefined) systems.delete(oldest)
  const size = estimateTokens(text)
  systems.set(text, size)
  return size
}

/** Entries and tools are never changed, and counted again at every step. */
const sizes = new WeakMap<Entry | Tool, number>()

function tokensOf(entry: Entry): number {
  return sizes.get(entry) ?? remember(entry, entry.role === 'assistant' ? entry.text + JSON.stringify(entry.calls) : entry.text)
}

/** What defining it to the model costs in every step, as `estimateTokens` says. */
export function definitionTokens(tool: Tool): number {
  return sizes.get(tool) ?? remember(tool, tool.name + tool.description + JSON.stringify(tool.inputSchema))
}

function remember(what: Entry | Tool, text: string): number {
  const size = estimateTokens(text)
  sizes.set(what, size)
  return size
}

/** Whose size nobody can guess. */
export const showsPictures = ({ transcript }: Prompt) => transcript.some(entry => entry.role !== 'assistant' && entry.pictures)
