import type { MessageEntity } from 'grammy/types'

const tags: Record<string, string> = {
  bold: 'b',
  italic: 'i',
  strikethrough: 's',
  code: 'code',
  pre: 'pre',
  blockquote: 'blockquote',
  spoiler: 'mark',
  text_link: 'a',
}

/** A message as Telegram shows it, roughly. */
export function telegramHtml(text: string, entities: MessageEntity[]): string {
  let html = ''
  for (let at = 0; at <= text.length; at++) {
    const ending = entities.filter(({ offset, length }) => offset + length === at)
    html += ending.toReversed().map(closing).join('')
    html += entities
      .filter(({ offset }) => offset === at)
      .map(opening)
      .join('')
    const isBlockEnd = ending.some(({ type }) => type === 'pre' || type === 'blockquote')
    html += isBlockEnd && text[at] === '\n' ? '' : escaped(text[at] ?? '')
  }
  return html
}

function opening(entity: MessageEntity): string {
  const name = entity.type === 'pre' && entity.language ? `<small>${escaped(entity.language)}</small>` : ''
  return `<${tags[entity.type] ?? 'u'}${entity.type === 'text_link' ? ` title="${escaped(entity.url)}"` : ''}>${name}`
}

const closing = (entity: MessageEntity) => `</${tags[entity.type] ?? 'u'}>`

export const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
