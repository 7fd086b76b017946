import type { Adapter } from './adapter.ts'
import { isAdmin } from './admins.ts'
import { Refused } from './errors.ts'
import { errorId, type Log, reason } from './log.ts'
import { type Author, type Conversation, platformOf } from './message.ts'
import type { Audit, Deed } from './permissions/audit.ts'
import { type Redact, redactedText } from './redact.ts'
import { deliver, mayCall } from './reply/deliver.ts'
import { openLane, type Pacer } from './reply/pacer.ts'
import { split } from './reply/split.ts'

/** Posts into chats on behalf of who asks elsewhere, which only admins may. */
export interface Posting {
  mayPost(author: Author): boolean
  /** Resolves with why it was not posted, or not to its end, in one sentence. Rejects with what aborted the signal. */
  post(author: Author, conversation: Conversation, text: string, signal: AbortSignal): Promise<string | undefined>
}

export interface PostingOptions {
  /** The door where they ask: a person's id is of there. */
  platform: string
  /** Where people talk with each other. */
  chats(): Adapter[]
  /** `platform:native id` of each. */
  admins: string[]
  audit: Audit
  pacer: Pacer
  redact: Redact
  log: Log
}

/** Each attempt is in the audit log, as `post_message`. */
export function createPosting({ platform, chats, admins, audit, pacer, redact, log }: PostingOptions): Posting {
  const mayPost = (author: Author) => isAdmin(`${platform}:${author.id}`, author, admins)

  /** What cannot be written down is told to the log: it was posted, or not, all the same. */
  async function note(person: string, conversation: Conversation, text: string, came: Pick<Deed, 'decision' | 'outcome'>) {
    const input = JSON.stringify({ conversation, text })
    const deed = { person: `${platform}:${person}` as const, name: person, conversation, tool: 'post_message', input, ...came }
    await audit.add(deed).catch((error: unknown) => {
      log.error({ conversation, reason: reason(error) }, 'a post could not be written into the audit log')
    })
  }

  async function bring(conversation: Conversation, text: string, signal: AbortSignal): Promise<string | undefined> {
    const adapter = chats().find(one => one.platform === platformOf(conversation))
    const known = chats().map(one => one.platform)
    if (!adapter) return `there is no such place: the platforms here are ${known.join(', ') || 'none'}`
    const parts = split(redactedText(text, redact), adapter.limits)
    const lane = openLane(adapter, { conversation }, pacer)
    let sent = 0
    const next = async () => {
      const part = parts[sent]
      if (part === undefined) return false
      await mayCall(lane, signal)
      await adapter.post(conversation, { text: part, buttons: [], final: true })
      sent++
      return sent < parts.length
    }
    await deliver(next, { forget() {}, hush: lane.hush, signal, log })
    return sent < parts.length ? 'the chat is not there, or the bot is not in it' : undefined
  }
  return {
    mayPost,
    async post(author, conversation, text, signal) {
      const done = (outcome: NonNullable<Deed['outcome']>) => note(author.id, conversation, text, { decision: 'admin', outcome })
      if (!mayPost(author)) {
        await note(author.id, conversation, text, { decision: 'deny' })
        return 'only admins may post into chats: the operator has to name this key in ADMINS'
      }
      try {
        const why = await bring(conversation, text, signal)
        await done(why === undefined ? 'ok' : 'failed')
        return why
      } catch (error) {
        await done(signal.aborted ? 'cut-off' : 'failed')
        signal.throwIfAborted()
        const id = errorId()
        log[error instanceof Refused ? 'warn' : 'error']({ error: id, conversation, reason: reason(error) }, 'not posted')
        return `the platform did not take it (error ${id} in the log)`
      }
    },
  }
}
