import type { Log } from '../log.ts'
import type { Embed, Tool } from '../model.ts'
import type { About } from './postings.ts'
import { deepest, rankTools } from './rank.ts'
import { createVectors } from './vectors.ts'

/** Finds tools by what they are for. */
export interface ToolFinder {
  /** Those that fit the query, the best first, and of many the best alone. Rejects when aborted, and only then. */
  find(query: string, tools: Tool[], about: About, signal: AbortSignal): Promise<Tool[]>
}

export interface FinderOptions {
  /** Absent: by their words alone. */
  embed?: Embed
  log: Log
}

/** As in the paper (Cormack et al., "Reciprocal Rank Fusion", 2009). */
const rankConstant = 60

export function createToolFinder({ embed, log }: FinderOptions): ToolFinder {
  const vectors = embed && createVectors({ embed, log })
  return {
    async find(query, tools, about, signal) {
      const byWords = rankTools(query, tools, about)
      const places = await vectors?.nearest(query, textsOf(tools), signal)
      if (!places) return byWords
      return blend([byWords, places.flatMap(at => tools[at] ?? [])])
    },
  }
}

const texts = new WeakMap<Tool[], string[]>()

/** Kept as long as the list is. */
function textsOf(tools: Tool[]): string[] {
  const known = texts.get(tools) ?? tools.map(({ label, server, description }) => `${server}: ${label}. ${description}`)
  texts.set(tools, known)
  return known
}

/** By the sum of what each place is worth; what stands high in both rankings goes before what leads in one. */
function blend(rankings: Tool[][]): Tool[] {
  const scores = new Map<Tool, number>()
  for (const ranking of rankings) {
    for (const [at, tool] of ranking.slice(0, deepest).entries())
      scores.set(tool, (scores.get(tool) ?? 0) + 1 / (rankConstant + at + 1))
  }
  return [...scores].sort(([, a], [, b]) => b - a).map(([tool]) => tool)
}
