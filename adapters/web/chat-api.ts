import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import type { SSEStreamingApi } from 'hono/streaming'
import type { Message } from '../../src/message.ts'
import { layAside } from './attached.ts'
import { isNotBehind, placeId, readPlace } from './place.ts'
import { problem, refusal } from './problem.ts'
import { chatRequest, followRequest, type Question, readBody, toFollowed, toQuestion } from './question.ts'
import { type Card, followReply } from './reply-line.ts'
import type { Route } from './route.ts'
import { stream } from './sse.ts'
import { authorOf, conversationOf, enterSession, kept, patienceOf, type TalkOptions, whyNoAnswer } from './talk.ts'

/** Talk: a whole answer, a live one, and the buttons under it. */
export function chatRoutes(options: TalkOptions): Route[] {
  return [
    {
      method: 'POST',
      body: chatRequest,
      path: '/chat',
      about: '{message, session_id?, attachments?} or {messages, …} → {response, session_id}',
      handle: c => answerWhole(c, options),
    },
    {
      method: 'POST',
      body: chatRequest,
      gives: 'events',
      path: '/chat/stream',
      about: 'the same, as server-sent events: session, card (each state of the reply), done, error',
      handle: c => answerLive(c, options),
    },
    {
      method: 'POST',
      body: followRequest,
      gives: 'events',
      path: '/chat/follow',
      about: '{session_id, message_id} → takes a stream up again that broke; an answer is kept for 15 minutes',
      handle: c => followLive(c, options),
    },
  ]
}

async function answerWhole(c: Context, options: TalkOptions): Promise<Response> {
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

async function answerLive(c: Context, options: TalkOptions): Promise<Response> {
  const place = readPlace(c)
  if (place) return streamCards(c, place.session, await follow(c, place.session, place.messageId, options, place.at), options)
  const question = toQuestion(await readBody(c))
  return streamCards(c, question.session, await ask(c, question, 'chat', options), options)
}

async function followLive(c: Context, options: TalkOptions): Promise<Response> {
  const { session, messageId } = toFollowed(await readBody(c))
  return streamCards(c, session, await follow(c, session, messageId, options, ''), options)
}

function streamCards(c: Context, session: string, turn: Turn, options: TalkOptions): Response {
  return stream(c, options, opened => sendCards(opened, session, turn, options), turn.close)
}

async function sendCards(opened: SSEStreamingApi, session: string, turn: Turn, options: TalkOptions): Promise<void> {
  const send = (event: string, data: unknown) => opened.writeSSE({ event, data: JSON.stringify(data) })
  await send('session', { session_id: session, message_id: turn.messageId })
  for await (const { at, ...card } of turn.cards) {
    const id = placeId({ session, messageId: turn.messageId, at, shown: 0 })
    await opened.writeSSE({ event: 'card', data: JSON.stringify(card), id })
    if (card.final) return send('done', { response: card.text, session_id: session })
  }
  await send('error', refusal(...whyNoAnswer(options)).error)
}

/** `at` is its place in the feed. */
type SeenCard = Card & { at: string }

interface Turn {
  /** Of the question. */
  messageId: string
  /** The states of the reply; a slow reader gets the newest and misses those between. Ends without a final one if nobody answers in time. */
  cards: AsyncIterable<SeenCard>
  /** Stops listening; the turn itself runs on. May be called twice. */
  close(): void
}

/** Listens first and asks then, so that not even an instant answer is missed. */
async function ask(
  c: Context,
  { session, text, attachments }: Question,
  kind: Message['kind'],
  options: TalkOptions,
): Promise<Turn> {
  const id = `web:${randomUUID()}`
  await enterSession(authorOf(c), session, options)
  const turn = await follow(c, session, id, options)
  const conversation = conversationOf(c, session)
  const base = { id, conversation, author: authorOf(c), text, replyTo: id, sentAt: Date.now(), kind, alone: true as const }
  try {
    const laid = await kept(layAside(attachments, conversation, options.files), options.log)
    await kept(options.receive({ ...base, attachments: laid }), options.log)
  } catch (error) {
    turn.close()
    throw error
  }
  return turn
}

/** With `after`, what was told before as well, behind that place. */
export async function follow(
  c: Context,
  session: string,
  messageId: string,
  options: TalkOptions,
  after?: string,
): Promise<Turn> {
  const patience = patienceOf(c.req.raw.signal, options)
  const cards = createNewest(patience.over)
  const hear = (card: Card, at: string) => {
    if (!after || !isNotBehind(at, after)) cards.push({ ...card, at })
  }
  const listening = followReply(options.feed, conversationOf(c, session), messageId, hear, after !== undefined)
  const unlisten = await listening.catch((error: unknown) => {
    patience.stop()
    throw error
  })
  const close = () => {
    unlisten()
    patience.stop()
    cards.end()
  }
  return { messageId, cards: cards.values(), close }
}

/** A slot for one card: pushing over an unread one replaces it, unless that was the last word. */
function createNewest(ends: AbortSignal) {
  let newest: SeenCard | undefined
  let ended = false
  let wake = () => {}
  const end = () => {
    ended = true
    wake()
  }
  ends.addEventListener('abort', end, { once: true })
  return {
    push(card: SeenCard) {
      if (newest?.final) return
      newest = card
      wake()
    },
    end,
    async *values(): AsyncGenerator<SeenCard> {
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
