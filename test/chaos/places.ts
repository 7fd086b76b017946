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
  /** Gives a message other words. Returns whether the house has confirmed by now that it knows them, where a platform can tell. */
  edit(id: string, text: string): (() => boolean) | undefined
  /** Absent where a platform tells bots of no deletion. */
  remove?(id: string): void
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

const inFile = '📄 The whole answer comes as a file'

/** What goes on in a file stands in it from its beginning: what the message before it has not shown yet goes on there. */
export function unfiled(all: (Shown & { file?: string })[]): Shown[] {
  const shown: Shown[] = []
  for (const { file, ...message } of all) {
    const last = file === undefined ? undefined : shown.findLast(({ text }) => text.includes(inFile))
    if (file === undefined || !last) {
      shown.push({ ...message })
      continue
    }
    const [begun = ''] = last.text.split(inFile)
    const tail = begun.trimEnd().slice(-60)
    last.text = begun.trimEnd() + file.slice(file.lastIndexOf(tail) + tail.length)
  }
  return shown
}

/** Where an answer failed it may be tried again: that is an end. */
const isProgress = (label: string) => label !== 'Retry'

/** Private chats of different people on Telegram; channels, DMs and threads on Discord. */
export function createPlaces(count: number, telegram: TelegramWire, discord: DiscordWire): Place[] {
  return Array.from({ length: count }, (_, at) =>
    at % 2 === 0 ? telegramPlace(1001 + at, telegram) : discordPlace(Math.floor(at / 2), discord),
  )
}

function telegramPlace(chat: number, wire: TelegramWire): Place {
  const idOf = (message: number) => `telegram:${chat}:${message}`
  const said = new Map<string, ReturnType<TelegramWire['say']>>()
  return {
    conversation: `telegram:${chat}`,
    platform: 'telegram',
    say(text) {
      const message = wire.say({ chat, from: { id: chat, first_name: `Person ${chat}` }, text })
      said.set(idOf(message.message_id), message)
      return idOf(message.message_id)
    },
    edit(id, text) {
      const message = said.get(id)
      if (!message) throw new Error(`nobody said ${id}`)
      wire.edit(message, text)
      const update = wire.unconfirmed().at(-1) ?? 0
      return () => !wire.unconfirmed().includes(update)
    },
    shown() {
      const all = wire.messages(chat).filter(({ bot }) => bot)
      return unfiled(
        all.map(({ id, text, buttons, file, replyTo }) => ({
          ...{ id: idOf(id), text, buttons: buttons.filter(isProgress) },
          ...(file?.name === 'answer.md' && { file: file.data.toString() }),
          ...(replyTo !== undefined && { answers: idOf(replyTo) }),
        })),
      )
    },
  }
}

function discordPlace(at: number, wire: DiscordWire): Place {
  const { world } = wire
  const kind = (['channel', 'dm', 'thread'] as const)[at % 3] ?? 'channel'
  const name = `${kind} ${at}`
  const channelId = kind === 'thread' ? wire.openThread(name) : world.addChannel(name, kind === 'dm' ? 1 : 0).id
  const author = createUser(`Person ${at}`)
  const nativeOf = (id: string) => id.slice('discord:'.length)
  return {
    conversation: `discord:${channelId}`,
    platform: 'discord',
    say: text => `discord:${wire.say(text, { channelId, mention: kind !== 'dm', fields: { author } }).id}`,
    edit(id, text) {
      wire.edit(nativeOf(id), kind === 'dm' ? text : `<@${world.bot.id}> ${text}`)
      return undefined
    },
    remove: id => wire.remove(nativeOf(id)),
    shown() {
      const all = wire
        .messages(channelId)
        .flatMap(({ id, author, content, components, attachments, wire_reply_to: original }) => {
          if (author.id !== world.bot.id) return []
          const file = attachments.find(({ filename }) => filename === 'answer.md')
          const data = file && world.files.get(file.id)
          const buttons = components.flatMap(row => row.components.map(({ label = '' }) => label)).filter(isProgress)
          return [
            {
              ...{ id: `discord:${id}`, text: content, buttons },
              ...(data && { file: new TextDecoder().decode(data) }),
              ...(original !== undefined && { answers: `discord:${original}` }),
            },
          ]
        })
      return unfiled(all)
    },
  }
}
