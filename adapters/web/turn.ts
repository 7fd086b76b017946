import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import type { TurnEnd, TurnEvent } from '../../src/adapter.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Attachment, Terms } from '../../src/message.ts'
import { isNotBehind, type Place, placeId, readPlace } from './place.ts'
import { followTurn, quietly } from './reply-line.ts'
import { type Asker, askerOf, conversationWith, enterSession, kept, patienceOf, type TalkOptions, whyNoAnswer } from './talk.ts'

/** What a program asks, checked. */
export interface ProgramQuestion {
  session: string
  text: string
  attachments: Attachment[]
  terms: Terms
}

/** As `TurnEvent`, but of the text only what is new. */
export type TurnStep = Exclude<TurnEvent, { type: 'text' }> | { type: 'text'; delta: string }

export interface ProgramTurn {
  /** Of the question. */
  messageId: string
  session: string
  /** With the id by which a reader who comes back goes on behind it. Ends without an `end` when nobody answers in time. */
  steps: AsyncIterable<{ id: string; step: TurnStep }>
  /** Of steps that ended without an `end`. */
  whyNoEnd(): [503 | 504, string]
  /** Stops listening; the turn itself runs on. May be called twice. */
  close(): void
}

/** Steps that wait for a slow reader; who is slower than this has to come back. */
const mostWaiting = 1000
const mostChars = 2_000_000
const tooSlow = 'the stream is read too slowly: the turn goes on, ask again with the Last-Event-ID of the last event that came'

/** Asks; or, with a `Last-Event-ID`, goes on with what was asked before. Throws 400, 503. */
export async function openTurn(c: Context, ask: () => Promise<ProgramQuestion>, options: TalkOptions): Promise<ProgramTurn> {
  const place = readPlace(c)
  return place ? follow(askerOf(c), place, options) : askTurn(askerOf(c), await ask(), options)
}

/** Throws 503. */
export async function askTurn(asker: Asker, question: ProgramQuestion, options: TalkOptions): Promise<ProgramTurn> {
  const { session, text, attachments, terms } = question
  const { author } = asker
  const id = `web:${randomUUID()}`
  const conversation = conversationWith(author, session)
  if (terms.keeps !== 'nothing') await enterSession(author, session, options)
  const turn = await follow(asker, { session, messageId: id, at: '', shown: 0 }, options)
  const base = { id, conversation, author, text, attachments, terms, replyTo: quietly(id) }
  try {
    await kept(options.receive({ ...base, sentAt: Date.now(), kind: 'api', alone: true }), options.log)
  } catch (error) {
    turn.close()
    throw error
  }
  return turn
}

/** Who asked is gone: as if he had taken the question back, whether it waits or is being answered. */
export const withdrawWhenGone = (c: Context, turn: ProgramTurn, options: TalkOptions) =>
  takeBackWhenGone(askerOf(c), turn, options)

export function takeBackWhenGone(
  { author, gone }: Asker,
  { session, messageId }: ProgramTurn,
  { receive, closing, log }: TalkOptions,
) {
  const withdraw = () => {
    if (closing.aborted) return
    const change = { id: messageId, conversation: conversationWith(author, session), text: undefined }
    receive(change).catch((error: unknown) => log.warn({ reason: reason(error) }, 'web: a question could not be taken back'))
  }
  if (gone.aborted) withdraw()
  else gone.addEventListener('abort', withdraw, { once: true })
  return { stop: () => gone.removeEventListener('abort', withdraw) }
}

async function follow({ author, gone }: Asker, place: Place, options: TalkOptions): Promise<ProgramTurn> {
  const { session, messageId } = place
  const patience = patienceOf(gone, options)
  const box = createBox(place, patience.over, options.log)
  const listening = followTurn(options.feed, conversationWith(author, session), messageId, box.push, place.at !== '')
  const unlisten = await kept(listening, options.log).catch((error: unknown) => {
    patience.stop()
    throw error
  })
  const close = () => {
    unlisten()
    patience.stop()
    box.end()
  }
  return { messageId, session, steps: box.values(), whyNoEnd: () => box.whyNoEnd() ?? whyNoAnswer(options), close }
}

/** What waits for one reader, text joined, what is told again left out. */
function createBox(place: Place, ends: AbortSignal, log: Log) {
  const said = createText(place.shown)
  const waiting: { id: string; step: TurnStep }[] = []
  const known = new Set<string>()
  let chars = 0
  let [ended, isTooSlow] = [false, false]
  let wake = () => {}
  const end = () => {
    ended = true
    wake()
  }
  ends.addEventListener('abort', end, { once: true })
  const idAt = (at: string) => placeId({ ...place, at, shown: said.length() })

  function add(step: TurnStep, at: string, size: number): void {
    const last = waiting.at(-1)
    if (step.type === 'text' && last?.step.type === 'text')
      waiting[waiting.length - 1] = { id: idAt(at), step: { type: 'text', delta: last.step.delta + step.delta } }
    else waiting.push({ id: idAt(at), step })
    chars += size
    wake()
    if (waiting.length <= mostWaiting && chars <= mostChars) return
    log.warn({ waiting: waiting.length, chars }, 'web: a reader is too slow, and has to come back')
    waiting.length = 0
    isTooSlow = true
    end()
  }
  function push(event: TurnEvent, at: string): void {
    if (ended) return
    if (event.type === 'text' || event.type === 'end') {
      const delta = event.type === 'text' ? said.hear(event.at, event.text) : said.finish(event)
      if (delta !== '') add({ type: 'text', delta }, at, delta.length)
    }
    if (event.type === 'text') return
    const isOld = place.at !== '' && isNotBehind(at, place.at) && event.type !== 'end'
    const name = `${event.type} ${'id' in event ? event.id : ''}`
    if (isOld || (event.type !== 'progress' && known.has(name))) return
    known.add(name)
    add(event, at, JSON.stringify(event).length)
  }
  return {
    push,
    end,
    whyNoEnd: (): [503, string] | undefined => (isTooSlow ? [503, tooSlow] : undefined),
    async *values() {
      while (true) {
        const next = waiting.shift()
        if (next) {
          chars -= next.step.type === 'text' ? next.step.delta.length : JSON.stringify(next.step).length
          yield next
          if (next.step.type === 'end') return
        } else if (ended || ends.aborted) return
        else
          await new Promise<void>(resolve => {
            wake = resolve
          })
      }
    },
  }
}

/** A text that is told in pieces, some of them twice; `shown` characters of it a reader has already. */
function createText(shown: number) {
  let whole = ''
  let given: string | undefined = shown === 0 ? '' : undefined

  /** What of the whole is new; all of it, below what was given, when it has become another. */
  function news(): string {
    given ??= whole.length >= shown ? whole.slice(0, shown) : undefined
    if (given === undefined || given.startsWith(whole)) return ''
    const before = given
    given = whole
    return whole.startsWith(before) ? whole.slice(before.length) : `\n\n${whole}`
  }
  return {
    length: () => given?.length ?? shown,
    hear(at: number, text: string): string {
      if (at > whole.length) return '' // something is missing: the whole comes again
      if (at === whole.length && given === whole) {
        given = whole += text // what only grows need not be compared, which costs more the longer it is
        return text
      }
      whole = whole.slice(0, at) + text
      return news()
    },
    finish({ how, text }: TurnEnd): string {
      if (how === 'failed' && text === '') return ''
      whole = text
      return news()
    },
  }
}
