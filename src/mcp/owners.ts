import { addressOf, type Message, platformOf } from '../message.ts'
import type { Owner } from '../toolbox.ts'

/** Whose servers answer this message: the house's, those of the place (of a thread, those of its chat too), and the person's own. */
export function ownersOf({ conversation, author }: Pick<Message, 'conversation' | 'author'>): Owner[] {
  const platform = platformOf(conversation)
  const [chat = ''] = addressOf(conversation)
  const places: Owner[] = [`place:${platform}:${chat}`, `place:${conversation}`]
  return ['house', ...new Set(places), `user:${platform}:${author.id}`]
}

const ranks = ['house', 'place', 'user']
const rankOf = (owner: Owner) => ranks.indexOf(owner.split(':')[0] ?? '')

/** Each once, the house first: when two have a server of the same name, the earlier one keeps the name. Everybody has the house's. */
export function inOrder(owners: Owner[]): Owner[] {
  return [...new Set<Owner>(['house', ...owners])].sort((a, b) => rankOf(a) - rankOf(b))
}
