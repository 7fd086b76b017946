import type { Adapter, Receive } from './adapter.ts'
import { type CommandTools, findCommand, nearestCommand } from './commands.ts'
import { type Words, wordsFor } from './i18n/i18n.ts'
import { type Log, reason } from './log.ts'
import { isMessage, isPress, type Message, type Press } from './message.ts'
import type { Inbox } from './queue/inbox.ts'
import { deliver } from './reply/deliver.ts'
import { split } from './reply/split.ts'

export interface ReceiveTools extends CommandTools {
  inbox: Inbox
  locale: string
  log: Log
  /** Ends the delivery of answers to commands. */
  closing: AbortSignal
}

/** What one message may hold; more than any platform lets a person send, and a tenth of a model's window. */
export const longestMessage = 100_000

/**
 * The hall behind the front door: what needs no model is answered here at once, all else is kept in the inbox.
 * Resolves when what was heard is safe; rejects when it is not.
 */
export function createReceive(adapter: Adapter, tools: ReceiveTools): Receive {
  return async what => {
    if (isMessage(what)) await receiveMessage(what, adapter, tools)
    else if (isPress(what)) await receivePress(what, tools)
    // A changed message keeps its first text: the turn for it may be over.
  }
}

async function receiveMessage(message: Message, adapter: Adapter, tools: ReceiveTools): Promise<void> {
  const words = wordsFor(message.author.locale, tools.locale)
  const answer = immediateAnswer(message, words, tools)
  if (!answer) {
    if (await tools.inbox.add(message)) await tools.jobs.ring(message.conversation)
  } else if (await tools.inbox.isNew(message.conversation, message.id)) {
    void say(await answer(), message, adapter, tools)
  }
}

/** How to answer without a turn, if that can be. */
function immediateAnswer(message: Message, words: Words, tools: ReceiveTools): (() => Promise<string>) | undefined {
  const { text, attachments, quoted } = message
  if (text.length > longestMessage) return async () => words.tooLong(text.length, longestMessage)
  if (text.trim() === '' && attachments.length === 0 && quoted === undefined) return async () => words.empty
  const found = findCommand(text)
  if (!found) return undefined
  const { command, name, argument } = found
  if (!command) return async () => words.unknownCommand(name, nearestCommand(name))
  const { run } = command
  return run && (() => run(message, argument, words, tools))
}

/** Not awaited by who listens to the platform: a slow platform must not hold up what others say. */
async function say(text: string, message: Message, adapter: Adapter, { closing, log }: ReceiveTools): Promise<void> {
  const parts = split(text, adapter.limits)
  let sent = 0
  async function bring(): Promise<boolean> {
    const part = parts[sent]
    if (part === undefined) return false
    await adapter.post(
      message.conversation,
      { text: part, buttons: [], final: sent === parts.length - 1 },
      sent === 0 ? message.replyTo : undefined,
    )
    sent++
    return true
  }
  await deliver(bring, { forget() {}, signal: closing, log }).catch((error: unknown) =>
    log.error({ conversation: message.conversation, reason: reason(error) }, 'the answer to a command could not be delivered'),
  )
}

async function receivePress(press: Press, { inbox, stops }: ReceiveTools): Promise<void> {
  if (press.action !== 'stop' || !(await inbox.isNew(press.conversation, press.id))) return
  await stops.ask({ conversation: press.conversation, token: press.token, by: press.author.id })
}
