import { wordsFor } from '../../src/i18n/i18n.ts'

/** What the bot may lack, by the name that Discord's own settings give it. */
export type Permission = 'view' | 'send' | 'sendInThreads' | 'attach'

interface Sentences {
  names: Record<Permission, string>
  yes: string
  no: string
  /** `place` is Discord's spelling of a channel, which it shows as a link. */
  mayNotWrite(place: string, permission: string): string
  mayNotAttach(place: string, permission: string): string
}

const en: Sentences = {
  names: { view: 'View Channel', send: 'Send Messages', sendInThreads: 'Send Messages in Threads', attach: 'Attach Files' },
  yes: 'Yes',
  no: 'No',
  mayNotWrite: (place, permission) =>
    `I may not write in ${place}, so I could not answer you there: give me “${permission}” in that channel, or ask somebody who can.`,
  mayNotAttach: (place, permission) =>
    `I may not send files in ${place}: give me “${permission}” in that channel, or ask somebody who can.`,
}

const zh: Sentences = {
  names: { view: '查看频道', send: '发送消息', sendInThreads: '在子区内发送消息', attach: '附加文件' },
  yes: '是',
  no: '否',
  mayNotWrite: (place, permission) =>
    `我不能在 ${place} 发言，所以没能在那里回答您：请在该频道给我“${permission}”权限，或请有权限的人来设置。`,
  mayNotAttach: (place, permission) => `我不能在 ${place} 发送文件：请在该频道给我“${permission}”权限，或请有权限的人来设置。`,
}

const languages: Record<string, Sentences> = { en, zh }

/** What may be chosen where a yes or no is wanted. */
export function answers(locale: string): Pick<Sentences, 'yes' | 'no'> {
  return languages[wordsFor(locale, 'en').language] ?? en
}

/** Tells a person what to change, in the language of `locale`, else of `fallback`. */
export function missing(permission: Permission, channelId: string, locale: string | undefined, fallback: string): string {
  const words = languages[wordsFor(locale, fallback).language] ?? en
  const say = permission === 'attach' ? words.mayNotAttach : words.mayNotWrite
  return say(`<#${channelId}>`, words.names[permission])
}
