import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import type { Feed, Receive } from '../../src/adapter.ts'
import { Closing } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Author, Conversation, Message } from '../../src/message.ts'
import { callerId, localCaller } from './guard.ts'
import { problem, refusal } from './problem.ts'
import { type Question, readBody, toFollowed, toPress, toQuestion } from './question.ts'
import { type Card, followReply } from './reply-line.ts'
import type { Route } from './route.ts'

export interface ChatApiOptions {
  feed: Feed
  receive: Receive
  log: Log
  heartbeatEveryMs: number
  /** How long a connection waits for its answer before it is told to come back. */
  patienceMs: number
  /** Aborted when the server goes down. */
  closing: AbortSignal
}

/** Talk: a whole answer, a live one, and the buttons under it. */
export function chatRoutes(options: ChatApiOptions): Route[] {
  return [
    {
      method: 'POST',
      path: '/chat',
      about: '{message, session_id?} or {messages, session_id?} → {response, session_id}',
      handle: c => answerWhole(c, options),
    },
    {
      method: 'POST',
      path: '/chat/stream',
      about: 'the same, as server-sent events: session, card (each state of the reply), done, error',
      handle: c => answerLive(c, options),
    },
    {
      method: 'POST',
      path: '/chat/follow',
      about: '{session_id, message_id} → takes a stream up again that broke; an answer is kept for 15 minutes',
      handle: c => followLive(c, options),
    },
    {
      method: 'POST',
      path: '/chat/press',
      about:
        '{session_id, action, token} → presses a button of a card, such as Stop; {ok, aside?}: the aside is a card for who pressed',
      handle: c => press(c, options),
    },
  ]
}

async function answerWhole(c: Context, options: ChatApiOptions): Promise<Response> {
  const question = toQuestion(await readBody(c))
  const turn = await ask(c, question, 'api', options)
  try {
    for await (const card of turn.cards) {
      if (card.final) return c.json({ response: card.text, session_id: question.session })
    }
  } finally {
    turn.close()
  }
  throw problem(...whyNoAnswer(options))
}

async function answerLive(c: Context, options: ChatApiOptions): Promise<Response> {
  const question = toQuestion(await readBody(c))
  return streamCards(c, question.session, await ask(c, question, 'chat', options), options)
}

async function followLive(c: Context, options: ChatApiOptions): Promise<Response> {
  const { session, messageId } = toFollowed(await readBody(c))
  return streamCards(c, session, await follow(c, session, messageId, options, true), options)
}

function streamCards(c: Context, session: string, turn: Turn, options: ChatApiOptions): Response {
  return streamSSE(c, async stream => {
    const heart = setInterval(() => void stream.write(': still here\n\n'), options.heartbeatEveryMs)
    try {
      await sendCards(stream, session, turn, options)
    } finally {
      clearInterval(heart)
      turn.close()
    }
  })
}

async function sendCards(stream: SSEStreamingApi, session: string, turn: Turn, options: ChatApiOptions): Promise<void> {
  const send = (event: string, data: unknown) => stream.writeSSE({ event, data: JSON.stringify(data) })
  await send('session', { session_id: session, message_id: turn.messageId })
  for await (const card of turn.cards) {
    await send('card', card)
    if (card.final) return send('done', { response: card.text, session_id: session })
  }
  await send('error', refusal(...whyNoAnswer(options)).error)
}

/** How long the answer to a press waits for what is said to it, once the press is kept. */
const asideMs = 1000

async function press(c: Context, options: ChatApiOptions): Promise<Response> {
  const { session, action, token } = toPress(await readBody(c))
  const id = `web:${randomUUID()}`
  const said = await kept(follow(c, session, id, options), options.log)
  const what = { id, conversation: conversationOf(c, session), author: authorOf(c), action, token, aside: id }
  try {
    await kept(options.receive(what), options.log)
    const patience = setTimeout(said.close, asideMs)
    for await (const aside of said.cards) {
      clearTimeout(patience)
      return c.json({ ok: true, aside })
    }
  } finally {
    said.close()
  }
  return c.json({ ok: true })
}

interface Turn {
  /** Of the question. */
  messageId: string
  /** The states of the reply; a slow reader gets the newest and misses those between. Ends without a final one if nobody answers in time. */
  cards: AsyncIterable<Card>
  /** Stops listening; the turn itself runs on. May be called twice. */
  close(): void
}

/** Listens first and asks then, so that not even an instant answer is missed. */
async function ask(c: Context, { session, text }: Question, kind: Message['kind'], options: ChatApiOptions): Promise<Turn> {
  const id = `web:${randomUUID()}`
  const turn = await follow(c, session, id, options)
  const base = { id, conversation: conversationOf(c, session), author: authorOf(c), text, attachments: [], replyTo: id }
  try {
    await kept(options.receive({ ...base, sentAt: Date.now(), kind, alone: true }), options.log)
  } catch (error) {
    turn.close()
    throw error
  }
  return turn
}

async function follow(c: Context, session: string, messageId: string, options: ChatApiOptions, past = false): Promise<Turn> {
  const ends = AbortSignal.any([c.req.raw.signal, options.closing, AbortSignal.timeout(options.patienceMs)])
  const cards = createNewest(ends)
  const unlisten = await followReply(options.feed, conversationOf(c, session), messageId, cards.push, past)
  const close = () => {
    unlisten()
    cards.end()
  }
  return { messageId, cards: cards.values(), close }
}

async function kept<T>(receiving: Promise<T>, log: Log): Promise<T> {
  return receiving.catch((error: unknown) => {
    log.warn({ reason: reason(error) }, 'web: not kept')
    const why = error instanceof Closing ? 'the server is going down' : 'the queue is away'
    throw problem(503, `the message could not be kept because ${why}: try again in a moment`)
  })
}

function whyNoAnswer({ closing, patienceMs }: ChatApiOptions): [503 | 504, string] {
  if (closing.aborted) return [503, 'the server is going down: the message is kept and will be answered in its session']
  return [504, `no answer within ${Math.round(patienceMs / 1000)} seconds: the turn goes on, ask again with the same session_id`]
}

/** A session belongs to the key that began it: with another key the same id is another talk. */
function conversationOf(c: Context, session: string): Conversation {
  const caller = callerId(c.req.header('authorization'))
  return caller === localCaller ? `web:${session}` : `web:${caller}:${session}`
}

function authorOf(c: Context): Author {
  const id = callerId(c.req.header('authorization'))
  const locale = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*/.exec(c.req.header('accept-language') ?? '')?.[0]
  return { id, name: id, ...(locale === undefined ? {} : { locale }) }
}

/** A slot for one card: pushing over an unread one replaces it, unless that was the last word. */
function createNewest(ends: AbortSignal) {
  let newest: Card | undefined
  let ended = false
  let wake = () => {}
  const end = () => {
    ended = true
    wake()
  }
  ends.addEventListener('abort', end, { once: true })
  return {
    push(card: Card) {
      if (newest?.final) return
      newest = card
      wake()
    },
    end,
    async *values(): AsyncGenerator<Card> {
      while (true) {
        if (newest) {
          const card = newest
          newest = undefined
          yield card
        } else if (ended || ends.aborted) return
        else
          await new Promise<void>(resolve => {
            wake = resolve
          })
      }
    },
  }
}
