import type { Pace } from '../src/adapter.ts'
import { addressOf, type Conversation } from '../src/message.ts'

/** Stands in for `adapters/telegram/pace.ts`: the same buckets and the same distance between edits, with no bottom. */
export function paceOf(conversation: Conversation): Pace {
  const bottomless = { burst: 1_000_000, refillMs: 1 }
  return {
    lane: `telegram:${addressOf(conversation)[0]}`,
    ...bottomless,
    gapMs: 1100,
    overall: { lane: 'telegram', ...bottomless },
  }
}
