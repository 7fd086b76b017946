import type { MessageEntity } from 'grammy/types'

/** A text and what of it is bold, a link, code…: offsets and lengths in UTF-16 units, which are those of JavaScript strings. */
export interface Rendered {
  text: string
  entities: MessageEntity[]
}

export const plain = (text: string): Rendered => ({ text, entities: [] })

type Mark = MessageEntity extends infer One ? (One extends MessageEntity ? Omit<One, 'offset' | 'length'> : never) : never

export function mark({ text, entities }: Rendered, what: Mark): Rendered {
  return { text, entities: [{ ...what, offset: 0, length: text.length } as MessageEntity, ...entities] }
}

export function join(pieces: Rendered[]): Rendered {
  let text = ''
  const entities: MessageEntity[] = []
  for (const piece of pieces) {
    const start = text.length
    entities.push(...piece.entities.map(entity => ({ ...entity, offset: entity.offset + start })))
    text += piece.text
  }
  return { text, entities }
}

/** The pieces with what stands between two `||` hidden: these cling to the words within, so that "a || b" stays what it is. */
export function withSpoilers(pieces: Rendered[]): Rendered {
  const from = pieces.findIndex((piece, at) => isBar(piece) && /^[^\s|]/.test(pieces[at + 1]?.text ?? ''))
  if (from < 0) return join(pieces)
  const to = pieces.findIndex((piece, at) => at > from + 1 && isBar(piece) && /\S$/.test(pieces[at - 1]?.text ?? ''))
  if (to < 0) return join(pieces)
  const { text, entities } = join(pieces.slice(from + 1, to))
  // Code could not be hidden: it is never part of a spoiler (core.telegram.org/bots/api#messageentity).
  const hidden = mark({ text, entities: entities.filter(({ type }) => type !== 'code') }, { type: 'spoiler' })
  return join([...pieces.slice(0, from), hidden, withSpoilers(pieces.slice(to + 1))])
}

const isBar = ({ text, entities }: Rendered) => text === '||' && entities.length === 0
