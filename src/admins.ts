import { type Author, type Conversation, platformOf } from './message.ts'

/**
 * Whether the operator has named this person in ADMINS, `platform:native id` of each, has given him an admin's key, or has him sit at the
 * terminal of the bot's own process. The web door is none of his by itself: every program on the machine can speak there, those that tools
 * run among them.
 */
export function isAdmin(conversation: Conversation, { id, admin }: Author, admins: string[]): boolean {
  const platform = platformOf(conversation)
  return platform === 'terminal' || admin === true || admins.includes(`${platform}:${id}`)
}
