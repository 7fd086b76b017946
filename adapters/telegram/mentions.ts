import type { Rendered } from './rendered.ts'

/** An address, which stays as it is, or what Telegram takes for somebody's name: `@` and letters, behind none that a mail address could have. */
const name = /(?<address>(?:https?:\/\/|(?:[\w-]+\.)+[a-z]{2,}\/)\S*)|(?<!\w)@(?=\w)/gi

/**
 * A name in a text pings whoever has it and is in the chat, although no entity was asked for: with a blank of no width in it, it is none.
 * Telegram looks for none in code.
 */
export function withoutMentions({ text, entities }: Rendered): Rendered {
  const code = entities.filter(({ type }) => type === 'code' || type === 'pre')
  const isCode = (at: number) => code.some(({ offset, length }) => at >= offset && at < offset + length)
  const ends = [...text.matchAll(name)]
    .filter(({ index, groups }) => groups?.['address'] === undefined && !isCode(index))
    .map(({ index }) => index + 1)
  if (ends.length === 0) return { text, entities }
  const shifted = (at: number) => at + ends.filter(end => end <= at).length
  return {
    text: [0, ...ends].map((end, index) => text.slice(end, ends[index])).join('\u200b'),
    entities: entities.map(entity => {
      const offset = shifted(entity.offset)
      return { ...entity, offset, length: shifted(entity.offset + entity.length) - offset }
    }),
  }
}
