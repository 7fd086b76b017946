import { type Author, type Conversation, platformOf } from './message.ts'

/** Whether the operator has named this person in ADMINS: `platform:native id` of each. */
export const isAdmin = (conversation: Conversation, { id }: Author, admins: string[]) =>
  admins.includes(`${platformOf(conversation)}:${id}`)
