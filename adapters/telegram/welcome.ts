import type { ChatMember, ChatMemberUpdated } from 'grammy/types'
import { wordsFor } from '../../src/i18n/i18n.ts'
import type { Me } from './inbound.ts'
import type { Notebook } from './notebook.ts'

/** Who adds a bot that was away meanwhile has found out by now. */
const welcomeMs = 15 * 60_000

/**
 * What to say in a group to which the bot was just added, in the language of who added it, else in that of `fallback`; undefined if nothing, as nothing is said twice
 * in one group. Rejects when the notebook does not answer.
 */
export async function welcome(
  { chat, from, date, old_chat_member: before, new_chat_member: after }: ChatMemberUpdated,
  me: Me,
  notebook: Notebook,
  now: number,
  fallback: string,
): Promise<string | undefined> {
  const isGroup = chat.type === 'group' || chat.type === 'supergroup'
  if (!isGroup || isIn(before) || !isIn(after) || date * 1000 < now - welcomeMs) return undefined
  if (await notebook.read(`welcomed:${chat.id}`)) return undefined
  await notebook.write(`welcomed:${chat.id}`, true)
  // as code, since a name in plain words would be broken up
  return wordsFor(from.language_code, fallback).welcome(`\`@${me.username}\``, me.can_read_all_group_messages === true)
}

function isIn(member: ChatMember): boolean {
  if (member.status === 'restricted') return member.is_member
  return member.status === 'member' || member.status === 'administrator' || member.status === 'creator'
}
