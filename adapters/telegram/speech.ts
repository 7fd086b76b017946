import type { InlineKeyboardMarkup, ReplyParameters } from 'grammy/types'
import type { Api } from 'grammy/web'
import type { Adapter, Button, Outgoing } from '../../src/adapter.ts'
import { Gone, Refused } from '../../src/errors.ts'
import { type Log, reason } from '../../src/log.ts'
import type { Conversation } from '../../src/message.ts'
import { parseAside, personOf, type Queries } from './asides.ts'
import { isNotModified, Moved, ShutOut, type Signal } from './errors.ts'
import { checkSize, isPicture, toInputFile, uploadMs } from './files.ts'
import { toTelegram } from './outbound.ts'
import type { Place, Places } from './places.ts'
import { createRichFirst, type RichMode, sayUnknown } from './rich-first.ts'

export interface SpeechOptions {
  api: Api
  /** Rejects with an error of the house, when the call is refused or takes longer than any call may, or than `ms` more. */
  call<T>(make: (signal: Signal) => Promise<T>, ms?: number): Promise<T>
  places: Places
  queries: Queries
  /** A Bot API server of one's own takes larger files. */
  ownServer: boolean
  rich: RichMode
  log: Log
}

/** What a message hangs at. */
type Hook = Place['topic'] & { reply_parameters?: ReplyParameters }
type Send = (chat: number, hook: Hook, signal: Signal) => Promise<{ message_id: number }>

/**
 * How the bot speaks: the ids of what it posts are Telegram's message ids, with `@chat` where that is not the conversation's: the group has
 * moved since, or one person alone was told. What was told by answering a press has the spelling of the aside, and cannot be edited.
 */
export function createSpeech(options: SpeechOptions) {
  const { api, call, places, queries, ownServer, rich, log } = options
  const send = createSend(options)
  const richFirst = createRichFirst(rich, log)
  return {
    async post(conversation, out, replyTo, _key, after) {
      const keys = toKeys(out)
      const aside = parseAside(replyTo)
      if (replyTo && aside) {
        const { text } = toPlain(out.text)
        if (isShort(out, text) && (await queries.tell(aside.query, text))) return replyTo
      }
      const hangsAt = personOf(after) === undefined ? replyTo : after
      const say = (how: Send) => send(conversation, hangsAt, how)
      return richFirst(out.text, undefined, {
        rich: blocks =>
          say((chat, hook, signal) => api.sendRichMessage(chat, { blocks }, { ...keys, ...hook }, signal).catch(sayUnknown)),
        plain: () => {
          const { text, ...shape } = toPlain(out.text)
          return say((chat, hook, signal) => api.sendMessage(chat, text, { ...shape, ...keys, ...hook }, signal))
        },
      })
    },

    async edit(conversation, id, out) {
      if (parseAside(id)) throw new Gone('Telegram: what a person was told by answering a press cannot be edited')
      const keys = toKeys(out)
      const place = await places.find(conversation)
      const [message = Number.NaN, chat = place.chat] = id.split('@').map(Number)
      if (place.moved && !id.includes('@'))
        throw new Gone('Telegram: the message stayed behind when its group became a supergroup')
      const change = (make: (signal: Signal) => Promise<unknown>) =>
        watched(places, chat, message, () => call(signal => make(signal).catch(passIfNotModified)))
      await richFirst(out.text, `${chat}:${message}`, {
        rich: blocks => change(signal => api.editMessageText(chat, message, { blocks }, keys, signal).catch(sayUnknown)),
        plain: () => {
          const { text, ...shape } = toPlain(out.text)
          return change(signal => api.editMessageText(chat, message, text, { ...shape, ...keys }, signal))
        },
      })
    },

    async postFile(conversation, file, replyTo) {
      checkSize(file, ownServer)
      const data = toInputFile(file)
      const ms = uploadMs(file)
      if (isPicture(file)) {
        try {
          return await send(conversation, replyTo, (chat, hook, signal) => api.sendPhoto(chat, data, hook, signal), ms)
        } catch (error) {
          if (!(error instanceof Refused)) throw error
          log.debug({ reason: reason(error) }, 'Telegram: a picture is sent as a file')
        }
      }
      return send(conversation, replyTo, (chat, hook, signal) => api.sendDocument(chat, data, hook, signal), ms)
    },
  } satisfies Pick<Adapter, 'post' | 'edit' | 'postFile'>
}

/** What an alert can show: "0-200 characters" (core.telegram.org/bots/api#answercallbackquery), of which none can be tapped or copied. */
function isShort({ text, buttons }: Outgoing, shown: string): boolean {
  return shown.length <= 200 && buttons.length === 0 && !/https?:\/\//i.test(text)
}

/** Posts something where the conversation is now, or to the one person who may see it; `ms` is how much longer than another call it may take. */
function createSend({ call, places, log }: SpeechOptions) {
  async function attempt(place: Place, replyTo: number, send: Send, ms: number): Promise<string> {
    const { chat, topic, moved } = place
    const reply = replyTo > 0 && !moved ? { message_id: replyTo, allow_sending_without_reply: true } : undefined
    const hook = { ...topic, ...(reply && { reply_parameters: reply }) }
    const sent = await watched(places, chat, replyTo, () => call(signal => send(chat, hook, signal), ms))
    return moved ? `${sent.message_id}@${chat}` : String(sent.message_id)
  }

  return async (conversation: Conversation, replyTo: string | undefined, send: Send, ms = 0): Promise<string> => {
    const person = personOf(replyTo)
    if (person !== undefined) return `${(await call(signal => send(person, {}, signal), ms)).message_id}@${person}`
    const place = await places.find(conversation)
    const original = Number(replyTo ?? 0)
    try {
      return await attempt(place, original, send, ms)
    } catch (error) {
      if (error instanceof Moved) {
        await places.move(place.chat, error.to).catch(failure => {
          log.warn({ reason: reason(failure) }, 'Telegram: that a group has moved could not be written down')
        })
        return attempt({ ...place, chat: error.to, moved: true }, original, send, ms)
      }
      if (isLostTopic(error, place)) return attempt({ ...place, topic: {} }, original, send, ms)
      throw error
    }
  }
}

/** `newest` is the newest message that the call is about. */
async function watched<T>(places: Places, chat: number, newest: number, make: () => Promise<T>): Promise<T> {
  places.knock(chat, newest)
  try {
    const result = await make()
    places.opened(chat)
    return result
  } catch (error) {
    if (error instanceof ShutOut) places.shut(chat, newest)
    throw error
  }
}

/** In a private chat the topic is only a shelf: Telegram is seen to lose it (tdlib/telegram-bot-api#847), and the person is there still. */
function isLostTopic(error: unknown, { chat, topic }: Place): boolean {
  const wasNamed = chat > 0 && topic.message_thread_id !== undefined
  return wasNamed && error instanceof Gone && /message thread not found/i.test(error.message)
}

/** Without previews: they would flicker while an answer grows, and fetch whatever address a tool has named. */
const toPlain = (text: string) => ({ ...toTelegram(text), link_preview_options: { is_disabled: true } })

const toKeys = ({ buttons }: Outgoing) => (buttons.length > 0 ? { reply_markup: keyboardOf(buttons) } : {})

function keyboardOf(buttons: Button[]): InlineKeyboardMarkup {
  const keys = buttons.map(({ label, action, token, tone }) => ({
    text: label,
    callback_data: `${action}:${token}`,
    ...(tone && { style: styles[tone] }),
  }))
  const rows = Array.from({ length: Math.ceil(keys.length / keysInRow) }, (_, i) =>
    keys.slice(i * keysInRow, (i + 1) * keysInRow),
  )
  return { inline_keyboard: rows }
}

/** core.telegram.org/bots/api#inlinekeyboardbutton; a server that knows none shows them plain. */
const styles = { good: 'success', bad: 'danger' } as const

/** More than three would be cut short on a phone. */
const keysInRow = 3

function passIfNotModified(error: unknown): void {
  if (!isNotModified(error)) throw error
}
