import type { Adapter } from './adapter.ts'
import type { Log } from './log.ts'
import { type Message, platformOf } from './message.ts'
import type { Journal, TurnRecord } from './queue/journal.ts'
import { tokenOf } from './queue/token.ts'
import type { Look } from './reply/card.ts'
import type { Lane } from './reply/pacer.ts'
import { openReply, type Reply } from './reply/reply.ts'
import type { Turn } from './turns.ts'

interface OpeningTools {
  adapters: Map<string, Adapter>
  journal: Journal
  log: Log
}

/** The reply to this message, which the journal finds again; `onPosted` is told of every message that it becomes. */
export function openReplyTo(
  message: Message,
  { replies, again }: TurnRecord,
  look: Look,
  { lease, closing }: Turn,
  lane: Lane,
  tools: OpeningTools,
  onPosted: (ids: string[]) => void,
): Reply {
  const { journal, log } = tools
  return openReply({
    adapter: adapterFor(message, tools),
    message,
    look,
    turn: tokenOf(message.id),
    posted: replies,
    again,
    async keep(ids) {
      await journal.keepReplies(lease, message.id, ids)
      onPosted(ids)
    },
    mayAct: lease.check,
    stopButton: { label: look.words.stop, action: 'stop', token: tokenOf(message.id) },
    lane,
    closing,
    log,
  })
}

/** Throws where this worker cannot speak. */
export function adapterFor({ conversation }: Message, { adapters }: Pick<OpeningTools, 'adapters'>): Adapter {
  const platform = platformOf(conversation)
  const adapter = adapters.get(platform)
  if (!adapter) throw new Error(`this worker cannot speak on ${platform}: its token is missing here`)
  return adapter
}
