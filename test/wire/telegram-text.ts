import type { MessageEntity } from 'grammy/types'

/**
 * What Telegram says against a text and its entities, in its words; undefined when it takes them. Stricter than Telegram where that
 * repairs in silence (overlaps, blanks, code within bold), so that a test sees what a person would see.
 */
export function complaint(text: string, entities: MessageEntity[]): string | undefined {
  if (isEmpty(text)) return 'message text is empty'
  if (text.trimEnd().length > 4096) return 'message is too long'
  for (const entity of entities) {
    const wrong = entityComplaint(text, entity)
    if (wrong) return wrong
  }
  const clash = entities.flatMap((a, i) => entities.slice(i + 1).map(b => [a, b] as const)).find(([a, b]) => clashes(a, b))
  return clash && `entities ${describe(clash[0])} and ${describe(clash[1])} overlap`
}

const isEmpty = (text: string) => /^[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Control}]*$/u.test(text)
const describe = ({ type, offset, length }: MessageEntity) => `${type} ${offset}+${length}`

function entityComplaint(text: string, entity: MessageEntity): string | undefined {
  const { offset, length, type } = entity
  const end = offset + length
  if (!Number.isInteger(offset) || !Number.isInteger(length) || offset < 0 || length <= 0)
    return `entity ${describe(entity)} is not a range`
  if (end > text.length)
    return `entity beginning at UTF-16 offset ${offset} ends after the end of the text at UTF-16 offset ${end}`
  if (splitsPair(text, offset)) return `entity begins in a middle of a UTF-16 symbol at offset ${offset}`
  if (splitsPair(text, end))
    return `entity beginning at UTF-16 offset ${offset} ends in a middle of a UTF-16 symbol at offset ${end}`
  if (isEmpty(text.slice(offset, end))) return `entity ${describe(entity)} is around nothing visible`
  if (type === 'text_link') return urlComplaint(entity.url)
  return undefined
}

function splitsPair(text: string, at: number): boolean {
  return /[\uD800-\uDBFF]/.test(text[at - 1] ?? '') && /[\uDC00-\uDFFF]/.test(text[at] ?? '')
}

/** As TDLib's LinkManager::get_checked_link. */
function urlComplaint(url: string): string | undefined {
  const parsed = URL.parse(url)
  if (parsed?.protocol === 'tg:') return undefined
  if (parsed && !['http:', 'https:'].includes(parsed.protocol)) return `entity URL '${url}' is invalid: Unsupported URL protocol`
  return parsed?.hostname.includes('.') ? undefined : `entity URL '${url}' is invalid: Wrong HTTP URL`
}

function clashes(a: MessageEntity, b: MessageEntity): boolean {
  const [aEnd, bEnd] = [a.offset + a.length, b.offset + b.length]
  if (aEnd <= b.offset || bEnd <= a.offset) return false
  const [outer, inner] = a.length >= b.length ? [a, b] : [b, a]
  const nested = outer.offset <= inner.offset && inner.offset + inner.length <= outer.offset + outer.length
  if (!nested) return true
  const types = [a.type, b.type]
  const code = types.some(type => type === 'code' || type === 'pre')
  return (code && !types.includes('blockquote')) || types.every(type => type === 'blockquote')
}

/** The entities that Telegram itself finds in what a person types. */
export function findEntities(text: string): MessageEntity[] {
  const commands = [...text.matchAll(/(?<=^|\s)\/\w{1,32}(@\w+)?/g)].map(match => ({
    type: 'bot_command' as const,
    ...spanOf(match),
  }))
  const mentions = [...text.matchAll(/(?<![\w/])@\w{3,32}/g)].map(match => ({ type: 'mention' as const, ...spanOf(match) }))
  const outside = mentions.filter(
    ({ offset }) => !commands.some(command => offset >= command.offset && offset < command.offset + command.length),
  )
  return [...commands, ...outside].sort((a, b) => a.offset - b.offset)
}

const spanOf = (match: RegExpExecArray) => ({ offset: match.index, length: match[0].length })
