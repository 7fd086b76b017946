import { type Log, reason } from '../log.ts'
import type { Conversation } from '../message.ts'
import type { Entry, Tool } from '../model.ts'
import type { Toolbox, ToolResult } from '../toolbox.ts'
import type { Digest, Watch } from './digest.ts'
import { withHouseTools } from './house-tools.ts'
import { type Page, type Pieces, toPages, toPieces } from './pieces.ts'
import { createSeek } from './seek.ts'
import type { Contents, TextStore } from './text-store.ts'
import { createGauge, type Gauge } from './tokens.ts'

/** What tools return in one turn, cut to what the model can take in. */
export interface LongResults {
  /** The same tools, and `read_more` once something was cut. */
  toolbox: Toolbox
  /** The result as the model reads it: of one that is too long a digest, if there is to be one, the beginning, and how to read on. */
  shorten(result: ToolResult, watch?: Watch): Promise<ToolResult>
  gauge: Gauge
}

export interface LongResultsOptions {
  toolbox: Toolbox
  texts: TextStore
  conversation: Conversation
  /** What was said before: it may still be read on there. */
  known: Entry[]
  /** A person reads it, who can take in more. */
  forPerson?: boolean
  log: Log
  /** Absent: what is too long is only cut. */
  digest?: Digest
  /** In tokens. */
  perCall?: number
  perTurn?: number
}

/** A dozen of these are a turn that most models can hold, with what was said before. */
const [defaultPerCall, defaultPerTurn] = [8000, 40_000]
const personPerCall = 25_000
const pageTokens = 1000
/** Of a text that is summed up: a small model has a window too. */
const digestPages = 40
/** What the tool of the house is called. */
export const readMoreName = 'read_more'

const readMore: Tool = {
  name: readMoreName,
  description:
    'Reads more of a tool result that was cut. `ref` stands in the line above that result. Either `page` (from 1; several pages come at once), or `query`: words, for the items or paragraphs that fit them best.',
  inputSchema: {
    type: 'object',
    properties: {
      ref: { type: 'string', description: 'The reference, such as r0a1b2c3d4e' },
      page: { type: 'integer', minimum: 1, description: 'The first page to read' },
      query: { type: 'string', description: 'Words to look for in the whole of it' },
    },
    required: ['ref'],
  },
  label: 'Read more',
  server: 'bellhop',
  repeatable: true,
  readOnly: true,
}

export function openLongResults(options: LongResultsOptions): LongResults {
  const { texts, conversation, known, log, digest, forPerson = false } = options
  const { perCall = forPerson ? personPerCall : defaultPerCall, perTurn = defaultPerTurn } = options
  const gauge = createGauge()
  let spent = 0
  let hasCut = known.some(entry => entry.role === 'tool' && entry.remark?.includes(readMoreName))
  const allowance = () => Math.max(pageTokens, Math.min(perCall, perTurn - spent))
  const reader = createReader(texts, conversation, gauge, allowance)

  async function shorten(result: ToolResult, watch?: Watch): Promise<ToolResult> {
    const size = gauge.tokens(result.text)
    const allowed = allowance()
    if (result.more !== undefined || size <= allowed) {
      spent += size
      return result
    }
    spent += allowed // before anything is awaited: others are cut side by side
    hasCut = true
    const pieces = toPieces(result.text, pageTokens, gauge.tokens)
    const pages = toPages(pieces.pieces, pageTokens, piece => gauge.tokens(piece + joint))
    const ref = await texts.keep(conversation, pieces, pages).catch((error: unknown) => {
      log.error({ reason: reason(error) }, 'a long result could not be kept')
      return undefined
    })
    const contents = { ...pieces, pages: pages.length, pieces: pieces.pieces.length }
    const begun = show(ref, contents, takeThatFit(pages, allowed - gauge.tokens(`${pieces.head ?? ''}[]`), gauge), 1)
    const summed = result.ok && watch && (await digest?.(textOf(pages.slice(0, digestPages)), watch))
    if (!summed) return { ...result, ...begun }
    spent += gauge.tokens(summed)
    const of = pages.length > digestPages ? `the first ${digestPages} of its ${pages.length} pages` : 'the whole of it'
    return {
      ...result,
      text: `${summed}\n\n---\n\n${begun.text}`,
      more: `first stands a digest of ${of}, by a small model; ${begun.more}`,
    }
  }
  const tools = [{ tool: readMore, isOffered: () => hasCut, call: reader }]
  return { toolbox: withHouseTools(options.toolbox, tools), shorten, gauge }
}

function createReader(texts: TextStore, conversation: Conversation, gauge: Gauge, allowance: () => number) {
  return async ({ ref, page, query }: Record<string, unknown>): Promise<ToolResult> => {
    const contents = typeof ref === 'string' ? await texts.contents(conversation, ref) : undefined
    if (typeof ref !== 'string' || !contents)
      return { ok: false, text: 'there is no such text here (any more): make the call anew' }
    if (typeof query === 'string' && query.trim() !== '') return seek(ref, contents, query)
    const first = Math.floor(Number(page ?? 1))
    if (!(first >= 1 && first <= contents.pages)) return { ok: false, text: `please give a page from 1 to ${contents.pages}` }
    const pages = await texts.read(conversation, ref, first, Math.ceil(allowance() / pageTokens) * 2)
    return { ok: true, ...show(ref, contents, takeThatFit(pages, allowance() - 1, gauge), first) }
  }

  async function seek(ref: string, contents: Contents, query: string): Promise<ToolResult> {
    const looking = createSeek(query)
    const pageOf = new Map<number, number>()
    for (let at = 1; at <= contents.pages; at += batch) {
      for (const [offset, { from, pieces }] of (await texts.read(conversation, ref, at, batch)).entries()) {
        pageOf.set(from, at + offset)
        for (const [index, piece] of pieces.entries()) looking.look(from + index, piece)
      }
    }
    const numbers = looking.best()
    if (numbers.length === 0) return { ok: true, text: `no results for ${JSON.stringify(query.slice(0, 200))} in it`, count: 0 }
    const starts = [...pageOf.keys()]
    const lines: string[] = []
    let left = allowance()
    for (const number of numbers) {
      if (lines.length >= mostFound) break
      const from = starts.findLast(start => start <= number) ?? 1
      const pageNumber = pageOf.get(from) ?? 1
      const [found] = await texts.read(conversation, ref, pageNumber, 1)
      const line = `(${contents.kind === 'items' ? 'item' : 'part'} ${number}, page ${pageNumber})\n${found?.pieces[number - from]?.trim() ?? ''}`
      left -= gauge.tokens(line)
      if (left < 0 && lines.length > 0) break
      lines.push(line)
    }
    const more = `${numbers.length} of ${contents.pieces} ${wordFor(contents.kind)} fit, the best ${lines.length} are shown`
    return { ok: true, text: lines.join('\n\n'), count: numbers.length, more }
  }
}

/** Between items. */
const joint = ',\n'
/** Pages at once. */
const batch = 64
const mostFound = 40

const wordFor = (kind: Pieces['kind']) => (kind === 'items' ? 'items' : 'parts')

const textOf = (pages: Page[]) => pages.map(page => page.pieces.join('\n')).join('\n')

function takeThatFit(pages: Page[], tokens: number, gauge: Gauge): Page[] {
  let left = tokens
  const fits = (page: Page) => {
    left -= gauge.tokens(page.pieces.join(joint) + joint)
    return left >= 0
  }
  const end = pages.findIndex(page => !fits(page))
  return end === -1 ? pages : pages.slice(0, Math.max(1, end))
}

/** These pages as a text, and in one line what they are of, and how to read on. */
function show(
  ref: string | undefined,
  { kind, head, pages, pieces }: Contents,
  shown: Page[],
  first: number,
): Pick<ToolResult, 'text' | 'more'> {
  const all = shown.flatMap(page => page.pieces)
  const from = shown[0]?.from ?? 1
  const next = first + shown.length
  const text = kind === 'items' ? `${head && first === 1 ? `${head}\n` : ''}[${all.join(joint)}]` : all.join('')
  const part = `shown are ${wordFor(kind)} ${from} to ${from + all.length - 1} of ${pieces}`
  if (ref === undefined) return { text, more: `${part}; the rest is lost: ask for less at once` }
  const rest =
    next > pages
      ? 'this is the end'
      : `to read on: ${readMoreName} with ${JSON.stringify({ ref, page: next })} (${pages} pages), or with a query`
  return { text, more: `${part}; ${rest}` }
}
