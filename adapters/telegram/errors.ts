import { type Api, GrammyError, HttpError } from 'grammy/web'
import { Gone, RateLimited, Refused } from '../../src/errors.ts'

/** Telegram's words for a message, a topic or a chat that is no more, or where the bot may not speak any more. */
const goneWords =
  /chat not found|chat_write_forbidden|chat_send_plain_forbidden|chat_restricted|not enough rights|no rights to send|message to edit not found|message can't be edited|message_id_invalid|message thread not found|topic_closed|topic_deleted|user is deactivated|peer_id_invalid/i
/** Where it may speak, but not send what it wanted to send. */
const unwantedWords = /rights to send (?!text|a message)\w|chat_send_(?!plain)\w+_forbidden/i

/** The bot was blocked, put out, or the chat deleted. */
export class ShutOut extends Gone {}

/** The group has become a supergroup, with another id and none of the old messages. */
export class Moved extends Gone {
  readonly to: number
  constructor(description: string, to: number) {
    super(description)
    this.to = to
  }
}

/** The error that the house acts on, or one sentence without the payload (what was said) and the address (which holds the token). */
export function toHouseError(error: unknown): Error {
  if (error instanceof HttpError)
    return new Error(`Telegram could not be reached for ${methodOf(error)}: ${networkReason(error.error)}`)
  if (!(error instanceof GrammyError)) return error instanceof Error ? error : new Error(String(error))
  const { error_code: code, description, method, parameters } = error
  if (code === 429) return new RateLimited((parameters.retry_after ?? 1) * 1000)
  const sentence = `Telegram refused ${method}: ${code} ${description}`
  if (parameters.migrate_to_chat_id !== undefined) return new Moved(sentence, parameters.migrate_to_chat_id)
  if (code === 403) return new ShutOut(sentence)
  if (code === 400 && !unwantedWords.test(description) && goneWords.test(description)) return new Gone(sentence)
  return code === 400 || code === 413 ? new Refused(sentence) : new Error(sentence)
}

export const isCode = (error: unknown, code: number): boolean => error instanceof GrammyError && error.error_code === code

/** "The same text twice": the message already looks as it should. */
export const isNotModified = (error: unknown): boolean =>
  error instanceof GrammyError && /message is not modified/i.test(error.description)

const methodOf = (error: HttpError) => /'(\w+)'/.exec(error.message)?.[1] ?? 'a call'

/** Codes and names only: the messages of some network errors hold the whole address. */
export function networkReason(error: unknown): string {
  if (error instanceof SyntaxError) return 'the answer is not JSON'
  if (!(error instanceof Error)) return 'unknown reason'
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'no answer in time'
  const { cause } = error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name
}

export type Signal = NonNullable<Parameters<Api['getMe']>[0]>

/** Makes a call that ends after so long. The clock stops with it: that of AbortSignal.timeout runs on, and a busy bot would have thousands. */
export async function limited<T>(ms: number, make: (signal: Signal) => Promise<T>): Promise<T> {
  const ending = new AbortController()
  const timer = setTimeout(() => ending.abort(new DOMException('no answer in time', 'TimeoutError')), ms)
  try {
    return await make(ending.signal as Signal)
  } finally {
    clearTimeout(timer)
  }
}

/** Ends a call after so long, or when `also` does. grammY's types know only the AbortSignal of an old package, its code takes any. */
export function within(ms: number, also?: AbortSignal): Signal {
  const timeout = AbortSignal.timeout(ms)
  return (also ? AbortSignal.any([also, timeout]) : timeout) as Signal
}
