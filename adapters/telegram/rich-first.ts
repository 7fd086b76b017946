import type { InputRichBlock } from 'grammy/types'
import { GrammyError } from 'grammy/web'
import { Refused } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import { toRich } from './rich.ts'

/** `auto`: only for what text with entities can but imitate, which are tables, headings and formulas. */
export type RichMode = 'off' | 'auto' | 'on'

/**
 * Shows a text as a rich message where that is wanted, and as `plain` text where Telegram refuses it, which then is remembered: for a
 * `message` as long as it is one of the last, and for all when the server knows no rich messages. What `rich` makes must pass on the errors
 * of `sayUnknown`.
 */
export type RichFirst = <T>(text: string, message: string | undefined, manner: Manner<T>) => Promise<T>

export interface Manner<T> {
  rich(blocks: InputRichBlock[]): Promise<T>
  plain(): Promise<T>
}

/** A server that is brought up to date is believed again after so long. */
const restMs = 3_600_000
const remembered = 200

export function createRichFirst(mode: RichMode, log: Log): RichFirst {
  const refused = new Set<string>()
  let restsUntil = 0

  function remember(error: Refused, message: string | undefined): void {
    if (error instanceof Unknown) {
      restsUntil = performance.now() + restMs
      log.warn({}, 'Telegram: this server of the Bot API knows no rich messages (10.2 does), so all is said as text')
    } else log.info({ reason: reason(error) }, 'Telegram: a rich message was refused and is said as text')
    if (message !== undefined) refused.add(message)
    const [oldest] = refused
    if (refused.size > remembered && oldest !== undefined) refused.delete(oldest)
  }

  return async (text, message, { rich, plain }) => {
    const isOff = mode === 'off' || performance.now() < restsUntil || (message !== undefined && refused.has(message))
    const blocks = isOff ? undefined : toRich(text, mode === 'on')
    if (!blocks) return plain()
    try {
      return await rich(blocks)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      remember(error, message)
      return plain()
    }
  }
}

/** The server does not know what a rich message is. */
class Unknown extends Refused {}

/** A server that does not know the method says 404; one that does not know the field misses the text. */
export function sayUnknown(error: unknown): never {
  const isUnknown =
    error instanceof GrammyError &&
    (error.error_code === 404 || (error.error_code === 400 && /message text is empty/i.test(error.description)))
  throw isUnknown ? new Unknown(`Telegram knows no rich messages here: ${error.error_code} ${error.description}`) : error
}
