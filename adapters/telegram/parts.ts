import type { Message as Native, Update } from 'grammy/types'

/** By what the next part of a message is known that Telegram brings in several: plain JSON. */
export interface Tail {
  chat: number
  topic: number
  speaker: number
  /** The `media_group_id` that all pictures of an album share. */
  album?: string
  /** Seconds since 1970. */
  sentAt: number
}

/** Updates of one message, which is usually one update. */
export interface Bundle {
  updates: Update[]
  /** Another part may follow. */
  open: boolean
}

/** Clients cut a paste of more than 4096 characters at a good place before that: seen at 3900 (openclaw/openclaw#26249). */
const shortestPart = 2048
/** Parts are sent at once; their dates are whole seconds. */
const sentWithinSeconds = 2
/** An album has at most ten (core.telegram.org/bots/api#sendmediagroup). */
const mostParts = 10

/** Undefined when nothing can follow: most messages are whole. */
export function tailOf(native: Native): Tail | undefined {
  const { chat, date, text = '', media_group_id: album, forward_origin } = native
  if (album === undefined && (text.length <= shortestPart || forward_origin)) return undefined
  const place = { chat: chat.id, topic: topicOf(native), speaker: speakerOf(native) }
  return { ...place, ...(album !== undefined && { album }), sentAt: date }
}

export function continues(tail: Tail, native: Native): boolean {
  const { chat, text, entities = [], date, media_group_id: album, forward_origin } = native
  if (chat.id !== tail.chat || topicOf(native) !== tail.topic || speakerOf(native) !== tail.speaker) return false
  if (tail.album !== undefined || album !== undefined) return album === tail.album
  const isCommand = entities.some(({ type, offset }) => type === 'bot_command' && offset === 0)
  return text !== undefined && !isCommand && !forward_origin && date - tail.sentAt <= sentWithinSeconds
}

/** Puts together what belongs together, each at the place of its first part; after a `cut` nothing is added. */
export function bundle(updates: Update[], cuts: number[]): Bundle[] {
  const bundles: Bundle[] = []
  const lastOf = new Map<string, { bundle: Bundle; tail: Tail | undefined }>()
  for (const update of updates) {
    const native = readable(update.message)
    if (!native) {
      bundles.push({ updates: [update], open: false })
      continue
    }
    const who = `${native.chat.id} ${speakerOf(native)}`
    const last = lastOf.get(who)
    const added = last?.bundle.open && last.tail && continues(last.tail, native) ? last.bundle : { updates: [], open: false }
    if (added.updates.length === 0) bundles.push(added)
    if (last) last.bundle.open = false
    added.updates.push(update)
    const tail = tailOf(native)
    added.open = tail !== undefined && added.updates.length < mostParts && !cuts.includes(update.update_id)
    lastOf.set(who, { bundle: added, tail })
  }
  return bundles
}

/** Undefined for an update that nobody can read. */
export function chatOf({ message, edited_message, callback_query, my_chat_member }: Update): number | undefined {
  return (message ?? edited_message ?? callback_query?.message ?? my_chat_member)?.chat?.id
}

const readable = (native: Update['message']) => (native?.chat?.id === undefined ? undefined : native)
const speakerOf = ({ sender_chat: chat, from }: Native) => chat?.id ?? from?.id ?? 0
const topicOf = ({ is_topic_message, message_thread_id: topic }: Native) => (is_topic_message ? (topic ?? 0) : 0)
