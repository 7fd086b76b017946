import { type Api, GrammyError, HttpError } from 'grammy/web'
import { Gone, RateLimited, Refused } from '../../src/errors.ts'

/** Telegram's words for a message, a topic or a chat that is no more; 403 says that the bot was blocked or put out. */
const goneWords =
  /chat not found|chat_write_forbidden|not enough rights|upgraded to a supergroup|message to edit not found|message can't be edited|message_id_invalid|message thread not found|topic_closed|topic_deleted|user is deactivated|peer_id_invalid/i

/** The error that the house acts on, or one sentence without the payload (what was said) and the address (which holds the token). */
export function toHouseError(error: unknown): Error {
  if (error instanceof HttpError)
    return new Error(`Telegram could not be reached for ${methodOf(error)}: ${networkReason(error.error)}`)
  if (!(error instanceof GrammyError)) return error instanceof Error ? error : new Error(String(error))
  const { error_code: code, description, method, parameters } = error
  if (code === 429) return new RateLimited((parameters.retry_after ?? 1) * 1000)
  if (code === 403 || (code === 400 && goneWords.test(description))) return new Gone(`Telegram: ${description}`)
  const sentence = `Telegram refused ${method}: ${code} ${description}`
  return code === 400 ? new Refused(sentence) : new Error(sentence)
}

export const isCode = (error: unknown, code: number): boolean => error instanceof GrammyError && error.error_code === code

/** "The same text twice": the message already looks as it should. */
export const isNotModified = (error: unknown): boolean =>
  error instanceof GrammyError && /message is not modified/i.test(error.description)

const methodOf = (error: HttpError) => /'(\w+)'/.exec(error.message)?.[1] ?? 'a call'

/** Codes and names only: the messages of some network errors hold the whole address. */
function networkReason(error: unknown): string {
  if (error instanceof SyntaxError) return 'the answer is not JSON'
  if (!(error instanceof Error)) return 'unknown reason'
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'no answer in time'
  const { cause } = error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name
}

export type Signal = NonNullable<Parameters<Api['getMe']>[0]>

/** Ends a call after so long, or when `also` does. grammY's types know only the AbortSignal of an old package, its code takes any. */
export function within(ms: number, also?: AbortSignal): Signal {
  const timeout = AbortSignal.timeout(ms)
  return (also ? AbortSignal.any([also, timeout]) : timeout) as Signal
}
