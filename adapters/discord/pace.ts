import { createHash } from 'node:crypto'
import type { Pace } from '../../src/adapter.ts'
import { addressOf, type Conversation } from '../../src/message.ts'
import { isFresh, parseInteraction } from './interaction.ts'

/**
 * Discord tells its limits in headers only. Five edits in five seconds is what a channel is seen to allow, for all messages in it
 * together: a text that grows takes four of them, so that its last words always find room. A slash command's answer has a bucket of its
 * own. In all, a bot may make 50 calls a second ("Rate Limits").
 */
export function paceOf(conversation: Conversation, replyTo?: string): Pace {
  const interaction = parseInteraction(replyTo)
  const lane =
    interaction && isFresh(interaction)
      ? `discord:interaction:${createHash('sha256').update(interaction.token).digest('base64url').slice(0, 16)}`
      : `discord:${addressOf(conversation)[0]}`
  return { lane, burst: 4, refillMs: 1100, gapMs: 1300, overall: { lane: 'discord', burst: 40, refillMs: 25 } }
}
