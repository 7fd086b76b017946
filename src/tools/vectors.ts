import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Log, reason } from '../log.ts'
import type { Embed } from '../model.ts'

/** Which texts mean what a query means, by an endpoint's vectors. */
export interface Vectors {
  /** Places in `texts`, the nearest first; undefined where there are no vectors (yet): it is done without. Rejects when aborted. */
  nearest(query: string, texts: string[], signal: AbortSignal): Promise<number[] | undefined>
}

export interface VectorsOptions {
  embed: Embed
  log: Log
  /** How long a search waits for them. What is under way is not lost: the next search has it. */
  patienceMs?: number
  /** How long an endpoint that failed is left alone. */
  restMs?: number
}

/** Endpoints take a hundred texts at once as a rule, and OpenAI's 300,000 tokens. */
const atOnce = 100
const longestText = 2000
/** All tools of a big house, several times over. */
const mostKept = 10_000

export function createVectors({ embed, log, patienceMs = 3000, restMs = 60_000 }: VectorsOptions): Vectors {
  /** By the digest of what was embedded, each of length 1. */
  const kept = new Map<string, Float32Array>()
  let filling: Promise<void> | undefined
  let restUntil = Number.NEGATIVE_INFINITY
  let hasFailed = false

  function fail(error: unknown): void {
    restUntil = performance.now() + restMs
    if (!hasFailed) log.warn({ reason: reason(error) }, 'tools are searched by words alone: the embeddings failed')
    hasFailed = true
  }
  async function embedAll(missing: string[]): Promise<void> {
    for (let at = 0; at < missing.length; at += atOnce) {
      const texts = missing.slice(at, at + atOnce)
      const vectors = await embed(texts, AbortSignal.timeout(60_000))
      if (kept.size > mostKept) kept.clear()
      for (const [index, text] of texts.entries()) kept.set(digestOf(text), toUnit(vectors[index] ?? []))
    }
  }
  /** One search at a time asks for what is missing; the others wait for the same. */
  async function fill(texts: string[]): Promise<void> {
    while (filling !== undefined) await filling
    const missing = [...new Set(texts)].filter(text => !kept.has(digestOf(text)))
    if (missing.length === 0) return
    filling = embedAll(missing).finally(() => (filling = undefined))
    await filling
  }
  async function compare(query: string, texts: string[]): Promise<number[] | undefined> {
    const [[wanted = []]] = await Promise.all([embed([query], AbortSignal.timeout(patienceMs * 2)), fill(texts)])
    const unit = toUnit(wanted)
    const scores = texts.map(text => product(unit, kept.get(digestOf(text))))
    return scores.includes(undefined) ? undefined : placesByScore(scores as number[])
  }

  return {
    async nearest(query, all, signal) {
      if (performance.now() < restUntil || all.length === 0) return undefined
      const texts = all.map(text => text.slice(0, longestText))
      const found = compare(query.slice(0, longestText), texts).catch(fail)
      const waited = await Promise.race([found, sleep(patienceMs, undefined, { signal, ref: false })])
      return waited ?? undefined
    },
  }
}

const placesByScore = (scores: number[]) => scores.map((_, at) => at).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))

const digestOf = (text: string) => createHash('sha256').update(text).digest('base64')

function toUnit(vector: number[]): Float32Array {
  const length = Math.hypot(...vector) || 1
  return Float32Array.from(vector, part => part / length)
}

/** Undefined where one of another length, as of another model, is to be compared, or none. */
function product(a: Float32Array, b: Float32Array | undefined): number | undefined {
  if (!b || a.length !== b.length || a.length === 0) return undefined
  return a.reduce((sum, part, at) => sum + part * (b[at] ?? 0), 0)
}
