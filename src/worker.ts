import type { AgentEvent } from './agent/events.ts'
import { openBehind } from './behind.ts'
import { payerOf } from './budgets.ts'
import { areTakenBack, compose, type WorkerTools } from './compose.ts'
import { deliverFinal } from './delivery.ts'
import { Parked } from './errors.ts'
import { chooseWords } from './i18n/i18n.ts'
import { type Media, openMedia } from './media/media.ts'
import { type Message, platformOf } from './message.ts'
import { adapterFor, openReplyTo } from './opening.ts'
import { openPurse } from './paying.ts'
import type { Final, TurnRecord } from './queue/journal.ts'
import type { Asked } from './queue/retries.ts'
import { tokenOf } from './queue/token.ts'
import { filesOf, seenBefore } from './recall.ts'
import { awayNotice } from './reply/away-notice.ts'
import { askEarly, openLane } from './reply/pacer.ts'
import type { Reply } from './reply/reply.ts'
import { openReporting } from './reporting.ts'
import { openTelling } from './telling.ts'
import { accountFor } from './terms.ts'
import { type Turn, TurnEnded } from './turns.ts'

/**
 * Answers the first of the messages that wait, and those behind it that belong to it: the whole story of the house. Throws when the turn
 * could not be ended here; the messages are then still in the inbox, and the journal knows how far it came.
 */
export async function answer(waiting: Message[], turn: Turn, given: WorkerTools): Promise<Message[] | undefined> {
  const { inbox, redact, budgets } = given
  const { record, chosen, lane } = await beginTurn(waiting, turn, given)
  const { messages, replies } = record
  if (areTakenBack(messages) && replies.length === 0 && !record.again) return inbox.finish(messages, [], turn.lease)
  const question = questionOf(messages)
  const account = accountFor(question, chosen.model, given)
  const payer = payerOf(question)
  const report = openReporting(question, record, turn, account, given)
  const purse = openPurse(budgets, payer, { ...given, model: report.model })
  const digests = given.digests && openPurse(budgets, payer, { ...given, model: given.digests }).model
  const tools = { ...given, adapters: report.adapters, model: purse.model, toolbox: purse.toolbox, ...(digests && { digests }) }
  const { language, steps } = chosen
  const wordsOf = chooseWords(language, tools.locale)
  const words = wordsOf(question.author)
  let ids = replies
  const seen = record.final ? [] : await seenBefore(question, record, tools)
  const reply = openReplyTo(question, record, { words, steps, redact }, turn, lane, tools, posted => {
    ids = posted
    behind.begun()
  })
  const adapter = adapterFor(question, tools)
  const telling = openTelling({ ...tools, question, adapter })
  const show = (event: AgentEvent) => {
    reply.show(event)
    telling.show(event, reply.view)
  }
  for (const event of seen) show(event) // before its first edit, which would take a question's buttons away
  const media = openMediaOf(question, record, reply, turn, tools)
  const options = { ...tools, ...turn, taken: messages, notes: record.notes, adapter, reply, wordsOf }
  const interrupt = () => turn.end('interrupt')
  const behind = openBehind({ ...options, read: media.read, hasBegun: () => ids.length > 0, interrupt })
  turn.onMail(behind.look)
  if (waiting.length > messages.length || record.notes.size > 0) behind.look()
  try {
    const final =
      record.final ??
      awayNotice(question, words) ??
      (await compose({ question, record, reply, show: report.over(show), behind, media, turn, words, purse, account, tools }))
    if (!(await keepAnswer({ messages: behind.taken, ...(ids[0] && { reply: ids[0] }) }, record, final, turn, tools))) {
      await reply.leave()
      throw new TurnEnded('restart')
    }
    if (final.end) await telling.end(final.end)
    await deliverFinal(final, { ...tools, ...turn, question, reply, words, adapter })
    const left = await inbox.finish(behind.taken, final.entries, turn.lease)
    report.finished()
    return left
  } catch (error) {
    report.failed(error)
    if (!(error instanceof Parked)) throw error
    await reply.rest()
    if (!(await tools.asks.park(behind.taken, error.token, turn.lease))) throw new TurnEnded('restart') // answered meanwhile
    return undefined
  } finally {
    await Promise.all([behind.close(), reply.leave()]).finally(() => report.end(reply.view))
  }
}

/**
 * What has to be known of a turn before anything is done for it, in one round trip, with the place of its first post in the line of calls.
 * Throws when other words wait by now.
 */
async function beginTurn(waiting: Message[], { lease }: Turn, { journal, settings, adapters, pacer }: WorkerTools) {
  const { conversation } = lease
  const beginning = Promise.all([journal.begin(lease, waiting), settings.all(conversation)])
  const laneOf = (message: Message) => openLane(adapterFor(message, { adapters }), message, pacer)
  const [alone] = waiting.length === 1 && adapters.has(platformOf(conversation)) ? waiting : []
  const early = alone && askEarly(laneOf(alone), 'post')
  const [record, chosen] = await beginning
  if (!record) throw new TurnEnded('restart')
  return { record, chosen, lane: early ?? laneOf(questionOf(record.messages)) }
}

/** The answer, and the question that can be asked once more. False when the turn has to begin anew. */
async function keepAnswer(
  asked: Asked,
  { final: before, messages: [first] }: TurnRecord,
  final: Final,
  { lease }: Turn,
  { journal, retries }: WorkerTools,
): Promise<boolean> {
  const { id = '', terms } = first ?? {}
  const [isKept] = await Promise.all([
    before ? true : journal.keepFinal(lease, id, final),
    terms ? undefined : retries.keep(asked, final.retry && tokenOf(id)),
  ])
  return isKept
}

/** What is answered together, as one message: the first, whose turn it is, with the reply below the last. */
function questionOf(messages: Message[]): Message {
  const [first] = messages
  if (!first) throw new Error('a turn needs a message')
  const { replyTo } = messages.findLast(({ withdrawn }) => !withdrawn) ?? first
  return replyTo === undefined ? first : { ...first, replyTo }
}

function openMediaOf(message: Message, { steps }: TurnRecord, reply: Reply, { signal }: Turn, tools: WorkerTools): Media {
  return openMedia({
    ...tools,
    conversation: message.conversation,
    adapter: adapterFor(message, tools),
    // Who calls a tool himself is handed its files; another program gets the answer alone.
    ...(message.kind === 'api' && { canPost: message.terms?.direct !== undefined }),
    kept: filesOf(steps),
    onMissed: missed => reply.show({ type: 'notice', notice: { kind: 'unread', ...missed } }),
    signal,
  })
}
