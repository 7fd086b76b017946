import { type APIMessage, MessageFlags, Routes } from 'discord.js'
import type { OutFile } from '../../src/adapter.ts'
import { Gone } from '../../src/errors.ts'
import { toFileEdit } from './body.ts'
import { type Call, codeOf, noMoreFollowUps } from './calls.ts'
import { formatInteraction, type Interaction, isFresh, isPrivate } from './interaction.ts'

/** One message, as Discord takes it. */
export interface Saying {
  body: object & { flags: number }
  files: OutFile[]
  /** The same as a file, of this name if it has none: for where no further message can be made. */
  asFile(name: string): OutFile
}

/** What can be said by the token of an interaction alone. */
export interface ThroughInteraction {
  /**
   * Fills the place that the acknowledgement holds open; whoever does so again with the same key fills the same one. Undefined if it
   * is not to be had, such as after a press, which holds none open.
   */
  fill(way: Interaction, saying: Saying, key: string | undefined): Promise<string | undefined>
  /** One message more; when there can be none, as a file on the message before it. Throws Gone when the interaction is over. */
  followUp(way: Interaction, saying: Saying): Promise<string>
  /** False if it has to be done in the channel. Throws Gone where that cannot be. */
  edit(way: Interaction, saying: Saying): Promise<boolean>
}

export function createThroughInteraction(call: Call): ThroughInteraction {
  /** Under which key each interaction's first place was filled. */
  const filled = new Map<string, Interaction & { key: string | undefined }>()

  async function editMessage(way: Interaction, messageId: string, body: object, files: OutFile[] = []): Promise<string> {
    return idOf(await call('PATCH', Routes.webhookMessage(way.appId, way.token, messageId), { auth: false, body, files }))
  }

  async function attach(way: Interaction, { asFile }: Saying): Promise<string> {
    const messageId = idIn(way)
    const kept = await attachmentsOf(call, way, messageId)
    const part = way.part ?? kept.length + 1
    const file = asFile(partName(part))
    const others = kept.filter(({ filename }) => filename !== file.name)
    return formatInteraction({ ...way, messageId: await editMessage(way, messageId, toFileEdit(others, file), [file]), part })
  }

  return {
    async fill(way, { body }, key) {
      const before = filled.get(way.token)
      if (!isFresh(way) || way.beside || (before && (key === undefined || before.key !== key))) return undefined
      const messageId = await unlessGone(editMessage(way, '@original', body))
      if (messageId === undefined) return undefined
      for (const [token, old] of filled) if (!isFresh(old)) filled.delete(token)
      filled.set(way.token, { ...way, key })
      return formatInteraction({ ...way, messageId })
    },
    async followUp(way, saying) {
      if (!isFresh(way)) throw over()
      const { part, ...before } = way
      const { body, files } = saying
      const flags = way.quiet ? body.flags | MessageFlags.Ephemeral : body.flags
      // once, for Discord knows no nonce here, so that a repetition could double it
      const options = { auth: false, once: true, body: { ...body, flags }, files }
      try {
        const message = await call('POST', Routes.webhook(way.appId, way.token), options)
        return formatInteraction({ ...before, messageId: idOf(message) })
      } catch (error) {
        if (codeOf(error) !== noMoreFollowUps) throw error
        return attach(before, saying)
      }
    },
    async edit(way, saying) {
      if (!isFresh(way) && isBound(way)) throw over()
      if (!isFresh(way)) return false
      const edited = way.part === undefined ? editMessage(way, idIn(way), saying.body) : attach(way, saying)
      return isBound(way) ? Boolean(await edited) : (await unlessGone(edited)) !== undefined
    },
  }
}

/** What it shows can be edited in no other way: a file that was put on another part would overwrite that part in the channel. */
const isBound = (way: Interaction) => isPrivate(way) || way.part !== undefined

function idIn({ messageId, beside }: Interaction): string {
  if (messageId === undefined && beside) throw new Gone('nothing was said beside the message whose button was pressed')
  return messageId ?? '@original'
}

const over = () => new Gone('the interaction is over, and its answer may be seen nowhere else')

const partName = (part: number) => `answer-${part}.md`

async function attachmentsOf(
  call: Call,
  { appId, token }: Interaction,
  messageId: string,
): Promise<{ id: string; filename: string }[]> {
  const message = (await call('GET', Routes.webhookMessage(appId, token, messageId), { auth: false })) as Partial<APIMessage>
  return message.attachments ?? []
}

/** Undefined if this way is closed, so that another can be tried. */
async function unlessGone<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result
  } catch (error) {
    if (error instanceof Gone) return undefined
    throw error
  }
}

/** Something between us and Discord may answer in its place, with a page and status 200. */
export function idOf(answer: unknown): string {
  if (typeof answer === 'object' && answer && 'id' in answer && typeof answer.id === 'string') return answer.id
  throw new Error('no answer from Discord: what came in its place is not a message')
}
