import { createHash } from 'node:crypto'
import { type APIChannel, type APIMessage, ChannelType, Routes } from 'discord.js'
import type { Memory } from '../../src/adapter.ts'
import { type Log, reason } from '../../src/log.ts'
import { addressOf, type Conversation, type Message } from '../../src/message.ts'
import { toBody } from './body.ts'
import { type Call, codeOf, missingAccess } from './calls.ts'
import { missing, type Permission } from './words.ts'

/** Tells who asked, in a DM and once a day for each channel, which permission the bot lacks: silence would look like a broken bot. */
export interface Complaints {
  /** Who said this may have to be told where it cannot be answered. */
  heard(message: Message): void
  /** A post was refused for want of a permission. Never throws. */
  tell(refused: RefusedPost): void
}

export interface RefusedPost {
  conversation: Conversation
  error: unknown
  /** It was a file. */
  isFile: boolean
  /** Who asked: the message that was to be answered, or the person. */
  messageId: string | undefined
  asker: Asker | undefined
}

interface Asker {
  id: string
  locale?: string
}

export interface ComplaintsOptions {
  call: Call
  memory: Memory
  /** The language for a person of whom Discord tells none. */
  locale: string
  log: Log
}

const dayMs = 24 * 60 * 60_000
const rememberedAskers = 1000
const key = 'discord:told'

export function createComplaints({ call, memory, locale, log }: ComplaintsOptions): Complaints {
  const askers = new Map<string, Asker>()
  const underWay = new Set<string>()
  let last = Promise.resolve()

  /** A worker in another process than the gateway has to look. */
  async function askerOf({ conversation, messageId, asker }: RefusedPost): Promise<Asker | undefined> {
    const known = asker ?? (messageId === undefined ? undefined : askers.get(messageId))
    if (known || messageId === undefined) return known
    const message = (await call('GET', Routes.channelMessage(channelOf(conversation), messageId))) as Partial<APIMessage>
    return message.author?.bot ? undefined : message.author
  }

  async function complain(refused: RefusedPost): Promise<void> {
    const asker = await askerOf(refused)
    if (!asker || (await wasTold(memory, `${asker.id}:${refused.conversation}`))) return
    const permission = await permissionOf(call, refused)
    const text = missing(permission, channelOf(refused.conversation), asker.locale, locale)
    const dm = (await call('POST', Routes.userChannels(), { body: { recipient_id: asker.id } })) as Partial<APIChannel>
    const today = Math.floor(Date.now() / dayMs)
    const nonce = createHash('sha256').update(`${asker.id}:${refused.conversation}:${today}`).digest('base64url').slice(0, 25)
    const body = { ...toBody({ text, buttons: [], final: true }), nonce, enforce_nonce: true }
    await call('POST', Routes.channelMessages(dm.id ?? ''), { body })
  }

  return {
    heard({ replyTo, author: { id, locale } }) {
      if (replyTo === undefined) return
      askers.set(replyTo, { id, ...(locale ? { locale } : {}) })
      const [oldest] = askers.keys()
      if (askers.size > rememberedAskers && oldest !== undefined) askers.delete(oldest)
    },
    tell(refused) {
      const { conversation, messageId = refused.asker?.id } = refused
      const once = `${conversation}:${messageId}`
      if (underWay.has(once)) return
      underWay.add(once)
      last = last
        .then(() => complain(refused))
        .catch((error: unknown) =>
          log.info({ conversation, reason: reason(error) }, 'nobody could be told of a missing permission'),
        )
        .finally(() => void underWay.delete(once))
    },
  }
}

/** Marks it as told, before it is: who takes no DMs is not to be tried again all day. */
async function wasTold(memory: Memory, what: string): Promise<boolean> {
  const since = Date.now() - dayMs
  const told = Object.entries(readTold(await memory.get(key))).filter(([, at]) => at > since)
  if (told.some(([known]) => known === what)) return true
  await memory.set(key, JSON.stringify(Object.fromEntries([...told, [what, Date.now()]])))
  return false
}

function readTold(text: string | undefined): Record<string, number> {
  try {
    return JSON.parse(text ?? '{}')
  } catch {
    return {}
  }
}

const threads: (ChannelType | undefined)[] = [ChannelType.PublicThread, ChannelType.PrivateThread, ChannelType.AnnouncementThread]

async function permissionOf(call: Call, { conversation, error, isFile }: RefusedPost): Promise<Permission> {
  if (codeOf(error) === missingAccess) return 'view'
  if (isFile) return 'attach'
  const channel = (await call('GET', Routes.channel(channelOf(conversation)))) as Partial<APIChannel>
  return threads.includes(channel.type) ? 'sendInThreads' : 'send'
}

const channelOf = (conversation: Conversation) => addressOf(conversation)[0] ?? ''
