import { type Card, inOne } from './card.ts'
import { openFence } from './fence.ts'
import { type Room, split } from './split.ts'

/** More messages than this in a row are a wall that others have to scroll past. */
const mostParts = 4

export interface Packed {
  messages: string[]
  /** The card did not fit: the whole of it belongs into a file beside them. */
  needsFile: boolean
}

export interface Packing {
  room: Room
  /** That of the room, which may remember what it has cut before. */
  split(markdown: string): string[]
  /** The sentence that says where the whole answer is; undefined where no file can be shown. */
  ending: string | undefined
}

/**
 * The card as messages, at most four where the rest can go into a file: of a longer one the last message ends with `ending` and what stands
 * below the card. The messages stay the same while the text grows further.
 */
export function pack(card: Card, { room, split: splitAll, ending }: Packing): Packed {
  const messages = splitAll(inOne(card))
  if (ending === undefined || messages.length <= mostParts) return { messages, needsFile: false }
  const end = inOne({ text: ending, below: card.below })
  if (room.length(end) > room.chars / 2) return { messages, needsFile: false }
  const parts = splitAll(card.text).slice(0, mostParts)
  const withEnd = (part: string) => `${closed(part)}\n\n${end}`
  const [beginning = ''] = split(parts[mostParts - 1] ?? '', { chars: room.chars, length: part => room.length(withEnd(part)) })
  return { messages: [...parts.slice(0, mostParts - 1), withEnd(beginning)], needsFile: true }
}

/**
 * The same for a card that grows, from call to call: its fourth message stays as full as it has become, so that no words that were shown are
 * taken back before the file is there.
 */
export function createGrowing(packing: Packing): (card: Card) => string[] {
  let fullest = ''
  return card => {
    const { messages, needsFile } = pack(card, packing)
    if (messages.length < mostParts) return messages
    const [fourth = ''] = packing.split(card.text).slice(mostParts - 1)
    if (!needsFile) {
      fullest = fourth
      return messages
    }
    return [...messages.slice(0, -1), fullest.length > fourth.length ? fullest : fourth]
  }
}

function closed(part: string): string {
  const fence = openFence(part)
  return fence ? `${part.trimEnd()}\n${fence.close}` : part
}
