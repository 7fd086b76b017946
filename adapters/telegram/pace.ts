import type { Pace } from '../../src/adapter.ts'
import { addressOf, type Conversation } from '../../src/message.ts'
import { personOf } from './asides.ts'

/**
 * Telegram's "Bots FAQ": about one message a second in a private chat, 20 a minute in a group, whichever topic they go to, and 30 a
 * second in all. In a private chat it is seen to allow ten edits in the first ten seconds, and then about twenty a minute.
 */
export function paceOf(conversation: Conversation, replyTo?: string, perSecond = usualPerSecond): Pace {
  const chat = String(personOf(replyTo) ?? addressOf(conversation)[0])
  const overall = { lane: 'telegram', burst: perSecond, refillMs: 1000 / perSecond }
  const isGroup = chat.startsWith('-')
  return { lane: `telegram:${chat}`, overall, ...(isGroup ? group : privateChat) }
}

/** Of all chats together. */
const usualPerSecond = 25

const privateChat = { burst: 8, refillMs: 3000, gapMs: 1100 }
const group = { burst: 3, refillMs: 3600, gapMs: 1500 }
