import type { Words } from '../i18n/i18n.ts'
import type { Message } from '../message.ts'
import type { Final } from '../queue/journal.ts'

/** The answer to a message that was heard too late for one, in place of a turn; undefined for any other. The model never hears of it. */
export function awayNotice({ unansweredBefore }: Message, words: Words): Final | undefined {
  if (unansweredBefore === undefined) return undefined
  return { text: words.away(clockTime(unansweredBefore, words.language)), entries: [] }
}

/** `14:05 GMT+8`: platforms do not tell where a person lives, so the time is that of this machine, and says so. */
function clockTime(ms: number, language: string): string {
  const parts = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' } as const
  return new Intl.DateTimeFormat(language, parts).format(ms)
}
