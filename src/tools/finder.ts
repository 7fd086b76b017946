import type { Log } from '../log.ts'
import type { Embed, Tool } from '../model.ts'
import { type About, rankTools } from './rank.ts'
import { createVectors } from './vectors.ts'

/** Finds tools by what they are for. */
export interface ToolFinder {
  /** Those that fit the query, the best first. Rejects when aborted, and only then. */
  find(query: string, tools: Tool[], about: About, signal: AbortSignal): Promise<Tool[]>
}

export interface FinderOptions {
  /** Absent: by their words alone. */
  embed?: Embed
  log: Log
}

/** Of each ranking so many count; the constant is that of the paper (Cormack et al., "Reciprocal Rank Fusion", 2009). */
const [deepest, rankConstant] = [50, 60]

export function createToolFinder({ embed, log }: FinderOptions): ToolFinder {
  const vectors = embed && createVectors({ embed, log })
  return {
    async find(query, tools, about, signal) {
      const byWords = rankTools(query, tools, about)
      const places = await vectors?.nearest(query, tools.map(textOf), signal)
      if (!places) return byWords
      return blend([byWords, places.flatMap(at => tools[at] ?? [])])
    },
  }
}

const textOf = ({ label, server, description }: Tool) => `${server}: ${label}. ${description}`

/** By the sum of what each place is worth; what stands high in both rankings goes before what leads in one. */
function blend(rankings: Tool[][]): Tool[] {
  const scores = new Map<Tool, number>()
  for (const ranking of rankings) {
    for (const [at, tool] of ranking.slice(0, deepest).entries())
      scores.set(tool, (scores.get(tool) ?? 0) + 1 / (rankConstant + at + 1))
  }
  return [...scores].sort(([, a], [, b]) => b - a).map(([tool]) => tool)
}
