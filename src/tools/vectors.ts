import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Log, reason } from '../log.ts'
import type { Embed } from '../model.ts'

/** Which texts mean what a query means, by an endpoint's vectors. */
export interface Vectors {
  /** Places in `texts`, a list that does not change, the nearest first; undefined where there are no vectors (yet): it is done without. Rejects when aborted. */
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
  async function embedAll(missing: Text[]): Promise<void> {
    for (let at = 0; at < missing.length; at += atOnce) {
      const texts = missing.slice(at, at + atOnce)
      const vectors = await embed(
        texts.map(({ text }) => text),
        AbortSignal.timeout(60_000),
      )
      if (kept.size > mostKept) kept.clear()
      for (const [index, { digest }] of texts.entries()) kept.set(digest, toUnit(vectors[index] ?? []))
    }
  }
  /** One search at a time asks for what is missing; the others wait for the same. */
  async function fill(texts: Text[]): Promise<void> {
    while (filling !== undefined) await filling
    const missing = new Map(texts.flatMap(text => (kept.has(text.digest) ? [] : [[text.digest, text] as const])))
    if (missing.size === 0) return
    filling = embedAll([...missing.values()]).finally(() => (filling = undefined))
    await filling
  }
  async function compare(query: string, texts: Text[]): Promise<number[] | undefined> {
    const [[wanted = []]] = await Promise.all([embed([query], AbortSignal.timeout(patienceMs * 2)), fill(texts)])
    const unit = toUnit(wanted)
    const scores = texts.map(({ digest }) => product(unit, kept.get(digest)))
    return scores.includes(undefined) ? undefined : placesByScore(scores as number[])
  }

  return {
    async nearest(query, all, signal) {
      if (performance.now() < restUntil || all.length === 0) return undefined
      const found = compare(query.slice(0, longestText), textsOf(all)).catch(fail)
      const waited = await Promise.race([found, sleep(patienceMs, undefined, { signal, ref: false })])
      return waited ?? undefined
    },
  }
}

const placesByScore = (scores: number[]) => scores.map((_, at) => at).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))

interface Text {
  text: string
  /** By which its vector is kept. */
  digest: string
}

const known = new WeakMap<string[], Text[]>()

/** As they are embedded; kept as long as the list of them is. */
function textsOf(all: string[]): Text[] {
  const found = known.get(all) ?? all.map(text => text.slice(0, longestText)).map(text => ({ text, digest: digestOf(text) }))
  known.set(all, found)
  return found
}

const digestOf = (text: string) => createHash('sha256').update(text).digest('base64')

function toUnit(vector: number[]): Float32Array {
  const length = Math.hypot(...vector) || 1
  return Float32Array.from(vector, part => part / length)
}

/** Undefined where one of another length, as of another model, is to be compared, or none. */
function product(a: Float32Array, b: Float32Array | undefined): number | undefined {
  if (!b || a.length !== b.length || a.length === 0) return undefined
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0) // thousands of tools by thousands of numbers: a callback takes longer
  return sum
}
