import type { Adapter } from '../adapter.ts'
import type { AgentEvent } from '../agent/events.ts'
import { Gone, RateLimited } from '../errors.ts'
import { type Message, platformOf } from '../message.ts'
import { houseServer, type Model, type Tool, type ToolEntry } from '../model.ts'

/** What one attempt at a turn did and when: ids, names and numbers, no word of the chat. Times in milliseconds since 1970. */
export interface TurnReport {
  /** Of the first message of the turn. */
  id: string
  conversation: string
  platform: string
  kind: Message['kind']
  /** The process that runs it, as a name that no other process ever has. */
  worker: string
  /** Native id of who asked. */
  author: string
  /** By the clock of the platform, which may know no parts of a second. */
  sentAt: number
  /** When the house had it safe; absent where nobody noted it. */
  keptAt?: number
  beganAt: number
  /** It was begun before, and goes on: it has waited in no queue. */
  again: boolean
  endedAt?: number
  how?: TurnEnding
  /** What the person was told, and the log knows more of. */
  errorId?: string
  /** The one that answered last. */
  model?: string
  tokens: { input: number; output: number }
  /** From `keptAt`, or `sentAt`, until the first message of the reply stood. */
  firstPaintMs?: number
  edits: number
  /** How often the platform refused a call since there were too many. */
  limited: number
  spans: Span[]
  /** How many spans had no room. */
  more?: number
}

/** `broken`: another attempt follows. `lost`: another worker has taken it. `restarted`: the question was edited. */
export type TurnEnding =
  | ('answered' | 'calls' | 'limit' | 'used-up' | 'stopped' | 'withdrawn' | 'interrupted' | 'failed' | 'set-aside')
  | ('parked' | 'handed-over' | 'restarted' | 'lost' | 'broken')

export interface Span {
  what: 'model' | 'tool' | 'post' | 'file'
  name: string
  /** Of a tool; `own`: a member's, which has no name here. */
  server?: string
  at: number
  /** Absent while it runs. */
  ms?: number
  ok: boolean
  /** How it went, where that is known better: of a tool as in `Outcome.state`. */
  state?: string
}

/** Notes what happens in one turn. */
export interface Recorder {
  readonly report: TurnReport
  /** How often something stood on the platform after a call. */
  readonly paints: number
  /** The chat was not there any more. */
  readonly chatIsGone: boolean
  hear(event: AgentEvent): void
  /** The same model, every step of which is noted. */
  model(model: Model): Model
  /** The same adapter, every call of which is noted. */
  adapter(adapter: Adapter): Adapter
  /** Notes the end; what still runs was cut off. */
  end(how: TurnEnding, more: Pick<TurnReport, 'tokens'> & { errorId?: string | undefined }): void
}

export interface RecorderOptions {
  message: Message
  worker: string
  keptAt?: number | undefined
  again: boolean
  /** Whose answers are told apart by no event. */
  model: string
  resolve(name: string): Pick<Tool, 'name' | 'server' | 'owner'> | undefined
  /** The first of it begins; later, tools begin to run: once a step. */
  onNews(): void
  now?(): number
}

/** A turn with more of them is cut: the report stays small. */
const mostSpans = 100
const longestName = 80

export function createRecorder(options: RecorderOptions): Recorder {
  const { message, model: modelName, resolve, onNews, now = Date.now } = options
  const report = begunReport(options, now())
  const spans = createSpans(report, now, onNews)
  const seen = { paints: 0, gone: false }
  let mayTell = true

  function paint(): void {
    seen.paints++
    if (!report.again) report.firstPaintMs ??= Math.max(0, now() - (report.keptAt ?? report.sentAt))
  }
  async function called<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await work
      paint()
      return result
    } catch (error) {
      if (error instanceof RateLimited && !error.foretold) report.limited++
      if (error instanceof Gone) seen.gone = true
      throw error
    }
  }
  return {
    report,
    get paints() {
      return seen.paints
    },
    get chatIsGone() {
      return seen.gone
    },
    hear(event) {
      if (event.type === 'tool-start') {
        spans.begin(event.call.id, { what: 'tool', ...toolNamed(event.call.name, resolve) })
        if (mayTell) onNews()
        mayTell = false
      } else if (event.type === 'tool-end') spans.endTool(event.result, event.ms, resolve)
    },
    model: model =>
      async function* (prompt, signal) {
        mayTell = true
        const span = spans.open({ what: 'model', name: modelName })
        let ok = false
        try {
          for await (const event of model(prompt, signal)) {
            if (event.type === 'model' && !message.terms?.endpoint) span.name = event.name.slice(0, longestName)
            yield event
          }
          ok = true
        } finally {
          report.model = span.name
          spans.close(span, ok, ok ? 'ok' : signal.aborted ? 'cut-off' : 'failed')
        }
      },
    adapter: adapter => listenIn(adapter, spans, called, report),
    end(how, { tokens, errorId }) {
      Object.assign(report, { endedAt: now(), how, tokens, ...(errorId !== undefined && { errorId }) })
      for (const span of report.spans) if (span.ms === undefined) spans.close(span, false, 'cut-off')
    },
  }
}

/** An edit that was taken is counted, a post is told with its time. */
function listenIn(
  adapter: Adapter,
  spans: ReturnType<typeof createSpans>,
  called: <T>(work: Promise<T>) => Promise<T>,
  report: TurnReport,
): Adapter {
  async function timed<T>(what: 'post' | 'file', work: Promise<T>): Promise<T> {
    const span = spans.open({ what, name: what })
    let ok = false
    try {
      const result = await called(work)
      ok = true
      return result
    } finally {
      spans.close(span, ok)
    }
  }
  const { postFile } = adapter
  const speech: Pick<Adapter, 'post' | 'edit' | 'postFile'> = {
    post: (...facts) => timed('post', adapter.post(...facts)),
    edit: (...facts) => called(adapter.edit(...facts)).then(() => void report.edits++),
    ...(postFile && { postFile: (...facts) => timed('file', postFile.apply(adapter, facts)) }),
  }
  return Object.assign(Object.create(adapter) as Adapter, speech) // what it tells of itself may change
}

function begunReport({ message, worker, keptAt, again }: RecorderOptions, beganAt: number): TurnReport {
  const { id, conversation, kind, author, sentAt } = message
  return {
    ...{ id, conversation, platform: platformOf(conversation), kind, worker, author: author.id, sentAt },
    ...(keptAt !== undefined && { keptAt }),
    ...{ beganAt, again, tokens: { input: 0, output: 0 }, edits: 0, limited: 0, spans: [] },
  }
}

function createSpans(report: TurnReport, now: () => number, onFirst: () => void) {
  const calls = new Map<string, Span>()
  function open(facts: Pick<Span, 'what' | 'name' | 'server'>): Span {
    const span: Span = { ...facts, at: now(), ok: false }
    if (report.spans.length === 0) onFirst()
    if (report.spans.length < mostSpans) report.spans.push(span)
    else report.more = (report.more ?? 0) + 1
    return span
  }
  function close(span: Span, ok: boolean, state?: string): void {
    span.ms = Math.max(0, now() - span.at)
    span.ok = ok
    if (state !== undefined) span.state = state
  }
  return {
    open,
    close,
    /** A call that begins again when somebody has agreed to it is the same one. */
    begin(callId: string, facts: Pick<Span, 'what' | 'name' | 'server'>): void {
      if (calls.get(callId)?.ms === undefined && calls.has(callId)) return
      calls.set(callId, open(facts))
    },
    endTool({ callId, name, ok, outcome }: ToolEntry, ms: number, resolve: RecorderOptions['resolve']): void {
      const span = calls.get(callId) ?? open({ what: 'tool', ...toolNamed(name, resolve) })
      Object.assign(span, { at: now() - ms, ms, ok, state: outcome?.state ?? (ok ? 'ok' : 'failed') })
      calls.delete(callId)
    },
  }
}

/** A name that no tool has is the model's own word, and a member's tool may be named after anything. */
function toolNamed(called: string, resolve: RecorderOptions['resolve']): { name: string; server: string } {
  const tool = resolve(called)
  if (!tool) return { name: 'unknown', server: 'none' }
  if (tool.owner !== undefined && tool.owner !== 'house') return { name: 'own', server: 'own' }
  if (tool.server === houseServer) return { name: tool.name, server: houseServer }
  return { name: tool.name.replace(`${tool.server}__`, '').slice(0, longestName), server: tool.server }
}
