import { setTimeout as sleep } from 'node:timers/promises'
import type { Feed, Outgoing, Receive } from '../../src/adapter.ts'
import { Refused } from '../../src/errors.ts'
import { reason } from '../../src/log.ts'
import { isMessage, isPress } from '../../src/message.ts'
import { readEvents } from './server-events.ts'
import type { ReplyEvent } from './turns.ts'

export interface HttpLineOptions {
  /** Of the web door, without a slash at its end. */
  url: string
  key?: string
  /** Which talk it is, in the shape that the door wants. */
  session: string
  locale?: string
  /** Who sees the card repainted is told that the connection is lost, and then that it is back. */
  tells: boolean
  /** An answer is kept for a quarter of an hour; who waits for a server longer than this has gone. */
  followForMs?: number
  /** The door sends a comment every 15 s: a connection that is silent for this long is none. */
  silentMs?: number
}

/** A bot that runs elsewhere, as the terminal's own would be: what is heard there is said here. */
export interface HttpLine {
  feed: Feed
  /** Resolves when the bot has kept it. Throws Refused with one sentence. */
  receive: Receive
  /** Throws Refused with one sentence when nobody is there, or the key is not good. */
  greet(): Promise<void>
  /** Whether a question was left without its answer. */
  readonly hasFailed: boolean
  close(): void
}

/** What the bot said instead; `status` is 0 when it was not reached. */
class Refusal extends Refused {
  override name = 'Refusal'
  readonly status: number
  constructor(status: number, sentence: string) {
    super(sentence)
    this.status = status
  }
}

interface Card extends Outgoing {
  id: string
}

/** An answer that is being read. */
interface Following {
  /** Of what was asked here. */
  question: string
  /** The same, as the bot calls it; empty until it has told. */
  messageId: string
  /** Of the last event that came. */
  at: string
  card?: Card
  isDone: boolean
}

/** Nobody there, or not yet: a server that restarts, or the proxy before it, or one that still counts the stream that broke. */
const mayComeBack = new Set([0, 429, 502, 503, 504])

type Show = (id: string, out: Outgoing, replyTo?: string) => void

export function createHttpLine(options: HttpLineOptions): HttpLine {
  const { session } = options
  const closing = new AbortController()
  const send = createSend(options, closing.signal)
  let hear = (_event: ReplyEvent) => {}
  let hasFailed = false
  const show: Show = (id, out, replyTo) => hear({ type: 'post', id, out, ...(replyTo !== undefined && { replyTo }) })
  const follow = createFollow(options, send, show, closing.signal)
  function failed(error: unknown): never {
    hasFailed = true
    throw error
  }
  return {
    feed: {
      write: async () => {},
      async listen(_conversation, told) {
        hear = event => told(event, '')
        return () => {
          hear = () => {}
        }
      },
    },
    async receive(what) {
      if (isPress(what)) {
        const { action, token } = what
        const response = await send('/chat/press', { session_id: session, action, token })
        const { aside } = (await response.json()) as { aside?: Card }
        if (aside) show(aside.id, outOf(aside))
      }
      if (!isMessage(what)) return
      const response = await send('/chat/stream', { message: what.text, session_id: session }).catch(failed)
      follow(response, what.id)
        .catch(failed)
        .catch(() => {}) // it was said
    },
    greet: async () => void (await (await send('/openapi.json')).body?.cancel()),
    get hasFailed() {
      return hasFailed
    },
    close: () => closing.abort(),
  }
}

const outOf = ({ text, buttons, final }: Card): Outgoing => ({ text, buttons, final })

/** Shows the answer to a question to its end; what keeps it from that is said below it, and thrown. */
function createFollow(
  { session, tells, followForMs = 10 * 60_000, silentMs = 45_000 }: HttpLineOptions,
  send: Send,
  show: Show,
  closing: AbortSignal,
) {
  async function read(body: Response['body'], turn: Following): Promise<void> {
    for await (const { name, data, id } of readEvents(body, silentMs)) {
      if (name === 'session') turn.messageId = (data as { message_id: string }).message_id
      if (name === 'card') {
        turn.at = id ?? turn.at
        turn.card = data as Card
        show(turn.card.id, outOf(turn.card), turn.question)
      }
      if (name === 'done') turn.isDone = true
      const said = data as { code?: string; message?: string }
      if (name === 'error' && said.code !== 'unavailable') throw new Refusal(504, said.message ?? '')
    }
  }
  /** What is told behind the last event that came; nothing while nobody is there. */
  async function again({ messageId, at }: Following): Promise<Response | undefined> {
    if (messageId === '') throw new Refusal(0, 'the connection was lost before the bot had said what it makes of this: ask again')
    const followed = { session_id: session, message_id: messageId }
    const asked = at === '' ? send('/chat/follow', followed) : send('/chat/stream', followed, { 'last-event-id': at })
    return asked.catch((error: unknown) => {
      if (error instanceof Refusal && mayComeBack.has(error.status)) return undefined
      throw error
    })
  }
  /** A stream that breaks is taken up again, since the turn goes on without it. */
  async function readToEnd(first: Response, turn: Following, trouble: Trouble): Promise<void> {
    const until = performance.now() + followForMs
    await read(first.body, turn)
    for (let pauseMs = 300; !turn.isDone; pauseMs = Math.min(pauseMs * 2, 5000)) {
      if (performance.now() > until) throw new Refusal(0, 'the bot has not come back: its answer may be in its history')
      await sleep(pauseMs, undefined, { signal: closing })
      const response = await again(turn)
      if (!response) trouble.began()
      else {
        trouble.ended('The connection was lost, and is back.')
        await read(response.body, turn)
      }
    }
  }
  return async (first: Response, question: string): Promise<void> => {
    const turn: Following = { question, messageId: '', at: '', isDone: false }
    const trouble = createTrouble(turn, tells, show)
    try {
      await readToEnd(first, turn, trouble)
    } catch (error) {
      if (closing.aborted) return
      trouble.ended('The connection is lost.')
      const { id, text } = turn.card ?? { id: question, text: '' }
      const sentence = `-# ${reason(error)}`
      show(id, { text: text === '' ? sentence : `${text}\n\n${sentence}`, buttons: [], final: true }, question)
      throw error
    }
  }
}

type Trouble = ReturnType<typeof createTrouble>

function createTrouble({ question }: Following, tells: boolean, show: Show) {
  let isOn = false
  const say = (text: string, final: boolean) => tells && show(`lost ${question}`, { text, buttons: [], final })
  return {
    began() {
      if (!isOn) say('💭 the connection is lost; trying again…', false)
      isOn = true
    },
    ended(how: string) {
      if (isOn) say(`-# ${how}`, true)
      isOn = false
    },
  }
}

type Send = (path: string, body?: object, headers?: Record<string, string>) => Promise<Response>

/** Throws Refusal unless all is well; what is `undefined` of a body is a GET. */
function createSend({ url, key, locale }: HttpLineOptions, signal: AbortSignal): Send {
  const always = {
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
    ...(locale !== undefined && { 'accept-language': locale }),
  }
  return async (path, body, headers = {}) => {
    const asked = body && { method: 'POST', body: JSON.stringify(body) }
    const type = body && { 'content-type': 'application/json' }
    const init = { ...asked, headers: { ...always, ...type, ...headers }, signal, redirect: 'manual' as const }
    const response = await fetch(`${url}${path}`, init).catch((error: unknown) => {
      throw new Refusal(0, whyUnreached(url, error))
    })
    if (response.ok) return response
    throw new Refusal(response.status, whyRefused(url, response, await response.json().catch(() => undefined)))
  }
}

function whyUnreached(url: string, error: unknown): string {
  const { code = '', message = '' } =
    ((error instanceof Error ? error.cause : undefined) as { code?: string; message?: string } | undefined) ?? {}
  if (code === 'ECONNREFUSED') return `nobody listens at ${url}: does the bot run there, and is the port right?`
  if (code === 'ENOTFOUND') return `there is no ${new URL(url).hostname}: is the address right?`
  return `${url} cannot be reached: ${message || String(error)}`
}

function whyRefused(url: string, { status, headers }: Response, body: unknown): string {
  const { message } = (body as { error?: { message?: string } } | undefined)?.error ?? {}
  if (status === 401) return 'this bot asks for a key, and yours is none, or no more: give it by --key or in BELLHOP_KEY'
  if (message === undefined)
    return `there is no bot at ${url}: it answers ${status}${status < 400 ? `, and leads to ${headers.get('location')}` : ''}`
  const seconds = headers.get('retry-after')
  return status === 429 && seconds !== null ? `${message} (in ${seconds} s)` : message
}
