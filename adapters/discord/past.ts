import { setTimeout as sleep } from 'node:timers/promises'
import { type APIChannel, type APIMessage, ChannelType, Routes } from 'discord.js'
import { ConfigError, Gone, RateLimited } from '../../src/errors.ts'
import { addressOf, type Message } from '../../src/message.ts'
import type { Call } from './calls.ts'
import { idAt, toMessage } from './inbound.ts'
import { isLater, type Mark } from './marks.ts'
import { tooLateMs } from './offer.ts'
import { lacksQuote, withQuote } from './quotes.ts'

/** A mark, and the guild that it is in, where that is known. */
export interface Place extends Mark {
  guildId?: string
}

/**
 * What was said to the bot after a mark, oldest first, unless it is too late to answer. Throws Gone where the bot may not read,
 * and AbortError.
 */
export type Past = (place: Place) => AsyncGenerator<Message, void>

/** The most that Discord gives at once ("Get Channel Messages"). */
const pageSize = 100

/** Before each further attempt, beside those of the call itself. */
const pausesMs = [2000, 10_000, 30_000]

export function createPast(botId: string, call: Call, signal: AbortSignal): Past {
  const tooLate = idAt(Date.now() - tooLateMs)

  async function get(route: `/${string}`): Promise<unknown> {
    for (let failures = 0; ; ) {
      signal.throwIfAborted()
      try {
        return await call('GET', route)
      } catch (error) {
        const waitMs = error instanceof RateLimited ? error.retryAfterMs : pausesMs[failures++]
        if (isRefusal(error) || waitMs === undefined) throw error
        await sleep(waitMs, undefined, { signal })
      }
    }
  }

  async function getPage(channelId: string, after: string): Promise<APIMessage[]> {
    const answer = await get(`${Routes.channelMessages(channelId)}?after=${after}&limit=${pageSize}`)
    if (!Array.isArray(answer)) throw new Error('no answer from Discord: what came in its place is not a list of messages')
    return (answer as APIMessage[]).toSorted((a, b) => (isLater(a.id, b.id) ? 1 : -1))
  }

  /** A message that is read from the history does not say whether it is from a guild, where only some are meant for the bot. */
  async function getGuild(channelId: string): Promise<{ guild_id?: string }> {
    const channel = (await get(Routes.channel(channelId))) as Partial<APIChannel & { guild_id: string }>
    if (channel.type === ChannelType.DM || channel.type === ChannelType.GroupDM) return {}
    if (typeof channel.guild_id !== 'string')
      throw new Error('no answer from Discord: a channel that is neither of a guild nor a DM')
    return { guild_id: channel.guild_id }
  }

  return async function* ({ conversation, messageId, guildId }) {
    const [channelId = ''] = addressOf(conversation)
    let after = isLater(messageId, tooLate) ? messageId : tooLate
    let guild: { guild_id?: string } | undefined = guildId === undefined ? undefined : { guild_id: guildId }
    for (let size = pageSize; size === pageSize; ) {
      const page = await getPage(channelId, after)
      if (page.length > 0) guild ??= await getGuild(channelId)
      for (const native of page) {
        const whole = lacksQuote(native) ? await withQuote(native, call) : native
        const message = toMessage({ ...whole, ...guild }, botId)
        if (message) yield message
      }
      size = page.length
      after = page.at(-1)?.id ?? after
    }
  }
}

/** Discord has answered, and will not answer otherwise. */
const isRefusal = (error: unknown) =>
  error instanceof Gone || error instanceof ConfigError || (error instanceof Error && 'code' in error)
