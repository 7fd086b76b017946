import type { MessageEntity } from 'grammy/types'
import type { Rendered } from './rendered.ts'

/** Telegram ignores entities beyond the 100th (python-telegram-bot, `MessageLimit.MESSAGE_ENTITIES`). */
export const mostEntities = 100

/** The first are worth the most when there are too many. */
const worth: MessageEntity['type'][] = ['spoiler', 'pre', 'text_link', 'code', 'blockquote', 'bold', 'italic', 'strikethrough']

/** Makes entities that Telegram takes as they are: inside the text, around something visible, nested. */
export function tidy({ text, entities }: Rendered): Rendered {
  const start = isBlank(text) ? text.length : text.search(/[^\n]/)
  const shown = text.slice(start).trimEnd()
  const boxes = entities.filter(isCode)
  const cut = entities.flatMap(entity => (isStyle(entity) ? cutAround(entity, boxes) : [entity]))
  const placed = cut.map(entity => between(Math.max(0, entity.offset - start), endOf(entity) - start, entity))
  const trimmed = placed.map(entity => trim(entity, shown)).filter(entity => entity.length > 0)
  return { text: shown, entities: dropRepeated(trimmed.sort(outerFirst)) }
}

/** Nothing that a person would see: Telegram calls such a message empty. */
function isBlank(text: string): boolean {
  return /^[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Control}\u2800]*$/u.test(text)
}

const isCode = (entity: MessageEntity) => entity.type === 'pre' || entity.type === 'code'
const isStyle = (entity: MessageEntity) => ['bold', 'italic', 'strikethrough', 'spoiler'].includes(entity.type)
const endOf = (entity: MessageEntity) => entity.offset + entity.length
const between = (start: number, end: number, entity: MessageEntity) => ({ ...entity, offset: start, length: end - start })
const outerFirst = (a: MessageEntity, b: MessageEntity) => a.offset - b.offset || b.length - a.length

/** "pre and code entities can't contain any other entities", nor be part of a bold one (core.telegram.org/bots/api#messageentity). */
function cutAround(entity: MessageEntity, boxes: MessageEntity[]): MessageEntity[] {
  const parts: MessageEntity[] = []
  let from = entity.offset
  for (const box of boxes) {
    if (box.offset < from || endOf(box) > endOf(entity)) continue
    parts.push(between(from, box.offset, entity))
    from = endOf(box)
  }
  return [...parts, between(from, endOf(entity), entity)]
}

/** Without white space at its ends; but that at the beginning of code, and of a quote that begins with code, is meant. */
function trim(entity: MessageEntity, text: string): MessageEntity {
  const covered = text.substring(entity.offset, endOf(entity))
  if (isBlank(covered)) return { ...entity, length: 0 }
  const end = entity.offset + covered.trimEnd().length
  const offset = isCode(entity) || entity.type === 'blockquote' ? entity.offset : entity.offset + covered.search(/\S/)
  return between(offset, end, entity)
}

/** Bold within a bold heading adds nothing. */
function dropRepeated(sorted: MessageEntity[]): MessageEntity[] {
  const reached = new Map<string, number>()
  return sorted.filter(entity => {
    if (endOf(entity) <= (reached.get(entity.type) ?? 0)) return false
    reached.set(entity.type, endOf(entity))
    return true
  })
}

/** As many as Telegram takes, the most important first when there are more. */
export function chooseEntities(sorted: MessageEntity[]): MessageEntity[] {
  if (sorted.length <= mostEntities) return sorted
  const byWorth = sorted.toSorted((a, b) => worth.indexOf(a.type) - worth.indexOf(b.type))
  return byWorth.slice(0, mostEntities).sort(outerFirst)
}
