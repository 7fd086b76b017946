import type { Message as Native, Update } from 'grammy/types'
import { type Log, reason } from '../../src/log.ts'
import type { Change, Heard } from '../../src/message.ts'
import { idOf, type Me, toChange, toMessage, toPress } from './inbound.ts'
import { inTime } from './late.ts'
import type { Notebook } from './notebook.ts'
import { continues, type Tail, tailOf } from './parts.ts'

export interface EarsOptions {
  notebook: Notebook
  /** By Telegram's clock, in milliseconds since 1970. */
  now(): number
  log: Log
}

/** What the updates of one message mean to the house; undefined if it is not for the bot. Rejects when the notebook does not answer. */
export type Hear = (updates: Update[], me: Me) => Promise<Heard | undefined>

export function createEars({ notebook, now, log }: EarsOptions): Hear {
  const joined = createJoined()

  /** In a group only one part of a message need be addressed to the bot, and it may have come by itself. */
  async function isFollowUp(native: Native): Promise<boolean> {
    if (!isGroup(native) || (native.media_group_id === undefined && native.text === undefined)) return false
    const tail = await notebook.read<Tail>(tailName(native))
    return tail !== undefined && continues(tail, native)
  }

  async function hearParts(update: Update, parts: Native[], me: Me): Promise<Heard | undefined> {
    const read = (isForBot?: boolean) => readSafely(update, () => toMessage(parts, me, isForBot), now(), log)
    const [first] = parts
    const last = parts.at(-1)
    if (!first?.chat || !last) return read()
    const heard = read() ?? ((await isFollowUp(first)) ? read(true) : undefined)
    const tail = heard && tailOf(last)
    if (tail && isGroup(last)) await notebook.write(tailName(last), tail)
    if (heard && parts.length > 1) joined.keep(parts)
    return heard
  }

  return async (updates, me) => {
    const [update] = updates
    if (!update) return undefined
    const { edited_message: edited, callback_query: query } = update
    if (edited) return readSafely(update, () => asEvent(update, toChange(joined.withEdited(edited), me)), now(), log)
    if (query) return readSafely(update, () => toPress(query), now(), log)
    return hearParts(
      update,
      updates.flatMap(({ message }) => message ?? []),
      me,
    )
  }
}

/** An update that breaks our reading of it is passed over: offered again, it would break it again, and block all others. */
function readSafely(update: Update, read: () => Heard | undefined, now: number, log: Log): Heard | undefined {
  try {
    const heard = read()
    return heard && inTime(heard, update, now)
  } catch (error) {
    log.error({ update: update.update_id, reason: reason(error) }, 'Telegram: an update could not be read')
    return undefined
  }
}

/** The update's number tells one edit from another: their dates have only seconds. */
const asEvent = ({ update_id }: Update, change: Change | undefined) =>
  change && { ...change, event: `telegram:edit:${update_id}` }

const isGroup = ({ chat }: Native) => chat.type !== 'private'
const tailName = ({ chat }: Native) => `tail:${chat.id}`

/** So many messages in parts are remembered, so that an edit of one part leaves the others. */
const remembered = 100

/** What came in parts lately. After a restart an edit of the first part is one of the whole, and an edit of another is not heard. */
function createJoined() {
  let all: Native[][] = []
  return {
    keep(parts: Native[]): void {
      all = [...all, parts].slice(-remembered)
    },
    /** All parts of the message as they are now. */
    withEdited(edited: Native): Native[] {
      const at = all.findIndex(parts => parts.some(part => idOf(part) === idOf(edited)))
      const parts = all[at]?.map(part => (idOf(part) === idOf(edited) ? edited : part))
      if (parts) all[at] = parts
      return parts ?? [edited]
    },
  }
}
