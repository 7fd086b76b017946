import type { Adapter, Receive } from './adapter.ts'
import { isAdmin } from './admins.ts'
import { isAnswer, pressAnswer, stopWaiting, type Told, takeTyped, typingFor } from './answers.ts'
import { type CommandTools, findCommand, nearestCommand } from './commands.ts'
import { Closing, Gone } from './errors.ts'
import { chooseWords, type Words } from './i18n/i18n.ts'
import { errorId, reason } from './log.ts'
import { type Change, isMessage, isPress, type Message, type Press } from './message.ts'
import { strangePress } from './permissions/audit.ts'
import type { Away } from './queue/away.ts'
import { tokenOf } from './queue/token.ts'
import type { Redact } from './redact.ts'
import { deliver, mayCall } from './reply/deliver.ts'
import { openLane, type Pacer } from './reply/pacer.ts'
import { split } from './reply/split.ts'

export interface ReceiveTools extends CommandTools {
  pacer: Pacer
  away: Away
  locale: string
  redact: Redact
  /** Whether Redis can be reached. */
  isUp(): boolean
  /** Ends the delivery of answers to commands; nothing is heard any more. */
  closing: AbortSignal
}

/** What one message may hold; more than any platform lets a person send, and a tenth of a model's window. */
export const longestMessage = 100_000
const keepingMayTakeMs = 5000

/**
 * The hall behind the front door: what needs no model is answered here at once, all else is kept in the inbox.
 * Resolves when what was heard is safe; rejects when it is not.
 */
export function createReceive(adapter: Adapter, tools: ReceiveTools): Receive {
  return async what => {
    if (tools.closing.aborted) throw new Closing('the house is closing')
    if (!tools.isUp()) throw new Error('Redis is away')
    if (isMessage(what)) await soon(receiveMessage(what, adapter, tools))
    else if (isPress(what)) await soon(receivePress(what, adapter, tools))
    else await soon(receiveChange(what, tools))
  }
}

/** A platform must not wait for a Redis that went away meanwhile. What is kept after all is recognised when it is offered again. */
async function soon(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Redis does not answer')), keepingMayTakeMs)
  })
  await Promise.race([work, tooLate]).finally(() => clearTimeout(timer))
}

async function receiveMessage(heard: Message, adapter: Adapter, tools: ReceiveTools): Promise<void> {
  const message = { ...heard, text: heard.text.toWellFormed() }
  if (message.unansweredBefore !== undefined) {
    if (await tools.away.add(message)) await tools.jobs.ring(message.conversation)
    return
  }
  const question = findCommand(message.text) && !message.terms ? { ...message, alone: true as const } : message
  const atOnce = message.terms ? undefined : immediateAnswer(message, tools)
  if (!atOnce && (await receiveQuestion(question, tools)) !== 'asked') return
  const typing = await typingFor(message, tools)
  const answer = typing ? (words: Words) => takeTyped(typing, message, words, tools) : atOnce
  if (!answer) await ringFor(question, tools.inbox.add(question), tools)
  else if (await tools.inbox.isNew(message.conversation, message.id)) {
    void answerAtOnce(answer, message, adapter, tools)
  }
}

/** `asked`: nothing was kept, since it may answer what its author was asked. */
async function receiveQuestion(message: Message, tools: ReceiveTools): Promise<'asked' | undefined> {
  const keeping = message.terms ? tools.inbox.add(message) : tools.inbox.addUnlessAsked(message)
  return (await ringFor(message, keeping, tools)) === 'asked' ? 'asked' : undefined
}

/** Resolves as `keeping` does. */
async function ringFor<T>({ conversation }: Message, keeping: Promise<T>, { jobs, signals }: ReceiveTools): Promise<T> {
  await jobs.ring(conversation, keeping)
  const ahead = await keeping
  if (typeof ahead === 'number' && ahead > 0) await signals.send({ conversation, what: 'mail' })
  return ahead
}

type ImmediateAnswer = (words: Words) => Promise<string>

/** How to answer without a turn, if that can be. */
function immediateAnswer(message: Message, tools: ReceiveTools): ImmediateAnswer | undefined {
  const { text, attachments, quoted } = message
  if (text.length > longestMessage) return async words => words.tooLong(text.length, longestMessage)
  if (text.trim() === '' && attachments.length === 0 && quoted === undefined) return async words => words.empty
  const found = findCommand(text)
  if (!found) return undefined
  const { command, name, argument } = found
  if (!command) return async words => words.unknownCommand(name, nearestCommand(name))
  const { run } = command
  return run && (words => run(message, argument, words, tools))
}

/** Not awaited by who listens to the platform: a slow platform must not hold up what others say. Never throws. */
async function answerAtOnce(answer: ImmediateAnswer, message: Message, adapter: Adapter, tools: ReceiveTools): Promise<void> {
  const facts = { conversation: message.conversation, message: message.id }
  try {
    const words = await wordsFor(message, tools)
    const text = await answer(words).catch((error: unknown) => {
      const id = errorId()
      tools.log.error({ ...facts, error: id, reason: reason(error) }, 'a command failed')
      return words.failed(id)
    })
    await say(text, message, adapter, tools)
  } catch (error) {
    tools.log.error({ ...facts, reason: reason(error) }, 'the answer to a command could not be delivered')
  }
}

async function wordsFor({ conversation, author }: Message | Press, { settings, locale, log }: ReceiveTools): Promise<Words> {
  const language = await settings.get(conversation, 'language').catch((error: unknown) => {
    log.warn({ conversation, reason: reason(error) }, 'the language of a conversation could not be read')
    return 'auto'
  })
  return chooseWords(language, locale)(author)
}

async function say(text: string, message: Message, adapter: Adapter, tools: ReceiveTools): Promise<void> {
  const { closing, pacer, redact, log } = tools
  const parts = split(redact(text), adapter.limits)
  let sent = 0
  let before: string | undefined
  async function bring(): Promise<boolean> {
    const part = parts[sent]
    if (part === undefined) return false
    const out = { text: part, buttons: [], final: sent === parts.length - 1 }
    before = await adapter.post(message.conversation, out, sent === 0 ? message.replyTo : undefined, undefined, before)
    sent++
    return true
  }
  const lane = openLane(adapter, message, pacer)
  const bringInTime = async () => sent < parts.length && (await mayCall(lane, closing)) && bring()
  await deliver(bringInTime, { forget() {}, hush: lane.hush, signal: closing, log })
}

/** Never throws. */
async function sayTo(press: Press, { text, openly }: Told, adapter: Adapter, tools: ReceiveTools): Promise<void> {
  const { conversation, aside } = press
  const words = await wordsFor(press, tools)
  const out = { text, buttons: [], final: true }
  await adapter.post(conversation, out, openly ? undefined : aside).catch(async (error: unknown) => {
    if (error instanceof Gone && !openly) await adapter.post(conversation, { ...out, text: words.writeFirst }).catch(() => {})
    tools.log.warn({ conversation, reason: reason(error) }, 'who pressed a button could not be told')
  })
}

async function receiveChange(change: Change, tools: ReceiveTools): Promise<void> {
  const { inbox, signals } = tools
  const changed = await inbox.change(change)
  if (changed.was === 'too late' && change.text === undefined) await stopParked(change, tools)
  if (changed.was === 'waiting') await signals.send({ conversation: change.conversation, what: 'mail' })
  if (changed.was !== 'running') return
  const what = changed.left === 0 ? 'withdraw' : 'restart'
  await signals.send({ conversation: change.conversation, token: tokenOf(changed.turn), what })
}

/** Whoever could delete the question could have stopped its turn. */
async function stopParked({ id, conversation }: Change, tools: ReceiveTools): Promise<void> {
  const question = await tools.asks.ofTurn(conversation, tokenOf(id))
  if (question) await stopWaiting(conversation, question.asker, question.turn, tools)
}

/** Only the asker and an admin may press; a second press, or one below an old answer, changes nothing. */
async function receivePress(press: Press, adapter: Adapter, tools: ReceiveTools): Promise<void> {
  const { conversation, action, token, author } = press
  const mayAll = isAdmin(conversation, author, tools.admins)
  if (action === 'stop' && (await tools.inbox.isNew(conversation, press.id))) {
    const [asked] = mayAll ? [] : await tools.inbox.waiting(conversation)
    if (asked && asked.author.id !== author.id && tokenOf(asked.id) === token) await tools.audit.add(strangePress(press, action))
    await tools.signals.send({ conversation, token, ...(!mayAll && { by: author.id }), what: 'stop' })
    await stopWaiting(conversation, author, token, tools)
  }
  if (isAnswer(press) && (await tools.inbox.isNew(conversation, press.id))) {
    const words = await wordsFor(press, tools)
    const told = await pressAnswer(press, words, tools)
    if (told) void sayTo(press, told, adapter, tools)
  }
  if (action === 'retry') {
    const asked = await tools.retries.find(conversation, token)
    if (!asked) return
    if (!mayAll && asked.messages[0]?.author.id !== author.id) return tools.audit.add(strangePress(press, action))
    if (await tools.retries.ask(asked, press.id, token)) await tools.jobs.ring(conversation)
  }
}
