import type { Conversation } from '../../src/message.ts'

/** Where bytes lie that a worker has and a gateway hands out; they fade. */
export interface KeptFiles {
  keep(conversation: Conversation, data: Uint8Array): Promise<string>
  load(conversation: Conversation, id: string): Promise<Uint8Array | 'posted' | undefined>
}
