import { type Room, split } from './split.ts'

/** More messages than this in a row are a wall that others have to scroll past. */
const mostParts = 4

export interface Packed {
  messages: string[]
  /** The answer did not fit: the whole of it belongs into a file beside them. */
  needsFile: boolean
}

/**
 * The parts of an answer as messages, at most four. Of a longer one the last message ends with `ending`, which says where the whole
 * answer is; it may bring a footer along. While the answer still grows, `ending` may say where it will be: the messages stay the same.
 */
export function pack(parts: string[], room: Room, ending: string): Packed {
  const last = parts[mostParts - 1]
  if (parts.length <= mostParts || last === undefined) return { messages: parts, needsFile: false }
  const withEnding = (part: string) => `${part}\n\n${ending}`
  const [beginning = ''] = split(last, { chars: room.chars, length: part => room.length(withEnding(part)) })
  return { messages: [...parts.slice(0, mostParts - 1), withEnding(beginning)], needsFile: true }
}
