import type { DiscordWire } from '../wire/discord.ts'
import { createUser } from '../wire/discord-world.ts'
import type { TelegramWire } from '../wire/telegram.ts'

/** Where one conversation takes place, as the people in it see it. */
export interface Place {
  /** The house's name for it. */
  conversation: string
  platform: 'telegram' | 'discord'
  /** Returns the house's id of the message. */
  say(text: string): string
  /** What the bot says here, oldest first. */
  shown(): Shown[]
}

/** One message of the bot. */
export interface Shown {
  id: string
  text: string
  /** Labels below it: a reply that has any is not finished. */
  buttons: string[]
  /** The message that it answers, by the house's id. */
  answers?: string
}

/** Private chats of different people on Telegram; channels, DMs and threads on Discord. */
export function createPlaces(count: number, telegram: TelegramWire, discord: DiscordWire): Place[] {
  return Array.from({ length: count }, (_, at) =>
    at % 2 === 0 ? telegramPlace(1001 + at, telegram) : discordPlace(Math.floor(at / 2), discord),
  )
}

function telegramPlace(chat: number, wire: TelegramWire): Place {
  const idOf = (message: number) => `telegram:${chat}:${message}`
  return {
    conversation: `telegram:${chat}`,
    platform: 'telegram',
    say: text => idOf(wire.say({ chat, from: { id: chat, first_name: `Person ${chat}` }, text }).message_id),
    shown: () =>
      wire.messages(chat).flatMap(({ id, bot, text, buttons, replyTo }) => {
        return bot ? [{ id: idOf(id), text, buttons, ...(replyTo !== undefined && { answers: idOf(replyTo) }) }] : []
      }),
  }
}

function discordPlace(at: number, wire: DiscordWire): Place {
  const { world } = wire
  const kind = (['channel', 'dm', 'thread'] as const)[at % 3] ?? 'channel'
  const name = `${kind} ${at}`
  const channelId = kind === 'thread' ? wire.openThread(name) : world.addChannel(name, kind === 'dm' ? 1 : 0).id
  const author = createUser(`Person ${at}`)
  return {
    conversation: `discord:${channelId}`,
    platform: 'discord',
    say: text => `discord:${wire.say(text, { channelId, mention: kind !== 'dm', fields: { author } }).id}`,
    shown: () =>
      wire.messages(channelId).flatMap(({ id, author, content, components, message_reference: original }) => {
        if (author.id !== world.bot.id) return []
        const buttons = components.flatMap(row => row.components.map(({ label = '' }) => label))
        return [{ id: `discord:${id}`, text: content, buttons, ...(original && { answers: `discord:${original.message_id}` }) }]
      }),
  }
}
